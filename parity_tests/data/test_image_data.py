"""Images on their way in: the same batches in both engines, moved as (seed, epoch, sample) say; the rules of Go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.data.dataset import for_epoch
from isograd.core.data.pixels import shifted
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.datasets.scaled import SIGNED, mnist_images, scaled
from isograd.examples.go_board import SIZE, can_capture, planes
from isograd.examples.go_rules import BLACK, EMPTY, WHITE, Board, IllegalMove

STEPS = np.random.default_rng(0).integers(0, 256, (50, 1, 6, 5)).astype(np.uint8)


@pytest.mark.parametrize("scaling", [SIGNED, ig.Scaling(mean=0.1307, std=0.3081)])
def test_every_byte_is_scaled_to_the_same_bits_as_by_torchvision(scaling: ig.Scaling) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    ours, theirs = (scaled(scaling, through)(pixels) for through in ("numpy", "torchvision"))
    assert ours.dtype == theirs.dtype == np.float32
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("scaling", [None, SIGNED])
def test_mnist_batches_are_identical_through_numpy_and_torchvision(
    data_root: Path, monkeypatch: pytest.MonkeyPatch, scaling: ig.Scaling | None
) -> None:
    monkeypatch.setenv("ISOGRAD_DATA", str(data_root))
    ours, theirs = (mnist_images(3, backend, scaling=scaling) for backend in ("numpy", "torch"))
    for part in ("train", "validation", "test"):
        one, other = getattr(ours, part), getattr(theirs, part)
        assert len(one) == len(other) == {"train": 55_000, "validation": 5_000, "test": 10_000}[part]
        for indices in (np.arange(60), np.array([len(one) - 1, 17, 17])):
            (x,), (y,) = one.batch(indices)
            (x2,), (y2,) = other.batch(indices)
            assert x.shape == (len(indices), 1, 28, 28)
            assert np.array_equal(x, x2)
            assert np.array_equal(y, y2)
    parts = (ours.train.batch(indices)[0][0].astype(np.float64) for indices in np.arange(55_000).reshape(11, 5_000))
    if scaling is None:
        moments = np.mean([(part.mean(), np.square(part).mean()) for part in parts], axis=0)
        assert not difference(moments, np.array([0.0, 1.0])).exceeds(TOLERANCE["node", "float32"])
    else:
        assert [(part.min(), part.max()) for part in parts] == [(-1, 1)] * 11


class Seen:
    """Passes batches on, and keeps them."""

    def __init__(self, data: ig.Dataset, kept: list[Any]) -> None:
        self.data, self.kept = data, kept

    def __len__(self) -> int:
        return len(self.data)

    def for_epoch(self, epoch: int) -> Seen:
        return Seen(for_epoch(self.data, epoch), self.kept)

    def batch(self, indices: Any) -> Any:
        made = self.data.batch(indices)
        self.kept.append((indices, made[0][0]))
        return made


def test_augmented_images_are_the_same_in_both_engines_and_new_in_every_epoch() -> None:
    labels = np.arange(50) % 2
    model = ig.Sequential([ig.Flatten(), ig.Linear(2)], input_shape=(1, 6, 5))
    fits: list[list[Any]] = []
    for backend in ("numpy", "torch"):
        kept: list[Any] = []
        data = ig.Augmented(ig.ArrayDataset(STEPS / 255, labels), shift=2, flip=True, seed=4)
        trainer = ig.Trainer(ig.build(model, backend=backend), loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1))
        trainer.fit(Seen(data, kept), epochs=2, batch_size=20)
        fits.append(kept[1:])  # the first is the trainer's look at one sample
    assert [len(kept) for kept in fits] == [6, 6]
    for (indices, x), (indices2, x2) in zip(*fits, strict=True):
        assert np.array_equal(indices, indices2)
        assert np.array_equal(x, x2)
    by_epoch = [np.concatenate([x for _, x in fits[0][k : k + 3]]) for k in (0, 3)]
    order = [np.argsort(np.concatenate([i for i, _ in fits[0][k : k + 3]])) for k in (0, 3)]
    first, second = (images[rows] for images, rows in zip(by_epoch, order, strict=True))
    assert not np.array_equal(first, second)
    assert (first != STEPS / 255).any(axis=(1, 2, 3)).mean() > 0.9


def test_an_image_moves_as_its_number_says_whatever_batch_it_comes_in() -> None:
    data = ig.Augmented(ig.ArrayDataset(STEPS, np.arange(50)), shift=1, flip=True, seed=7).for_epoch(3)
    (together,), _ = data.batch(np.arange(50))
    for i in (0, 13, 49):
        (alone,), _ = data.batch(np.array([i]))
        assert np.array_equal(alone[0], together[i])
    (plain,), _ = ig.Augmented(ig.ArrayDataset(STEPS, np.arange(50)), shift=1).batch(np.arange(50))
    assert np.array_equal(plain, STEPS)


def test_a_shift_moves_every_pixel_and_repeats_the_edge() -> None:
    for i, (a, b) in enumerate([(0, 0), (1, 0), (-2, 1), (2, -2)]):
        moved = shifted(STEPS[i : i + 1], np.array([[a, b]]))[0, 0]
        rows, columns = (np.clip(np.arange(n) - d, 0, n - 1) for n, d in ((6, a), (5, b)))
        assert np.array_equal(moved, STEPS[i, 0][np.ix_(rows, columns)])


def test_moves_and_mirrorings_are_drawn_evenly() -> None:
    one = np.zeros((9000, 1, 9, 9), np.uint8)
    one[:, :, 4, 4] = 1
    (moved,), _ = ig.Augmented(ig.ArrayDataset(one, np.zeros(9000, int)), shift=1).for_epoch(0).batch(np.arange(9000))
    counts = moved.sum((0, 1), dtype=np.int64)[3:6, 3:6]
    assert counts.sum() == 9000
    assert np.abs(counts - 1000).max() < 130
    half = np.zeros((9000, 1, 1, 2), np.uint8)
    half[..., 0] = 1
    (turned,), _ = (
        ig.Augmented(ig.ArrayDataset(half, np.zeros(9000, int)), flip=True).for_epoch(0).batch(np.arange(9000))
    )
    assert abs(int(turned[..., 1].sum()) - 4500) < 200


def test_an_augmentation_that_does_nothing_is_refused() -> None:
    for shift in (0, -1):
        with pytest.raises(ig.SpecError) as caught:
            ig.Augmented(ig.ArrayDataset(STEPS, np.arange(50)), shift=shift)
        assert caught.value.wanted == "shift=1 or more, flip=True, or both"


def board(*rows: str, to_play: int = BLACK) -> Board:
    made = Board(len(rows))
    made.stones = [{"X": BLACK, "O": WHITE, ".": EMPTY}[sign] for row in rows for sign in row.split()]
    made.to_play = to_play
    return made


def test_a_chain_without_liberties_is_captured() -> None:
    position = board(". X . .", "X O X .", "X O . .", ". X . .")
    assert position.play(2 * 4 + 2) == {5, 9}
    assert position.stones[5] == position.stones[9] == EMPTY
    assert position.to_play == WHITE


def test_several_chains_are_captured_at_once_and_a_capture_is_no_suicide() -> None:
    position = board("X O . O X", ". X O X .", ". . X . .", ". . . . .", ". . . . .")
    assert position.play(2) == {1, 3, 7}


def test_suicide_of_one_stone_and_of_a_chain_is_forbidden() -> None:
    for position, point in ((board(". O .", "O . .", ". . ."), 0), (board("X . O", "O O .", ". . ."), 1)):
        before = list(position.stones)
        with pytest.raises(IllegalMove, match="suicide"):
            position.play(point)
        assert position.stones == before
        assert position.to_play == BLACK


def test_a_ko_may_not_be_taken_back_at_once_but_later() -> None:
    position = board(". X O .", "X O . O", ". X O .", ". . . .")
    assert position.play(6) == {5}
    with pytest.raises(IllegalMove, match="ko"):
        position.play(5)
    position.play(15)
    position.play(12)
    assert position.play(5) == {6}


def test_two_stones_may_be_taken_back_by_one() -> None:
    position = board(". X X O .", "X O O . O", ". X X O .", ". . . . .", ". . . . .")
    assert position.play(8) == {6, 7}
    assert position.ko == -1


def test_an_occupied_point_is_refused() -> None:
    with pytest.raises(IllegalMove, match="occupied"):
        board("X .", ". .").play(0)


def test_the_question_is_answered_by_playing_every_move() -> None:
    rng = np.random.default_rng(1)
    position = Board(7)
    answers = set()
    for _ in range(150):
        position.play_at_random(rng)
        found = False
        for point in range(49):
            tried = Board(7)
            tried.stones, tried.to_play, tried.ko = list(position.stones), position.to_play, position.ko
            try:
                found = found or bool(tried.play(point))
            except IllegalMove:
                continue
        assert can_capture(position) == found
        answers.add(found)
    assert answers == {True, False}


def test_seventeen_planes_hold_both_colours_eight_moves_back() -> None:
    from collections import deque

    history = deque([[0] * SIZE**2] * 8, maxlen=8)
    position = Board(SIZE)
    for point in (40, 50, 60):
        position.play(point)
        history.append(list(position.stones))
    made = planes(history, position.to_play).reshape(17, -1)  # white is to play
    assert made.shape == (17, 361)
    assert np.flatnonzero(made[0]).tolist() == [50]
    assert np.flatnonzero(made[8]).tolist() == [40, 60]
    assert np.flatnonzero(made[9]).tolist() == [40]  # one move ago
    assert made[3].sum() == made[11].sum() == made[16].sum() == 0
