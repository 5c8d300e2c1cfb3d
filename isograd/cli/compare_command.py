"""isograd compare EXPERIMENT"""

from __future__ import annotations

import typer
from rich.console import Console

from isograd.cli.options import BOTH, BackendNames, Name, split, with_options
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find


@with_options()
def compare(experiment: Name, backends: BackendNames = BOTH, *, options: Options) -> None:
    """Prove parity, train in every engine, put scikit-learn beside them, write a report; exit 1 where engines differ.

    One engine alone is trained, with nothing to hold it against.
    """
    from isograd.reports.comparing import compare as run_comparison
    from isograd.reports.saving import save as save_comparison

    comparison = run_comparison(find(experiment), options, split(backends))
    folder = save_comparison(comparison)
    console = Console()
    console.print(comparison, crop=False)
    console.print("Written:", style="bold")
    for path in sorted(folder.iterdir()):
        print(f"  {path}")
    if not (folder / "curves.png").exists():
        print('  no pictures: matplotlib is not installed (pip install "isograd[report]")')
    if comparison.passed is False:
        raise typer.Exit(1)
