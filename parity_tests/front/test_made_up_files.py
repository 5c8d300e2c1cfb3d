"""Every data set and every experiment on small made-up files in the forms of the real ones, which need not be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made_up_data
import numpy as np
import pytest

import isograd as ig
from isograd import data
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.experiments.experiment import Options
from isograd.experiments.finding import built_in, find
from isograd.experiments.next_character import ENGLISH, writing
from isograd.experiments.training import train_recipe

CHOICES = [(name, which) for name in built_in() for which in find(name).data]
CHARACTERS = ("char_lstm", "char_gru_lstm", "char_transformer")
ROWS = 6


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_data.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def named(root: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment names the files; texts are read in short pieces."""
    monkeypatch.setenv("ISOGRAD_DATA", str(root))
    for name in ("char_lstm", "char_gru_lstm"):
        monkeypatch.setattr(f"isograd.examples.{name}.STEPS", 8)
        monkeypatch.setattr(f"isograd.examples.{name}.ROWS", 4)
    monkeypatch.setattr("isograd.examples.char_lstm.BOOK_STEPS", 5)
    monkeypatch.setattr("isograd.examples.char_transformer.STEPS", 16)
    return monkeypatch


def losses(recipe: ig.Recipe, backend: str, x: Any, y: Any) -> np.ndarray:
    """Of three steps on one batch."""
    options = {"shared_randomness": True} if backend == "torch" else {}
    net = ig.build(recipe.model, backend=backend, dtype="float64", **options)
    trainer = ig.Trainer(
        net,
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        clip=recipe.clip,
        carry=recipe.carry,
        schedule=recipe.schedule,
    )
    return np.array([trainer.step(x, y) for _ in range(3)])


@pytest.mark.parametrize(("name", "which"), CHOICES)
@pytest.mark.usefixtures("named")
def test_every_recipe_of_every_data_set_is_trained_on_alike_by_both_engines(name: str, which: str) -> None:
    prepared, recipes = find(name).prepare(Options(data=which, samples=64), "numpy")
    for recipe in recipes.values():
        x, y = prepared.seen_by(recipe).batch(ROWS, 0, shuffle=recipe.carry is None)
        ours, theirs = (losses(recipe, backend, x, y) for backend in ("numpy", "torch"))
        assert not difference(ours, theirs).exceeds(TOLERANCE["free run", "float64"])


@pytest.mark.parametrize("name", CHARACTERS)
@pytest.mark.usefixtures("named")
def test_experiments_on_characters_are_measured_and_write_the_same_in_both_engines(name: str) -> None:
    experiment, texts = find(name), []
    options = Options(samples=16, epochs=1, batch_size=4, dtype="float64")
    for backend in ("numpy", "torch"):
        prepared, recipes = experiment.prepare(options, backend)
        recipe = next(iter(recipes.values()))
        shared = {"shared_randomness": True} if backend == "torch" else {}
        outcome = train_recipe(experiment, recipe, prepared, options, backend=backend, **shared)
        texts.append(writing(length=20)(outcome.net, prepared, options))
        assert set(outcome.scores) == {"nats per symbol", "bits per symbol", "accuracy"}
        for counted in recipe.baselines(recipe, 0).values():
            counted.fit(*(values[0] for values in prepared.splits.train.batch(np.arange(8))))
    assert texts[0] == texts[1]
    assert all(len(text) == len("ROMEO:") + 20 and set(text) <= set(ENGLISH.characters) for text in texts[0].values())


def bytes_of(root: Path, kind: str) -> np.ndarray:
    """What stands in an idx file after its head, without the reader that is tested."""
    content = (root / "MNIST/raw" / f"{kind}-ubyte").read_bytes()
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3])


def test_mnist_is_what_its_files_hold_by_numpy_and_through_torchvision(root: Path) -> None:
    for through in ("numpy", "torchvision"):
        parts = data.mnist(root, through=through)  # type: ignore[arg-type]
        for (x, y), name, count in zip(
            parts, ("train", "t10k"), (made_up_data.IMAGES, made_up_data.TESTED), strict=True
        ):
            assert (x.shape, x.dtype, y.dtype) == ((count, 28, 28), np.uint8, np.int64)
            assert np.array_equal(x.ravel(), bytes_of(root, f"{name}-images-idx3"))
            assert np.array_equal(y, bytes_of(root, f"{name}-labels-idx1"))


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("left", [0, 3, 4, 7, 8, 15, 16, 17, -1])
def test_an_idx_file_cut_anywhere_is_refused(file: str, left: int, tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    for path in (root / "MNIST/raw").iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:left] if path.name == file else content)
    with pytest.raises(ig.DataError, match="an unpacked idx file of unsigned bytes, whole"):
        data.mnist(tmp_path)


def test_tables_and_texts_are_what_their_files_hold(root: Path) -> None:
    for read, (file, columns) in zip((data.boston, data.california), made_up_data.DISTRICTS.items(), strict=True):
        x, y = read(root)
        lines = [line for line in (root / file).read_text().splitlines() if line[0] in "-0123456789"]
        assert (x.shape, x.dtype, y.dtype) == ((made_up_data.ROWS, columns), np.float64, np.float64)
        assert np.column_stack([x, y]).tolist() == [[float(cell) for cell in line.split(",")] for line in lines]
    for reader, file in ((data.tiny_shakespeare, "tinyshakespeare"), (data.book_text, "dlfs_input")):
        assert reader(root) == (root / f"text/{file}.txt").read_text("utf-8")


@pytest.mark.parametrize("reader", ["boston", "california", "tiny_shakespeare", "book_text", "mnist"])
def test_the_environment_names_the_root_and_a_root_given_goes_before_it(
    reader: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ISOGRAD_DATA", str(tmp_path))
    read = getattr(data, reader)
    given = read(root)
    monkeypatch.setenv("ISOGRAD_DATA", str(root))
    assert repr(read()) == repr(given)
