"""A data set that somebody wrote may give its batches as anything that holds numbers; what does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.types import Array

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 6)), RNG.integers(0, 3, 12)
MODEL = ig.Sequential([ig.Linear(5), ig.Tanh(), ig.Linear(3)], input_shape=(6,))
Given = Callable[[Array, Array], Any]


class Anyone:
    """Its first sample as arrays; the batches of more as `given` says."""

    def __init__(self, given: Given) -> None:
        self.given = given

    def __len__(self) -> int:
        return len(X)

    def batch(self, indices: Array) -> Any:
        x, y = X[indices], Y[indices]
        return ((x,), (y,)) if len(indices) == 1 else self.given(x, y)


def trainer(backend: str) -> ig.Trainer:
    net = ig.build(MODEL, backend=backend, dtype="float64")
    return ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1))


def after(backend: str, data: Any) -> dict[str, Array]:
    made = trainer(backend)
    made.fit(data, epochs=2, batch_size=4)
    return {
        **made.net.state_dict(),
        "predicted": made.predict(ig.ArrayDataset(X, Y) if isinstance(data, tuple) else data),
        "loss": np.array(made.evaluate(data)["loss"]),
    }


TAKEN: dict[str, Given] = {
    "lists": lambda x, y: ((x.tolist(),), (y.tolist(),)),
    "bare arrays": lambda x, y: (x, y),
    "object arrays": lambda x, y: ((x.astype(object),), (y.astype(object),)),
    "nothing masked": lambda x, y: ((np.ma.masked_array(x),), (y,)),
    "the other byte order": lambda x, y: ((x.astype(">f8"),), (y.astype(">i4"),)),
}


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", TAKEN)
def test_what_holds_numbers_is_taken(name: str, backend: str) -> None:
    found, wanted = after(backend, Anyone(TAKEN[name])), after(backend, (X, Y))
    assert all(np.array_equal(found[key], values) for key, values in wanted.items())


REFUSED: dict[str, tuple[Given, str]] = {
    "masked entries": (lambda x, y: ((np.ma.masked_less(x, 0),), (y,)), "input 0"),
    "one input too many": (lambda x, y: ((x, x), (y,)), "wanted 1 inputs\n  got    2"),
    "complex numbers": (lambda x, y: ((x.astype(complex),), (y,)), "input 0\n  wanted numbers"),
    "numbers as text": (lambda x, y: ((x.astype(str),), (y,)), "input 0"),
    "labels as text": (lambda x, y: ((x,), (y.astype(str),)), "ig.encode_labels"),
    "no pair": (lambda x, y: x, "wanted a pair: inputs, targets\n  got    ndarray"),
    "nothing": (lambda x, y: None, "wanted a pair: inputs, targets\n  got    NoneType"),
    "no targets": (lambda x, y: ((x,), ()), "targets\n  wanted 1, one for each loss\n  got    0"),
}


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_is_refused_before_anything_changes(name: str, backend: str) -> None:
    given, told = REFUSED[name]
    made = trainer(backend)
    before = made.net.state_dict()
    for use in (
        lambda: made.fit(Anyone(given), epochs=1, batch_size=4),
        lambda: made.evaluate(Anyone(given), batch_size=4),
    ):
        with pytest.raises(ig.IsogradError) as error:
            use()
        assert told in str(error.value)
    assert all(np.array_equal(made.net.state_dict()[path], values) for path, values in before.items())
