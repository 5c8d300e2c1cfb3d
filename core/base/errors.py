"""Every error says where it is, what was wanted, what came, and how to mend it."""

from __future__ import annotations

from reprlib import Repr
from typing import Any, Self

LONGEST = 1000  # characters of one part of a message; the middle of a longer one is left out


class IsogradError(ValueError):
    """Base of all errors that a user can mend.

    Attributes `where`, `wanted`, `got`, `fix` and, for shapes, `path` (the chain that led there); `row`, where one
    row of a batch is at fault, is its number.
    """

    row: int | None = None

    def __init__(self, where: str, *, wanted: str, got: str, fix: str, path: str | None = None) -> None:
        where, wanted, got, fix = (shortened(text) for text in (where, wanted, got, fix))
        path = None if path is None else shortened(path)
        self.where, self.wanted, self.got, self.fix, self.path = where, wanted, got, fix, path
        rows = [("wanted", wanted), ("got", got), ("path", path), ("fix", fix)]
        super().__init__("\n".join([where, *(f"  {word:<6} {text}" for word, text in rows if text)]))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied with its parts and notes, whatever a subclass is made from."""
        return _made_again, (type(self), self.args), dict(vars(self))

    def of_row(self, row: int) -> Self:
        """This error, which knows the row of the batch that is at fault."""
        self.row = row
        return self

    def within(self, place: str) -> Self:
        """The same error, which says first in which part of something larger it arose.

        >>> str(DataError("input 0", wanted="numbers", got="text", fix="convert it").within("batch 3")).splitlines()[0]
        'batch 3: input 0'
        """
        told = {name: getattr(self, name) for name in ("wanted", "got", "fix", "path")}
        made = type(self)(f"{place}: {self.where}", **told)
        for note in getattr(self, "__notes__", ()):
            made.add_note(note)
        return made.with_traceback(self.__traceback__)


def _made_again(kind: type[IsogradError], args: tuple[Any, ...]) -> IsogradError:
    return kind.__new__(kind, *args)


def shortened(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning and its end.

    >>> shortened("abcdefghij", 7)
    'abc … j'
    """
    text = str(text)
    tail = most // 4
    return text if len(text) <= most else f"{text[: most - tail - 3]} … {text[len(text) - tail :]}"


class _Shown(Repr):
    """repr that stays short, and that no value can make raise."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxlong, self.maxother = 6, 100, 60, 300
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = self.maxfrozenset = 20
        self.fillvalue = "…"

    def repr_int(self, x: int, level: int) -> str:
        return f"a number of {x.bit_length()} bits" if x.bit_length() > 1000 else super().repr_int(x, level)

    def repr_instance(self, x: object, level: int) -> str:
        try:
            text = repr(x)
        except Exception:
            return f"a {type(x).__name__}"
        return shortened(" ".join(text.split()) if "\n" in text else text, self.maxother)


def shown(value: object) -> str:
    """repr(value) for a message: long values are shortened.

    >>> shown([1, "a"]), len(shown("x" * 10_000)), shown(10**5000)
    ("[1, 'a']", 98, 'a number of 16610 bits')
    """
    return _SHOWN.repr(value)


class SpecError(IsogradError):
    """A description that cannot be: a wrong argument, an unknown name, an impossible option."""


class ShapeError(IsogradError):
    """Values that do not fit each other or the layer that they are given to."""


class DataError(IsogradError):
    """Data that cannot be trained on: NaN, labels out of range, a missing or malformed file."""


class WeightsError(IsogradError):
    """A state_dict with missing, unexpected or mis-shaped entries."""


class BackendError(IsogradError):
    """A backend, device or dtype that is unknown, or not installed."""


class FileError(IsogradError):
    """A file that cannot be read as what it should be."""


class NonFiniteError(IsogradError):
    """A loss that turned NaN or infinite: names the first node that produced it."""


_SHOWN = _Shown()
