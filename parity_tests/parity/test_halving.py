"""ig.bisect: faults of the walk, where every node alone is right, are found by halving; the runs are counted."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log2
from typing import Any

import numpy as np
import pytest
from planted import off_by
from stage_helpers import BOTH, sides
from wrong_walks import OfTheWalk

import isograd as ig
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.parity.asked import asked_about
from isograd.core.parity.cutting import Part, cuts_of
from isograd.core.parity.halving import Cut, Halving
from isograd.core.parity.pair import Pair

FAULT = 0.5
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 5))
NOISE = 3  # runs of the two wholes, and of one moved by a unit in the last place


def chain(length: int = 14) -> Model:
    """linear → tanh → linear_1 → …, every second value added to the one before, a BatchNorm in the middle."""
    x = ig.Input((5,))
    h: Any = x
    for k in range(length // 3):
        h = ig.Linear(5, name=f"linear_{k}")(h)
        h = ig.Tanh(name=f"tanh_{k}")(ig.BatchNorm1d(name=f"norm_{k}")(h)) if k % 2 else h + x
    return ig.Model(inputs=x, outputs=ig.Linear(5, name="head")(h))


MODEL = chain()
NODES = MODEL.graph((5,)).nodes
NAMES = [node.name for node in NODES]


def planted(nodes: tuple[str, ...], changes: dict[str, Any] | None = None) -> OfTheWalk:
    return OfTheWalk(get_backend("numpy"), nodes, changes)


@BOTH
@pytest.mark.parametrize(
    ("nodes", "changes", "what"),
    [
        (("linear_0", "tanh_3"), None, "prediction of model"),
        (("linear_1", "linear_2"), {"dx": lambda dx: 2 * dx}, "dx of input"),
        (("norm_1", "linear_3"), {"dweight": off_by(FAULT)}, "gradient of linear_3.weight"),
        (("norm_1", "tanh_1"), {"buffer running_mean": np.zeros_like}, "buffer of norm_1.running_mean"),
    ],
    ids=["another's value", "a gradient twice", "a weight's gradient", "a buffer lost"],
)
def test_a_fault_of_the_walk_is_found_by_halving(first: bool, nodes: Any, changes: Any, what: str) -> None:
    wrong = planted(nodes, changes)
    assert not ig.check_parity(MODEL, X, backends=sides(wrong, first), dtypes="float64").passed
    found = ig.bisect(MODEL, X, backends=sides(wrong, first))
    assert (found.node, found.suspect, found.guilty, found.passed) == (nodes[-1], "wrong", "wrong", False)
    assert found.after == NAMES[NAMES.index(nodes[-1]) - 1]
    assert found.departure is not None
    assert found.departure.what == what
    assert len(found.cuts) <= 1 + ceil(log2(len(NODES)))
    assert found.runs <= NOISE + 3 + ceil(log2(len(NODES)))


def test_what_is_the_same_in_both_engines_passes_in_two_runs() -> None:
    found = ig.bisect(MODEL, X, Y, loss=ig.MSELoss())
    assert (found.passed, found.node, found.departure) == (True, None, None)
    assert found.runs == 2
    assert str(found).endswith("PASSED: numpy and torch compute the same thing (2 runs)")


def test_a_fault_shows_through_a_loss_and_in_float32() -> None:
    wrong = planted(("linear_1", "linear_2"), {"dx": lambda dx: 2 * dx})
    found = ig.bisect(MODEL, X, Y, loss=ig.MSELoss(), backends=(wrong, "torch"), dtype="float32")
    assert (found.node, found.guilty) == ("linear_2", "wrong")
    assert found.departure is not None
    assert found.departure.what == "dx of the loss of input"


def shared_and_random() -> Model:
    """A layer called twice, a normalisation called twice, words, two outputs, a dropout called twice."""
    words, x = ig.Input((4,)), ig.Input((5,))
    dense, norm, drop = ig.Linear(5), ig.BatchNorm1d(), ig.Dropout(0.3)
    h = norm(dense(x))
    g = ig.Add()(drop(norm(dense(ig.Tanh()(h)))), ig.LastStep()(ig.Embedding(3, 5)(words)))
    positive = ig.Compare("gt", number=0.0)(g)
    return ig.Model(inputs=[words, x], outputs=[ig.Where()(positive, drop(g), h), h])


def test_two_right_engines_share_a_graph_wherever_it_is_cut() -> None:
    model = shared_and_random()
    whole = asked_about("bisect", model, (RNG.integers(0, 3, (6, 4)), X), None, None, None, 1)
    halving = Halving(Pair.named("numpy", "torch"), whole, "float64")
    names = [node.name for node in model.graph(*model.input_shapes).nodes]
    places = cuts_of(model.graph(*model.input_shapes))
    calls = range(names.index("dropout") + 1, names.index("dropout#2") + 1)
    assert places == [k for k in range(len(names) + 1) if k not in calls], "no cut between two calls of a dropout"
    assert [halving.at(k) for k in places] == [Cut(k) for k in places]


class Within(OfTheWalk):
    """Its walk is wrong wherever these nodes are, in a model inside the model as well."""

    def build(self, model: Any, *given: Any, **options: Any) -> Any:
        graph = model.graph(*model.input_shapes)
        inner = [node for node in graph.nodes if isinstance(node.layer, Composite)]
        return super().build(
            Part(replace(graph, nodes=tuple(map(self.changed, graph.nodes)))) if inner else model, *given, **options
        )

    def changed(self, node: Any) -> Any:
        if not isinstance(node.layer, Composite):
            return node
        graph = node.layer.graph(*node.in_shapes)
        known = {each.name: each for each in graph.nodes}
        wrong = replace(known[self.nodes[-1]], reads=known[self.nodes[0]].writes)
        nodes = tuple(wrong if each.name == wrong.name else each for each in graph.nodes)
        return replace(node, layer=Part(replace(graph, nodes=nodes)))


def test_a_model_inside_the_model_is_halved_itself() -> None:
    x = ig.Input((5,))
    a = ig.Input((5,))
    h = ig.Linear(5, name="inner_0")(a)
    block = ig.Model(inputs=a, outputs=ig.Tanh(name="inner_2")(ig.Linear(5, name="inner_1")(h)) + h, name="block")
    model = ig.Model(inputs=x, outputs=ig.Linear(2)(block(ig.Tanh()(x))))
    right = get_backend("numpy")
    wrong = OfTheWalk(right, ("block",), {"output": off_by(FAULT)})
    assert ig.bisect(model, X, backends=(wrong, "torch")).node == "block"
    found = ig.bisect(model, X, backends=(Within(right, ("inner_0", "inner_2")), "torch"))
    assert (found.node, found.after, found.guilty) == ("block.inner_2", "block.inner_1", "wrong")


def test_three_engines_are_refused() -> None:
    with pytest.raises(ig.SpecError, match="two engines"):
        ig.bisect(MODEL, X, backends=("numpy", "torch", "numpy_reference"))


def test_the_text() -> None:
    found = ig.bisect(MODEL, X, backends=(planted(("linear_0", "tanh_3")), "torch"))
    head, before, node, last = str(found).splitlines()
    assert head == "bisect of Model(11 nodes), wrong against torch, float64, seed 0"
    assert before == "with nodes up to 'norm_3' in wrong, the rest in torch: as all in torch"
    assert node.startswith("with 'tanh_3', Tanh(), in wrong as well: prediction of model departs first, rel ")
    assert last.startswith("the odd one out is wrong: ")
