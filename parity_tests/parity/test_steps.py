"""Who is blamed for what shows in steps alone: memories, masks, the loss that a step returns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD

RNG = np.random.default_rng(11)
MODEL = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Dropout(0.5), ig.Linear(3)], input_shape=(5,))
X, Y = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 3))


def engine(**tables: Any) -> NumpyBackend:
    return NumpyBackend(
        replace(STANDARD, **{k: getattr(STANDARD, k).overlaid(v) for k, v in tables.items()}), name="wrong"
    )


def report(wrong: Any, **more: Any) -> Any:
    given: dict[str, Any] = {"optimizer": ig.SGD(0.1, momentum=0.9), "steps": 3, "dtypes": ("float64",), **more}
    return ig.check_parity(MODEL, X, Y, loss=ig.MSELoss(), backends=(wrong, "torch"), **given)


def in_stage(found: Any, stage: str) -> Any:
    return next(c for c in found.culprits if c.stage == stage)


def test_a_dropped_gradient_is_not_inherited_from_the_forward() -> None:
    def dropped(clip: Any, grads: Any) -> Any:
        return {p: g for p, g in STANDARD.clippings[ig.ClipNorm](clip, grads).items() if p != "3.bias"}

    culprit = in_stage(report(engine(clippings={ig.ClipNorm: dropped}), clip=ig.ClipNorm(0.1)), "locked step")
    assert culprit.guilty == "wrong", culprit.text


def test_extra_state_keys_are_the_learner_s() -> None:
    class Extra(NumpyBackend):
        def build(self, *a: Any, **o: Any) -> Any:
            net = super().build(*a, **o)
            learner = net.learner

            def made(*x: Any, **k: Any) -> Any:
                found = learner(*x, **k)
                state = found.state_dict
                found.state_dict = lambda: {**state(), "more/of it": np.zeros(2)}
                return found

            net.learner = made
            return net

    culprit = in_stage(report(Extra(name="wrong")), "locked step")
    assert (culprit.path, culprit.guilty, culprit.truth) == ("more/of it", "wrong", "nothing")


def test_a_mask_that_is_wrong_from_step_one_on_names_the_dropout() -> None:
    right = STANDARD.operations[ig.Dropout]

    def wrong(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
        return right(spec, p, x, run=replace(run, step=2 * run.step))

    found = report(engine(operations={ig.Dropout: wrong}))
    assert not found.passed
    assert any(c.layer.startswith("Dropout") and c.guilty == "wrong" for c in found.culprits), str(found)


def test_a_wrong_loss_that_step_returns_has_a_culprit() -> None:
    class Lies(NumpyBackend):
        def build(self, *a: Any, **o: Any) -> Any:
            net = super().build(*a, **o)
            learner = net.learner

            def made(*x: Any, **k: Any) -> Any:
                found = learner(*x, **k)
                step = found.step
                found.step = lambda *given: 2 * step(*given)
                return found

            net.learner = made
            return net

    found = report(Lies(name="wrong"))
    assert not found.passed
    culprit = in_stage(found, "locked step")
    assert (culprit.path, culprit.guilty, culprit.witness) == ("loss", "wrong", "formula")


def test_a_loss_that_is_wrong_on_another_batch_than_the_first_is_named() -> None:
    right = STANDARD.losses[ig.MSELoss]

    def wrong(spec: Any, p: Any, t: Any) -> Any:
        value, backward = right(spec, p, t)
        return value, (lambda dL: 1.001 * backward(dL)) if len(p) % 2 else backward

    found = report(engine(losses={ig.MSELoss: wrong}), batch_size=3)
    culprit = found.culprits[-1]
    assert (culprit.stage, culprit.layer, culprit.what, culprit.guilty) == ("loss", "MSELoss()", "dprediction", "wrong")


def test_statistics_that_are_wrong_on_another_batch_than_the_first_name_their_node() -> None:
    right = STANDARD.operations[ig.BatchNorm1d]

    def wrong(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
        y, backward, *buffers = right(spec, p, x, run=run)
        odd = len(x) % 2
        moved = [{k: v + 0.001 if odd and k == "running_mean" else v for k, v in of.items()} for of in buffers]
        return y, backward, *moved

    model = ig.Sequential([ig.Linear(4), ig.BatchNorm1d(), ig.Linear(3)], input_shape=(5,))
    given: dict[str, Any] = {"optimizer": ig.SGD(0.1), "steps": 3, "dtypes": ("float64",), "batch_size": 3}
    engines = (engine(operations={ig.BatchNorm1d: wrong}), "torch")
    found = ig.check_parity(model, X, Y, loss=ig.MSELoss(), backends=engines, **given)
    culprit = found.culprits[-1]
    assert (culprit.stage, culprit.path, culprit.what) == ("node", "1", "buffer running_mean")
    assert culprit.guilty == "wrong"
