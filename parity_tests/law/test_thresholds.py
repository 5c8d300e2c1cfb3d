"""Where the NumPy engine takes another path for another size, both sides of that size are computed, and the edge."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest
from thresholds import NO_THRESHOLDS, THRESHOLDS, constants

import isograd as ig
from isograd.backends.numpy_impl import learner
from isograd.backends.numpy_impl.operations import convolve, products
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import State
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import FEW, all_within
from isograd.core.parity.cases import CASES, EVERYWHERE, Case, OptimizerCase
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial

OPERATIONS = {name: around for name, around in THRESHOLDS.items() if name.startswith("operations")}
CONSTANTS = constants()


def of_kinds(*prefixes: str) -> list[Case]:
    """The cases of the layers whose names start so."""
    return [c for kind, cases in CASES.items() if kind.__name__.startswith(prefixes) for c in cases if not c.large]


CUT = of_kinds("Conv", "MaxPool", "Residual")
SLICED = of_kinds("Linear", "Multihead", "Transformer")
OPTIMIZERS = [case for case in EVERYWHERE if case.units < 100]


def agree(pair: Pair, case: Case) -> None:
    rows, culprit = compare_node(pair, case_trial(case, "float64", training=True))
    failed = [f"{case.why}: {row.what}: {row.fault or row.error}" for row in rows if row.failed]
    assert not failed, "\n".join([*failed, culprit.text if culprit else ""])


def test_every_number_of_the_engine_is_a_size_with_cases_around_it_or_said_to_be_none() -> None:
    assert set(CONSTANTS) == set(THRESHOLDS) | set(NO_THRESHOLDS)


@pytest.mark.parametrize("name", THRESHOLDS)
def test_there_are_cases_below_at_and_above(name: str) -> None:
    signs = {int(np.sign(size - CONSTANTS[name])) for size, _ in THRESHOLDS[name]}
    assert signs == {-1, 0, 1}


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_engines_agree_on_both_sides(name: str, pair: Pair) -> None:
    for _, case in OPERATIONS[name]:
        agree(pair, case)


@pytest.mark.parametrize("size", [1, 300])
def test_columns_cut_anywhere_give_the_same(size: int, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few images, bands of a few windows, the last ones incomplete: every case is cut in its own way."""
    monkeypatch.setattr(convolve, "BLOCK_BYTES", size)
    for case in CUT:
        agree(pair, case)


@pytest.mark.parametrize("copies", [0, 1 << 20])
def test_a_gradient_added_up_and_one_copied_together_are_the_same(
    copies: int, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolve, "COPIES_FOR_AN_ADD", copies)
    for case in of_kinds("Conv"):
        agree(pair, case)


@pytest.mark.parametrize("batch", [7, 12])
def test_products_in_slices_give_the_same(batch: int, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of what is far too small for it: all linear layers and attention, of batches that divide and that do not."""
    monkeypatch.setattr(products, "LONG_ROW", 1)
    monkeypatch.setattr(products, "slice_length", products.slice_length.__wrapped__)
    for case in SLICED:
        agree(pair, replace(case, batch=batch))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 64])
@pytest.mark.parametrize("each", [1, 3, 1 << 18, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_blocks_hold_everything_once_and_in_order(count: int, each: int) -> None:
    places = [list(range(count))[block] for block in convolve.blocks(count, each)]
    assert [*chain(*places)] == list(range(count))
    assert all(len(block) * each <= convolve.BLOCK_BYTES or len(block) == 1 for block in places)
    assert max(map(len, places)) == len(places[0])


def trained(layers: list[Layer], features: int, optimizer: Any, clip: Any = None, steps: int = 3) -> State:
    """Weights and slots after a few steps."""
    net = ig.build(ig.Sequential(layers, input_shape=(features,)), dtype="float64")
    made = net.learner((ig.MSELoss(reduction="sum"),), optimizer, clip)
    x = random_upstream((2, features), 0, "x", np.dtype(np.float64))
    y = random_upstream((2, 2), 0, "y", np.dtype(np.float64))
    for _ in range(steps):
        made.step((x,), (y[:, : net.forward(x).shape[1]],), optimizer.lr)
    return {**net.state_dict(), **made.state_dict()}


def assert_same_bits(found: State, wanted: State) -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.array_equal(found[name], values), name


@pytest.mark.parametrize("block", [1, 3, 7])
@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: repr(case.optimizer))
def test_weights_updated_piece_by_piece_are_those_updated_at_once(
    case: OptimizerCase, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ([ig.Linear(5), ig.Tanh(), ig.Linear(2)], 4, case.optimizer, case.clip)
    wanted = trained(*call)
    monkeypatch.setattr(learner, "BLOCK", block)
    assert_same_bits(trained(*call), wanted)


def test_weights_around_one_block_are_updated_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for size, case in THRESHOLDS["learner.BLOCK"]:
        ((features,),) = case.shapes
        call = ([case.layer], features, ig.SGD(1e-7, momentum=0.9), None, 2)
        found = trained(*call)
        with monkeypatch.context() as patch:
            patch.setattr(learner, "BLOCK", int(2 * size))
            assert_same_bits(found, trained(*call))


@pytest.mark.parametrize("kernel", [255, 256, 257, 258])
def test_the_last_place_of_a_window_may_win_whatever_counts_its_places(kernel: int) -> None:
    """A byte counts 256 places."""
    x = np.stack([np.arange(kernel, dtype=np.float64), np.roll(np.arange(kernel), 1)])[:, None]
    net = ig.build(ig.Sequential([ig.MaxPool1d(kernel)], input_shape=(1, kernel)), dtype="float64")
    y = net.forward(x)
    dx, _ = net.backward(np.array([[[2.0]], [[3.0]]]))
    assert y.ravel().tolist() == [kernel - 1, kernel - 1]
    assert {tuple(i): dx[tuple(i)] for i in np.argwhere(dx).tolist()} == {(0, 0, kernel - 1): 2.0, (1, 0, 0): 3.0}


@pytest.mark.parametrize("kind", [ig.RNN, ig.GRU, ig.LSTM])
def test_lengths_beyond_what_a_byte_counts_are_read_from_both_ends(kind: Any, pair: Pair) -> None:
    agree(pair, Case(kind(2, bidirectional=True), ((260, 3), ()), "260 steps", batch=3, scale=0.3, large=True))


@pytest.mark.parametrize("dtype", ["int64", ">i8", "int8", "uint8", "int16", "uint64"])
@pytest.mark.parametrize("count", [1, FEW - 1, FEW, FEW + 1, 3 * FEW + 5])
def test_a_label_out_of_range_is_seen_wherever_it_stands_among_few_or_many(count: int, dtype: str) -> None:
    labels = (np.arange(count) % 5).astype(dtype)
    assert all_within(labels, 5)
    assert all_within(labels[::-1].reshape(1, -1), 5)
    for place in {0, count // 2, count - 1}:
        for wrong in [5, 100, *[-1, -100] * (np.dtype(dtype).kind == "i")]:
            spoilt = labels.copy()
            spoilt[place] = wrong
            assert not all_within(spoilt, 5)
