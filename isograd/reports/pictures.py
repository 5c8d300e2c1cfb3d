"""Which pictures a comparison gets: curves always, the rest as its recipes and data allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.layers import GRU, LSTM, RNN, Conv2d
from isograd.core.learning.class_metrics import confusion_matrix
from isograd.plots import autoencoders, classes, curves, networks, sequences
from isograd.plots.style import gray
from isograd.reports.codes import embedding
from isograd.reports.comparison import Comparison
from isograd.reports.names import slug
from isograd.reports.scenes import ACTIVATIONS, Scene, continued, sureness

SHOWN = 10  # images reconstructed, codes decoded
STAGES = 5  # layers whose feature maps are drawn
FORECAST = 240  # steps of a series that are drawn

Where = Callable[[Scene], bool]
Drawing = Callable[[Scene, Path], Path]
PICTURES: dict[str, tuple[Where, Drawing]] = {}  # by the name of their files: when one is drawn, and how


def picture(name: str, where: Where) -> Callable[[Drawing], Drawing]:
    """Enter a picture of one recipe, drawn for those of which `where` holds."""

    def enter(drawing: Drawing) -> Drawing:
        PICTURES[name] = where, drawing
        return drawing

    return enter


def draw(comparison: Comparison, folder: Path) -> None:
    """Write every picture that fits into the folder."""
    title, targets = comparison.title, comparison.prepared.test_targets
    fits = {name: {e: o.history for e, o in c.engines.items()} for name, c in comparison.recipes.items()}
    curves.loss_curves(fits, title, folder / "curves.png")
    guesses = {
        name: {engine: outcome.predictions.ravel() for engine, outcome in compared.engines.items()}
        for name, compared in comparison.recipes.items()
        if not compared.recipe.classifies and targets.size == len(targets)
    }
    if guesses:
        curves.prediction_scatter(guesses, targets.ravel(), title, folder / "predictions.png")
    for name, compared in comparison.recipes.items():
        scene = Scene(comparison, compared, name)
        for kind, (where, drawing) in PICTURES.items():
            if where(scene):
                drawing(scene, folder / f"{kind}-{slug(name)}.png")


@picture("confusion", where=lambda scene: scene.classifies)
def confusion(scene: Scene, path: Path) -> Path:
    """Which class is taken for which, in every engine."""
    tables = {
        engine: confusion_matrix(outcome.predictions, scene.prepared.test_targets, classes=len(scene.classes))
        for engine, outcome in scene.compared.engines.items()
    }
    return classes.confusion(tables, scene.classes, f"{scene.title}, confusion", path)


@picture(
    "mistakes",
    where=lambda scene: (
        scene.classifies and scene.x.ndim == 4 and scene.x.shape[1] in (1, 3) and len(scene.mistakes) > 0
    ),
)
def mistakes(scene: Scene, path: Path) -> Path:
    """The images that the first engine's network is most sure of and wrong about."""
    wrong = scene.mistakes
    was, became = (
        [scene.classes[k] for k in found[wrong]]
        for found in (scene.prepared.test_targets, scene.first.predictions.argmax(1))
    )
    title = f"{scene.title}, surest mistakes ({scene.compared.first})"
    return classes.mistakes(gray(scene.x[wrong]), was, became, title, path)


@picture("filters", where=lambda scene: scene.convolves)
def filters(scene: Scene, path: Path) -> Path:
    """The first convolution's weights in every engine."""
    _, owner, _ = scene.nodes(Conv2d)[0]
    weights = {e: o.net.state_dict()[f"{owner}.weight"] for e, o in scene.compared.engines.items()}
    return networks.filters(weights, f"{scene.title}, first filters", path)


@picture("features", where=lambda scene: scene.convolves and bool(scene.nodes(*ACTIVATIONS, rank=3)))
def features(scene: Scene, path: Path) -> Path:
    """What the first engine's first layers make of the first test image."""
    image = scene.x[:1]
    seen = scene.first.net.activations(image)
    stages = scene.nodes(*ACTIVATIONS, rank=3)[:STAGES]
    maps = {f"{node} {type(layer).__name__}": seen[node][0][0] for node, _, layer in stages}
    title = f"{scene.title}, feature maps ({scene.compared.first})"
    return networks.feature_maps(gray(image)[0], maps, title, path)


@picture("reconstructions", where=lambda scene: scene.encodes)
def reconstructions(scene: Scene, path: Path) -> Path:
    """Originals, one of each class, beside what every engine and baseline makes of them."""
    rows = {name: column.predictions for name, column in scene.compared.columns.items()}
    shown = {name: gray(v[_chosen(scene)]) for name, v in {"original": scene.prepared.test_targets, **rows}.items()}
    return autoencoders.rows_of_images(shown, f"{scene.title}, reconstructions", path)


@picture("codes", where=lambda scene: scene.encodes and scene.prepared.labels is not None)
def codes(scene: Scene, path: Path) -> Path:
    """t-SNE of the first engine's codes and the baselines'."""
    shown, entries = {scene.compared.first, *scene.compared.baselines}, scene.first.outputs[-1].shape[1]
    points = {
        f"{name}: t-SNE of {entries} entries": embedding(column.outputs[-1])
        for name, column in scene.compared.columns.items()
        if name in shown
    }
    assert scene.prepared.labels is not None
    return classes.scatter(points, scene.prepared.labels, f"{scene.title}, codes of the test part", path)


@picture("decoded", where=lambda scene: scene.encodes)
def decoded(scene: Scene, path: Path) -> Path:
    """What the first engine's decoder makes of random codes, and of those between two images."""
    code, chosen = scene.first.outputs[-1], _chosen(scene)
    ends = code.min(0), code.max(0)
    drawn = generator(scene.comparison.options.seed, "codes").uniform(*ends, (2, SHOWN, *code.shape[1:]))
    walk = np.linspace(code[chosen[0]], code[chosen[-1]], SHOWN)
    rows = {"random codes": drawn[0], "more of them": drawn[1], "from one image\nto another": walk}
    made = {name: scene.decoded(codes) for name, codes in rows.items()}
    return autoencoders.rows_of_images(made, f"{scene.title}, decoded ({scene.compared.first})", path)


@picture("forecast", where=lambda scene: scene.forecasts)
def forecast(scene: Scene, path: Path) -> Path:
    """The series beside what the engines say one step ahead and, where an output is a step, running free."""
    targets, x = scene.prepared.test_targets, scene.x
    truth = targets[:FORECAST].ravel()
    told = {engine: outcome.predictions[: len(truth)].ravel() for engine, outcome in scene.compared.engines.items()}
    run: dict[str, Array] = {}
    if x.shape[2:] == targets.shape[1:]:
        run = {
            engine: scene.prepared.restored(continued(outcome.net, x[0], len(truth))).ravel()
            for engine, outcome in scene.compared.engines.items()
        }
    return sequences.forecast(truth, told, run, f"{scene.title}, forecast", path)


@picture("states", where=lambda scene: scene.reads and bool(scene.sentences))
def states(scene: Scene, path: Path) -> Path:
    """What every unit of the last recurrent layer holds after each word, and how sure the network is by then."""
    (texts, lengths), labels, names = scene.prepared.test[0], scene.prepared.test_targets, scene.classes
    layer, *_ = scene.nodes(RNN, GRU, LSTM)[-1]
    readings: dict[str, list[sequences.Reading]] = {engine: [] for engine in scene.compared.engines}
    for engine, outcome in scene.compared.engines.items():
        taken = outcome.predictions.argmax(1)
        for k in scene.sentences:
            text, count = texts[k], int(lengths[k])
            held = outcome.net.activations(text[None], lengths[k : k + 1])[layer][0][0, :count]
            symbols = [scene.prepared.names[0][number].replace(" ", "␣") for number in text[:count]]
            told = f"{names[labels[k]]}, taken for {names[taken[k]]}"
            readings[engine].append(sequences.Reading(symbols, held, sureness(outcome.net, text, count), told))
    return sequences.hidden_states(readings, names[-1], f"{scene.title}, states after each step", path)


def _chosen(scene: Scene) -> list[int]:
    """The first image of each class of the test part, or its first images where there are no classes."""
    labels = scene.prepared.labels
    if labels is None:
        return list(range(min(SHOWN, len(scene.prepared.test_targets))))
    return [int(np.flatnonzero(labels == k)[0]) for k in np.unique(labels)[:SHOWN]]
