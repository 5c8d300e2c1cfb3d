"""Recurrent layers: every combination of what they can be asked for, and what no case alone can show."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from mutants import engine_with, mutants_of

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend, ReferenceBackend
from isograd.backends.numpy_impl.operations import scans
from isograd.core.base.types import FLOATS, Array
from isograd.core.parity.cases import COMBINATIONS, Case
from isograd.core.parity.cases.cells import CASES as CELL_CASES
from isograd.core.parity.cases.recurrent import CASES as RECURRENT_CASES
from isograd.core.parity.cases.recurrent import SCALE
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial, check_case
from isograd.fuzzing.families import recurrent, several

KINDS: dict[str, Callable[..., Any]] = {
    "RNN": ig.RNN,
    "GRU": ig.GRU,
    "GRU before": lambda size, **options: ig.GRU(size, reset="before", **options),
    "LSTM": ig.LSTM,
}
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
BOOK = [case for cases in RECURRENT_CASES.values() for case in cases]
RNG = np.random.default_rng(3)


def label(case: Case) -> str:
    return f"{type(case.layer).__name__}: {case.why}"


def parts(outputs: Any) -> list[Any]:
    """(y, h) or (y, (h, c)) in one row."""
    return [v for entry in outputs for v in (entry if isinstance(entry, tuple) else (entry,))]


def same(a: Array, b: Array) -> bool:
    return not difference(np.ascontiguousarray(a), np.ascontiguousarray(b)).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("case", COMBINATIONS, ids=label)
def test_every_combination_agrees_with_torch(pair: Pair, case: Case) -> None:
    for dtype in FLOATS:
        rows, culprit = compare_node(pair, case_trial(case, dtype, training=True))
        assert not [row for row in rows if row.failed], culprit.text if culprit else ""
        gradients = {row.what for row in rows if row.what.startswith("d")}
        computed_with = len(case.shapes) - case.layer.given(*case.shapes)[1]
        assert len(gradients) == computed_with + len(case.layer.weights(*case.shapes))


@pytest.mark.parametrize("case", COMBINATIONS, ids=label)
def test_every_combination_agrees_node_by_node(case: Case) -> None:
    """The book's form, a node for every step, is held to the same parity."""
    rows, culprit = compare_node(Pair.named("numpy_reference", "torch"), case_trial(case, "float64", training=True))
    assert not [row for row in rows if row.failed], culprit.text if culprit else ""


@pytest.mark.parametrize("case", BOOK, ids=label)
def test_the_cases_agree_node_by_node(case: Case) -> None:
    for rows, culprit in check_case(Pair.named("numpy_reference", "torch"), case):
        assert not [row for row in rows if row.failed], culprit.text if culprit else ""


def test_the_books_form_is_another_computation() -> None:
    """A fault in the fast scan does not reach the nodes."""
    fault = next(mutant for mutant in mutants_of(scans.__name__) if mutant.function == "squash")
    trial = case_trial(RECURRENT_CASES[ig.LSTM][0], "float64", training=True)
    fast, book = (engine_with(fault, kind) for kind in (NumpyBackend, ReferenceBackend))
    assert compare_node(Pair.named(fast, "torch"), trial)[1] is not None
    assert compare_node(Pair.named(book, "torch"), trial)[1] is None


@EACH
@pytest.mark.parametrize("backend", ["numpy", "numpy_reference"])
def test_a_gradient_reaches_back_through_200_steps(kind: Callable[..., Any], backend: str) -> None:
    """∂L/∂x₀ of a loss at step 199 alone, entry by entry, where recurrent weights near I keep it alive."""
    steps, units = 200, 6
    recurrent = kind(units, recurrent_init=ig.init.Orthogonal(gain=0.5), bias_init=ig.init.Constant(0.6))
    model = ig.Sequential([recurrent, ig.LastStep()], input_shape=(steps, 3))
    x, dy = 0.3 * RNG.normal(size=(2, steps, 3)), RNG.uniform(0.5, 1.5, size=(2, units))
    weights = ig.build(model, dtype="float64").state_dict()
    for name in [n for n in weights if "weight_hh" in n and len(weights[n]) == units]:
        weights[name] = 1.9 * weights[name]  # an RNN has no gate that could keep its state
    found = []
    for name in (backend, "torch"):
        net = ig.build(model, weights, backend=name, dtype="float64")
        net.forward(x)
        found.append(net.backward(dy))
    (dx, dw), (dx_torch, dw_torch) = found
    assert np.abs(dx_torch[:, 0]).min() > 0
    assert same(dx[:, 0], dx_torch[:, 0])
    assert same(dx, dx_torch)
    assert all(same(dw[name], dw_torch[name]) for name in dw_torch)


def test_a_mixed_stack_trains_alike() -> None:
    words = ig.Input((7,))
    h, _ = ig.GRU(8, num_layers=2, dropout=0.3)(ig.Embedding(11, 6)(words))
    y, _ = ig.LSTM(8, bidirectional=True)(ig.Dropout(0.2)(h))
    model = ig.Model(inputs=words, outputs=ig.Linear(11)(y))
    tokens = RNG.integers(0, 11, size=(24, 8))
    report = ig.check_parity(
        model,
        tokens[:, :-1],
        tokens[:, 1:],
        loss=ig.CrossEntropyLoss(dim=-1),
        optimizer=ig.Adam(0.01),
        clip=ig.ClipNorm(0.5),
        steps=30,
        batch_size=8,
    )
    assert report.passed, str(report)
    stages = {(row.stage, row.dtype) for row in report.rows}
    assert stages >= {(stage, dtype) for stage in ("locked step", "free run") for dtype in FLOATS}


@EACH
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_what_stands_in_the_padding_changes_nothing(kind: Callable[..., Any], backend: str) -> None:
    """Each padded sample equals itself alone, cut to its length: outputs, final states, gradients."""
    lengths, steps = np.array([5, 1, 3]), 5
    layer = kind(4, num_layers=2, bidirectional=True, name="r")
    x = RNG.normal(size=(3, steps, 2))
    x[np.arange(steps) >= lengths[:, None]] = np.nan if backend == "numpy" else 1e3
    ends = ig.Input((steps, 2)), ig.Input(())
    padded = ig.build(ig.Model(inputs=ends, outputs=layer(ends[0], lengths=ends[1])), backend=backend, dtype="float64")
    y, *final = padded.forward(x, lengths)
    dys = [RNG.uniform(0.5, 1.5, size=v.shape) for v in (y, *final)]
    (dx, _), dw = padded.backward(*dys)
    total = {path: np.zeros_like(g) for path, g in dw.items()}
    for n, length in enumerate(lengths):
        end = ig.Input((int(length), 2))
        alone = ig.build(
            ig.Model(inputs=end, outputs=layer(end)), padded.state_dict(), backend=backend, dtype="float64"
        )
        own, *own_final = alone.forward(x[n : n + 1, :length])
        assert same(y[n, :length], own[0])
        assert not y[n, length:].any()
        assert all(same(a[n], b[0]) for a, b in zip(final, own_final, strict=True))
        own_dx, own_dw = alone.backward(dys[0][n : n + 1, :length], *(d[n : n + 1] for d in dys[1:]))
        assert same(dx[n, :length], own_dx[0])
        assert not dx[n, length:].any()
        total = {path: total[path] + g for path, g in own_dw.items()}
    assert all(same(total[path], g) for path, g in dw.items())


@EACH
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_sequence_in_two_halves_is_the_sequence(kind: Callable[..., Any], backend: str) -> None:
    """The final state of the first half, given to the second, leads to the same outputs and the same final state."""
    layer = kind(4, num_layers=2, name="r")
    x = RNG.normal(size=(3, 6, 2))
    end = ig.Input((6, 2))
    whole = ig.build(ig.Model(inputs=end, outputs=layer(end)), backend=backend, dtype="float64")
    y, *final = whole.forward(x)
    first, second = ig.Input((4, 2)), ig.Input((2, 2))
    left, state = layer(first)
    model = ig.Model(inputs=[first, second], outputs=[left, *parts(layer(second, state))])
    a, b, *ended = ig.build(model, whole.state_dict(), backend=backend, dtype="float64").forward(x[:, :4], x[:, 4:])
    assert same(np.concatenate([a, b], 1), y)
    assert all(same(s, t) for s, t in zip(ended, final, strict=True))


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        (ig.LSTM(4, num_layers=2, proj_size=3), torch.nn.LSTM(2, 4, 2, proj_size=3)),
        (ig.GRU(4, num_layers=2, bias=False), torch.nn.GRU(2, 4, 2, bias=False)),
        (ig.RNN(4, bidirectional=True), torch.nn.RNN(2, 4, bidirectional=True)),
    ],
    ids=repr,
)
def test_weights_carry_torchs_names_and_layouts_and_start_as_torchs_do(layer: Any, module: torch.nn.RNNBase) -> None:
    state = ig.build(ig.Sequential([layer], input_shape=(5, 2))).state_dict()
    mine = {path.removeprefix("0."): torch.from_numpy(values) for path, values in state.items()}
    module.load_state_dict(mine, strict=True)
    bound = 4**-0.5
    values = np.concatenate([v.numpy().ravel() for v in mine.values()])
    assert np.abs(values).max() <= bound
    assert np.abs(values).max() > 0.9 * bound
    assert abs(values.mean()) < 0.2 * bound


def test_a_layer_called_again_uses_the_same_weights_in_torch() -> None:
    x = ig.Input((3, 2))
    twice = ig.GRU(2)
    net = ig.build(ig.Model(inputs=x, outputs=twice(twice(x)[0])[0]), backend="torch")
    weights = {path: values + 0.1 for path, values in net.state_dict().items()}
    net.load_state_dict(weights)
    fresh = ig.build(net.model, weights, backend="numpy")
    batch = RNG.normal(size=(4, 3, 2))
    assert not difference(net.forward(batch), fresh.forward(batch)).exceeds(TOLERANCE["node", "float32"])


def test_random_configurations_agree_with_torch(pair: Pair) -> None:
    for k, (layer, shapes, batch) in enumerate(several(recurrent, 400)):
        case = Case(layer, shapes, f"drawn, number {k}", batch, scale=SCALE)
        _, culprit = compare_node(pair, case_trial(case, "float64", training=k % 3 > 0))
        assert culprit is None, f"{culprit.text}\non {shapes}, batch of {batch}"


def test_the_sweep_holds_every_form() -> None:
    made = list(several(recurrent, 400))
    for kind in (ig.RNN, ig.GRU, ig.LSTM):
        drawn = [(layer, layer.given(*shapes)) for layer, shapes, _ in made if isinstance(layer, kind)]
        assert {(layer.num_layers, *given) for layer, given in drawn} == set(
            product((1, 2, 3), (True, False), (True, False))
        )
        assert {(layer.bidirectional, layer.bias, layer.dropout > 0) for layer, _ in drawn} == set(
            product((True, False), repeat=3)
        )
    assert {layer.nonlinearity for layer, _, _ in made if isinstance(layer, ig.RNN)} == {"tanh", "relu"}
    assert {layer.reset for layer, _, _ in made if isinstance(layer, ig.GRU)} == {"after", "before"}
    assert {bool(layer.proj_size) for layer, _, _ in made if isinstance(layer, ig.LSTM)} == {True, False}
    assert {type(layer) for layer, _, _ in made} == {*RECURRENT_CASES, *CELL_CASES}
