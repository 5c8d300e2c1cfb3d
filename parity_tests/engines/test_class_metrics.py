"""Metrics of classes are scikit-learn's; one by a plain function is trained beside, and kept in files by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from message_helpers import raised
from sklearn import metrics
from training_helpers import BOTH

import isograd as ig
from isograd.core.base.types import Array
from isograd.core.learning.metrics import Metric
from isograd.core.learning.own_metrics import FUNCTIONS
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(7)
SCORES, TRUE = RNG.normal(size=(60, 4)).round(1), RNG.integers(0, 4, 60)  # rounded: many equal scores
TRUE[TRUE == 3] = 0  # a class that no target is of
LOGIT, IS_ONE = RNG.normal(size=60).round(1), RNG.integers(0, 2, 60)
SKLEARN = {ig.Precision: metrics.precision_score, ig.Recall: metrics.recall_score, ig.F1: metrics.f1_score}


def same(ours: float, theirs: float) -> bool:
    return not difference(np.float64(ours), np.float64(theirs)).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
@pytest.mark.parametrize("kind", SKLEARN)
def test_of_several_classes(kind: Any, average: Any) -> None:
    chosen, wanted = SCORES.argmax(1), SKLEARN[kind]
    assert same(kind(average=average).value(SCORES, TRUE), wanted(TRUE, chosen, average=average, zero_division=0))
    maps, targets = SCORES.reshape(15, 2, 2, 4).transpose(0, 3, 1, 2), TRUE.reshape(15, 2, 2)
    assert kind(average=average).value(maps, targets) == kind(average=average).value(SCORES, TRUE)
    assert kind(average=average, dim=-1).value(SCORES, np.eye(4)[TRUE]) == kind(average=average).value(SCORES, TRUE)
    few = SCORES[:5]  # classes that nobody names
    assert same(
        kind(average=average).value(few, TRUE[:5]),
        wanted(TRUE[:5], few.argmax(1), average=average, zero_division=0),
    )


@pytest.mark.parametrize("kind", SKLEARN)
def test_of_a_single_logit(kind: Any) -> None:
    theirs = SKLEARN[kind](IS_ONE, LOGIT > 0)
    assert same(kind(average="binary").value(LOGIT, IS_ONE), theirs)
    assert same(kind(average="binary").value(LOGIT[:, None], IS_ONE[:, None]), theirs)
    assert same(kind(average="binary").value(np.stack([-LOGIT, LOGIT], 1), IS_ONE), theirs)
    assert kind(average="binary").value(-np.ones(3), np.zeros(3)) == 0.0


def test_the_area_under_the_curve() -> None:
    assert same(ig.AUC().value(LOGIT, IS_ONE), metrics.roc_auc_score(IS_ONE, LOGIT))
    assert same(ig.AUC().value(np.stack([LOGIT * 0, LOGIT], 1), IS_ONE), metrics.roc_auc_score(IS_ONE, LOGIT))
    scores, true = RNG.normal(size=(60, 3)), TRUE  # two softmaxes round equal scores to one number or to two
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    for average in ("macro", "weighted"):
        theirs = metrics.roc_auc_score(true, p, multi_class="ovr", average=average)
        assert same(ig.AUC(average=average).value(scores, true), theirs)
    assert np.isnan(ig.AUC().value(LOGIT, np.zeros(60)))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_first_k(k: int) -> None:
    theirs = metrics.top_k_accuracy_score(TRUE, SCORES, k=k, labels=range(4))
    assert ig.TopKAccuracy(k).value(SCORES, TRUE) == theirs
    assert ig.TopKAccuracy(k, dim=-1).value(SCORES, np.eye(4)[TRUE]) == theirs
    assert ig.TopKAccuracy(k).label == f"top-{k} accuracy"


def test_the_confusion_matrix() -> None:
    theirs = metrics.confusion_matrix(TRUE, SCORES.argmax(1), labels=range(4))
    assert np.array_equal(ig.confusion_matrix(SCORES, TRUE), theirs)
    assert np.array_equal(ig.confusion_matrix(LOGIT, IS_ONE), metrics.confusion_matrix(IS_ONE, LOGIT > 0))
    assert (
        raised(lambda: ig.confusion_matrix(SCORES[:, :2], TRUE))
        == """DataError: confusion_matrix(target)
  wanted classes 0…1
  got    0…2
  fix    classes=3"""
    )


@pytest.fixture
def within_one(monkeypatch: pytest.MonkeyPatch) -> Metric:
    monkeypatch.setattr("isograd.core.learning.own_metrics.FUNCTIONS", dict(FUNCTIONS))

    @ig.metric(greater_is_better=True)
    def within_one(prediction: Array, target: Array) -> float:
        return float((np.abs(prediction - target) <= 1).mean())

    return within_one


@BOTH
def test_a_plain_function_is_a_metric(within_one: Metric, backend: str) -> None:
    assert within_one.greater_is_better
    assert type(within_one).from_json(within_one.to_json()) == within_one
    x, y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend=backend, dtype="float64")
    trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), metrics=[within_one])
    history = trainer.fit((x, y), validation=(x, y), epochs=3)
    assert history.epochs[-1].metrics["within_one"] == (np.abs(net.predict(x) - y) <= 1).mean()
    watched = ig.EarlyStopping(monitor="within_one", patience=1)
    more = trainer.fit((x, y), validation=(x, y), epochs=6, early_stopping=watched)
    assert trainer.evaluate((x, y))["within_one"] == max(epoch.metrics["within_one"] for epoch in more.epochs)
    other = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), metrics=[ig.MAE()])
    with pytest.raises(ig.SpecError, match="metrics"):
        other.restore(trainer.state())


def test_what_is_no_metric() -> None:
    told = raised(lambda: ig.metric(lambda prediction, target: 0.0)).splitlines()
    assert told[:2] == ["SpecError: ig.metric", "  wanted a function with a name"]
    assert told[3] == "  fix    def within_one(prediction, target): …"

    def accuracy(prediction: Array, target: Array) -> float:
        return 0.0

    assert raised(lambda: ig.metric(accuracy)) == (
        "SpecError: ig.metric\n  wanted a name of its own\n  got    'accuracy'\n  fix    rename the function"
    )
    assert raised(lambda: ig.FunctionMetric("unheard_of")).splitlines() == [
        "SpecError: FunctionMetric('unheard_of')",
        f"  wanted a function that @ig.metric knows: {', '.join(sorted(FUNCTIONS)) or 'none yet'}",
        "  got    'unheard_of'",
        "  fix    run its @ig.metric function before reading: a file holds the name alone, never code",
    ]


OF_CLASSES: list[Metric] = [
    *(ig.Accuracy(), ig.Nats(), ig.Bits(), ig.AUC(), ig.AUC(average="weighted"), ig.TopKAccuracy(2)),
    *(kind(average=average) for kind in SKLEARN for average in ("macro", "weighted", "micro")),
]


@pytest.mark.parametrize("metric", OF_CLASSES, ids=repr)
def test_what_a_loss_ignores_no_metric_counts(metric: Metric) -> None:
    """Rows of −100 are as good as none, wherever the classes stand."""
    scores = SCORES[:, :3]
    some = np.where(np.arange(60) % 3 == 0, -100, TRUE)
    wanted = metric.value(scores[some >= 0], TRUE[some >= 0])
    assert metric.value(scores, some) == wanted
    assert np.isfinite(wanted)
    maps = scores.reshape(15, 2, 2, 3).transpose(0, 3, 1, 2)
    assert same(metric.value(maps, some.reshape(15, 2, 2)), wanted)
    assert type(metric)(**{**vars(metric), "ignore_index": 2}).value(scores, TRUE) != metric.value(scores, TRUE)


@pytest.mark.parametrize("metric", OF_CLASSES, ids=repr)
@pytest.mark.parametrize("rows", [0, 5])
def test_of_nothing_there_is_no_figure(metric: Metric, rows: int) -> None:
    assert np.isnan(metric.value(np.zeros((rows, 3)), np.full(rows, -100)))


def test_a_confusion_matrix_leaves_out_what_is_ignored_and_names_what_else_is_below_0() -> None:
    some = np.where(np.arange(60) % 3 == 0, -100, TRUE)
    kept = some >= 0
    assert np.array_equal(ig.confusion_matrix(SCORES, some), ig.confusion_matrix(SCORES[kept], TRUE[kept]))
    wrong = np.where(kept, TRUE, -1)
    assert raised(lambda: ig.confusion_matrix(SCORES, wrong)).splitlines()[1:] == [
        "  wanted classes 0…3",
        "  got    -1…2",
        "  fix    ignore_index=-1",
    ]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_top_k_of_a_single_logit(k: int) -> None:
    chosen = (LOGIT > 0) == IS_ONE
    wanted = chosen.mean() if k == 1 else 1.0
    for prediction, target in [(LOGIT, IS_ONE), (LOGIT[:, None], IS_ONE), (LOGIT[:, None], IS_ONE[:, None])]:
        assert ig.TopKAccuracy(k).value(prediction, target) == wanted


def test_an_area_under_no_number_is_none() -> None:
    assert np.isnan(ig.AUC().value(np.array([0.1, 0.2, np.nan, 0.4]), np.array([0, 1, 1, 0])))


def test_two_metrics_of_one_label_are_refused_and_averages_have_labels_of_their_own() -> None:
    net = ig.build(ig.Sequential([ig.Linear(3)], input_shape=(4,)))
    metrics_of_it = [ig.F1(), ig.F1(average="micro"), ig.AUC(), ig.AUC(average="weighted")]
    trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1), metrics=metrics_of_it)
    assert list(trainer.evaluate((SCORES, TRUE))) == ["loss", "F1", "micro F1", "AUC", "weighted AUC"]
    twice: Any = [ig.Accuracy(), ig.Accuracy(dim=-1)]
    assert raised(lambda: ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1), metrics=twice)) == (
        "SpecError: metrics\n"
        "  wanted a label for each: figures are kept under it\n"
        "  got    'accuracy' of Accuracy() and Accuracy(dim=-1)\n"
        "  fix    leave one out"
    )
