"""Which pictures a comparison gets: curves always, the rest as its recipes and data allow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import build
from isograd.core.graph.composite import Composite, leaves
from isograd.core.layers import ELU, GELU, GRU, LSTM, RNN, Conv2d, LeakyReLU, ReLU, SiLU, Tanh
from isograd.plots import autoencoders, classes, curves, networks, sequences
from isograd.plots.style import gray

if TYPE_CHECKING:
    from isograd.experiments.baselines import Baseline
    from isograd.experiments.training import Outcome
    from isograd.reports.comparison import Compared, Comparison

SHOWN = 10  # images reconstructed, codes decoded
STAGES = 5  # layers whose feature maps are drawn
READ = range(6, 25)  # steps of a sentence that is drawn
SENTENCES = 4
FORECAST = 240  # steps of a series that are drawn
ACTIVATIONS = (ELU, GELU, LeakyReLU, ReLU, SiLU, Tanh)  # where maps are looked at


def draw(comparison: Comparison, folder: Path) -> None:
    """Write every picture that fits into the folder."""
    from isograd.reports.names import slug

    title, prepared = comparison.title, comparison.prepared
    fits = {name: {e: o.history for e, o in c.engines.items()} for name, c in comparison.recipes.items()}
    curves.loss_curves(fits, title, folder / "curves.png")
    guesses = {
        name: {engine: outcome.predictions.ravel() for engine, outcome in compared.engines.items()}
        for name, compared in comparison.recipes.items()
        if not compared.recipe.classifies and prepared.test_targets.size == len(prepared.test_targets)
    }
    if guesses:
        curves.prediction_scatter(guesses, prepared.test_targets.ravel(), title, folder / "predictions.png")
    for name, compared in comparison.recipes.items():
        of = f"{title}: {name}"
        end = f"{slug(name)}.png"
        if compared.recipe.classifies and comparison.prepared.test_targets.ndim == 1:
            _classes(comparison, compared, of, folder, end)
        if prepared.test[0][0].ndim == 4:
            _network(comparison, compared, of, folder, end)
        if compared.recipe.encodes:
            _autoencoder(comparison, compared, of, folder, end)
        if len(compared.recipe.losses) == 1:
            _forecast(comparison, compared, of, folder, end)
            _readings(comparison, compared, of, folder, end)


def _classes(comparison: Comparison, compared: Compared, of: str, folder: Path, end: str) -> None:
    """The confusion matrix of both engines, and the images that NumPy's is most sure of and wrong about."""
    x, y = comparison.prepared.test[0][0], comparison.prepared.test_targets
    count = next(iter(compared.engines.values())).predictions.shape[1]
    names = comparison.experiment.classes or tuple(map(str, range(count)))
    taken = {engine: outcome.predictions.argmax(1) for engine, outcome in compared.engines.items()}
    shape = (count, count)
    tables = {engine: np.bincount(y * count + t, minlength=count**2).reshape(shape) for engine, t in taken.items()}
    classes.confusion(tables, names, f"{of}, confusion", folder / f"confusion-{end}")
    guessed, scores = taken["NumPy"], compared.engines["NumPy"].predictions
    wrong = np.flatnonzero(guessed != y)
    if len(wrong) and x.ndim == 4 and x.shape[1] in (1, 3):
        lead = scores[wrong, guessed[wrong]] - scores[wrong, y[wrong]]
        wrong = wrong[np.argsort(-lead)]
        was, became = ([names[k] for k in found[wrong]] for found in (y, guessed))
        classes.mistakes(gray(x[wrong]), was, became, f"{of}, surest mistakes", folder / f"mistakes-{end}")


def _network(comparison: Comparison, compared: Compared, of: str, folder: Path, end: str) -> None:
    """The first convolution's filters in both engines, and the feature maps of the first test image."""
    model = compared.recipe.model
    nodes = list(leaves(model.graph(*model.input_shapes)))
    first = next((owner for _, owner, node in nodes if isinstance(node.layer, Conv2d)), None)
    if first is None:
        return
    weights = {e: o.net.state_dict()[f"{first}.weight"] for e, o in compared.engines.items()}
    networks.filters(weights, f"{of}, first filters", folder / f"filters-{end}")
    image = comparison.prepared.test[0][0][:1]
    seen = compared.engines["NumPy"].net.activations(image)
    maps = {
        f"{path} {type(node.layer).__name__}": seen[path][0][0]
        for path, _, node in nodes
        if isinstance(node.layer, ACTIVATIONS) and len(node.out_shapes[0]) == 3
    }
    if maps:
        stages = dict(list(maps.items())[:STAGES])
        networks.feature_maps(gray(image)[0], stages, f"{of}, feature maps", folder / f"features-{end}")


def _autoencoder(comparison: Comparison, compared: Compared, of: str, folder: Path, end: str) -> None:
    """Originals beside reconstructions, t-SNE of the codes, and what the decoder makes of random codes."""
    from isograd.reports.codes import embedding

    prepared = comparison.prepared
    columns: dict[str, Outcome | Baseline] = {**compared.engines, **compared.baselines}
    labels = prepared.labels if prepared.labels is not None else np.arange(len(prepared.test_targets))
    chosen = [int(np.flatnonzero(labels == k)[0]) for k in np.unique(labels)[:SHOWN]]
    rows = {"original": prepared.test_targets, **{name: column.predictions for name, column in columns.items()}}
    shown = {name: gray(values[chosen]) for name, values in rows.items()}
    autoencoders.rows_of_images(shown, f"{of}, reconstructions", folder / f"reconstructions-{end}")

    net = compared.engines["NumPy"].net
    code = compared.engines["NumPy"].outputs[-1]
    if prepared.labels is not None:
        of_each = {"NumPy": code, **{name: b.outputs[-1] for name, b in compared.baselines.items()}}
        points = {f"{name}: t-SNE of {code.shape[1]} entries": embedding(c) for name, c in of_each.items()}
        classes.scatter(points, prepared.labels, f"{of}, codes of the test part", folder / f"codes-{end}")

    model, state = compared.recipe.model, net.state_dict()
    drawn = generator(comparison.options.seed, "codes").uniform(code.min(0), code.max(0), (2, SHOWN, *code.shape[1:]))
    walk = np.linspace(code[chosen[0]], code[chosen[-1]], SHOWN)
    codes = {"random codes": drawn[0], "more of them": drawn[1], "from one image\nto another": walk}
    made = {name: decoded(model, state, rows) for name, rows in codes.items()}
    autoencoders.rows_of_images(made, f"{of}, decoded", folder / f"decoded-{end}")


def decoded(model: Composite, state: dict[str, Array], codes: Array) -> Array:
    """What the model's decoder makes of codes, as images (K, H, W)."""
    node = next(node for node in model.graph(*model.input_shapes).nodes if node.name == "decoder")
    assert isinstance(node.layer, Composite)
    prefix = f"{node.owner}."
    weights = {path.removeprefix(prefix): values for path, values in state.items() if path.startswith(prefix)}
    dtype = str(next(iter(weights.values())).dtype)
    return gray(build(node.layer, weights, backend="numpy", dtype=dtype).predict(codes))


def _forecast(comparison: Comparison, compared: Compared, of: str, folder: Path, end: str) -> None:
    """The series beside what both engines say one step ahead and, where an output is a step, running free."""
    prepared = comparison.prepared.seen_by(compared.recipe)
    (x, *_), targets = prepared.test[0], prepared.test_targets
    if not prepared.in_time or compared.recipe.classifies or targets.size != len(targets):
        return
    truth = targets[:FORECAST].ravel()
    told = {engine: outcome.predictions[: len(truth)].ravel() for engine, outcome in compared.engines.items()}
    run: dict[str, Array] = {}
    if x.shape[2:] == targets.shape[1:]:
        run = {
            engine: prepared.restored(continued(outcome.net, x[0], len(truth))).ravel()
            for engine, outcome in compared.engines.items()
        }
    sequences.forecast(truth, told, run, f"{of}, forecast", folder / f"forecast-{end}")


def continued(net: Network, window: Array, steps: int) -> Array:
    """The next `steps` (steps, F) after a window (T, F), each from the window of those before it."""
    made = []
    for _ in range(steps):
        made.append(net.predict(window[None])[0])
        window = np.concatenate([window[1:], made[-1][None]])
    return np.array(made)


def _readings(comparison: Comparison, compared: Compared, of: str, folder: Path, end: str) -> None:
    """What a recurrent layer's units hold after each word: the sentences that swayed NumPy's most, and a mistake."""
    recipe, prepared = compared.recipe, comparison.prepared.seen_by(compared.recipe)
    nodes = leaves(recipe.model.graph(*recipe.model.input_shapes))
    layers = [path for path, _, node in nodes if isinstance(node.layer, (RNN, GRU, LSTM))]
    shapes = recipe.model.input_shapes
    if not layers or not recipe.classifies or 0 not in prepared.names or (len(shapes[0]), *shapes[1:]) != (1, ()):
        return
    (texts, lengths), labels = prepared.test[0], prepared.test_targets
    names = comparison.experiment.classes or tuple(map(str, np.unique(labels)))
    net, taken = compared.engines["NumPy"].net, compared.engines["NumPy"].predictions.argmax(1)
    short = [k for k in range(len(texts)) if lengths[k] in READ]
    short.sort(key=lambda k: -float(np.ptp(sureness(net, texts[k], int(lengths[k])))))
    right = {label: [k for k in short if taken[k] == labels[k] == label] for label in np.unique(labels)}
    wrong = [k for k in short if taken[k] != labels[k]]
    chosen = [found[0] for found in (*right.values(), wrong) if found][:SENTENCES]
    if not chosen:
        return
    readings: dict[str, list[sequences.Reading]] = {}
    for engine, outcome in compared.engines.items():
        taken = outcome.predictions.argmax(1)
        for k in chosen:
            text, count = texts[k], int(lengths[k])
            states = outcome.net.activations(text[None], lengths[k : k + 1])[layers[-1]][0][0, :count]
            symbols = [prepared.names[0][number].replace(" ", "␣") for number in text[:count]]
            told = f"{names[labels[k]]}, taken for {names[taken[k]]}"
            reading = sequences.Reading(symbols, states, sureness(outcome.net, text, count), told)
            readings.setdefault(engine, []).append(reading)
    sequences.hidden_states(readings, names[-1], f"{of}, states after each step", folder / f"states-{end}")


def sureness(net: Network, text: Array, length: int) -> Array:
    """The probability (length,) that a classifier of (texts, lengths) gives the last class after each step."""
    lengths = np.arange(1, length + 1)
    scores = net.predict(np.broadcast_to(text, (length, *text.shape)).copy(), lengths).astype(np.float64)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    last: Array = shares[:, -1] / shares.sum(1)
    return last
