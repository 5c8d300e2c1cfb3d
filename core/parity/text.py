"""The parity report as it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from isograd.core.parity.verdict import Culprit, Row

SHOWN = 12  # failures, and culprits that nobody judged, that the text lists before it counts the rest


class Report(Protocol):
    """What is shown of a parity report."""

    title: str
    rows: list[Row]
    culprits: list[Culprit]
    not_judged: list[Any]

    @property
    def passed(self) -> bool: ...

    @property
    def verdict(self) -> str: ...

    @property
    def summary_head(self) -> list[str]: ...

    def summary(self) -> list[list[str]]: ...


def report_text(report: Report) -> str:
    """A line for each stage, then what failed, who is wrong, what was not judged, and the verdict."""
    table = [report.summary_head, *report.summary()]
    widths = [max(len(line[k]) for line in table) for k in range(len(report.summary_head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
    lines.insert(1, "─" * max(map(len, lines)))
    failures = cut([row.text for row in report.rows if row.failed])
    judged = [culprit.text for culprit in report.culprits if culprit.judged]
    others = cut([culprit.text for culprit in report.culprits if not culprit.judged])
    culprits = list(dict.fromkeys([*judged, *others]))
    return "\n".join(
        [report.title, "", *lines, "", *failures, *culprits, *not_judged_lines(report.not_judged), report.verdict]
    )


def cut(lines: Sequence[str]) -> list[str]:
    """The first of many lines, and how many more there are."""
    more = [f"  … and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def not_judged_lines(entries: Sequence[Any]) -> list[str]:
    """A line for each engine and reason: how many cases, of which descriptions."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for entry in entries:
        grouped.setdefault((entry.engine, entry.why), []).append(entry)
    return [
        f"not judged: {_cases(sum(e.cases for e in found))} of {', '.join(dict.fromkeys(e.what for e in found))}: {why}"
        for (_, why), found in grouped.items()
    ]
