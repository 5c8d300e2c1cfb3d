"""Experiments on characters: trained shortly in both engines, what they write, and what counting makes of a text."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import typed

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find
from isograd.experiments.next_character import NGrams, parts_of, writing
from isograd.reports.comparing import compare, parity_of
from isograd.reports.saving import save


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, data_root: Path) -> None:
    """The experiments with fewer rows and steps than they train with."""
    monkeypatch.setenv("ISOGRAD_DATA", str(data_root))
    for name in ("char_lstm", "char_gru_lstm"):
        monkeypatch.setattr(f"isograd.examples.{name}.STEPS", 12)
        monkeypatch.setattr(f"isograd.examples.{name}.ROWS", 8)
    monkeypatch.setattr("isograd.examples.char_lstm.BOOK_STEPS", 9)
    monkeypatch.setattr("isograd.examples.char_transformer.STEPS", 16)


@pytest.mark.parametrize("name", ["char_lstm", "char_gru_lstm", "char_transformer"])
@pytest.mark.usefixtures("short")
def test_both_engines_learn_and_write_the_same_from_equal_weights(name: str, tmp_path: Path) -> None:
    experiment = replace(find(name), texts=writing(length=60))
    comparison = compare(experiment, Options(samples=64, epochs=3, batch_size=8, dtype="float64"))
    assert comparison.passed, comparison
    (compared,) = comparison.recipes.values()
    one, other = compared.engines.values()
    first, *_, last = one.history.step_losses
    assert last < first < np.log(65) + 0.5
    assert not difference(np.array(one.history.step_losses), np.array(other.history.step_losses)).exceeds(
        TOLERANCE["free run", "float64"]
    )
    scores = one.scores
    assert scores["bits per symbol"] == scores["nats per symbol"] / np.log(2)
    assert one.texts == other.texts == compared.same_texts["NumPy"] == compared.same_texts["PyTorch"]
    assert len(set(one.texts.values())) == 2  # two temperatures
    size = comparison.prepared.test_targets.size
    report = str(comparison)
    assert f"in float64, the engines write the same {sum(map(len, one.texts.values())):,} characters" in report
    assert f"{size:,} of {size:,}" in report
    assert all(text.split("\n")[0][:40] in report for text in one.texts.values())
    record = json.loads(comparison.to_json())["recipes"][next(iter(comparison.recipes))]
    assert record["texts"]["PyTorch"] == other.texts
    save(comparison, tmp_path)
    assert [path.stem for path in tmp_path.glob("*/*.png")] == ["curves"]


@pytest.mark.usefixtures("short")
def test_state_gradients_are_proven_at_states_that_are_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("isograd.core.parity.check.check_parity", lambda model, x, y, **options: given.update(x=x))
    prepared, recipes = find("char_lstm").prepare(Options(samples=8), "numpy")
    (recipe,) = recipes.values()
    parity_of(recipe, prepared, Options())
    characters, h0, c0 = given["x"]
    assert np.array_equal(characters, prepared.splits.train.batch(np.arange(8))[0][0])
    assert h0.shape == c0.shape == (8, 1, 256)
    assert not np.array_equal(h0, c0)
    assert min(np.abs(h0).max(), np.abs(c0).max()) > 0.9


@pytest.mark.usefixtures("short")
def test_the_books_recipe_carries_the_average() -> None:
    prepared, recipes = find("char_lstm").prepare(Options(data="replay", samples=96), "numpy")
    (recipe,) = recipes.values()
    assert (recipe.carry, recipe.clip, recipe.batch_size) == ("mean", ig.ClipValue(2 / (32 * 9)), 32)
    (x,), _ = prepared.splits.train.batch(np.arange(3))
    assert np.array_equal(x[1:, :-1], x[:-1, 1:])  # rows start one character after each other
    comparison = compare(find("char_lstm"), Options(data="replay", samples=24, batch_size=8))
    assert comparison.passed, comparison


def test_a_trained_network_writes_from_the_command_line(tmp_path: Path, data_root: Path) -> None:
    options = ["--samples", "128", "--epochs", "1"]
    run = typed("train", "char_lstm", *options, cwd=tmp_path, data=data_root)
    assert run.returncode == 0, run.stderr
    assert "After 'ROMEO:', temperature 0.8" in run.stdout
    (file,) = tmp_path.glob("runs/*/*.safetensors")
    asked = ["generate", str(file), "--primer", "To be", "--length", "40", "--temperature", "0.7", "--seed", "3"]
    texts = [typed(*asked, "--backend", backend, cwd=tmp_path).stdout for backend in ("numpy", "torch")]
    assert texts[0] == texts[1]
    assert texts[0].startswith("To be")
    assert len(texts[0].removesuffix("\n")) >= 44
    other = typed(*asked[:-1], "4", cwd=tmp_path).stdout
    assert other.startswith("To be")
    assert other != texts[0]
    unknown = typed("generate", str(file), "--primer", "To be°", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "character 5 of a text" in unknown.stderr


def test_a_text_is_cut_in_three_without_gaps() -> None:
    text = "".join(map(str, range(10))) * 20
    prepared = parts_of(text, lambda t: ig.Windows(t, length=3, stride=1), vocabulary=ig.Vocabulary("0123456789"))
    parts = [part.tokens for part in vars(prepared.splits).values()]
    assert [len(part) for part in parts] == [180, 10, 10]
    assert np.array_equal(np.concatenate(parts), np.arange(200) % 10)


def test_n_grams_are_counts_with_the_shorter_context_behind_them() -> None:
    rng = np.random.default_rng(0)
    x, asked = rng.integers(0, 3, (20, 9)), rng.integers(0, 4, (5, 6))
    x, y = x[:, :-1], x[:, 1:]
    found = NGrams(3, 4).fit(x.astype(np.float32), y).predict(asked.astype(np.float32))
    seen = [Counter() for _ in range(3)]  # type: ignore[var-annotated]
    for line, following in zip(x, y, strict=True):
        for t in range(len(line)):
            for k in range(3):
                if t + 1 >= k:
                    seen[k][(*line[t + 1 - k : t + 1], following[t])] += 1

    def p(context: tuple[int, ...], c: int) -> float:
        shorter = p(context[1:], c) if context else 1 / 4
        counts = [seen[len(context)][(*context, other)] for other in range(4)]
        different = sum(n > 0 for n in counts)
        return (counts[c] + different * shorter) / (sum(counts) + different) if different else shorter

    truth = np.array(
        [[[np.log(p(tuple(line[max(t - 1, 0) : t + 1]), c)) for c in range(4)] for t in range(6)] for line in asked]
    )
    assert not difference(found, truth.astype(np.float32)).exceeds(TOLERANCE["node", "float32"])
