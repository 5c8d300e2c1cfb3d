"""What a trace says of itself: what was run, on which inputs, when and where."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from isograd.core.base.types import Array

FORMAT = 1
PACKAGES = ("isograd", "numpy", "torch")


@cache
def processor() -> str:
    """The processor's name, as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def versions() -> dict[str, str]:
    """Of Python and of the packages that are loaded and may have computed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        if name in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:  # in a checkout that nobody installed
                found[name] = "unknown"
    return found


@dataclass(frozen=True)
class Node:
    """A node of what was run: its layer in words, and the entries of its section that it reads, as (path, what)."""

    layer: str
    reads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Origin:
    """What a trace says of itself. Hashes are those of dtype, shape and values of all arrays; "" where there are none.

    `kind` is "network" or "module", `engine` what computed, `model` and the descriptions of training in a line each;
    `rule` is the optimizer as JSON. `masks`: what keys the masks of dropout, "paths" of nodes or the "order" in which a
    module draws; "" where it draws none. `repeats`: whether the run found the same, bit for bit, when it was run again.
    `outputs`: where in what a module returns each of its tensors stands; none of a network's.
    """

    kind: str
    engine: str
    model: str
    dtype: str
    seed: int
    inputs: str
    targets: str = ""
    loss: str = ""
    optimizer: str = ""
    rule: str = ""
    steps: int = 0
    masks: str = ""
    repeats: bool = True
    outputs: tuple[str, ...] = ()
    recorded: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
    platform: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")
    processor: str = field(default_factory=processor)
    versions: dict[str, str] = field(default_factory=versions)
    format: int = FORMAT

    @property
    def short(self) -> str:
        """By what a report calls it."""
        return f"{self.engine} of {self.recorded.removesuffix(' UTC')}"

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.engine}, {self.dtype}, seed {self.seed}, recorded {self.recorded} on {self.platform}, "
            f"{self.processor}; {packages}"
        )


def digest(arrays: Iterable[Array]) -> str:
    """The hash of several arrays: equal where all of them are, with dtype and shape."""
    found = blake2b(digest_size=16)
    for values in arrays:
        found.update(f"{values.dtype.name} {values.shape} ".encode())
        found.update(np.asarray(values, values.dtype.newbyteorder("<"), order="C").reshape(-1).view(np.uint8).data)
    return found.hexdigest()
