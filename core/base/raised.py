"""What was raised by code that is not core's own, told with its line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from isograd.core.base.errors import IsogradError, shortened

LIBRARIES = frozenset(
    {*sys.stdlib_module_names, "numpy", "torch", "scipy", "jax", "jaxlib", "pydantic", "threadpoolctl"}
)
"""Packages whose lines say little to who must mend the call. (`__main__` is a module of the standard library's too.)"""


def told_with_line(error: BaseException) -> str:
    """The kind and the words of an error, and the last line of an engine's or a user's own code that led to it.

    An error of ours says itself where it is.
    """
    words = f"{type(error).__name__}: {shortened(str(error))}"
    place = None if isinstance(error, IsogradError) else _place(error.__traceback__)
    return words if place is None else f"{words} ({place})"


def _place(frame: TracebackType | None) -> str | None:
    """file:line of the last frame that is neither core's nor a library's."""
    found = None
    while frame is not None:
        code, module = frame.tb_frame.f_code, str(frame.tb_frame.f_globals.get("__name__", ""))
        own = module == "__main__" or module.partition(".")[0] not in LIBRARIES
        if own and not module.startswith("isograd.core."):
            found = f"{'/'.join(Path(code.co_filename).parts[-3:])}:{frame.tb_lineno}"
        frame = frame.tb_next
    return found
