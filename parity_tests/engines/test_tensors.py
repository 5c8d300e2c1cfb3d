"""Operations on tensors where cases do not reach: infinite masks, single numbers, NaN, what a file holds of them."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.forms import BATCH, Form
from isograd.core.base.types import Array
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.trial import Trial


def agree(pair: Pair, layer: Any, inputs: tuple[Array, ...], forms: tuple[Form, ...] = ()) -> None:
    for dtype in ("float64", "float32"):
        rows, culprit = compare_node(pair, Trial("node", layer, inputs, {}, dtype, True, forms=forms))
        assert rows
        assert not [row for row in rows if row.failed], culprit.text if culprit else ""


def drawn(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_mask_of_floats_may_hide_places_and_whole_rows_with_minus_infinity(pair: Pair, dropout: float) -> None:
    mask = drawn(2, 1, 3, 5)
    mask[:, :, 0, 2:], mask[1, :, 2] = -inf, -inf
    inputs = (drawn(2, 4, 3, 6), drawn(2, 4, 5, 6), drawn(2, 4, 5, 2), mask)
    layer = ig.ScaledDotProductAttention(dropout=dropout)
    agree(pair, layer, inputs)
    (y,) = run(layer, *inputs)
    assert not y[1, :, 2].any()
    assert np.isfinite(y).all()


def run(layer: Any, *inputs: Array) -> tuple[Array, ...]:
    net = ig.build(Trial("node", layer, inputs, {}, "float64", False).model, backend="numpy", dtype="float64")
    y = net.forward(*inputs)
    return y if isinstance(y, tuple) else (y,)


def test_nan_is_the_largest_and_stands_last(pair: Pair) -> None:
    x = np.array([[2.0, np.nan, 1.0, np.nan], [0.0, 1.0, inf, -inf]])
    by_torch = ig.get_backend("torch")
    for layer in (ig.ArgMax(1), ig.ArgMin(1), ig.ArgSort(), ig.ArgSort(descending=True)):
        (mine,) = run(layer, x)
        model = Trial("node", layer, (x,), {}, "float64", False).model
        theirs = ig.build(model, backend=by_torch, dtype="float64").forward(x)
        assert np.array_equal(mine, theirs), layer


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_what_is_no_number_is_told_apart(pair: Pair, name: Any) -> None:
    agree(pair, ig.Unary(name), (np.array([[1.0, np.nan, inf, -inf, 0.0]]),))


def test_clamp_leaves_nan_and_takes_infinity_to_the_bound() -> None:
    (y,) = run(ig.Clamp(min=0, max=1), np.array([[np.nan, inf, -inf, 0.5]]))
    assert np.array_equal(y, [[np.nan, 1.0, 0.0, 0.5]], equal_nan=True)


@pytest.mark.parametrize("value", [inf, -inf, -1e9, 3, 0.0])
def test_a_file_holds_every_number_as_it_is_and_is_json_to_every_reader(value: float) -> None:
    def refused(name: str) -> Any:
        raise ValueError(name)

    text = ig.MaskedFill(value).to_json()
    json.loads(text, parse_constant=refused)
    read: Any = ig.MaskedFill.from_json(text)
    assert read.value == value
    assert type(read.value) is type(value)


def test_one_number_is_a_weight_that_both_engines_train_alike() -> None:
    x = ig.Input((3,))
    scale = ig.Parameter((), name="scale", init=ig.init.Constant(0.5))
    model = ig.Model(inputs=x, outputs=ig.Linear(2)(x) * scale + ig.Number("pow", 2)(scale))
    data = (drawn(8, 3), drawn(8, 2))
    found = {}
    for backend in ("numpy", "torch"):
        net = ig.build(model, backend=backend, seed=1, dtype="float64")
        trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.Adam(0.1))
        trainer.fit(data, epochs=4, batch_size=4)
        found[backend] = net.state_dict()
    for name, values in found["numpy"].items():
        assert not difference(values, found["torch"][name]).exceeds(TOLERANCE["free run", "float64"])
    assert found["numpy"]["scale"] != 0.5


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_attention_of_given_queries_drops_by_the_seed(backend: str) -> None:
    q, k, v = (ig.Input((2, 4, 8)) for _ in range(3))
    model = ig.Model(inputs=[q, k, v], outputs=ig.ScaledDotProductAttention(dropout=0.5)(q, k, v))
    x = tuple(drawn(3, 2, 4, 8) + n for n in range(3))
    first, again = (ig.build(model, backend=backend, seed=4).forward(*x, training=True) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ig.build(model, backend=backend, seed=5).forward(*x, training=True))
    still = ig.build(model, backend=backend, seed=4)
    assert np.array_equal(still.forward(*x), still.forward(*x))


def test_a_sum_over_the_batch_mixes_its_samples_as_it_says(pair: Pair) -> None:
    x = drawn(4, 3)
    (y,) = run(ig.Reduce("mean", (0,)), x)
    assert not difference(y, x.mean(0)).exceeds(TOLERANCE["node", "float64"])
    assert ig.Reduce("mean", (0,)).out_forms(Form((BATCH, 3))) == (Form((3,)),)
