"""isograd check FILE"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", help="Python files that say what is in them: checks = {MyConv: ig.Conv2d(8, 3)}."),
]
Grade = Annotated[bool, typer.Option("--grade", help="Print points by criterion; of several files a line each.")]
Record = Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything as JSON.", show_default="none")]
Cases = Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as JUnit XML.", show_default="none")]


def check(files: Files, grade: Grade = False, json: Record = None, junit: Cases = None) -> None:
    """Judge somebody's own forward and backward: what is right, what is wrong and why; exit 1 where something is."""
    from isograd.checking.files import check_file, table, to_json
    from isograd.checking.report import junit as cases
    from isograd.core.base.atomic import write_atomically

    checked = [check_file(file, one_of_many=len(files) > 1) for file in files]
    if grade and len(checked) > 1:
        print(table(checked))
    else:
        for each in checked:
            for report in each.reports:
                print(f"{report.graded() if grade else report}\n")
    if json is not None:
        write_atomically(json, to_json(checked).encode())
    if junit is not None:
        write_atomically(junit, cases([(each.file, each.reports) for each in checked]).encode())
    if not all(each.passed for each in checked):
        raise typer.Exit(1)
