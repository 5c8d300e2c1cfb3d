"""What flows back through a whole model, and what its gradients add up: exactly what a hand works out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

import isograd as ig
from isograd.core.base.types import State
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.stages.tracing import Flow, Tracing

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
    sizes, inputs = tracing.added_up([dy])
    h = np.tanh(x @ state["a.weight"].T + state["a.bias"])
    between = np.abs(dy @ state["b.weight"] * (1 - h * h))
    assert set(sizes) == set(state)
    added = {"b.weight": np.abs(dy).T @ np.abs(h), "b.bias": np.abs(dy).sum(0)}
    added |= {"a.weight": between.T @ np.abs(x), "a.bias": between.sum(0)}
    for name, terms in added.items():  # at least the terms; and no more than rounding with random signs makes of them
        assert terms.mean() * (1 - 1 / 64) <= sizes[name] <= 8 * terms.max(), name
    assert set(inputs) == {"dx"}
    flows = tracing._back(model, (x,), [Flow(dy, np.abs(dy))], "", "", defaultdict(float))
    assert equal(flows[0].dy, (dy @ state["b.weight"] * (1 - h * h)) @ state["a.weight"])


def test_every_input_of_a_graph_and_of_a_graph_inside_it_gets_what_flows_back() -> None:
    a, b = ig.Input((3,)), ig.Input((3,))
    inner = ig.Model(inputs=(a, b), outputs=ig.Linear(2, name="last")(a * b))
    x, y = ig.Input((3,)), ig.Input((3,))
    model = ig.Model(inputs=(x, y), outputs=inner(x, y))
    given = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
    tracing, state = traced(model, *given)
    sizes, inputs = tracing.added_up([np.ones((4, 2))])
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
    sizes, _ = tracing.added_up(dys)
    assert sizes["a.bias"] >= np.abs(dys[0] + 2 * dys[1]).sum(0).mean() * (1 - 1 / 16)
    assert [y.shape for y in tracing.outputs] == [(4, 3), (4, 3)]
    assert equal(tracing.outputs[1], 2 * tracing.outputs[0])
