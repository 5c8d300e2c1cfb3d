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
SAME_CLASSES = "equal predicted classes"
WIDTH = 100  # of report.txt


@dataclass(frozen=True)
class Compared:
    """One recipe: its parity report (None: one engine alone), the engines' outcomes by title, and the baselines'.

    `same_texts`: what each engine writes with the first one's trained weights in float64, where the experiment has
    texts.
    """

    recipe: Recipe
    parity: ParityReport | None
    engines: dict[str, Outcome]
    baselines: dict[str, Baseline]
    same_texts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The engine that the others are held against, and whose mistakes, maps and codes are shown."""
        return next(iter(self.engines))

    @property
    def columns(self) -> dict[str, Outcome | Baseline]:
        """The engines, then the baselines."""
        return {**self.engines, **self.baselines}

    def differences(self) -> dict[str, dict[str, float]]:
        """{other engine: {what: how far its final weights and predictions are from the first one's}}"""
        first, *others = self.engines
        return {other: self._apart(self.engines[other], self.engines[first]) for other in others}

    def _apart(self, one: Outcome, other: Outcome) -> dict[str, float]:
        ours, theirs = one.net.state_dict(), other.net.state_dict()
        found = {"max |Δw|": max(_largest(ours[path] - theirs[path]) for path in ours)}
        if self.recipe.classifies:
            same = self.recipe.classes_of(one.predictions) == self.recipe.classes_of(other.predictions)
            return found | {SAME_CLASSES: float(np.mean(same))}
        return found | {"max |Δprediction|": _largest(one.predictions - other.predictions)}

    def table(self) -> Table:
        """Rows: the metrics and the training time; columns: the engines, the baselines and published results.

        No figure is broken or cut: a table of many engines is wider than a narrow terminal.
        """
        published = self.recipe.published
        rows = [
            [label, *(figure(column.scores[label]) for column in self.columns.values())]
            + [figure(scores[label]) if label in scores else "" for scores in published.values()]
            for label in self.engines[self.first].scores
        ]
        rows.append(["training time", *(f"{column.seconds:.2f} s" for column in self.columns.values())])
        heads = [re.sub("[ :]", "\n", title) for title in self.engines]
        heads += [_broken(name) for name in (*self.baselines, *published)]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("on the test part", min_width=max(len(label) for label, *_ in rows))
        for k, head in enumerate(heads):
            widest = max(map(len, [*head.split("\n"), *(row[k + 1] for row in rows if k + 1 < len(row))]))
            style = "bold" if k < len(self.engines) else ""
            table.add_column(head, justify="right", style=style, min_width=widest)
        for row in rows:
            table.add_row(*row)
        return table

    def told(self) -> list[Text]:
        """The differences, a line for each engine that is held against the first."""
        count = self.recipe.classes_of(self.engines[self.first].predictions).size if self.recipe.classifies else 0
        lines = []
        for other, apart in self.differences().items():
            figures = (
                f"{what} = " + (f"{round(value * count):,} of {count:,}" if what == SAME_CLASSES else f"{value:.1e}")
                for what, value in apart.items()
            )
            lines.append(Text(f"{other} against {self.first} at the end: {'   '.join(figures)}"))
        return lines


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; prints as its report."""

    experiment: Experiment
    options: Options
    prepared: Prepared
    backends: dict[str, str]  # {title: name}
    recipes: dict[str, Compared]

    @property
    def passed(self) -> bool | None:
        """Whether every recipe's parity was proven; None for one engine, of which nothing can be proven."""
        reports = [compared.parity for compared in self.recipes.values()]
        return None if None in reports else all(report is not None and report.passed for report in reports)

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
        alike = "All engines start from the same weights, see the same batches and drop the same units. "
        chaos = (
            "A high learning rate can drive even correct trainings apart by rounding alone: "
            "parity is judged by its report, not by final weights. "
        )
        times = "Every fit runs on one CPU thread; the engines' times include their validations. "
        several = len(self.backends) > 1
        note = alike * several + times + chaos * several + self.experiment.note
        yield Text(f"\n{note.rstrip()}\n", style="dim")

    def _section(self, name: str, compared: Compared) -> Group:
        recipe, parity = compared.recipe, compared.parity
        carried = "" if recipe.carry is None else f", state carried: {recipe.carry}"
        proof = (
            f"no parity: it needs two engines, and this is {compared.first} alone" if parity is None else str(parity)
        )
        return Group(
            Text(f"\n── {name}", style="bold cyan"),
            Text(f"{recipe.loss!r}, {recipe.optimizer!r}, {recipe.schedule!r}", style="dim"),
            Text(
                f"{recipe.epochs} epoch{'s' * (recipe.epochs > 1)}, batches of {recipe.batch_size}{carried}\n",
                style="dim",
            ),
            Text(proof, style="red" if parity and not parity.passed else "", no_wrap=True, overflow="ignore"),
            compared.table(),
            *compared.told(),
            *written.lines({title: o.texts for title, o in compared.engines.items()}, compared.same_texts),
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
            "engines": self.backends,
            "passed": self.passed,
            "recipes": {name: self._record(compared) for name, compared in self.recipes.items()},
        }
        return json.dumps(record, indent=1)

    @staticmethod
    def _record(compared: Compared) -> dict[str, Any]:
        return {
            "recipe": compared.recipe.to_dict(),
            "parity": None if compared.parity is None else json.loads(compared.parity.to_json()),
            "results": {name: {"seconds": c.seconds, "metrics": c.scores} for name, c in compared.columns.items()},
            "differences": compared.differences(),
            "texts": {engine: outcome.texts for engine, outcome in compared.engines.items()},
            "texts of equal weights in float64": compared.same_texts,
        }


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _broken(name: str) -> str:
    """HistGradientBoosting over three lines, so that a table of five columns fits a terminal."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "\n", name)
