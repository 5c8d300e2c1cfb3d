"""Text as numbers, and text from a network that predicts the next character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from isograd.core.base.errors import DataError, FileError, ShapeError, SpecError, shown
from isograd.core.base.numbers import whole_number
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, State, shape_text
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import build
from isograd.core.graph.composite import Composite
from isograd.core.graph.files import load, load_notes

NOTE = "vocabulary"  # its name in a saved file
SHOWN = 20
HOTTEST = 1e30  # of the temperatures: at a tenth of it all characters are as likely


@dataclass(frozen=True)
class Vocabulary:
    """The characters that a model knows, each numbered by its place.

    >>> letters = Vocabulary.of("hello")
    >>> letters.encode("hole"), letters.decode([2, 0, 2])
    (array([1, 3, 2, 0]), 'lel')
    """

    characters: str

    @classmethod
    def of(cls, text: str) -> Vocabulary:
        """Every character of `text`, in the order of their code points."""
        return cls("".join(sorted(set(_check_text("Vocabulary.of", text)))))

    def __post_init__(self) -> None:
        _check_text("Vocabulary", self.characters)
        if not self.characters or len(set(self.characters)) != len(self.characters):
            twice = [c for c in self.characters if self.characters.count(c) > 1]
            got = f"{twice[0]!r} more than once" if twice else "none"
            raise DataError("Vocabulary", wanted="characters, each once", got=got, fix="ig.Vocabulary.of(text)")

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {character: k for k, character in enumerate(self.characters)}

    def encode(self, text: str) -> Array:
        """The number of each character, int64."""
        _check_text("encode", text)
        try:
            return np.array([self._number[character] for character in text], np.int64)
        except KeyError as error:
            place = text.index(error.args[0])
            raise DataError(
                f"character {place} of a text",
                wanted=f"one of {self._told}",
                got=repr(error.args[0]),
                fix="replace it, or build the vocabulary from a text that has it",
            ) from None

    def decode(self, numbers: Array | list[int]) -> str:
        """The text that these numbers stand for."""
        found = np.asarray(numbers)
        if found.ndim != 1 or (found.size and (found.dtype.kind not in "iu" or found.min() < 0)):
            raise DataError(
                "decode",
                wanted=f"whole numbers 0…{len(self) - 1} in one row",
                got=f"{found.dtype} of shape {found.shape}",
                fix="encode(text) makes such",
            )
        if found.size and found.max() >= len(self):
            raise DataError(
                "decode",
                wanted=f"whole numbers 0…{len(self) - 1}",
                got=f"{found.max()}",
                fix="the vocabulary that the numbers come from",
            )
        return "".join(self.characters[k] for k in found)

    @property
    def _told(self) -> str:
        rest = len(self) - SHOWN
        return repr(self.characters[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _check_text(where: str, text: str) -> str:
    if not isinstance(text, str):
        raise DataError(where, wanted="a text", got=shown(text), fix="a str; of bytes: data.decode()")
    return text


def generate(
    net: Network, vocabulary: Vocabulary, primer: str, length: int, *, temperature: float = 1.0, seed: int = 0
) -> str:
    """The `length` characters that the network writes after `primer`.

    p ∝ exp(logits/temperature), in float64; the k-th character is the first whose cumulated p exceeds the k-th number
    of the stream (seed, "text"). Temperature 0 takes the likeliest. In float64 every backend writes the same.

    The model reads characters (N, T) and gives logits (N, T, characters), then its states if it has state inputs. With
    states it is rebuilt for one step, with the same weights, and carries them through the primer and what it
    writes. Without, it sees the last T characters; at first fewer, with padding on their right, which a causal
    model does not look at.
    """
    told = shown(temperature)
    number = isinstance(temperature, (int, float, np.floating, np.integer)) and not isinstance(temperature, bool)
    if not number or not 0 <= temperature <= HOTTEST:
        raise SpecError(f"generate(temperature={told})", wanted="0 or more", got=told, fix="temperature=1.0")
    length = whole_number(length, f"generate(length={shown(length)})", least=0, fix="length=300")
    seed = whole_number(seed, f"generate(seed={shown(seed)})", fix="seed=0")
    if not all(hasattr(net, member) for member in ("model", "predict", "state_dict")) or not isinstance(
        vocabulary, Vocabulary
    ):
        raise SpecError(
            "generate(net, vocabulary, …)",
            wanted="a network and a Vocabulary",
            got=f"{shown(net)} and {shown(vocabulary)}",
            fix="ig.generate(ig.build(model, weights), vocabulary, primer, length)",
        )
    written = list(vocabulary.encode(primer))
    if not written:
        raise DataError("generate(primer='')", wanted="one character or more", got="none", fix=r'primer="\n"')
    _check_model(net.model, vocabulary)
    start = len(written)
    logits_after = _with_states(net) if len(net.model.input_shapes) > 1 else _with_context(net)
    for place in generator(seed, "text").random(length):
        written.append(_drawn(logits_after(written), temperature, place))
    return vocabulary.decode(written[start:])


def _with_states(net: Network) -> Callable[[list[int]], Array]:
    """What comes next, by a network of one step that reads what it has not read yet."""
    _, *shapes = net.model.input_shapes
    one = build(net.model.with_input_shapes((1,), *shapes), net.state_dict(), backend=net.backend, dtype=net.dtype.name)
    states = [np.zeros((1, *shape), net.dtype) for shape in shapes]
    read = 0

    def logits_after(written: list[int]) -> Array:
        nonlocal read, states
        for token in written[read:]:
            logits, *rest = one.predict(np.array([[token]]), *states)
            states = rest[-len(shapes) :]
        read = len(written)
        last: Array = logits[0, 0]
        return last

    return logits_after


def _with_context(net: Network) -> Callable[[list[int]], Array]:
    """What comes next, by a network without state that reads the last T characters."""
    ((steps,),) = net.model.input_shapes

    def logits_after(written: list[int]) -> Array:
        context = written[-steps:]
        padded = np.array([context + [0] * (steps - len(context))])
        found = net.predict(padded)
        logits = found[0] if isinstance(found, tuple) else found
        last: Array = logits[0, len(context) - 1]
        return last

    return logits_after


def _drawn(logits: Array, temperature: float, place: float) -> int:
    """The character at `place`, in [0, 1), of the cumulated probabilities."""
    scores = logits.astype(np.float64)
    if temperature == 0:
        return int(scores.argmax())
    with np.errstate(over="ignore"):  # a temperature near 0: the unlikely ones vanish
        cumulated = np.cumsum(np.exp((scores - scores.max()) / temperature))
    found = int(np.searchsorted(cumulated, place * cumulated[-1], side="right"))
    return min(found, len(scores) - 1)


def _check_model(model: Composite, vocabulary: Vocabulary) -> None:
    """Raise unless the model reads and predicts characters of the vocabulary, step by step."""
    (first, *_), (logits, *_) = model.input_shapes, model.out_shapes(*model.input_shapes)
    known = model.integer_inputs(*model.input_shapes).get(0)
    fits = len(first) == 1 and logits == (*first, len(vocabulary)) and known == range(len(vocabulary))
    if not fits:
        raise ShapeError(
            "generate",
            wanted=f"a model that reads (N, T) of {len(vocabulary)} characters and gives (N, T, {len(vocabulary)})",
            got=f"reads {shape_text(first)}{f' of {len(known)}' if known else ''}, gives {shape_text(logits)}",
            fix="the model's own vocabulary, and logits at every step",
        )


def saved(path: str | Path) -> tuple[Composite, State, Vocabulary]:
    """(model, weights, vocabulary) of a file written by `ig.save(…, notes={"vocabulary": characters})`."""
    model, weights = load(path)
    notes = load_notes(path)
    if NOTE not in notes:
        raise FileError(
            f"{str(path)!r}",
            wanted="the weights of a model of characters, with its vocabulary",
            got="a file without one",
            fix="one that isograd train char_lstm writes",
        )
    return model, weights, Vocabulary(notes[NOTE])
