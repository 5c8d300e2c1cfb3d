"""isograd baselines EXPERIMENT"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from isograd.cli.options import Name, with_options
from isograd.experiments.experiment import Options
from isograd.experiments.finding import find


@with_options("data", "recipe", "samples", "epochs", "batch_size", "seed", "dtype")
def baselines(experiment: Name, *, options: Options) -> None:
    """Fit an experiment's scikit-learn baselines alone."""
    from isograd.experiments.baselines import estimators, fit
    from isograd.reports.names import figure

    found = find(experiment)
    prepared, recipes = found.prepare(options, "numpy")
    table = Table("recipe", "baseline", *(metric.label for metric in found.metrics), "training time", title=found.title)
    for name, made in recipes.items():
        for key, estimator in estimators(made, options).items():
            fitted = fit(estimator, found, made, prepared, options)
            table.add_row(name, key, *map(figure, fitted.scores.values()), f"{fitted.seconds:.2f} s")
    Console().print(table)
