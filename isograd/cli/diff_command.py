"""isograd diff A B"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from isograd.cli.writing import Files, JUnit, Page, Record, Sarif

Rename = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OLD=NEW|FILE.py:FUNCTION",
        help="A path of A, or the beginning of some, and what B calls it; or the function of a path that says so.",
        show_default="none",
    ),
]


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A trace that ig.record wrote: ….safetensors.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The one that it is held against.")],
    rename: Rename = None,
    html: Page = None,
    json: Record = None,
    junit: JUnit = None,
    sarif: Sarif = None,
) -> None:
    """Compare two traces: what two runs computed, wherever and whenever they ran; exit 1 where they differ."""
    from isograd.core.parity.traces.diffing import diff as compared

    report = compared(a, b, names(rename or []))
    print(report)
    Files(html, json, junit, sarif).write([report])
    if not report.passed:
        raise typer.Exit(1)


def names(given: list[str]) -> Callable[[str], str] | dict[str, str] | None:
    """What --rename says: one function, or as many pairs as there are."""
    from isograd.core.base.errors import SpecError
    from isograd.experiments.finding import function

    if len(given) == 1 and "=" not in given[0] and ".py:" in given[0]:
        return function(given[0])
    pairs = [each.partition("=") for each in given]
    for (old, equals, _), each in zip(pairs, given, strict=True):
        if not equals or not old:
            wanted, fix = "OLD=NEW, or one FILE.py:FUNCTION", "--rename encoder.layer=blocks"
            raise SpecError("diff --rename", wanted=wanted, got=repr(each), fix=fix)
    return {old: new for old, _, new in pairs} or None
