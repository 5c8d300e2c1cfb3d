"""A trace: what one run computed, in the order in which it was computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from isograd.core.base.atomic import as_path
from isograd.core.base.errors import SpecError, shown
from isograd.core.parity.traces.entry import STEP, Entry, Key
from isograd.core.parity.traces.file import read, write
from isograd.core.parity.traces.origin import Node, Origin
from isograd.core.parity.traces.sketch import Kept, Sketch


@dataclass(frozen=True, repr=False)
class Trace:
    """What a run computed: `ig.record` makes one, `ig.diff` compares two.

    `origin` says what was run, when and where; `nodes` has each node's layer and what it reads; `entries` holds the
    arrays by (section, path, what), in the order of computation: weights at the start, nodes' outputs in evaluation
    and in training, buffers, gradients from the end backwards, and after each step loss, weights and slots. It is a
    value: equal to another with the same entries, and nothing in it can be written to.
    """

    origin: Origin
    nodes: Mapping[str, Node]
    entries: Mapping[Key, Entry]

    @property
    def paths(self) -> tuple[str, ...]:
        """The nodes, weights, "model", "input" and "loss" that there are entries of."""
        return tuple(dict.fromkeys(path for _, path, _ in self.entries))

    def __getitem__(self, path: str) -> dict[str, Kept]:
        """{"evaluation output": array, "training gradient": …}: all that is known of a node, a weight, "model",
        "input" or "loss"; SpecError for another path."""
        found = {f"{section} {what}": e.values for (section, at, what), e in self.entries.items() if at == path}
        if not found:
            near = get_close_matches(str(path), self.paths, 1)
            raise SpecError(
                f"trace[{shown(path)}]",
                wanted="a path of the trace",
                got=shown(path),
                fix=f"trace[{near[0]!r}]" if near else "trace.paths lists them",
            )
        return found

    def __contains__(self, path: object) -> bool:
        return path in self.paths

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        """The number of entries."""
        return len(self.entries)

    def __repr__(self) -> str:
        return f"<trace of {self.origin.model} by {self.origin.short}, {len(self)} arrays>"

    def __str__(self) -> str:
        sketches = sum(isinstance(entry.values, Sketch) for entry in self.entries.values())
        counts: dict[str, int] = {}
        for section, _, _ in self.entries:
            name = "steps" if section.startswith(STEP) else section
            counts[name] = counts.get(name, 0) + 1
        kept = ", ".join(f"{count} of {name}" for name, count in counts.items())
        told = [f"trace of {self.origin.model}", f"  {self.origin}", f"  {len(self)} arrays: {kept}"]
        if sketches:
            told.append(f"  {sketches} of them as sketches")
        if self.origin.steps:
            told.append(f"  {self.origin.steps} steps of {self.origin.optimizer} on {self.origin.loss}")
        return "\n".join(told)

    def save(self, path: str | Path) -> Path:
        """Write the trace to a safetensors file, whole or not at all; FileError where that cannot be."""
        return write(as_path(path, "Trace.save"), self.origin, self.nodes, self.entries)

    @staticmethod
    def load(path: str | Path) -> Trace:
        """The trace of a file that `save` wrote. Nothing in a file runs code; FileError for one that is no trace."""
        return Trace(*read(as_path(path, "Trace.load")))
