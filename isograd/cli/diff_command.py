"""isograd diff A B"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Rename = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OLD=NEW", help="A path of A, or the beginning of some, and what B calls it.", show_default="none"
    ),
]
Page = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as a page.", show_default="none")]
Record = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write all comparisons as JSON.", show_default="none")
]


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A trace that ig.record wrote: ….safetensors.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The one that it is held against.")],
    rename: Rename = None,
    html: Page = None,
    json: Record = None,
) -> None:
    """Compare two traces: what two runs computed, wherever and whenever they ran; exit 1 where they differ."""
    from isograd.core.base.atomic import write_atomically
    from isograd.core.base.errors import SpecError
    from isograd.core.parity.traces.diffing import diff as compared

    names: dict[str, str] = {}
    for given in rename or []:
        old, equals, new = given.partition("=")
        if not equals or not old:
            raise SpecError("diff --rename", wanted="OLD=NEW", got=repr(given), fix="--rename encoder.layer=blocks")
        names[old] = new
    report = compared(a, b, names or None)
    print(report)
    if html is not None:
        report.to_html(html)
    if json is not None:
        write_atomically(json, report.to_json().encode())
    if not report.passed:
        raise typer.Exit(1)
