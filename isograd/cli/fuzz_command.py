"""isograd fuzz"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isograd.cli.options import MaybeBackendNames, split, with_options
from isograd.experiments.experiment import Options


@with_options("seed")
def fuzz(
    count: Annotated[int, typer.Option(min=1, help="How many graphs are drawn and checked.")] = 100,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where tests of what failed are written.")] = Path("."),
    backends: MaybeBackendNames = None,
    *,
    options: Options,
) -> None:
    """Check random graphs; shrink what fails, and write it as a test; exit 1 where something does."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from isograd.fuzzing.running import fuzzed
    from isograd.reports.engines import comparable, titled

    names = split(backends) if backends else comparable()
    titled(names, least=2)
    out.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("graphs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    told = Console(stderr=True)
    with Progress(*columns, TextColumn("{task.fields[said]}"), console=told, transient=True) as bar:
        task = bar.add_task("graphs", total=count, said="")
        found = fuzzed(count, options.seed, names, out, lambda done, said: bar.update(task, completed=done, said=said))
    print(found)
    if not found.passed:
        raise typer.Exit(1)
