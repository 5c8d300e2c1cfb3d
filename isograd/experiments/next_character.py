"""What experiments on characters share: texts cut in three, what networks write, and counting as a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from isograd.core.base.errors import DataError
from isograd.core.base.types import Array
from isograd.core.data.dataset import Dataset
from isograd.core.data.prepare import Splits
from isograd.core.engine.protocol import Network
from isograd.experiments.experiment import Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.text import NOTE, Vocabulary, generate

ENGLISH = Vocabulary("\n !$&',-.3:;?" + ascii_uppercase + ascii_lowercase)
"""The 65 characters of tiny shakespeare; the text of the book (Weidman 2019) has 62 of them."""


def parts_of(
    text: str, samples: Callable[[Array], Dataset], *, vocabulary: Vocabulary = ENGLISH, train: float = 0.9
) -> Prepared:
    """The first 90 % of a text to train on, then a half of the rest to validate and to test, each as `samples`.

    Contiguous: held-out text that stood between pieces of training text would be half known.
    """
    tokens = vocabulary.encode(text)
    first, second = int(len(tokens) * train), int(len(tokens) * (1 + train) / 2)
    splits = Splits(*map(samples, np.split(tokens, [first, second])))
    return Prepared(splits, notes={NOTE: vocabulary.characters})


def writing(
    primer: str = "ROMEO:", length: int = 300, temperatures: tuple[float, ...] = (0.5, 0.8)
) -> Callable[[Network, Prepared, Options], Mapping[str, str]]:
    """For `Experiment.texts`: how a network goes on after a primer, at several temperatures."""

    def texts(net: Network, prepared: Prepared, options: Options) -> dict[str, str]:
        vocabulary = Vocabulary(prepared.notes[NOTE])
        return {
            f"After {primer!r}, temperature {t}": primer
            + generate(net, vocabulary, primer, length, temperature=t, seed=options.seed)
            for t in temperatures
        }

    return texts


def counting(recipe: Recipe, seed: int) -> dict[str, NGrams]:
    """For `Recipe.baselines`: n-grams of 4 and of 6 characters."""
    (*_, characters) = recipe.model.out_shapes(*recipe.model.input_shapes)[recipe.trained]
    return {f"{n}-grams": NGrams(n, characters) for n in (4, 6)}


class NGrams:
    """Counts how often each character followed the last n−1, n−2, … 0 characters of its window.

    p_k(c) = (count(context of k, c) + d·p_{k−1}(c)) / (count(context of k) + d),   p_{−1} = 1/characters,
    d: how many different characters followed that context (Witten and Bell's weight of the shorter context).
    """

    def __init__(self, n: int, characters: int) -> None:
        if not 1 <= n <= 63 / np.log2(characters):
            raise DataError("NGrams", wanted="n characters that fit 63 bits", got=f"n={n}", fix="a smaller n")
        self.n, self.characters = n, characters

    def fit(self, x: Array, y: Array) -> NGrams:
        """x, y (N, T): characters, and the characters after them."""
        self.tables = [self._counted(self._contexts(x, k), y[:, max(k - 1, 0) :]) for k in range(self.n)]
        return self

    def predict(self, x: Array) -> Array:
        """log p (N, T, characters) of what follows each character, float32."""
        p = np.full((*x.shape, self.characters), 1 / self.characters)
        for k, (contexts, total, different, pairs, counts) in enumerate(self.tables):
            asked = self._contexts(x, k)
            place = np.minimum(np.searchsorted(contexts, asked), len(contexts) - 1)
            known = contexts[place] == asked
            n, d = (np.where(known, of[place], 0)[..., None] for of in (total, different))
            keys = asked[..., None] * self.characters + np.arange(self.characters)
            place = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
            seen = np.where(pairs[place] == keys, counts[place], 0)
            shorter = p[:, max(k - 1, 0) :]
            np.divide(seen + d * shorter, n + d, out=shorter, where=n > 0)
        return np.log(p).astype(np.float32)

    def _contexts(self, x: Array, k: int) -> Array:
        """The last k characters at each place that has so many, as one number (N, T−k+1)."""
        x = x.astype(np.int64)
        if k == 0:
            return np.zeros_like(x)
        steps = x.shape[1] - k + 1
        found = np.zeros_like(x[:, :steps])
        for i in range(k):
            found = found * self.characters + x[:, i : i + steps]
        return found

    def _counted(self, contexts: Array, following: Array) -> tuple[Array, Array, Array, Array, Array]:
        """(contexts, their counts, how many different characters followed, pairs with what followed, their counts)"""
        pairs, counts = np.unique(contexts * self.characters + following, return_counts=True)
        found, first = np.unique(pairs // self.characters, return_index=True)
        different = np.diff(np.append(first, len(pairs)))
        return found, np.add.reduceat(counts, first), different, pairs, counts
