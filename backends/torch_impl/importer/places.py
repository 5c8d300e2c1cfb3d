"""Where in a module something stands: the path of its part, and the line of its source."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch
from torch import nn

from isograd.core.base.errors import shortened

PACKAGE = f"{Path(torch.__file__).parent}{os.sep}"
OTHERS = (PACKAGE, f"{Path(PACKAGE).parent / 'sympy'}{os.sep}", str(Path(__file__).parent / "watching.py"), "<")
OURS = str(Path(__file__).parents[1])
STANDARD = sysconfig.get_path("stdlib")

ENTRANCE = str(Path(__file__).parent / "exporting.py")
"""Where an export begins: what called it is no part of the module."""


def says_nothing(file: str) -> bool:
    """Whether its lines are not the module's: those of torch, of what it counts sizes with, of Python and of ours."""
    return file.startswith(OTHERS) or (file.startswith(STANDARD) and "site-packages" not in file)


def line_of(meta: Mapping[str, Any]) -> str:
    """The last line of a node's stack that is no torch.nn's own: "swin.py:123"."""
    lines = [line.strip() for line in str(meta.get("stack_trace") or "").splitlines()]
    frames = [line for line in lines if line.startswith("File ") and '"<' not in line]
    own = [line for line in frames if PACKAGE not in line] or frames
    if not own:
        return ""
    name, number = own[-1].split('"')[1], own[-1].split("line ")[1].split(",")[0]
    return f"{Path(name).name}:{number}"


def frames_from(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    """The frame and those that led to it, the innermost first."""
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def frames_of(trace: TracebackType | None) -> list[tuple[FrameType, int]]:
    """The frames of an error, the innermost first."""
    found = []
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found[::-1]


def place_in(module: nn.Module, frames: Iterable[tuple[FrameType, int]]) -> str | None:
    """ "path, file:line" of the innermost part of the module that runs; None where none does.

    The line is the innermost one outside of torch.
    """
    paths = {id(part): path for path, part in module.named_modules()}
    path, place = None, ""
    for frame, line in frames:
        file, code = frame.f_code.co_filename, frame.f_code
        if file == ENTRANCE or (path is not None and place):
            break
        if not place and not says_nothing(file):
            place = f"{Path(file).name}:{line}"
        first = code.co_varnames[0] if code.co_argcount else ""
        if path is None and (first == "self" or not file.startswith(PACKAGE)):  # a method: not torch.export(module)
            path = paths.get(id(frame.f_locals.get(first)))
    return None if path is None else ", ".join(filter(None, [path or type(module).__name__, place]))


def told(error: Exception) -> str:
    """The kind and the words of an error, and the last line that led to it and is neither torch's nor ours."""
    frames = frames_of(error.__traceback__)
    own = [(frame, line) for frame, line in frames if not frame.f_code.co_filename.startswith((PACKAGE, OURS))]
    words = f"{type(error).__name__}: {shortened(str(error))}"
    return f"{words} ({Path(own[0][0].f_code.co_filename).name}:{own[0][1]})" if own else words
