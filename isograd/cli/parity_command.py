"""isograd parity [EXPERIMENT]"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from isograd.cli.options import BOTH, BackendNames, split, with_options
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find

OptionalName = Annotated[
    str | None, typer.Argument(metavar="EXPERIMENT", help="A name or file; without it, every layer case.")
]


@with_options("data", "recipe", "batch_size", "seed")
def parity(experiment: OptionalName = None, backends: BackendNames = BOTH, *, options: Options) -> None:
    """Check that all engines compute the same, in an experiment or in every layer case; exit 1 if not."""
    from isograd.core.parity.suite import check_all_cases
    from isograd.reports.comparing import parity_of
    from isograd.reports.engines import family, titled

    names = split(backends)
    titled(names, least=2)
    if experiment is None:
        reports = [check_all_cases(*names)]
    else:
        prepared, recipes = find(experiment).prepare(options, family(names[0]))
        reports = [parity_of(recipe, prepared, options, names) for recipe in recipes.values()]
    for report in reports:
        print(f"{report}\n")
    passed = all(report.passed for report in reports)
    Console().print("PASSED" if passed else "FAILED", style="bold green" if passed else "bold red")
    if not passed:
        raise typer.Exit(1)
