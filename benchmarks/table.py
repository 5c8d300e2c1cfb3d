"""The table that the measurements end in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, its target (None: only shown), and how it was measured."""

    workload: str
    ratio: str
    figure: float
    at_most: float | None
    at_least: float | None
    measured: str
    command: str

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:.2f}"
        return f"≥ {self.at_least:.2f}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        high = self.at_most is not None and self.figure > self.at_most
        low = self.at_least is not None and self.figure < self.at_least
        return "missed" if high or low else "reached"

    def cells(self) -> list[str]:
        return [
            self.workload,
            self.ratio,
            f"{self.figure:.2f}",
            self.target,
            self.verdict,
            self.measured,
            f"`{self.command}`",
        ]


HEADINGS = ["workload", "ratio", "figure", "target", "", "measured", "command"]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table whose columns line up when it is read as text, too."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
    rule = ["-" * width for width in widths]
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in (lines[0], rule, *lines[1:])
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
