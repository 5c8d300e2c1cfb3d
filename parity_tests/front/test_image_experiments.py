"""Experiments on images: recipes with two outputs, options that cut them short, pictures of what came out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import typed

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.experiments.baselines import pca_like
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find
from isograd.plots.style import mosaic
from isograd.reports.codes import purities
from isograd.reports.comparing import compare
from isograd.reports.saving import save


def test_an_autoencoder_has_two_outputs_in_both_engines_and_pca_beside_them(tmp_path: Path) -> None:
    comparison = compare(find("digits_autoencoder"), Options(recipe="dense", epochs=4))
    compared = comparison.recipes["dense"]
    assert comparison.passed
    assert compared.recipe.encodes
    for outcome in compared.engines.values():
        again, code = outcome.outputs
        assert (again.shape[1:], code.shape[1:]) == ((1, 8, 8), (8,))
        assert list(outcome.scores) == ["MSE", "k-means purity", "5-NN purity"]
        truth = comparison.prepared.test_targets
        error = np.mean((again.astype(float) - truth) ** 2, keepdims=True)
        assert not difference(np.full_like(error, outcome.scores["MSE"]), error).exceeds(TOLERANCE["node", "float64"])
        assert outcome.scores["MSE"] < 0.2 < float(np.var(truth))
    pca = compared.baselines["PCA"]
    assert pca.outputs[1].shape == (len(comparison.prepared.test_targets), 8)
    assert list(pca.scores) == ["MSE", "k-means purity", "5-NN purity"]
    pictures = {path.stem for path in save(comparison, tmp_path).glob("*.png")}
    assert pictures == {"curves", "reconstructions-dense", "codes-dense", "decoded-dense"}


def test_the_decoder_is_a_model_of_its_own() -> None:
    recipe = find("digits_autoencoder").recipes((1, 8, 8))["convolutional"]
    net = ig.build(recipe.model, seed=1)
    x = np.random.default_rng(0).uniform(-1, 1, (3, 1, 8, 8))
    again, code = net.forward(x)
    decoder = next(n for n in recipe.model.graph((1, 8, 8)).nodes if n.name == "decoder").layer
    weights = {k.removeprefix("decoder."): v for k, v in net.state_dict().items() if k.startswith("decoder.")}
    alone = ig.build(decoder, weights).forward(code)
    assert np.array_equal(alone, again)


def test_pca_wants_an_autoencoder() -> None:
    recipe = find("digits_mlp").recipes((64,))["perceptron"]
    with pytest.raises(ig.SpecError, match="pca_like"):
        pca_like(recipe, 0)


def test_purities_are_one_where_classes_lie_apart_and_low_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 7, 8], 60)
    apart = rng.normal(size=(180, 4)) + 100 * labels[:, None]
    assert purities(apart, labels) == {"k-means purity": 1.0, "5-NN purity": 1.0}
    mixed = purities(rng.normal(size=(180, 4)), labels)
    assert max(mixed.values()) < 0.6


def test_both_engines_predict_the_same_classes_in_float64(tmp_path: Path) -> None:
    comparison = compare(find("digits_cnn"), Options(epochs=3, dtype="float64"))
    one, other = comparison.recipes["two convolutions"].engines.values()
    assert np.array_equal(one.predictions.argmax(1), other.predictions.argmax(1))
    assert one.scores["accuracy"] > 0.9
    names = {path.stem.split("-")[0] for path in save(comparison, tmp_path).glob("*.png")}
    assert {"curves", "confusion", "filters", "features", "mistakes"} == names


def test_a_recipe_and_a_number_of_samples_may_be_chosen(tmp_path: Path) -> None:
    options = ["--recipe", "convolutional", "--samples", "100", "--epochs", "1"]
    run = typed("train", "digits_autoencoder", *options, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    (weights,) = next((tmp_path / "runs").iterdir()).glob("*.safetensors")
    assert weights.stem == "convolutional"
    prepared, _ = find("digits_autoencoder").prepare(Options(samples=100), "numpy")
    assert [len(part) for part in vars(prepared.splits).values()] == [100, 100, 100]
    assert prepared.labels is not None
    assert len(prepared.labels) == 100


def test_published_results_stand_beside_ours(tmp_path: Path, files_root: Path) -> None:
    options = ["--recipe", "book_scratch", "--samples", "100", "--batch-size", "10"]
    run = typed("compare", "mnist_cnn", *options, cwd=tmp_path, data=files_root)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "the book" in run.stdout
    assert "0.9030" in run.stdout
    record = json.loads(next((tmp_path / "runs").glob("*/report.json")).read_text())
    assert record["recipes"]["book_scratch"]["recipe"]["losses"][0]["loss"] == "CrossEntropyLoss"


def test_a_mosaic_leaves_gaps_white() -> None:
    sheet = mosaic(np.arange(3.0).repeat(4).reshape(3, 2, 2), 2)
    assert sheet[0].tolist()[:2] == [0, 0]
    assert np.isnan(sheet[2]).all()
    assert np.isnan(sheet[3:, 3:]).all()
