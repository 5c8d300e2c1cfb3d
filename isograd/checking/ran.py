"""What one run of somebody's operation gave, and how it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from isograd.core.base.raised import told_with_line
from isograd.core.base.types import Array, Arrays


@dataclass
class Ran:
    """What came out, under the names of `Exact`, and what was raised on the way, by the part that raised it."""

    values: dict[str, Any] = field(default_factory=dict)
    raised: dict[str, BaseException] = field(default_factory=dict)

    def told(self, part: str) -> str:
        """What a part raised, with the line."""
        return told_with_line(self.raised[part])


class Instance(Protocol):
    """One of somebody's operations, with weights in it."""

    def run(self, inputs: Arrays, dys: Arrays, *, training: bool) -> Ran:
        """Forward, then backward."""
        ...


class Operation(Protocol):
    """Somebody's operation, of which a fresh instance can be had; `spelt`: how it calls each weight."""

    spelt: dict[str, str]
    has_mode: bool

    def begin(self, state: Mapping[str, Array], inputs: Arrays, *, transposed: bool) -> Instance: ...


@contextmanager
def guarded(ran: Ran, part: str) -> Iterator[None]:
    """Whatever is raised inside is kept under `part`, the end of the process too; warnings of NumPy are no matter."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except (Exception, SystemExit) as error:
        ran.raised[part] = error
