"""The exact list of what `check_parity` compares, in order; what is no number, infinite, written to or a wrong buffer.

What is expected follows from the description: its nodes in order, their inputs, outputs, weights and buffers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from planted import Planted, entry_is, off_by

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.graph.composite import leaves

RNG = np.random.default_rng(13)
X, Y = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 3))
WORDS, LENGTHS = RNG.integers(0, 5, (4, 3)), np.array([1, 2, 3, 3])


@dataclass
class Situation:
    """A model, its inputs, and what else `check_parity` is given."""

    model: Any
    inputs: Any
    targets: Any = None
    losses: tuple[Any, ...] = ()
    clip: Any = None
    optimizer: Any = None
    schedule: Any = None

    def report(self, **options: Any) -> Any:
        more = {"clip": self.clip, "optimizer": self.optimizer, "schedule": self.schedule, "steps": 2}
        return ig.check_parity(self.model, self.inputs, self.targets, loss=self.losses or None, **more, **options)


def several_outputs() -> Situation:
    x = ig.Input((6,))
    h = ig.Tanh()(ig.Linear(4)(x))
    model = ig.Model(inputs=x, outputs=[ig.Linear(3, name="a")(h), h, ig.Linear(3, bias=False, name="c")(h)])
    return Situation(model, X, (Y, -Y), (ig.MSELoss(), None, ig.L1Loss()), ig.ClipNorm(1.0))


def none_first() -> Situation:
    x = ig.Input((6,))
    return Situation(ig.Model(inputs=x, outputs=[ig.Linear(2)(x), ig.Linear(3)(x)]), X, Y, (None, ig.HuberLoss()))


def shared() -> Situation:
    x, layer = ig.Input((6,)), ig.Linear(6)
    return Situation(ig.Model(inputs=x, outputs=layer(ig.ReLU()(layer(x)))), X, clip=ig.ClipValue(0.1))


def nested() -> Situation:
    block = ig.Sequential([ig.Linear(4, bias=False), ig.BatchNorm1d(), ig.Dropout(0.3)])
    model = ig.Sequential([block, ig.Sequential([ig.Sequential([ig.Linear(3)])])], input_shape=(6,))
    optimizer, schedule = ig.SGD(0.1), ig.LinearDecay(final_lr=0.0)
    return Situation(model, X, Y, (ig.MSELoss(),), optimizer=optimizer, schedule=schedule)


def whole_numbers() -> Situation:
    words, lengths = ig.Input((3,)), ig.Input(())
    y, _ = ig.GRU(3)(ig.Embedding(5, 2)(words), lengths)
    last = ig.LastStep()(y, lengths)
    return Situation(
        ig.Model(inputs=[words, lengths], outputs=ig.Linear(3)(last)), (WORDS, LENGTHS), Y, (ig.MSELoss(),)
    )


SITUATIONS = {"several outputs": several_outputs, "None first": none_first, "shared": shared, "nested": nested}
SITUATIONS |= {"whole numbers": whole_numbers}


def of_nodes(situation: Situation) -> Iterator[tuple[str, str]]:
    """(path, what) of one mode: outputs, buffers, weights in the description's order, then inputs that are floats."""
    model = situation.model
    for path, _, node in leaves(model.graph(*model.input_shapes)):
        shapes = node.in_shapes
        yield from ((path, f"output{k or ''}") for k in range(len(node.out_shapes)))
        yield from ((path, f"buffer {name}") for name in sorted(node.layer.buffers(*shapes)))
        yield from ((path, f"d{name}") for name in sorted(node.layer.weights(*shapes)))
        integers = node.layer.integer_inputs(*shapes)
        yield from ((path, f"dx{k or ''}") for k in range(len(shapes)) if k not in integers)


def of_losses(situation: Situation) -> Iterator[tuple[str, str]]:
    trained = [k for k, loss in enumerate(situation.losses) if loss is not None]
    for k in trained:
        path = "loss" if len(trained) == 1 else f"loss of output{k or ''}"
        yield from ((path, what) for what in ("loss", "dprediction"))


def of_clipping(situation: Situation) -> Iterator[tuple[str, str]]:
    weights = sorted(situation.model.weights(*situation.model.input_shapes))
    for what in ("clipped gradient", "clipped gradient, grown") if situation.clip else ():
        yield from ((path, what) for path in weights)


KINDS = ("output", "buffer", "d")
"""Of a node's rows, in the order in which they are computed; an engine's own order of weights is not promised."""


def rank(what: str) -> int:
    return next(k for k, kind in enumerate(KINDS) if what.startswith(kind))


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_stage_compares_exactly_what_the_description_has(name: str) -> None:
    situation = SITUATIONS[name]()
    report = situation.report()
    assert report.passed, str(report)
    wanted: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for dtype in ("float64", "float32"):
        for mode in ("training", "evaluation"):
            wanted["node", dtype, mode] = list(of_nodes(situation))
        wanted["loss", dtype, ""] = list(of_losses(situation))
        wanted["clipping", dtype, ""] = list(of_clipping(situation))
    wanted["schedule", "float64", ""] = [("schedule", "lr")] if situation.schedule else []
    wanted = {part: rows for part, rows in wanted.items() if rows}
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in report.rows:
        if row.stage in {stage for stage, _, _ in wanted} | {"loss", "clipping", "schedule"}:
            found.setdefault((row.stage, row.dtype, row.note), []).append((row.path, row.what))
    assert list(found) == list(wanted)
    for part, rows in wanted.items():
        assert sorted(found[part]) == sorted(rows)
        if part[0] != "clipping":
            assert list(dict.fromkeys(path for path, _ in found[part])) == list(dict.fromkeys(path for path, _ in rows))
        if part[0] == "node":
            for path in {path for path, _ in rows}:
                ranks = [rank(what) for p, what in found[part] if p == path]
                assert ranks == sorted(ranks)


SMALL = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(6,))
BOTH = pytest.mark.parametrize("first", [True, False], ids=["left", "right"])
STRANGE = {"NaN": np.nan, "infinite": np.inf, "minus infinity": -np.inf}


def sides(engine: Any, first: bool) -> tuple[Any, Any]:
    return (engine, "torch") if first else ("torch", engine)


@BOTH
@pytest.mark.parametrize("what", ["output", "dx", "dweight", "dbias"])
@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_finite_number_on_one_side_fails_and_that_side_is_blamed(name: str, what: str, first: bool) -> None:
    wrong = Planted(NumpyBackend(), {what: entry_is(STRANGE[name], 2)})
    report = ig.check_parity(SMALL, X, backends=sides(wrong, first))
    culprit = report.culprit
    assert culprit is not None
    assert (culprit.what, culprit.guilty) == (what, "wrong")
    assert culprit.fault == ("NaN" if name == "NaN" else None)
    assert culprit.error == np.inf
    assert (": NaN (" if name == "NaN" else ": rel inf > ") in culprit.head
    assert {row.dtype for row in report.rows if row.failed and row.stage == "node"} == {"float64", "float32"}
    if what != "output":  # nodes' outputs are asked for by `activations`, which is sound
        assert any(row.failed for row in report.rows if row.stage == "end to end")


@pytest.mark.parametrize("what", ["output", "dx", "dweight"])
def test_what_is_no_number_on_both_sides_fails_and_blames_neither(what: str) -> None:
    nothing = {what: entry_is(np.nan)}
    both = Planted(NumpyBackend(), nothing), Planted(ig.get_backend("torch"), nothing, "too")
    report = ig.check_parity(SMALL, X, backends=both)
    assert report.culprit is not None
    assert (report.culprit.what, report.culprit.fault, report.culprit.guilty) == (what, "NaN", None)
    assert {row.stage for row in report.rows if row.failed} == {"node", "end to end"}
    assert {row.fault for row in report.rows if row.failed} == {"NaN"}


class Writes(NumpyBackend):
    """Writes to its inputs, to dy, or to its weights, and is right otherwise."""

    def __init__(self, what: str) -> None:
        super().__init__(name="wrong")
        self.what = what

    def build(self, *given: Any, **options: Any) -> Any:
        net = super().build(*given, **options)
        forward, backward = net.forward, net.backward

        def forward_wrong(*x: Any, **mode: Any) -> Any:
            y = forward(*x, **mode)
            if self.what == "x":
                x[-1][...] += 1
            elif self.what == "weight":
                next(v for path, v in net.state.items() if path.endswith("weight"))[...] += 1
            return y

        def backward_wrong(*dy: Any) -> Any:
            found = backward(*dy)
            if self.what == "dy":
                dy[0][...] *= 2
            return found

        net.forward, net.backward = forward_wrong, backward_wrong
        return net


@BOTH
@pytest.mark.parametrize("what", ["x", "dy", "weight"])
def test_an_engine_that_writes_to_what_it_was_given_is_blamed(what: str, first: bool) -> None:
    """And the caller's own arrays stay as they were."""
    x = X.copy()
    model = ig.Sequential([ig.Linear(4)], input_shape=(6,))
    report = ig.check_parity(model, x, clip=ig.ClipNorm(1.0), backends=sides(Writes(what), first), dtypes=("float64",))
    culprit = report.culprit
    assert culprit is not None
    assert (culprit.what, culprit.fault, culprit.guilty) == ("inputs", "written to", "wrong")
    told = {"x": "x", "dy": "dy", "weight": "linear.weight"}[what]
    assert culprit.quantity == f"wrong wrote to {told}"
    assert np.array_equal(x, X)


WRONG_BUFFERS = {
    "num_batches_tracked": lambda v: v + 1,
    "running_mean": lambda v: v + v.dtype.type(1e-3),
    "running_var": off_by(1e-3, 1),
}


def blocks() -> dict[str, tuple[Any, str]]:
    """(a model with a normalisation inside, the path of its node)"""

    def norm() -> list[Any]:
        return [ig.Conv2d(2, 3, padding=1, bias=False), ig.BatchNorm2d(), ig.ReLU()]

    end = [ig.Flatten(), ig.Linear(3)]
    x, inner = ig.Input((2, 4, 4)), ig.Input((2, 4, 4))
    block = ig.Model(inputs=inner, outputs=ig.BatchNorm2d()(ig.Conv2d(2, 3, padding=1)(inner)))
    shape = (2, 4, 4)
    return {
        "nested": (ig.Sequential([ig.Sequential(norm()), *end], input_shape=shape), "0.1"),
        "nested twice": (ig.Sequential([ig.Sequential([ig.Sequential(norm())]), *end], input_shape=shape), "0.0.1"),
        "a model inside": (ig.Sequential([block, *end], input_shape=shape), "0.batch_norm2d"),
        "a residual": (ig.Sequential([ig.Residual(norm()[:2]), *end], input_shape=shape), "0.body.1"),
        "a block used twice": (ig.Model(inputs=x, outputs=end[1](end[0](block(block(x))))), "model.batch_norm2d"),
    }


def wrong_buffer(name: str) -> NumpyBackend:
    right = STANDARD.operations[ig.BatchNorm2d]

    def operation(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
        y, back, *buffers = right(spec, p, x, run=run)
        return y, back, *({k: WRONG_BUFFERS[name](v) if k == name else v for k, v in b.items()} for b in buffers)

    tables = replace(STANDARD, operations=STANDARD.operations.overlaid({ig.BatchNorm2d: operation}))
    return NumpyBackend(tables, name="wrong")


@BOTH
@pytest.mark.parametrize("buffer", WRONG_BUFFERS)
@pytest.mark.parametrize("name", blocks())
def test_a_wrong_buffer_inside_is_its_node_s_own(name: str, buffer: str, first: bool) -> None:
    model, path = blocks()[name]
    x = RNG.normal(size=(4, 2, 4, 4))
    backends = sides(wrong_buffer(buffer), first)
    report = ig.check_parity(model, x, backends=backends, dtypes=("float64",))
    trained = ig.check_parity(
        model, x, np.arange(4) % 3, loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.01), steps=2, backends=backends
    )
    for found in (report, trained):
        culprit = found.culprit
        assert culprit is not None
        assert (culprit.path, culprit.what, culprit.guilty) == (path, f"buffer {buffer}", "wrong")
        assert culprit.source is not None
        assert {c.guilty for c in found.culprits} <= {"wrong", None}


def test_a_model_as_a_case_with_a_wrong_buffer_inside_is_judged_whatever_its_description() -> None:
    """A description too long for a line is told by its nodes, whose shapes a model inside a model does not know."""
    from isograd.core.parity.cases import CASES
    from isograd.core.parity.pair import Pair
    from isograd.core.parity.suite import check_case

    pair, judged = Pair.named(wrong_buffer("running_mean"), "torch"), 0
    for kind in (ig.Residual, ig.Sequential, ig.Model):
        for case in CASES[kind]:
            for rows, culprit in check_case(pair, case):
                assert any(row.failed for row in rows) == (culprit is not None)
                assert culprit is None or (culprit.guilty, culprit.what[:6]) == ("wrong", "buffer")
                judged += culprit is not None
    assert judged
