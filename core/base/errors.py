"""Every error says where it is, what was wanted, what came, and how to mend it."""

from __future__ import annotations


class IsogradError(ValueError):
    """Base of all errors that a user can mend.

    Attributes `where`, `wanted`, `got`, `fix` and, for shapes, `path` (the chain that led there).
    """

    def __init__(self, where: str, *, wanted: str, got: str, fix: str, path: str | None = None) -> None:
        self.where, self.wanted, self.got, self.fix, self.path = where, wanted, got, fix, path
        rows = [("wanted", wanted), ("got", got), ("path", path), ("fix", fix)]
        super().__init__("\n".join([where, *(f"  {word:<6} {text}" for word, text in rows if text)]))


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
