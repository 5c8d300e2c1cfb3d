"""One recipe of a comparison, as its pictures see it: what it is, and what is worth showing of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from isograd.core.base.types import Array
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import build
from isograd.core.graph.composite import Composite, leaves
from isograd.core.layers import ELU, GELU, GRU, LSTM, RNN, Conv2d, LeakyReLU, ReLU, SiLU, Tanh
from isograd.core.layers.base import Layer
from isograd.experiments.prepared import Prepared
from isograd.experiments.training import Outcome
from isograd.plots.style import gray
from isograd.reports.comparison import Compared, Comparison

ACTIVATIONS = (ELU, GELU, LeakyReLU, ReLU, SiLU, Tanh)  # where maps are looked at
READ = range(6, 25)  # steps of a sentence that is drawn
SENTENCES = 4


@dataclass(frozen=True)
class Scene:
    """A recipe, its data and its engines' outcomes; the first engine is the one whose insides are shown."""

    comparison: Comparison
    compared: Compared
    name: str

    @property
    def title(self) -> str:
        return f"{self.comparison.title}: {self.name}"

    @property
    def first(self) -> Outcome:
        return self.compared.engines[self.compared.first]

    @cached_property
    def prepared(self) -> Prepared:
        return self.comparison.prepared.seen_by(self.compared.recipe)

    @property
    def x(self) -> Array:
        """The first input of the test part."""
        return self.prepared.test[0][0]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        count = self.first.predictions.shape[1]
        return self.comparison.experiment.classes or tuple(map(str, range(count)))

    def nodes(self, *kinds: type[Layer], rank: int | None = None) -> list[tuple[str, str, Layer]]:
        """(path, weights' path, layer) of the nodes of these kinds whose output has this rank, without the batch."""
        model = self.compared.recipe.model
        return [
            (path, owner, node.layer)
            for path, owner, node in leaves(model.graph(*model.input_shapes))
            if isinstance(node.layer, kinds) and rank in (None, len(node.out_shapes[0]))
        ]

    # What a recipe is, by which its pictures are chosen

    @property
    def classifies(self) -> bool:
        """Whether each sample is one of some classes."""
        return self.compared.recipe.classifies and self.prepared.test_targets.ndim == 1

    @property
    def convolves(self) -> bool:
        """Whether it looks at images through a convolution."""
        return self.x.ndim == 4 and bool(self.nodes(Conv2d))

    @property
    def encodes(self) -> bool:
        return self.compared.recipe.encodes

    @property
    def forecasts(self) -> bool:
        """Whether it tells the next value of one series."""
        recipe, targets = self.compared.recipe, self.prepared.test_targets
        alone = len(recipe.losses) == 1 and targets.size == len(targets)
        return alone and self.prepared.in_time and not recipe.classifies

    @property
    def reads(self) -> bool:
        """Whether a recurrent layer reads sentences, (tokens, lengths), and tells their class."""
        recipe = self.compared.recipe
        shapes = recipe.model.input_shapes
        sentences = 0 in self.prepared.names and (len(shapes[0]), *shapes[1:]) == (1, ())
        return sentences and len(recipe.losses) == 1 and recipe.classifies and bool(self.nodes(RNN, GRU, LSTM))

    # What is worth showing

    @cached_property
    def mistakes(self) -> Array:
        """The samples of the test part that the first engine's network is wrong about, the surest first."""
        y, scores = self.prepared.test_targets, self.first.predictions
        guessed = scores.argmax(1)
        wrong = np.flatnonzero(guessed != y)
        lead = scores[wrong, guessed[wrong]] - scores[wrong, y[wrong]]
        return wrong[np.argsort(-lead)]

    @cached_property
    def sentences(self) -> list[int]:
        """The sentence of each class that swayed the first engine's network most, and one that it is wrong about."""
        (texts, lengths), labels = self.prepared.test[0], self.prepared.test_targets
        net, taken = self.first.net, self.first.predictions.argmax(1)
        short = [k for k in range(len(texts)) if lengths[k] in READ]
        short.sort(key=lambda k: -float(np.ptp(sureness(net, texts[k], int(lengths[k])))))
        right = [[k for k in short if taken[k] == labels[k] == label] for label in np.unique(labels)]
        wrong = [k for k in short if taken[k] != labels[k]]
        return [found[0] for found in (*right, wrong) if found][:SENTENCES]

    def decoded(self, codes: Array) -> Array:
        """What the first engine's decoder makes of codes, as images (K, H, W)."""
        model, state = self.compared.recipe.model, self.first.net.state_dict()
        node = next(node for node in model.graph(*model.input_shapes).nodes if node.name == "decoder")
        assert isinstance(node.layer, Composite)
        prefix = f"{node.owner}."
        weights = {path.removeprefix(prefix): values for path, values in state.items() if path.startswith(prefix)}
        engine = self.comparison.backends[self.compared.first]
        net = build(node.layer, weights, backend=engine, dtype=self.comparison.options.dtype)
        return gray(net.predict(codes))


def continued(net: Network, window: Array, steps: int) -> Array:
    """The next `steps` (steps, F) after a window (T, F), each from the window of those before it."""
    made = []
    for _ in range(steps):
        made.append(net.predict(window[None])[0])
        window = np.concatenate([window[1:], made[-1][None]])
    return np.array(made)


def sureness(net: Network, text: Array, length: int) -> Array:
    """The probability (length,) that a classifier of (texts, lengths) gives the last class after each step."""
    lengths = np.arange(1, length + 1)
    scores = net.predict(np.broadcast_to(text, (length, *text.shape)).copy(), lengths).astype(np.float64)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    last: Array = shares[:, -1] / shares.sum(1)
    return last
