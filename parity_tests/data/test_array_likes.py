"""Whatever holds numbers is read by position, the same as the plain array of its values; nothing else gets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH
from tables import Labelled, Samples, kinds, shuffled

import isograd as ig
from isograd.core.base.arraylike import as_array
from isograd.core.parity.matching import TOLERANCE, difference

DRAWS = np.random.default_rng(0)
Y = np.arange(60) % 3
X = DRAWS.normal(size=(60, 4)) + 3 * np.eye(3, 4)[Y]
MODEL = ig.Sequential([ig.Linear(3)], input_shape=(4,))
KINDS = kinds()


def trainer(backend: str) -> ig.Trainer:
    net = ig.build(MODEL, backend=backend, dtype="float64")
    return ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.3), metrics=[ig.Accuracy()])


def arrays(splits: ig.Splits[ig.ArrayDataset]) -> list[np.ndarray]:
    return [values for part in splits for values in (*part.inputs, *part.targets)]


def fitted(x: Any, y: Any, backend: str) -> list[Any]:
    made = trainer(backend)
    history = made.fit((x, y), validation=(x, y), epochs=2, batch_size=7)
    return [history.step_losses, *made.net.state_dict().values()]


def once(x: Any, y: Any, backend: str) -> list[Any]:
    """One step, one prediction by trainer and by network, one evaluation."""
    made = trainer(backend)
    loss = made.step(x, y)
    scores = made.evaluate((x, y), batch_size=11)
    return [loss, list(scores.values()), made.predict(x), made.net.predict(x, batch_size=8)]


def both_ways(x: Any, y: Any, backend: str) -> list[Any]:
    """Forward, and backward with the rows of x for dy."""
    net = ig.build(ig.Sequential([ig.Linear(4)], input_shape=(4,)), backend=backend, dtype="float64")
    out = net.forward(x, training=True)
    dx, dw = net.backward(x)
    return [out, dx, *dw.values(), *net.activations(x).values()]


DOORS: dict[str, Callable[[Any, Any, str], list[Any]]] = {
    "split": lambda x, y, _: arrays(ig.split(x, y, seed=2)),
    "stratified split": lambda x, y, _: arrays(ig.split(x, y, seed=2, stratify=True)),
    "standardize": lambda x, y, _: arrays(ig.standardize(ig.split(x, y, seed=2))[0]),
    "Standardizer": lambda x, y, _: [ig.Standardizer.fit(x).transform(x), ig.Standardizer.fit(x).inverse(x)],
    "ArrayDataset": lambda x, y, _: [*np.concatenate(ig.ArrayDataset((x, x), y).batch(np.array([9, 1]))[0], 1)],
    "Subset": lambda x, y, _: [*ig.Subset(ig.ArrayDataset(X, Y), y).batch(np.arange(20))[0]],
    "labels": lambda x, y, _: [*ig.encode_labels(y), ig.one_hot(y)],
    "Windows": lambda x, y, _: [*ig.Windows(y, length=3).batch(np.arange(4))[0]],
    "fit": fitted,
    "step, evaluate, predict": once,
    "forward, backward": both_ways,
}


@BOTH
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_read_as_the_array_of_its_values(kind: str, door: str, backend: str) -> None:
    if door == "labels" and kind == "big-endian":
        assert ig.encode_labels(Y.astype(">i8"))[1].dtype.isnative
    for found, wanted in zip(DOORS[door](*KINDS[kind](X, Y), backend), DOORS[door](X, Y, backend), strict=True):
        found, wanted = np.asarray(found), np.asarray(wanted)
        assert found.dtype == wanted.dtype
        limit = TOLERANCE["node", "float64"] if found.dtype.kind == "f" else 0.0  # another layout is summed otherwise
        assert not difference(found, wanted).exceeds(limit)


def test_what_stands_for_a_table_would_mix_its_rows_up() -> None:
    rows = np.arange(5)
    assert np.asarray(Labelled(X, shuffled(60))[rows]).tolist() != X[rows].tolist()


@BOTH
@pytest.mark.parametrize("dtype", ["?", "u1", ">u2", "<i4", ">i8", "f2", ">f4", "<f8", "g"])
def test_inputs_of_every_kind_of_number(dtype: str, backend: str) -> None:
    x = (X > 0).astype(dtype)
    net = ig.build(MODEL, backend=backend, dtype="float64")
    np.testing.assert_array_equal(net.forward(x), net.forward((X > 0).astype(float)))
    reversed_row = x[::-1][:1]  # dense, says NumPy, but its stride is negative
    np.testing.assert_array_equal(net.forward(reversed_row), net.forward(np.ascontiguousarray(reversed_row)))


@BOTH
def test_files_in_memory_stay_there_in_their_own_byte_order(tmp_path: Any, backend: str) -> None:
    for name, values in (("x", X.astype(">f8")), ("y", Y.astype(">i8"))):
        np.save(tmp_path / f"{name}.npy", values)
    x, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy")
    assert not ig.ArrayDataset(x, y).in_memory
    for found, wanted in zip(fitted(x, y, backend), fitted(X, Y, backend), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_map_style_data_set_may_hold_what_becomes_arrays() -> None:
    data = ig.SampleDataset(Samples((Labelled(X[0], shuffled(4)), 1), [X[1].tolist(), np.array(2, ">i8")]))
    (x,), (y,) = data.batch(np.array([1, 0]))
    np.testing.assert_array_equal(x, X[[1, 0]])
    assert (y.tolist(), y.dtype.isnative) == ([2, 1], True)


@pytest.mark.parametrize(
    ("values", "classes", "labels"),
    [
        (["oak", "ash", "oak"], ["ash", "oak"], [1, 0, 1]),
        (np.array(["b", "a"], ">U3"), ["a", "b"], [1, 0]),
        (np.array(["b", "a"], object), ["a", "b"], [1, 0]),
        (np.array(["b", "a"], np.dtypes.StringDType()), ["a", "b"], [1, 0]),
        ([True, False, True], [False, True], [1, 0, 1]),
        ([7, -2, 7], [-2, 7], [1, 0, 1]),
        ([["b"], ["a"]], ["a", "b"], [[1], [0]]),
    ],
)
def test_labels_of_every_kind_and_back(values: Any, classes: list[Any], labels: list[Any]) -> None:
    found, kept = ig.encode_labels(values)
    assert (found.tolist(), found.dtype, kept.tolist()) == (labels, np.int64, classes)
    assert kept[found].tolist() == as_array(values).tolist()


def test_an_array_that_fits_is_not_copied() -> None:
    assert as_array(X) is X
    assert np.shares_memory(as_array(np.ma.masked_array(X)), X)
    assert np.shares_memory(ig.ArrayDataset(X, Y).inputs[0], X)
