"""What flows back through a whole model, and what its gradients add up: exactly what a hand works out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.core.base.types import State
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.stages import tracing as module
from isograd.core.parity.stages.tracing import Flow, Tracing, Untraceable, flows, upstream_of_loss

RNG = np.random.default_rng(2)


def equal(a: Any, b: Any) -> bool:
    return not difference(np.asarray(a, np.float64), np.asarray(b, np.float64)).exceeds(TOLERANCE["node", "float64"])


def traced(model: ig.Model | ig.Sequential, *inputs: np.ndarray) -> tuple[Tracing, State]:
    net = ig.build(model, dtype="float64", seed=3)
    state = net.state_dict()
    return Tracing(ig.get_backend("numpy"), model, state, inputs, 3), state


def test_a_chain_hands_back_dy_and_no_rounding_in_its_place() -> None:
    model = ig.Sequential([ig.Linear(3, name="a"), ig.Tanh(), ig.Linear(2, name="b")], input_shape=(4,))
    x, dy = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 2))
    tracing, state = traced(model, x)
    sizes, inputs = tracing.added_up(flows([dy]))
    h = np.tanh(x @ state["a.weight"].T + state["a.bias"])
    between = np.abs(dy @ state["b.weight"] * (1 - h * h))
    assert set(sizes) == set(state)
    added = {"b.weight": np.abs(dy).T @ np.abs(h), "b.bias": np.abs(dy).sum(0)}
    added |= {"a.weight": between.T @ np.abs(x), "a.bias": between.sum(0)}
    for name, terms in added.items():  # at least the terms; and no more than rounding with random signs makes of them
        assert terms.mean() * (1 - 1 / 64) <= sizes[name] <= 8 * terms.max(), name
    assert set(inputs) == {"dx"}
    back = tracing._back(model, (x,), [Flow(dy, np.abs(dy))], "", "", defaultdict(float))
    assert equal(back[0].dy, (dy @ state["b.weight"] * (1 - h * h)) @ state["a.weight"])


def test_every_input_of_a_graph_and_of_a_graph_inside_it_gets_what_flows_back() -> None:
    a, b = ig.Input((3,)), ig.Input((3,))
    inner = ig.Model(inputs=(a, b), outputs=ig.Linear(2, name="last")(a * b))
    x, y = ig.Input((3,)), ig.Input((3,))
    model = ig.Model(inputs=(x, y), outputs=inner(x, y))
    given = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
    tracing, state = traced(model, *given)
    sizes, inputs = tracing.added_up(flows([np.ones((4, 2))]))
    assert set(sizes) == set(state)
    assert set(inputs) == {"dx", "dx1"}
    assert all(size > 0 for size in (*sizes.values(), *inputs.values()))


def test_a_value_used_twice_gets_both_dy() -> None:
    x = ig.Input((3,))
    h = ig.Linear(3, name="a")(x)
    model = ig.Model(inputs=x, outputs=(h, h + h))
    values = RNG.normal(size=(4, 3))
    tracing, _ = traced(model, values)
    dys = [RNG.normal(size=(4, 3)) for _ in range(2)]
    sizes, _ = tracing.added_up(flows(dys))
    assert sizes["a.bias"] >= np.abs(dys[0] + 2 * dys[1]).sum(0).mean() * (1 - 1 / 16)
    assert [y.shape for y in tracing.outputs] == [(4, 3), (4, 3)]
    assert equal(tracing.outputs[1], 2 * tracing.outputs[0])


class Fails(NumpyBackend):
    """NumPy's networks, whose weights' gradients are off in float32; those in float64 do less than they should."""

    def __init__(self, spoil: Callable[[Any], None]) -> None:
        super().__init__()
        self.name, self.spoil = "fails", spoil

    def build(self, *given: Any, **options: Any) -> Any:
        net = super().build(*given, **options)
        if net.dtype == np.float64:
            self.spoil(net)
            return net
        backward, learner = net.backward, net.learner

        def off(grads: State) -> State:
            return {path: g * np.float32(1.01) for path, g in grads.items()}

        def learner_off(*given: Any) -> Any:
            made = learner(*given)
            gradients = made.gradients
            made.gradients = lambda *batch: (*gradients(*batch)[:2], off(gradients(*batch)[2]))
            return made

        net.backward = lambda *dy: (backward(*dy)[0], off(backward(*dy)[1]))
        net.learner = learner_off
        return net


def raises(*given: Any, **options: Any) -> Any:
    raise RuntimeError("no")


def no_activations(net: Any) -> None:
    net.activations = raises


def fewer_activations(net: Any) -> None:
    shown = net.activations
    net.activations = lambda *x, **mode: dict(list(shown(*x, **mode).items())[1:])


def no_learner(net: Any) -> None:
    net.learner = raises


def cut_gradient_of_loss(net: Any) -> None:
    learner = net.learner

    def cut(*given: Any) -> Any:
        made = learner(*given)
        gradients = made.gradients
        made.gradients = lambda *batch: (0.0, tuple(dx[:1] for dx in gradients(*batch)[1]), {})
        return made

    net.learner = cut


def other_backward(change: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
    """An engine whose (dx, {weight: gradient}) are what `change` makes of them."""

    def spoil(net: Any) -> None:
        backward = net.backward
        net.backward = lambda *dy: change(*backward(*dy))

    return spoil


MODEL = ig.Sequential([ig.Linear(3), ig.ReLU(), ig.Linear(2)], input_shape=(4,))
SPOILT: dict[str, Callable[[Any], None]] = {
    "no float64": raises,
    "no activations": no_activations,
    "not all activations": fewer_activations,
    "no gradient of the loss": no_learner,
    "no array for a weight": other_backward(lambda dx, dw: (dx, dict.fromkeys(dw))),
}


@pytest.mark.parametrize("why", SPOILT)
def test_an_engine_that_cannot_be_traced_is_judged_without(why: str) -> None:
    """What was added up is unknown then; the report is made all the same."""
    x, y = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 2))
    options: dict[str, Any] = {"loss": ig.L1Loss(), "optimizer": ig.SGD(0.1), "steps": 2, "dtypes": "float32"}
    report = ig.check_parity(MODEL, x, y, backends=("numpy", Fails(SPOILT[why])), **options)
    assert {row.stage for row in report.rows if row.failed} >= {"node", "end to end"}
    assert {row.path for row in report.rows if row.failed and row.stage == "node"} == {"0", "2"}
    assert all(row.fault is None for row in report.rows)


def test_dx_that_is_there_in_one_run_and_not_in_the_next() -> None:
    """A node is run on dy, then on its rounding: of the second the engine has no dx."""
    runs: list[Any] = []

    def every_second(net: Any) -> None:
        def change(dx: Any, dw: Any) -> Any:
            runs.append(dx)
            return (dx if len(runs) % 2 else None), dw

        other_backward(change)(net)

    x, state = RNG.normal(size=(5, 4)), ig.build(MODEL, dtype="float64").state_dict()
    with pytest.raises(Untraceable, match="dx of 2"):
        Tracing(Fails(every_second), MODEL, state, (x,), 3).added_up(flows([RNG.normal(size=(5, 2))]))


def test_gradients_of_another_shape_are_not_carried_on() -> None:
    """Some would fit what they are added to all the same."""
    x, state = RNG.normal(size=(5, 4)), ig.build(MODEL, dtype="float64").state_dict()
    narrow = Fails(other_backward(lambda dx, dw: (dx[:, :1], dw)))
    with pytest.raises(Untraceable, match="dx of 2"):
        Tracing(narrow, MODEL, state, (x,), 3).added_up(flows([RNG.normal(size=(5, 2))]))
    with pytest.raises(Untraceable, match="gradients of the loss"):
        upstream_of_loss(Fails(cut_gradient_of_loss), (ig.MSELoss(),), (x,), (x,), 3)


def test_what_is_wrong_in_the_trace_itself_is_no_fault_of_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "added_up", raises)
    with pytest.raises(RuntimeError, match="no"):
        ig.check_parity(MODEL, RNG.normal(size=(5, 4)), backends=("numpy", Fails(lambda net: None)), dtypes="float32")
