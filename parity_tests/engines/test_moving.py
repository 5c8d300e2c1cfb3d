"""Models that move values across axes, the batch's among them, as vision transformers do; values made of nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference

ROWS = [1, 3, 8]
BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
rng = np.random.default_rng(0)


def windows() -> ig.Model:
    """An image rolled, padded and cut into windows that are rows, mixed by a shared table of biases, put together."""
    image = ig.Input((4, 5, 6))
    whole = ig.Pad((0, 0, 0, 0, 0, 1), mode="reflect")(ig.Permute((0, 2, 3, 1))(ig.Roll((1, -1), (2, 3))(image)))
    parts = ig.Permute((0, 1, 3, 2, 4, 5))(ig.View(("N", 3, 2, 2, 3, 4))(whole))
    rows = ig.Linear(4)(ig.View(("6N", 6, 4))(parts))
    table, at = ig.Parameter((11, 6), name="table"), ig.Full((6,), 2, kind="integer")()
    mixed = ig.Repeat(("6N", 1, 1))(ig.View((1, 6, 6))(ig.Index((0,))(table, ig.Arange(3, 9)())), image)
    mixed = ig.MatMul()(mixed, rows) + ig.Expand(("6N", 6, 4))(ig.Slice(1, stop=4)(ig.IndexSelect(0)(table, at)), image)
    back = ig.View(("N", 6, 6, 4))(ig.Permute((0, 1, 3, 2, 4, 5))(ig.View(("N", 3, 2, 2, 3, 4))(mixed)))
    return ig.Model(inputs=image, outputs=ig.Linear(3)(ig.Flatten()(ig.Slice(1, start=1)(back))))


def tokens() -> ig.Model:
    """A class token and positions before words in front of the batch; the last step of each word that is named."""
    words, place = ig.Input((4, 3)), ig.Input((), kind="integer")
    token = ig.Expand(("N", 1, 3))(ig.Parameter((1, 1, 3), name="token"), words)
    all_words = ig.Permute((1, 0, 2))(ig.Concat()(token, words) + ig.Parameter((5, 3), name="positions"))
    first, *_, last = ig.Split((1,) * 5, 0, squeeze=True)(ig.Tanh()(all_words))
    named = ig.Index((0, 1))(all_words, place, ig.Arange()(words))
    both = ig.Stack(dim=1)(ig.StopGradient()(first), last, named)
    picked = ig.Gather(1)(both, ig.Expand(("N", 1, 3))(ig.Full((1, 1), 2, kind="integer")(), words))
    added = ig.ScatterAdd(1)(both, ig.Full(("N", 1, 3), 1, kind="integer")(words), picked)
    return ig.Model(inputs=[words, place], outputs=ig.Linear(2)(ig.Flatten()(added)))


def batch(model: ig.Model, rows: int) -> tuple[np.ndarray, ...]:
    return tuple(
        rng.integers(0, 5, rows) if form.kind == "integer" else rng.normal(size=form.sizes(rows))
        for form in model.input_forms
    )


@pytest.mark.parametrize("make", [windows, tokens])
def test_what_moves_across_the_batch_is_the_same_in_every_engine(make: Any) -> None:
    model = make()
    (out,) = model.out_shapes(*model.input_shapes)
    report = ig.check_parity(model, batch(model, 4), rng.normal(size=(4, *out)), loss=ig.MSELoss(), steps=1)
    assert report.passed, str(report)


@pytest.mark.parametrize("make", [windows, tokens])
def test_samples_do_not_see_each_other_however_many_there_are(make: Any) -> None:
    model = make()
    x = batch(model, max(ROWS))
    for backend in ("numpy", "torch"):
        net = ig.build(model, backend=backend, dtype="float64")
        whole = net.forward(*x)
        for rows in ROWS:
            y = net.forward(*(v[:rows] for v in x))
            assert not difference(y, whole[:rows]).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("make", [windows, tokens])
def test_they_are_written_to_files_and_read(make: Any, tmp_path: Path) -> None:
    model = make()
    net = ig.build(model, dtype="float64")
    ig.save(tmp_path / "model.isograd", model, net.state_dict())
    read, weights = ig.load(tmp_path / "model.isograd")
    x = batch(model, 2)
    assert read == model
    assert np.array_equal(ig.build(read, weights, dtype="float64").forward(*x), net.forward(*x))


@BOTH
def test_values_made_of_nothing_need_no_input(backend: str) -> None:
    image = ig.Input((3,))
    shift = ig.Cast("float")(ig.Arange(-1, 2)()) + ig.Full((3,), 0.5)()
    net = ig.build(ig.Model(inputs=image, outputs=image * shift), backend=backend, dtype="float64")
    x = rng.normal(size=(2, 3))
    assert np.array_equal(net.forward(x), x * [-0.5, 0.5, 1.5])
    dx, dw = net.backward(np.ones((2, 3)))
    assert np.array_equal(dx, [[-0.5, 0.5, 1.5]] * 2)
    assert dw == {}


@BOTH
def test_infinity_fills_a_mask_and_a_border(backend: str) -> None:
    image = ig.Input((2,))
    outputs = [ig.Pad((1, 0), value=-np.inf)(image), ig.Triu(1)(ig.Full((2, 2), -np.inf)())]
    text = ig.Model(inputs=image, outputs=outputs).to_json()
    padded, mask = ig.build(ig.Model.from_json(text), backend=backend).forward(np.ones((1, 2)))
    assert padded.tolist() == [[-np.inf, 1, 1]]
    assert mask.tolist() == [[0, -np.inf], [0, 0]]
