"""Metrics and schedules: what is reported, and what the rate is."""

from __future__ import annotations

from trust.record import elsewhere

L = "core.learning"
FAULTS = [
    elsewhere(
        "a logit of 0 counts as class 1",
        f"{L}.classes",
        "chosen = (prediction > 0)",
        "chosen = (prediction >= 0)",
        "engines/test_metrics.py::test_a_single_logit_of_0_is_class_0",
    ),
    elsewhere(
        "accuracy looks along the last axis",
        f"{L}.classes",
        "if alone else prediction.argmax(dim)",
        "if alone else prediction.argmax(-1)",
        "engines/test_metrics.py::test_classes_stand_along_the_axis_after_the_batch",
    ),
    elsewhere(
        "one-hot targets are compared as numbers",
        f"{L}.classes",
        "target.argmax(dim) if target.ndim",
        "target.argmin(dim) if target.ndim",
        "engines/test_metrics.py::test_metrics_against_figures_worked_out_by_hand_and_scikit_learn",
    ),
    elsewhere(
        "nats are averaged over samples, not over targets",
        f"{L}.metrics",
        "return total / count if count else nan",
        "return total / len(target) if count else nan",
        "engines/test_metrics.py::test_nats_and_bits_against_scikit_learns_log_loss",
    ),
    elsewhere(
        "bits are nats",
        f"{L}.metrics",
        "return super().value(prediction, target) / log(2)",
        "return super().value(prediction, target)",
        "engines/test_metrics.py::test_nats_and_bits_against_scikit_learns_log_loss",
    ),
    elsewhere(
        "a root is taken before the mean",
        f"{L}.metrics",
        "return sqrt(np.mean(_error(prediction, target) ** 2))",
        "return float(np.mean(np.sqrt(_error(prediction, target) ** 2)))",
        "engines/test_metrics.py::test_metrics_against_figures_worked_out_by_hand_and_scikit_learn",
    ),
    elsewhere(
        "the spread of R² is that of the predictions",
        f"{L}.metrics",
        "(target.astype(np.float64) - target.mean(0)) ** 2",
        "(prediction.astype(np.float64).reshape(target.shape) - target.mean(0)) ** 2",
        "engines/test_metrics.py::test_metrics_against_figures_worked_out_by_hand_and_scikit_learn",
    ),
    elsewhere(
        "R² of several columns is of all at once",
        f"{L}.metrics",
        "_error(prediction, target) ** 2, axis=0)",
        "_error(prediction, target) ** 2, axis=0, keepdims=True).sum(keepdims=True)[0]",
        "engines/test_metrics.py::test_metrics_against_figures_worked_out_by_hand_and_scikit_learn",
    ),
    elsewhere(
        "a column broadcasts against a row",
        f"{L}.metrics",
        "prediction.astype(np.float64).reshape(target.shape) - target",
        "prediction.astype(np.float64) - target",
        "engines/test_metrics.py::test_a_column_of_predictions_stands_beside_a_row_of_targets",
    ),
    elsewhere(
        "precision divides by what is held",
        f"{L}.class_metrics",
        "return _share(hits, named)",
        "return _share(hits, held)",
        "engines/test_class_metrics.py::test_of_several_classes",
    ),
    elsewhere(
        "F1 is the plain mean",
        f"{L}.class_metrics",
        "return _share(2 * hits, named + held)",
        "return (_share(hits, named) + _share(hits, held)) / 2",
        "engines/test_class_metrics.py::test_of_several_classes",
    ),
    elsewhere(
        "classes that are only predicted do not count",
        f"{L}.class_metrics",
        "names = np.union1d(chosen, true)",
        "names = np.unique(true)",
        "engines/test_class_metrics.py::test_of_several_classes",
    ),
    elsewhere(
        "rows and columns of a confusion matrix change places",
        f"{L}.class_metrics",
        "np.bincount(true * count + chosen,",
        "np.bincount(chosen * count + true,",
        "engines/test_class_metrics.py::test_the_confusion_matrix",
    ),
    elsewhere(
        "equal scores have ranks of their own",
        f"{L}.class_metrics",
        "ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]",
        "ranks = np.cumsum(counts)[place].astype(float)",
        "engines/test_class_metrics.py::test_the_area_under_the_curve",
    ),
    elsewhere(
        "the k largest are the k + 1 largest",
        f"{L}.class_metrics",
        "[:, ::-1][:, : self.k]",
        "[:, ::-1][:, : self.k + 1]",
        "engines/test_class_metrics.py::test_the_first_k",
    ),
    elsewhere(
        "a rate decays to one step behind the last",
        f"{L}.schedules",
        "return min(position / (total - 1), 1.0) if total > 1 else 0.0",
        "return min(position / total, 1.0) if total > 1 else 0.0",
        "training/test_schedules.py::test_a_schedule_is_its_formula",
    ),
    elsewhere(
        "a step schedule steps one position late",
        f"{L}.schedulers",
        "return float(self.gamma ** (position // self.step_size))",
        "return float(self.gamma ** (max(position - 1, 0) // self.step_size))",
        "training/test_schedules.py::test_a_schedule_is_its_formula",
    ),
    elsewhere(
        "a milestone counts from the position behind it",
        f"{L}.schedulers",
        "bisect_right(sorted(self.milestones), position)",
        "bisect_right(sorted(self.milestones), position - 1)",
        "training/test_schedules.py::test_a_schedule_is_its_formula",
    ),
    elsewhere(
        "warm-up hands on its own count of positions",
        f"{L}.schedules",
        "return self.then.at(position - self.length,",
        "return self.then.at(position,",
        "training/test_schedules.py::test_a_schedule_is_its_formula",
    ),
    elsewhere(
        "a cosine restarts with the period that it had",
        f"{L}.schedulers",
        "since, period = since - period, period * self.T_mult",
        "since, period = since - period, period",
        "training/test_schedules.py::test_a_schedule_is_its_formula",
    ),
]
