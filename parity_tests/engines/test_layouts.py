"""How arrays lie in memory changes nothing: of every layer and loss, of a whole network and its training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_helpers import BOTH, GRAPHS, batch
from layouts import LAYOUTS, TELLING
from second_calls import EVERY_CASE, assert_close, given_masks, named, owner_of, tupled

import isograd as ig
from isograd.core.base.types import Array
from isograd.core.parity.cases import LOSS_CASES, Case, LossCase
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.suite import case_trial

LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)
LOSSES = [case for cases in LOSS_CASES.values() for case in cases if case.loss.reduction != "none"]


def computed(backend: str, trial: Trial, laid: Any) -> dict[str, Any]:
    """Outputs, gradients and buffers of a node whose weights, inputs and dy are laid out so."""
    owner = owner_of(trial.model)
    weights = {f"{owner}.{name}": laid(np.asarray(v)) for name, v in trial.state.items()}
    net = ig.build(trial.model, weights, backend=backend, dtype="float64", **given_masks(backend))
    y = net.forward(*map(laid, trial.rounded_inputs()), training=True)
    dx, dw = net.backward(*map(laid, trial.upstream()))
    return {**named(y=y, dx=dx), **dw, **{f"after {path}": v for path, v in net.state_dict().items()}}


@BOTH
@EVERY_CASE
def test_a_layer_computes_the_same_from_any_layout(case: Case, backend: str) -> None:
    trial = case_trial(case, "float64", training=True)
    wanted = computed(backend, trial, lambda values: values)
    for laid in TELLING.values():
        assert_close(computed(backend, trial, laid), wanted)


@BOTH
@pytest.mark.parametrize("case", LOSSES, ids=lambda case: f"{type(case.loss).__name__}: {case.why}")
def test_a_loss_is_the_same_of_predictions_and_targets_of_any_layout(case: LossCase, backend: str) -> None:
    p, t = loss_arrays(case)
    if not np.isfinite(p).all():
        p = np.where(np.isfinite(p), p, -50.0)
    x = ig.Input(p.shape[1:])
    net = ig.build(ig.Model(inputs=x, outputs=ig.Identity()(x)), backend=backend, dtype="float64")
    learner = net.learner((case.loss,), ig.SGD(0.1))

    def found(p: Array, t: Array) -> dict[str, Any]:
        loss, dx, _ = learner.gradients((p,), (t,))
        return named(loss=np.float64(loss), dx=dx)

    wanted = found(p, t)
    for laid in TELLING.values():
        assert_close(found(laid(p), laid(t)), wanted)


def whole_model() -> ig.Sequential:
    return ig.Sequential(
        [
            *(ig.Conv2d(3, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.MaxPool2d(2), ig.Dropout(0.2)),
            *(ig.Reshape((3, 9)), ig.MultiheadAttention(3), ig.LayerNorm(), ig.Flatten(), ig.Linear(4)),
        ],
        input_shape=(1, 6, 6),
    )


@BOTH
@LAYOUT
def test_a_network_learns_and_predicts_the_same_from_any_layout(layout: str, backend: str) -> None:
    rng = np.random.default_rng(5)
    images, labels = rng.normal(size=(7, 1, 6, 6)), rng.integers(0, 4, 7)
    start = ig.build(whole_model(), seed=1, dtype="float64").state_dict()

    def trained(laid: Any) -> dict[str, Any]:
        net = ig.build(whole_model(), backend=backend, seed=2, dtype="float64", **given_masks(backend))
        net.load_state_dict({path: laid(values) for path, values in start.items()})
        learner = net.learner((ig.CrossEntropyLoss(),), ig.SGD(0.1, momentum=0.9), ig.ClipNorm(1.0))
        losses = [learner.step((laid(images),), (laid(labels),), 0.1) for _ in range(3)]
        learner.load_state_dict({name: laid(values) for name, values in learner.state_dict().items()})
        losses.append(learner.step((laid(images),), (laid(labels),), 0.1))
        y, seen = net.predict(laid(images), batch_size=3), net.activations(laid(images))
        scores = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD()).evaluate((laid(images), laid(labels)))
        return {**named(y=y, losses=np.array(losses), loss=np.float64(scores["loss"])), **net.state_dict()} | {
            f"node {path}": outputs[0] for path, outputs in seen.items()
        }

    assert_close(trained(LAYOUTS[layout]), trained(lambda values: values), "free run")


@BOTH
@LAYOUT
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_hands_any_layout_on(graph: str, layout: str, backend: str) -> None:
    model = GRAPHS[graph]()
    net, laid = ig.build(model, backend=backend, dtype="float64"), LAYOUTS[layout]
    x = batch(model)
    y = net.forward(*x)
    ys = tupled(y)
    dx, dw = net.backward(*ys)
    again = net.forward(*map(laid, x))
    dx_again, dw_again = net.backward(*map(laid, ys))
    assert_close({**named(y=again, dx=dx_again), **dw_again}, {**named(y=y, dx=dx), **dw})
