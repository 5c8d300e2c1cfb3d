"""The files that a command writes of its reports, each option written once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport

Page = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page.", show_default="none")]
Record = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write all comparisons as JSON.", show_default="none")
]
JUnit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit's XML.", show_default="none")]
Sarif = Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0.", show_default="none")]


@dataclass(frozen=True)
class Files:
    """Where reports are written; None: nowhere."""

    html: Path | None = None
    json: Path | None = None
    junit: Path | None = None
    sarif: Path | None = None

    def write(self, reports: Sequence[ParityReport]) -> None:
        """The files that were asked for, each of all reports."""
        from isograd.core.base.atomic import write_atomically
        from isograd.core.parity.machines import junit, sarif
        from isograd.core.parity.pages.page import pages

        forms = {self.html: pages, self.json: _record, self.junit: junit, self.sarif: sarif}
        for path, form in forms.items():
            if path is not None:
                write_atomically(path, form(reports).encode())


def _record(reports: Sequence[ParityReport]) -> str:
    """One report's own JSON; of several a list."""
    records = [report.record() for report in reports]
    return json.dumps(records[0] if len(records) == 1 else records, indent=1, allow_nan=False)
