"""What a comparison found, and how it is told."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from isograd.experiments.baselines import Baseline
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.experiments.training import Outcome
from isograd.reports import written
from isograd.reports.names import figure

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport

Column = TypeVar("Column", Outcome, Baseline)

ENGINES = {"NumPy": "numpy", "PyTorch": "torch"}

WIDTH = 100  # of report.txt


@dataclass(frozen=True)
class Compared:
    """One recipe: its parity report, both engines' outcomes, and the baselines'.

    `same_texts`: what each engine writes with NumPy's trained weights in float64, where the experiment has texts.
    """

    recipe: Recipe
    parity: ParityReport
    engines: dict[str, Outcome]
    baselines: dict[str, Baseline]
    same_texts: dict[str, dict[str, str]] = field(default_factory=dict)

    def differences(self) -> dict[str, float]:
        """How far the engines' final weights and predictions are apart."""
        one, other = self.engines.values()
        ours, theirs = one.net.state_dict(), other.net.state_dict()
        found = {"max |Δw|": max(_largest(ours[path] - theirs[path]) for path in ours)}
        if self.recipe.classifies:
            same = self.recipe.classes_of(one.predictions) == self.recipe.classes_of(other.predictions)
            return found | {"equal predicted classes": float(np.mean(same))}
        return found | {"max |Δprediction|": _largest(one.predictions - other.predictions)}

    def table(self) -> Table:
        """Rows: the metrics and the training time; columns: the engines, the baselines and published results."""
        columns: dict[str, Outcome | Baseline] = {**self.engines, **self.baselines}
        published = self.recipe.published
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("on the test part")
        for name in (*columns, *published):
            table.add_column(_broken(name), justify="right", style="bold" if name in self.engines else "")
        for label in next(iter(columns.values())).scores:
            told = [figure(scores[label]) if label in scores else "" for scores in published.values()]
            table.add_row(label, *(figure(column.scores[label]) for column in columns.values()), *told)
        table.add_row("training time", *(f"{column.seconds:.2f} s" for column in columns.values()))
        return table


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; prints as its report."""

    experiment: Experiment
    options: Options
    prepared: Prepared
    recipes: dict[str, Compared]

    @property
    def passed(self) -> bool:
        """Whether every recipe's parity was proven."""
        return all(compared.parity.passed for compared in self.recipes.values())

    @property
    def title(self) -> str:
        """The experiment's, with the name of the data set where there are several."""
        names = list(self.experiment.data)
        return self.experiment.title + (f" ({self.options.data or names[0]})" if len(names) > 1 else "")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        splits = self.prepared.splits
        yield Text(self.title, style="bold")
        yield Text(
            f"{len(splits.train)} samples to train on, {len(splits.validation)} to validate, "
            f"{len(splits.test)} to test; seed {self.options.seed}, {self.options.dtype}"
        )
        for name, compared in self.recipes.items():
            yield self._section(name, compared)
        yield Text(
            "\nBoth engines start from the same weights, see the same batches and drop the same units. "
            "Every fit runs on one CPU thread; the engines' times include their validations. "
            "A high learning rate can drive even correct trainings apart by rounding alone: "
            f"parity is judged by its report, not by final weights. {self.experiment.note}\n",
            style="dim",
        )

    def _section(self, name: str, compared: Compared) -> Group:
        recipe, differences = compared.recipe, compared.differences()
        apart = "   ".join(f"{what} = {_told(what, value, compared)}" for what, value in differences.items())
        carried = "" if recipe.carry is None else f", state carried: {recipe.carry}"
        colour = "" if compared.parity.passed else "red"
        return Group(
            Text(f"\n── {name}", style="bold cyan"),
            Text(f"{recipe.loss!r}, {recipe.optimizer!r}, {recipe.schedule!r}", style="dim"),
            Text(
                f"{recipe.epochs} epoch{'s' * (recipe.epochs > 1)}, batches of {recipe.batch_size}{carried}\n",
                style="dim",
            ),
            Text(str(compared.parity), style=colour, no_wrap=True, overflow="ignore"),
            compared.table(),
            Text(f"NumPy against PyTorch at the end: {apart}"),
            *written.lines({e: o.texts for e, o in compared.engines.items()}, compared.same_texts),
        )

    def __str__(self) -> str:
        console = Console(file=StringIO(), width=WIDTH, color_system=None)
        console.print(self, crop=False)
        text: str = console.file.getvalue()  # type: ignore[attr-defined]
        return text

    def to_json(self) -> str:
        """Everything in the report, and the recipes' full descriptions."""
        record = {
            "experiment": self.experiment.name,
            "title": self.title,
            "options": asdict(self.options),
            "passed": self.passed,
            "recipes": {name: self._record(compared) for name, compared in self.recipes.items()},
        }
        return json.dumps(record, indent=1)

    @staticmethod
    def _record(compared: Compared) -> dict[str, Any]:
        columns: dict[str, Outcome | Baseline] = {**compared.engines, **compared.baselines}
        return {
            "recipe": compared.recipe.to_dict(),
            "parity": json.loads(compared.parity.to_json()),
            "results": {name: {"seconds": c.seconds, "metrics": c.scores} for name, c in columns.items()},
            "differences": compared.differences(),
            "texts": {engine: outcome.texts for engine, outcome in compared.engines.items()},
            "texts of equal weights in float64": compared.same_texts,
        }


def _told(what: str, value: float, compared: Compared) -> str:
    if what == "equal predicted classes":
        count = compared.recipe.classes_of(next(iter(compared.engines.values())).predictions).size
        return f"{round(value * count):,} of {count:,}"
    return f"{value:.1e}"


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _broken(name: str) -> str:
    """HistGradientBoosting over three lines, so that a table of five columns fits a terminal."""
    return name if name in ENGINES else re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "\n", name)
