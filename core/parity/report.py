"""The parity report: rows, the first culprit, text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

STAGES = ("node", "loss", "end to end", "locked step", "free run", "schedule", "initial law")
MEANING = {
    "node": "each node alone, same inputs and same dy",
    "loss": "each loss alone, same predictions and same dL",
    "end to end": "all nodes together, against rounding noise",
    "locked step": "weights and optimizer state, restarted from one side's state each step",
    "free run": "weights after all steps, without restart",
    "schedule": "the learning rate at every position",
    "initial law": "the distribution that weights are drawn from",
}


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

    def __str__(self) -> str:
        head = ["stage", "dtype", "compared", "worst error", "allowed", "worst at", "verdict"]
        table = [head, *self._summary()]
        widths = [max(len(line[k]) for line in table) for k in range(len(head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
        lines.insert(1, "─" * max(map(len, lines)))
        left, right = self.sides
        parts = [self.title, "", *lines, ""]
        parts += [line for row in self.rows if row.failed for line in [_failure(row)]][:12]
        parts += [culprit.text for culprit in self.culprits]
        verdict = f"{left} and {right} compute the same thing" if self.passed else f"{left} and {right} differ"
        return "\n".join([*parts, f"{'PASSED' if self.passed else 'FAILED'}: {verdict}"])

    def _summary(self) -> list[list[str]]:
        """One line a stage and dtype: its worst comparison."""
        lines = []
        keys = sorted(
            {(row.stage, row.dtype) for row in self.rows}, key=lambda k: (STAGES.index(k[0]), k[1] == "float32")
        )
        for stage, dtype in keys:
            rows = [row for row in self.rows if (row.stage, row.dtype) == (stage, dtype)]
            worst = max(rows, key=lambda row: (row.failed, row.error / (row.allowed or 1.0)))
            allowed = "reported" if worst.allowed is None else f"{worst.allowed:.0e}"
            failures = sum(row.failed for row in rows)
            verdict = f"{failures} FAILED" if failures else "ok"
            lines.append(
                [
                    stage,
                    dtype,
                    f"{len(rows)} arrays",
                    f"{worst.error:.1e}",
                    allowed,
                    f"{worst.path} {worst.what}",
                    verdict,
                ]
            )
        return lines

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
