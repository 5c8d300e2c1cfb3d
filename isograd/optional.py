"""What is not there: packages that only some commands need, and names that stand under others."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from isograd.core.base.errors import BackendError

RENAMED = {
    "Im2col": "it is ig.Unfold, as torch.nn's",
    "Col2im": "it is ig.Fold, as torch.nn's",
}
"""Names that are asked for and are another's."""


def require(module: str, *, extra: str, purpose: str) -> Any:
    """The module of this name; BackendError naming the extra that installs it where it is not there."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise BackendError(
            purpose,
            wanted=f"{error.name}, which this needs",
            got="it is not installed",
            fix=f'pip install "isograd[{extra}]"',
        ) from None


def installed(module: str) -> bool:
    """Whether a module of this name can be imported: it is, to find out."""
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True
