"""isograd parity [EXPERIMENT]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from isograd.cli.options import MaybeBackendNames, split, with_options
from isograd.cli.writing import Files, JUnit, Page, Record, Sarif
from isograd.core.base.errors import SpecError
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find, made_by
from isograd.judging import check_parity

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport
    from isograd.experiments.prepared import Prepared
    from isograd.experiments.recipe import Recipe

OptionalName = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPERIMENT",
        help="A name or file; FILE.py:FUNCTION that returns an nn.Module and its inputs; without it, every case.",
    ),
]

Certificate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write a certificate, and beside it the model and the data that isograd verify asks for.",
        show_default="none",
    ),
]
ALONE = """PyTorch is not installed, so numpy is held against numpy_reference: RNN, GRU and LSTM in the form of the book
(Weidman 2019), the same functions for all else. A second engine: pip install "isograd[torch]"; for derivatives there is
ig.check_gradients.
"""


OneName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="An engine of your own, held to every case: passed, failed, unsupported."),
]
AgainstName = Annotated[
    str | None, typer.Option(metavar="NAME", help="What --backend is held against.", show_default="numpy")
]


@with_options("data", "recipe", "batch_size", "seed")
def parity(
    experiment: OptionalName = None,
    backends: MaybeBackendNames = None,
    backend: OneName = None,
    against: AgainstName = None,
    html: Page = None,
    json: Record = None,
    junit: JUnit = None,
    sarif: Sarif = None,
    certificate: Certificate = None,
    *,
    options: Options,
) -> None:
    """Check that engines compute the same: an experiment, a module's import, or every layer case; exit 1 if not."""
    if backend is not None:
        written = {"--html": html, "--json": json, "--junit": junit, "--sarif": sarif, "--certificate": certificate}
        given = [experiment or "", f"--backends {','.join(backends)}" if backends else ""]
        given += [f"{option} {path}" for option, path in written.items() if path is not None]
        _conforming(backend, against, " ".join(filter(None, given)))
        return
    files = Files(html, json, junit, sarif)
    if certificate is not None and (experiment is None or ".py:" in experiment):
        raise SpecError(
            "parity --certificate",
            wanted="an experiment, whose model and data are written beside the certificate",
            got=experiment or "every layer case",
            fix="report.certificate(path), of what ig.check_parity returns",
        )
    from isograd.core.parity.suite import check_all_cases
    from isograd.reports.comparing import parity_of
    from isograd.reports.engines import WITHOUT_TORCH, comparable, family, titled

    if experiment is not None and ".py:" in experiment:
        module, inputs, asked = made_by(experiment)
        judged = {"seed": options.seed, **asked} | ({"backends": split(backends)} if backends else {})
        _told([check_parity(module, inputs, **judged)], files)
        return
    names = split(backends) if backends else comparable()
    if not backends and names == WITHOUT_TORCH:
        print(ALONE)
    titled(names, least=2)
    if experiment is None:
        reports = [check_all_cases(*names)]
    else:
        prepared, recipes = find(experiment).prepare(options, family(names[0]))
        reports = [parity_of(recipe, prepared, options, names) for recipe in recipes.values()]
        if certificate is not None:
            _certify(certificate, reports, recipes, prepared, options)
    _told(reports, files)


def _certify(
    path: Path, reports: Sequence[ParityReport], recipes: Mapping[str, Recipe], prepared: Prepared, options: Options
) -> None:
    """Write a certificate for each recipe, its name in the file's where there are several, with its model and data."""
    from isograd.core.base.types import FLOATS
    from isograd.core.graph.weights import initial_state
    from isograd.reports.comparing import judged_on
    from isograd.reports.names import slug
    from isograd.reports.verifying import write_certified

    for report, (name, recipe) in zip(reports, recipes.items(), strict=True):
        place = path if len(recipes) == 1 else path.with_stem(f"{path.stem}-{slug(name)}")
        weights = initial_state(recipe.model, seed=options.seed, dtype=FLOATS["float64"])
        data = judged_on(recipe, prepared, options)
        print("Written:", *write_certified(place, report, recipe.model, weights, data), sep="\n  ")


def _conforming(backend: str, against: str | None, given: str) -> None:
    """Print what becomes of one engine in every case; exit 1 where one failed, or none could be judged. Nothing else
    may be `given`."""
    from isograd.conformance.claims import conformance

    if given:
        wanted = "--backend alone: one engine, every case"
        raise SpecError(
            f"parity --backend {backend}",
            wanted=wanted,
            got=given,
            fix="--backends a,b for several engines and for files; pytest's --junit-xml for these cases",
        )
    found = conformance(backend, against)
    print(f"{found.text}\n")
    _verdict(found.passed)


def _verdict(passed: bool) -> None:
    Console().print("PASSED" if passed else "FAILED", style="bold green" if passed else "bold red")
    if not passed:
        raise typer.Exit(1)


def _told(reports: Sequence[ParityReport], files: Files) -> None:
    """Print the reports and the verdict, write the files; exit 1 where one failed."""
    files.write(reports)
    for report in reports:
        print(f"{report}\n")
    _verdict(all(report.passed for report in reports))
