"""The parity report: rows, culprits, what was not judged; as text, page and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from isograd.core.base.atomic import write_atomically
from isograd.core.parity.checked import Checked
from isograd.core.parity.natures import Nature
from isograd.core.parity.structure import Vertex
from isograd.core.parity.text import report_text
from isograd.core.parity.verdict import Culprit, Row, limit

STAGES = ("node", "loss", "end to end", "clipping", "schedule", "locked step", "free run", "initial law")


UNSTEADY = "one unit in the last place of what is given moves it by a large part of itself"
SHOWN = 6  # arrays that one entry names
NOT_ASKED = "cannot be asked for losses, schedules and initial laws by themselves (Judged)"


@dataclass(frozen=True)
class NotJudged:
    """Cases that could not be compared, and why: the engine has no implementation, or cannot be asked."""

    engine: str
    stage: str
    what: str  # the description's name
    cases: int
    why: str


@dataclass
class ParityReport:
    """Whether engines compute the same thing, how closely, and where first they do not."""

    title: str
    sides: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    culprits: list[Culprit] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)
    vertices: tuple[Vertex, ...] = ()  # the graph of what was compared, where it is one
    checked: Checked | None = None  # what a certificate says of the question

    @property
    def passed(self) -> bool:
        return bool(self.rows) and not any(row.failed for row in self.rows)

    @property
    def culprit(self) -> Culprit | None:
        """The first thing that differs: in execution order, and for gradients in reverse order."""
        return self.culprits[0] if self.culprits else None

    def add(self, rows: Iterable[Row], culprit: Culprit | None = None) -> None:
        added = list(rows)
        self.rows += added
        self.not_judged += _unsteady([row for row in added if row.unsteady and not row.failed], self.sides)
        if culprit is not None:
            self.culprits.append(culprit)

    @property
    def verdict(self) -> str:
        if self.passed:
            return f"PASSED: {_joined(self.sides)} compute the same thing"
        if not self.rows:
            return "FAILED: nothing was compared"
        if all(row.unsteady for row in self.rows if row.failed):
            return f"FAILED: it cannot be judged whether {_joined(self.sides)} compute the same thing"
        wrong = dict.fromkeys(row.sides or self.sides for row in self.rows if row.failed)
        return f"FAILED: {', '.join(f'{_joined(pair)} differ' for pair in wrong)}"

    @property
    def text(self) -> str:
        """The report as it is printed: a line for each stage, then failures, culprits and the verdict."""
        return report_text(self)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title.splitlines()[0]!r}, {len(self.rows):,} rows, {self.verdict!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of stages, the verdict and what differs first."""
        from isograd.core.parity.pages.page import notebook

        return notebook(self)

    @property
    def summary_head(self) -> list[str]:
        pair = ["engines"] if len(self.sides) > 2 else []
        return ["stage", "dtype", *pair, "compared", "worst error", "allowed", "worst at", "classes", "verdict"]

    def summary(self) -> list[list[str]]:
        """One line a stage, dtype and pair of engines: its worst comparison."""
        lines = []
        for stage, dtype, sides in sorted({(row.stage, row.dtype, row.sides) for row in self.rows}, key=self._order):
            rows = [row for row in self.rows if (row.stage, row.dtype, row.sides) == (stage, dtype, sides)]
            worst = max(rows, key=lambda row: (row.failed, row.error / (row.allowed or 1.0)))
            failures = sum(row.failed for row in rows)
            verdict = f"{failures} FAILED" if failures else "ok"
            pair = [_joined(sides)] if len(self.sides) > 2 else []
            counted, where = f"{len(rows)} arrays", f"{worst.path} {worst.what}"
            error = f"{worst.error:.1e}"
            lines.append([stage, dtype, *pair, counted, error, limit(worst.allowed), where, classes(rows), verdict])
        return lines

    def _order(self, key: tuple[str, str, tuple[str, ...]]) -> tuple[Any, ...]:
        """Stages as they are run (unknown ones after them, by name), float64 first, engines as they were named."""
        stage, dtype, sides = key
        known = STAGES.index(stage) if stage in STAGES else len(STAGES)
        return known, stage, dtype == "float32", dtype, [self.sides.index(name) for name in sides if name in self.sides]

    def to_html(self, path: str | Path) -> Path:
        """Write the report as one page that needs nothing else; returns its path."""
        from isograd.core.parity.pages.page import page

        return write_atomically(Path(path), page(self).encode())

    def to_junit(self) -> str:
        """JUnit's XML: a suite for each stage and dtype, a case for each comparison."""
        from isograd.core.parity.machines import junit

        return junit([self])

    def to_sarif(self) -> str:
        """SARIF 2.1.0: a result for each culprit, and for each comparison that failed and has none."""
        from isograd.core.parity.machines import sarif

        return sarif([self])

    def certificate(self, path: str | Path) -> Path:
        """Write a certificate of this check as JSON: digests of description, weights and data, how it was asked,
        versions, processor, threads, kernels, every worst ratio. `isograd verify` checks the same again.

        Raises SpecError for a report that is not of one model on one batch.
        """
        from isograd.core.parity.certificate import certificate

        text = json.dumps(finite(certificate(self, self.checked)), indent=1, allow_nan=False)
        return write_atomically(Path(path), text.encode())

    def to_json(self) -> str:
        """All of it; numbers that are none as text."""
        return json.dumps(self.record(), indent=1, allow_nan=False)

    def record(self) -> dict[str, Any]:
        """What `to_json` writes."""
        record = {
            "title": self.title,
            "sides": self.sides,
            "passed": self.passed,
            "verdict": self.verdict,
            "culprits": [asdict(culprit) for culprit in self.culprits],
            "not_judged": [asdict(entry) for entry in self.not_judged],
            "graph": [asdict(vertex) for vertex in self.vertices],
            "rows": [{**asdict(row), "failed": row.failed, "floors": row.floors} for row in self.rows],
        }
        made: dict[str, Any] = finite(record)
        return made


def classes(rows: Iterable[Row]) -> str:
    """How many rows are of which class, the least harmful first; "" where nobody can say of any."""
    counts = Counter(row.nature for row in rows)
    return ", ".join(f"{counts[nature]} {nature}" for nature in Nature if counts[nature])


def _unsteady(rows: Sequence[Row], sides: Sequence[str]) -> list[NotJudged]:
    """An entry for each stage: what of it cannot be judged."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        grouped.setdefault((_joined(row.sides or sides), row.stage), []).append(f"{row.what} of {row.path}")
    found = []
    for (engines, stage), named in grouped.items():
        told = list(dict.fromkeys(named))
        more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        found.append(NotJudged(engines, stage, f"{', '.join(told[:SHOWN])}{more}", len(named), UNSTEADY))
    return found


def _joined(names: Iterable[str]) -> str:
    """ "a and b", "a, b and c" """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def finite(value: Any) -> Any:
    """A record whose numbers JSON can hold."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value
