"""isograd parity [EXPERIMENT]"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from isograd.cli.options import MaybeBackendNames, split, with_options
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find

OptionalName = Annotated[
    str | None, typer.Argument(metavar="EXPERIMENT", help="A name or file; without it, every layer case.")
]

ALONE = """PyTorch is not installed, so numpy is held against numpy_reference: RNN, GRU and LSTM in the form of the book
(Weidman 2019), the same functions for all else. A second engine: pip install "isograd[torch]"; for derivatives there is
ig.check_gradients.
"""


@with_options("data", "recipe", "batch_size", "seed")
def parity(experiment: OptionalName = None, backends: MaybeBackendNames = None, *, options: Options) -> None:
    """Check that all engines compute the same, in an experiment or in every layer case; exit 1 if not."""
    from isograd.core.parity.suite import check_all_cases
    from isograd.reports.comparing import parity_of
    from isograd.reports.engines import WITHOUT_TORCH, comparable, family, titled

    names = split(backends) if backends else comparable()
    if not backends and names == WITHOUT_TORCH:
        print(ALONE)
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
