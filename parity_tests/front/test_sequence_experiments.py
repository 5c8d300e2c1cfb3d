"""Experiments on sequences: sentences read word by word, a series forecast, and the pictures of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import typed
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

import isograd as ig
from isograd.core.data.dataset import Selected, whole
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.examples import gradients_through_time, sine_forecast
from isograd.experiments import baselines
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.reports import pictures, scenes
from isograd.reports.comparing import compare
from isograd.reports.comparison import Comparison
from isograd.reports.saving import save
from isograd.reports.scenes import Scene, continued, sureness

GOOD, BAD = ("good", "great", "lovely", "fine"), ("bad", "awful", "broken", "sad")
THINGS = ("food", "phone", "film", "place", "battery", "actor", "waiter")


@pytest.fixture(scope="module")
def review_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three small files of sentences that a few words decide."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "sentiment"
    folder.mkdir()
    for k, site in enumerate(("amazon_cells", "imdb", "yelp")):
        rows = [
            f"The {thing} that I saw on day {day} was {word}{'!' * k}\t{label}"
            for label, kind in enumerate((BAD, GOOD))
            for day, word in enumerate(kind)
            for thing in THINGS
        ]
        (folder / f"{site}_labelled.txt").write_text("\n".join([*rows, rows[0], rows[0]]) + "\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ISOGRAD_DATA", str(root))
        yield root


@pytest.fixture(scope="module")
def by_word(review_root: Path) -> Comparison:
    return compare(find("sentiment"), Options(recipe="words", epochs=10))


def test_sentiment_is_learned_in_both_engines_and_drawn(by_word: Comparison, tmp_path: Path) -> None:
    compared = by_word.recipes["words"]
    assert by_word.passed
    assert list(compared.engines) == ["NumPy", "PyTorch"]
    assert all(outcome.scores["accuracy"] > 0.9 for outcome in compared.engines.values())
    drawn = {path.stem for path in save(by_word, tmp_path).glob("*.png")}
    assert drawn == {"curves", "confusion-words", "states-words"}


def test_the_baselines_count_words_of_the_same_sentences(by_word: Comparison) -> None:
    (texts, *_), (labels,) = whole(by_word.prepared.splits.train)
    (asked, *_), (truth,) = by_word.prepared.test
    bags = CountVectorizer().fit(texts)
    fitted = LogisticRegression(max_iter=1000).fit(bags.transform(texts), labels)
    answers = by_word.recipes["words"].baselines["LogisticRegression"].outputs[0]
    assert np.array_equal(answers, fitted.predict(bags.transform(asked)))
    assert len(truth) == len(answers)


def test_a_sentence_that_stands_twice_is_in_one_part_alone(review_root: Path) -> None:
    prepared, _ = find("sentiment").prepare(Options(), "numpy")
    texts = [whole(part)[0][0] for part in vars(prepared.splits).values()]
    assert sum(map(len, texts)) == len(set(np.concatenate(texts))) == 3 * 56
    one, _ = find("sentiment").prepare(Options(data="yelp"), "numpy")
    assert sum(len(part) for part in vars(one.splits).values()) == 56


def test_characters_are_read_as_well(review_root: Path, tmp_path: Path) -> None:
    options = Options(data="yelp", recipe="characters", samples=20, epochs=1, batch_size=4)
    comparison = compare(find("sentiment"), options)
    assert comparison.passed
    assert comparison.recipes["characters"].recipe.model.input_shapes == ((160,), ())
    assert "Is a sentence from a review good or bad (yelp)" in str(comparison)


def test_a_recipe_takes_the_inputs_that_it_names() -> None:
    parts = [ig.ArrayDataset(tuple(np.full((4, 1), 10 * p + k) for k in range(4)), np.arange(4)) for p in range(3)]
    names = {0: ("zero",), 3: ("three",)}
    prepared = Prepared(ig.Splits(*parts), names=names)
    model = ig.Sequential([ig.Linear(1)], input_shape=(1,))
    chosen = Recipe(model, ig.MSELoss(), ig.SGD(0.1), 1, 1, inputs=(3, 1))
    seen = prepared.seen_by(chosen)
    assert seen.names == {0: ("three",)}
    assert [x[0].tolist() for x in seen.test[0]] == [[23], [21]]
    (x, x2), (y,) = seen.splits.train.batch(np.array([2, 0]))
    assert (x[:, 0].tolist(), x2[:, 0].tolist(), y.tolist()) == ([3, 3], [1, 1], [2, 0])
    assert prepared.seen_by(Recipe(model, ig.MSELoss(), ig.SGD(0.1), 1, 1)) is prepared


class Remembering:
    """An estimator that keeps what it is fitted to and asked."""

    def fit(self, rows: Any, targets: Any) -> None:
        self.rows = rows

    def predict(self, rows: Any) -> Any:
        self.asked = rows
        return np.zeros(len(rows))


@pytest.mark.parametrize("place", [0, 1])
def test_a_baseline_gets_the_input_that_its_recipe_names_numbers_as_rows_and_text_as_it_is(place: int) -> None:
    texts = np.array(["no", "yes", "no"])
    numbers = np.arange(12).reshape(3, 2, 2)
    parts = ig.Splits(*[ig.ArrayDataset((numbers, texts), np.arange(3.0))] * 3)
    model = ig.Sequential([ig.Flatten(), ig.Linear(1)], input_shape=(2, 2))
    recipe = Recipe(model, ig.MSELoss(), ig.SGD(0.1), 1, 1, inputs=(0,), baseline_input=place)
    experiment, estimator = find("sine_forecast"), Remembering()
    baselines.fit(estimator, experiment, recipe, Prepared(parts), Options())
    for seen in (estimator.rows, estimator.asked):
        if place:
            assert seen == ["no", "yes", "no"]
        else:
            assert seen.dtype == np.float32
            assert seen.tolist() == numbers.reshape(3, 4).tolist()


def test_what_changes_from_epoch_to_epoch_still_does_where_some_inputs_are_taken() -> None:
    images = np.arange(2 * 9.0).reshape(2, 1, 3, 3)
    moving = ig.Augmented(ig.ArrayDataset(images, np.arange(2)), shift=1, flip=True)
    for epoch in range(3):
        (x,), _ = Selected(moving, (0,)).for_epoch(epoch).batch(np.arange(2))
        (wanted,), _ = moving.for_epoch(epoch).batch(np.arange(2))
        assert np.array_equal(x, wanted)


def test_sureness_is_the_probability_of_the_last_class_after_each_word() -> None:
    text, lengths = ig.Input((4,), name="text"), ig.Input((), name="lengths")
    scores = ig.LastStep()(ig.Embedding(5, 2)(text), lengths=lengths)
    net = ig.build(ig.Model(inputs=[text, lengths], outputs=scores), dtype="float64")
    table = np.array([[0.0, 0.0], [1.0, 3.0], [0.0, -4.0], [700.0, 0.0], [0.0, 0.5]])
    net.load_state_dict({"embedding.weight": table})
    found = sureness(net, np.array([4, 1, 2, 0]), 3)
    truth = 1 / (1 + np.exp([-0.5, -2.0, 4.0]))
    assert not difference(found, truth).exceeds(TOLERANCE["node", "float64"])


def test_no_sentence_to_show_no_picture(by_word: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "READ", range(0))
    drawn = {path.stem for path in save(by_word, tmp_path).glob("*.png")}
    assert drawn == {"curves", "confusion-words"}


def read_by(by_word: Comparison, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, list[Any]]:
    """What the picture of hidden states is drawn from."""
    caught: list[dict[str, list[Any]]] = []
    monkeypatch.setattr(pictures.sequences, "hidden_states", lambda readings, *_: caught.append(readings))
    save(by_word, tmp_path)
    (readings,) = caught
    return readings


def test_the_picture_shows_the_states_of_the_sentences_own_words(
    by_word: Comparison, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readings = read_by(by_word, monkeypatch, tmp_path)
    prepared = by_word.prepared
    (_, rows, lengths, *_), (labels,) = prepared.test
    tokens = [tuple(prepared.names[1][number] for number in row[:n]) for row, n in zip(rows, lengths, strict=True)]
    engines = by_word.recipes["words"].engines
    for title, read in readings.items():
        net = engines[title].net
        for reading, first in zip(read, readings["NumPy"], strict=True):
            assert (reading.words, reading.told) == (first.words, first.told)
            k = tokens.index(tuple(reading.words))
            states, last = net.activations(rows[k : k + 1], lengths[k : k + 1])["gru"]
            assert np.array_equal(reading.states, states[0, : lengths[k]])
            assert np.array_equal(reading.states[-1], last[0, 0])
            assert reading.told.startswith(("bad", "good")[labels[k]])
            scores = net.predict(rows[k : k + 1], lengths[k : k + 1])[0]
            sure = np.array([1 / (1 + np.exp(scores[0] - scores[1]))], scores.dtype)
            assert not difference(reading.sure[-1:].astype(sure.dtype), sure).exceeds(TOLERANCE["node", "float32"])
    assert [reading.told for reading in readings["NumPy"]][:2] == ["bad, taken for bad", "good, taken for good"]


def test_engines_of_equal_weights_hold_equal_states(by_word: Comparison) -> None:
    (_, rows, lengths, *_), _ = by_word.prepared.test
    weights = by_word.recipes["words"].engines["NumPy"].net.state_dict()
    nets = [
        ig.build(by_word.recipes["words"].recipe.model, weights, backend=name, dtype="float64")
        for name in by_word.backends.values()
    ]
    one, other = (net.activations(rows, lengths)["gru"][0] for net in nets)
    assert one.shape[:2] == rows.shape
    assert not difference(one, other).exceeds(TOLERANCE["node", "float64"])


@pytest.fixture(scope="module")
def forecast() -> Comparison:
    return compare(find("sine_forecast"), Options(recipe="GRU", epochs=2))


def test_a_series_is_forecast_in_both_engines_and_drawn(forecast: Comparison, tmp_path: Path) -> None:
    compared = forecast.recipes["GRU"]
    assert forecast.passed
    lazy = compared.baselines["Persistence"].scores["RMSE"]
    for outcome in compared.engines.values():
        assert sine_forecast.NOISE * 0.9 < outcome.scores["RMSE"] < lazy
    drawn = {path.stem for path in save(forecast, tmp_path).glob("*.png")}
    assert drawn == {"curves", "predictions", "forecast-GRU"}


def test_no_value_of_the_series_is_in_two_parts_and_each_target_follows_its_window() -> None:
    values = sine_forecast.series(5)
    place = {float(v): k for k, v in enumerate(values)}
    seen: list[set[int]] = []
    for part in vars(sine_forecast.load(5, "numpy").splits).values():
        (x,), (y,) = whole(part)
        first = [place[float(v)] for v in x[:, 0, 0]]
        assert first == list(range(first[0], first[0] + len(x)))
        for k in (0, 7, len(x) - 1):
            assert np.array_equal(x[k, :, 0], values[first[k] : first[k] + 50])
            assert y[k, 0] == values[first[k] + 50]
        seen.append(set(range(first[0], first[-1] + 51)))
    assert sum(map(len, seen)) == len(values)


def test_the_series_is_two_sines_and_noise() -> None:
    values, again = sine_forecast.series(1), sine_forecast.series(1)
    assert np.array_equal(values, again)
    assert not np.array_equal(values, sine_forecast.series(2))
    turns = 2 * np.pi * np.arange(len(values))[:, None] / sine_forecast.PERIODS
    waves = np.hstack([np.sin(turns), np.cos(turns)])
    factors, *_ = np.linalg.lstsq(waves, values, rcond=None)
    heights, noise = np.hypot(factors[:2], factors[2:]), np.std(values - waves @ factors)
    chance = 4 * sine_forecast.NOISE  # standard errors, of a fitted height and of a deviation
    assert np.abs(heights - sine_forecast.HEIGHTS).max() < chance * np.sqrt(2 / len(values))
    assert abs(noise - sine_forecast.NOISE) < chance / np.sqrt(2 * len(values))


def test_the_forecasts_baselines_are_what_their_names_say(forecast: Comparison) -> None:
    (x,), (y,) = whole(forecast.prepared.splits.train)
    (asked,), (truth,) = forecast.prepared.test
    known, last = (values[..., 0].astype(np.float32) for values in (x, asked))
    found = forecast.recipes["GRU"].baselines
    assert np.array_equal(found["Persistence"].predictions, last[:, -1:])
    assert np.array_equal(found["Ridge"].predictions.ravel(), Ridge().fit(known, y.ravel()).predict(last).ravel())
    error = np.array([found["Persistence"].scores["RMSE"]])
    assert not difference(error, np.sqrt(np.mean((last[:, -1:] - truth) ** 2, keepdims=True))[0]).exceeds(
        TOLERANCE["node", "float64"]
    )


def test_a_forecast_that_runs_free_feeds_on_itself() -> None:
    net = ig.build(ig.Sequential([ig.Flatten(), ig.Linear(1)], input_shape=(3, 1)), dtype="float64")
    turn = 0.3
    net.load_state_dict({"1.weight": np.array([[0.0, -1.0, 2 * np.cos(turn)]]), "1.bias": np.zeros(1)})
    wave = np.sin(turn * np.arange(43.0))[:, None]  # s[t+1] = 2 cos(turn) s[t] − s[t−1]
    assert not difference(continued(net, wave[:3], 40), wave[3:]).exceeds(TOLERANCE["free run", "float64"])


@pytest.mark.parametrize("values", [1, 2])
def test_a_forecast_of_several_values_gets_no_picture_of_one_series(values: int) -> None:
    parts = ig.Splits(*[ig.ArrayDataset(np.zeros((9, 4, 1)), np.zeros((9, values)))] * 3)
    model = ig.Sequential([ig.Flatten(), ig.Linear(values)], input_shape=(4, 1))
    recipe = Recipe(model, ig.MSELoss(), ig.SGD(0.1), 1, 1)
    for in_time in (True, False):
        comparison = SimpleNamespace(prepared=Prepared(parts, in_time=in_time))
        scene = Scene(comparison, SimpleNamespace(recipe=recipe), "")  # type: ignore[arg-type]
        assert scene.forecasts is (in_time and values == 1)


def test_gradients_through_time_hold_their_claim_and_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "gradients.png"
    monkeypatch.setattr("sys.argv", ["gradients_through_time.py", str(picture)])
    gradients_through_time.main()
    assert "Every claim holds." in capsys.readouterr().out
    assert picture.stat().st_size > 20_000


def test_sentiment_trains_from_the_command_line(review_root: Path, tmp_path: Path) -> None:
    run = typed("train", "sentiment", "--epochs", "1", "--samples", "30", cwd=tmp_path, data=review_root)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("accuracy") == 2
