"""The command line: isograd compare, train, parity, generate, baselines, new."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from isograd.cli.new import new_experiment
from isograd.core.base.errors import IsogradError
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.finding import find

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport

app = typer.Typer(
    help="Write a model once. Run it in NumPy or in PyTorch. Prove that both compute the same thing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(metavar="EXPERIMENT", help="A built-in name (digits_mlp) or a .py file with EXPERIMENT."),
]
OptionalName = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="A name or file; without it, every layer case.")
]
BackendName = Annotated[str, typer.Option(help="numpy, torch, or another installed backend.")]
DataName = Annotated[str | None, typer.Option(help="Which of the experiment's data sets; its first unless given.")]
RecipeName = Annotated[str | None, typer.Option(help="Which of its recipes; all unless given.")]
Samples = Annotated[int | None, typer.Option(help="At most so many in each part: a quick look at a large data set.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training part.")]
BatchSize = Annotated[int | None, typer.Option(help="Samples in a batch.")]
Seed = Annotated[int, typer.Option(help="Of the split, the initial weights, the batches and the dropout masks.")]
Dtype = Annotated[str, typer.Option(help="float32 or float64.")]
Device = Annotated[str, typer.Option(help="Where PyTorch computes: cpu, cuda, cuda:1, mps.")]


@app.command()
def compare(
    experiment: Name,
    data: DataName = None,
    recipe: RecipeName = None,
    samples: Samples = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    dtype: Dtype = "float32",
    device: Device = "cpu",
) -> None:
    """Prove parity, train in both engines, put scikit-learn beside them, write a report."""
    from isograd.reports.comparing import compare as run_comparison
    from isograd.reports.saving import save as save_comparison

    found = find(experiment)
    comparison = run_comparison(found, Options(data, recipe, samples, epochs, batch_size, seed, dtype, device))
    folder = save_comparison(comparison)
    console = Console()
    console.print(comparison, crop=False)
    console.print("Written:", style="bold")
    for path in sorted(folder.iterdir()):
        print(f"  {path}")
    if not (folder / "curves.png").exists():
        print('  no pictures: matplotlib is not installed (pip install "isograd[report]")')
    if not comparison.passed:
        raise typer.Exit(1)


@app.command()
def train(
    experiment: Name,
    backend: BackendName = "numpy",
    data: DataName = None,
    recipe: RecipeName = None,
    samples: Samples = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    dtype: Dtype = "float32",
    device: Device = "cpu",
) -> None:
    """Train every recipe of an experiment on one backend; keep the weights and the history."""
    from isograd.core.base.atomic import write_atomically
    from isograd.core.graph.files import save
    from isograd.experiments.training import train_recipe
    from isograd.reports.names import figure, report_folder, slug

    found, options = find(experiment), Options(data, recipe, samples, epochs, batch_size, seed, dtype, device)
    prepared, recipes = found.prepare(options, backend)
    print(f"{found.title}, backend {backend}")
    outcomes = {}
    for name, made in recipes.items():
        print(f"\n── {name}\n{made.model.summary()}\n")
        outcome = outcomes[name] = train_recipe(found, made, prepared, options, backend=backend, device=device)
        last = outcome.history.epochs[-1]
        print(f"epoch {last.number}: loss {last.train_loss:.4f}, validation {last.validation_loss:.4f}")
        scores = ", ".join(f"{label} {figure(value)}" for label, value in outcome.scores.items())
        print(f"test: {scores}; trained in {outcome.seconds:.2f} s")
        for title, text in outcome.texts.items():
            print(f"\n{title}:\n{text}")
    folder = report_folder(f"{found.name}-{backend}")
    print("\nWritten:")
    for name, outcome in outcomes.items():
        history = write_atomically(folder / f"history-{slug(name)}.json", outcome.history.to_json().encode())
        place, model = folder / f"{slug(name)}.safetensors", recipes[name].model
        weights = save(place, model, outcome.net.state_dict(), notes=prepared.notes)
        print(f"  {weights}\n  {history}")


@app.command()
def parity(
    experiment: OptionalName = None,
    data: DataName = None,
    recipe: RecipeName = None,
    batch_size: BatchSize = None,
    seed: Seed = 0,
) -> None:
    """Check that both engines compute the same, in an experiment or in every layer case; exit 1 if not."""
    options = Options(data, recipe, batch_size=batch_size, seed=seed)
    reports = [_all_cases()] if experiment is None else _parity_of(find(experiment), options)
    for report in reports:
        print(f"{report}\n")
    passed = all(report.passed for report in reports)
    Console().print("PASSED" if passed else "FAILED", style="bold green" if passed else "bold red")
    if not passed:
        raise typer.Exit(1)


@app.command()
def generate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Weights that isograd train wrote: ….safetensors.")],
    primer: Annotated[str, typer.Option(help="What the network reads first.")] = "\n",
    length: Annotated[int, typer.Option(min=0, help="How many characters it writes.")] = 300,
    temperature: Annotated[float, typer.Option(help="0: always the likeliest; 1: as it has learned.")] = 0.8,
    seed: Annotated[int, typer.Option(help="Of the characters drawn.")] = 0,
    backend: BackendName = "numpy",
    dtype: Dtype = "float64",
) -> None:
    """Let a trained network write on, character by character."""
    from isograd.core.engine.registry import build
    from isograd.text import generate as write
    from isograd.text import saved

    model, weights, vocabulary = saved(file)
    net = build(model, weights, backend=backend, dtype=dtype)
    print(primer + write(net, vocabulary, primer, length, temperature=temperature, seed=seed))


@app.command()
def baselines(
    experiment: Name,
    data: DataName = None,
    recipe: RecipeName = None,
    samples: Samples = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    dtype: Dtype = "float32",
) -> None:
    """Fit an experiment's scikit-learn baselines alone."""
    from isograd.experiments.baselines import estimators, fit
    from isograd.reports.names import figure

    found, options = find(experiment), Options(data, recipe, samples, epochs, batch_size, seed, dtype)
    prepared, recipes = found.prepare(options, "numpy")
    table = Table("recipe", "baseline", *(metric.label for metric in found.metrics), "training time", title=found.title)
    for name, made in recipes.items():
        for key, estimator in estimators(made, options).items():
            fitted = fit(estimator, found, made, prepared, options)
            table.add_row(name, key, *map(figure, fitted.scores.values()), f"{fitted.seconds:.2f} s")
    Console().print(table)


app.command("new")(new_experiment)


def _parity_of(experiment: Experiment, options: Options) -> list[ParityReport]:
    """The parity report of each recipe."""
    from isograd.reports.comparing import parity_of

    prepared, recipes = experiment.prepare(options, "numpy")
    return [parity_of(recipe, prepared, options) for recipe in recipes.values()]


def _all_cases() -> ParityReport:
    """The parity report of every layer, loss, optimizer, schedule and initial law."""
    from isograd.core.parity.suite import check_all_cases

    return check_all_cases()


def main(*first: str) -> None:
    """Run the command line, `first` put before its arguments. An IsogradError prints its text and exits 2."""
    try:
        app([*first, *sys.argv[1:]])
    except IsogradError as error:
        Console(stderr=True).print(Text(str(error), style="red"), soft_wrap=True)
        raise SystemExit(2) from None
