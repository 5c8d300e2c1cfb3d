"""Nothing that is held out reaches what is trained on, from the files to the scores; no class is lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made_up_data
import numpy as np
import pytest

import isograd as ig
from isograd.core.data.dataset import whole
from isograd.experiments import baselines
from isograd.experiments.experiment import Options
from isograd.experiments.finding import built_in, find
from isograd.experiments.prepared import Prepared
from isograd.experiments.training import train_recipe

EXPERIMENTS = [(name, data) for name in built_in() for data in find(name).data]
FROM_FILES = [
    (name, data) for name, data in EXPERIMENTS if name.startswith(("mnist", "house", "sent")) and data != "diabetes"
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_data.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def named(root: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ISOGRAD_DATA", str(root))
    return monkeypatch


def prepared(name: str, data: str, **options: Any) -> Prepared:
    return find(name).prepare(Options(data=data, **options), "numpy")[0]


def samples(part: ig.Dataset) -> list[bytes]:
    """Every sample's first input, to the last bit."""
    (x, *_), _ = whole(part)
    return [row.tobytes() for row in x]


@pytest.mark.parametrize("options", [{}, {"samples": 64}], ids=["whole", "limited"])
@pytest.mark.parametrize(("name", "data"), EXPERIMENTS)
@pytest.mark.usefixtures("named")
def test_no_sample_is_in_two_parts(name: str, data: str, options: dict[str, int]) -> None:
    parts = [samples(part) for part in prepared(name, data, **options).splits]
    assert all(parts)
    for k, part in enumerate(parts):
        for other in parts[k + 1 :]:
            assert not set(part) & set(other)


def numbers(found: Prepared, part: ig.Dataset) -> list[int]:
    """The numbers of a part's samples in the made-up files."""
    (x, *_), (y, *_) = whole(part)
    if x.dtype.kind == "U":
        return [int(text[:4]) for text in x]
    if found.target_scale:
        return [int(n) for n in np.rint(found.restored(y).ravel())]
    return made_up_data.image_numbers(x)


@pytest.mark.parametrize(("name", "data"), FROM_FILES)
def test_what_is_held_out_changes_nothing_of_what_is_trained_on(
    name: str, data: str, named: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = prepared(name, data)
    train, validation, test = before.splits
    held = set(numbers(before, validation))
    own_test = name.startswith("mnist")
    if not own_test:
        held |= set(numbers(before, test))
    assert held
    assert not held & set(numbers(before, train))
    named.setenv("ISOGRAD_DATA", str(made_up_data.write(tmp_path, held, test=own_test)))
    after = prepared(name, data)
    for old, new in zip(sum(whole(train), ()), sum(whole(after.splits.train), ()), strict=True):
        np.testing.assert_array_equal(old, new)
    assert after.names == before.names
    if before.target_scale and after.target_scale:
        np.testing.assert_array_equal(after.target_scale.mean, before.target_scale.mean)
        np.testing.assert_array_equal(after.target_scale.std, before.target_scale.std)
    for old_part, new_part in ((validation, after.splits.validation), (test, after.splits.test)):
        assert not set(samples(old_part)) & set(samples(new_part)), "what was held out is something else indeed"


class Kept:
    """An estimator that keeps what it is fitted to and what it is asked."""

    def fit(self, rows: Any, targets: Any) -> None:
        self.rows, self.targets = rows, targets

    def predict(self, rows: Any) -> Any:
        self.asked = rows
        return np.zeros(len(rows), int)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_recipe_is_validated_on_the_validation_part_and_scored_on_the_test_part(backend: str) -> None:
    experiment, options = find("digits_mlp"), Options(epochs=2)
    found, recipes = experiment.prepare(options, backend)
    (recipe,) = recipes.values()
    outcome = train_recipe(experiment, recipe, found, options, backend=backend)
    trainer = ig.Trainer(outcome.net, loss=recipe.loss, optimizer=recipe.optimizer, metrics=[ig.Accuracy()])
    train, validation, test = (trainer.evaluate(part) for part in found.splits)
    assert len({train["loss"], validation["loss"], test["loss"]}) == 3
    last = outcome.history.epochs[-1]
    assert (last.validation_loss, last.metrics["accuracy"]) == (validation["loss"], validation["accuracy"])
    assert outcome.scores == {"accuracy": test["accuracy"]}
    kept = Kept()
    baselines.fit(kept, experiment, recipe, found, options)
    (train_x,), (train_y,) = whole(found.splits.train)
    np.testing.assert_array_equal(kept.rows, train_x.astype(np.float32))
    np.testing.assert_array_equal(kept.targets, train_y)
    np.testing.assert_array_equal(kept.asked, found.test[0][0].astype(np.float32))


SIZES = [1, 2, 3, 4, 5, 7, 10, 100]  # of classes


@pytest.mark.parametrize("shares", [(0.15, 0.15), (0.5, 0.4), (0.0, 0.3), (0.3, 0.0), (0.1, 0.85)])
def test_a_stratified_split_loses_no_sample_and_trains_on_every_class(shares: tuple[float, float]) -> None:
    validation, test = shares
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(SIZES)), SIZES))
    splits = ig.split(np.arange(len(labels)), labels, validation=validation, test=test, stratify=True)
    rows = np.concatenate([part.inputs[0] for part in splits])
    assert sorted(rows.tolist()) == list(range(len(labels)))
    for part in splits:
        np.testing.assert_array_equal(labels[part.inputs[0]], part.targets[0])
    train, held, tested = (np.bincount(part.targets[0], minlength=len(SIZES)) for part in splits)
    for k, size in enumerate(SIZES):
        assert train[k] >= 1
        assert abs(tested[k] - size * test) < 1
        assert abs(held[k] + tested[k] - size * (validation + test)) <= 1


def test_splits_unpack_in_the_order_of_their_names() -> None:
    splits = ig.split(np.arange(20), np.arange(20), seed=4)
    train, validation, test = splits
    assert (train, validation, test) == (splits.train, splits.validation, splits.test)
