"""The parity report: rows, the first culprit, text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from isograd.core.base.atomic import write_atomically
from isograd.core.parity.page import page

STAGES = ("node", "loss", "end to end", "locked step", "free run", "schedule", "initial law")
SHOWN = 12  # failures that the text lists before it counts the rest


@dataclass(frozen=True)
class Row:
    """One comparison. `allowed` is None where the error is reported, not judged."""

    stage: str
    dtype: str
    path: str  # node path, case or weight
    what: str  # "output", "dx", "dweight", "loss", …
    error: float
    allowed: float | None = None
    fault: str | None = None
    note: str = ""

    @property
    def failed(self) -> bool:
        return self.fault is not None or (self.allowed is not None and not self.error <= self.allowed)


@dataclass(frozen=True)
class Culprit:
    """What differs first, and which side a third witness says is wrong (None: no witness could tell)."""

    path: str
    layer: str
    what: str
    guilty: str | None
    text: str


@dataclass
class ParityReport:
    """Whether two backends compute the same thing, how closely, and where first they do not."""

    title: str
    sides: tuple[str, str]
    rows: list[Row] = field(default_factory=list)
    culprits: list[Culprit] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.rows) and not any(row.failed for row in self.rows)

    @property
    def culprit(self) -> Culprit | None:
        """The first thing that differs: in execution order, and for gradients in reverse order."""
        return self.culprits[0] if self.culprits else None

    def add(self, rows: Iterable[Row], culprit: Culprit | None = None) -> None:
        self.rows += rows
        if culprit is not None:
            self.culprits.append(culprit)

    @property
    def verdict(self) -> str:
        left, right = self.sides
        same = f"{left} and {right} compute the same thing"
        return f"PASSED: {same}" if self.passed else f"FAILED: {left} and {right} differ"

    @property
    def text(self) -> str:
        """The report as it is printed: a line for each stage, then failures, culprits and the verdict."""
        table = [self.summary_head, *self.summary()]
        widths = [max(len(line[k]) for line in table) for k in range(len(self.summary_head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
        lines.insert(1, "─" * max(map(len, lines)))
        failures = [_failure(row) for row in self.rows if row.failed]
        more = [f"  … and {len(failures) - SHOWN} more"] if len(failures) > SHOWN else []
        culprits = list(dict.fromkeys(culprit.text for culprit in self.culprits))
        return "\n".join([self.title, "", *lines, "", *failures[:SHOWN], *more, *culprits, self.verdict])

    def __str__(self) -> str:
        return self.text

    summary_head: ClassVar[list[str]] = ["stage", "dtype", "compared", "worst error", "allowed", "worst at", "verdict"]

    def summary(self) -> list[list[str]]:
        """One line a stage and dtype: its worst comparison."""
        lines = []
        found = {(row.stage, row.dtype) for row in self.rows}
        for stage, dtype in sorted(found, key=lambda key: (STAGES.index(key[0]), key[1] == "float32")):
            rows = [row for row in self.rows if (row.stage, row.dtype) == (stage, dtype)]
            worst = max(rows, key=lambda row: (row.failed, row.error / (row.allowed or 1.0)))
            allowed = "reported" if worst.allowed is None else f"{worst.allowed:.0e}"
            failures = sum(row.failed for row in rows)
            verdict = f"{failures} FAILED" if failures else "ok"
            counted, where = f"{len(rows)} arrays", f"{worst.path} {worst.what}"
            lines.append([stage, dtype, counted, f"{worst.error:.1e}", allowed, where, verdict])
        return lines

    def to_html(self, path: str | Path) -> Path:
        """Write the report as one page that needs nothing else; returns its path."""
        return write_atomically(Path(path), page(self).encode())

    def to_json(self) -> str:
        record = {
            "title": self.title,
            "sides": list(self.sides),
            "passed": self.passed,
            "culprits": [asdict(c) for c in self.culprits],
            "rows": [{**asdict(row), "failed": row.failed, "error": _finite(row.error)} for row in self.rows],
        }
        return json.dumps(record, indent=1)


def _finite(value: float) -> float | str:
    return value if abs(value) < float("inf") else str(value)


def _failure(row: Row) -> str:
    why = row.fault or f"error {row.error:.1e} > {row.allowed:.0e}"
    return f"✗ {row.stage}, {row.dtype}: {row.path} {row.what}: {why}{f' ({row.note})' if row.note else ''}"
