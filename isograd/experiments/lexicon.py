"""Texts cut into words or characters, and numbered by a vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.types import Array
from isograd.core.data.dataset import ArrayDataset, Dataset
from isograd.core.data.prepare import Splits

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?]")
PADDING, UNKNOWN = 0, 1


def words(text: str) -> list[str]:
    """The words, in small letters, and the marks ! and ?; either apostrophe is one.

    >>> words("Don't buy it: 2 of 3 BROKE!")
    ["don't", 'buy', 'it', '2', 'of', '3', 'broke', '!']
    """
    return WORD.findall(text.lower().replace("’", "'"))


def characters(text: str) -> list[str]:
    """The characters, in small letters.

    >>> characters("So-so")
    ['s', 'o', '-', 's', 'o']
    """
    return list(text.lower())


@dataclass(frozen=True)
class Lexicon:
    """Tokens by number: 0 stands where a sentence has ended, 1 for every token that is not known.

    `cut` turns a text into its tokens; `tokens` are those numbered 2, 3, …

    >>> known = Lexicon.fit(["good food", "good, very good"], words, most=3)
    >>> known.tokens, known.encode(["Very bad food", ""], length=4)[0].tolist()
    (('good',), [[1, 1, 1, 0], [1, 0, 0, 0]])
    """

    cut: Callable[[str], list[str]]
    tokens: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str], cut: Callable[[str], list[str]], *, most: int, min_count: int = 1) -> Lexicon:
        """The commonest tokens of these texts that stand there `min_count` times or more, so that `len` is ≤ `most`.

        Fit it on the training part alone. Equally common tokens come in alphabetical order.
        """
        if most < 3 or min_count < 1:
            raise SpecError(
                "Lexicon.fit",
                wanted="most=3 or more, min_count=1 or more",
                got=f"most={most}, min_count={min_count}",
                fix="most=2000, min_count=2",
            )
        counts = Counter(token for text in texts for token in cut(text))
        common = sorted((-count, token) for token, count in counts.items() if count >= min_count)
        if not common:
            raise DataError(
                "Lexicon.fit",
                wanted=f"a token that stands there min_count={min_count} times or more",
                got="none",
                fix="give more text, or a smaller min_count=",
            )
        return cls(cut, tuple(token for _, token in common[: most - 2]))

    def __len__(self) -> int:
        """How many numbers there are: the rows of an Embedding."""
        return len(self.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each number stands for."""
        return ("", "<new>", *self.tokens)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, UNKNOWN + 1)}

    def encode(self, texts: Sequence[str] | Array, *, length: int) -> tuple[Array, Array]:
        """(numbers (N, length), lengths (N,) in 1…length), int64: each text's first tokens, then padding.

        A text without any token is one unknown token long.
        """
        if length < 1:
            raise SpecError(f"Lexicon.encode(length={length})", wanted="1 or more", got=f"{length}", fix="length=40")
        rows = np.full((len(texts), length), PADDING, np.int64)
        lengths = np.empty(len(texts), np.int64)
        for row, text in enumerate(texts):
            found = [self._numbers.get(token, UNKNOWN) for token in self.cut(text)[:length]] or [UNKNOWN]
            rows[row, : len(found)] = found
            lengths[row] = len(found)
        return rows, lengths


def numbered(
    parts: Splits[ArrayDataset], *forms: tuple[Callable[[str], list[str]], int, int]
) -> tuple[Splits[Dataset], tuple[Lexicon, ...]]:
    """Parts whose inputs are texts, with two more inputs for every form (cut, most, length): numbers and lengths.

    Inputs: texts, numbers, lengths, numbers, lengths, … The vocabularies are those of the training part.
    """
    known = [Lexicon.fit(parts.train.inputs[0], cut, most=most) for cut, most, _ in forms]

    def widened(part: ArrayDataset) -> Dataset:
        (texts,) = part.inputs
        made = [v.encode(texts, length=length) for v, (_, _, length) in zip(known, forms, strict=True)]
        return ArrayDataset((texts, *(values for pair in made for values in pair)), part.targets)

    return Splits(widened(parts.train), widened(parts.validation), widened(parts.test)), tuple(known)
