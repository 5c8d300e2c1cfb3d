"""The main job: parity, then one training in both engines and scikit-learn's baselines, in one report."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text
from threadpoolctl import threadpool_limits

from isograd import baselines, written
from isograd.baselines import Baseline
from isograd.core.backend import get_backend
from isograd.core.carry import Carrying
from isograd.core.files import write_atomically
from isograd.core.randomness import generator
from isograd.experiment import Experiment, Options, Outcome, Prepared, Recipe, run

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

    def save(self, root: str | Path = "runs") -> Path:
        """Write report, histories and, with matplotlib, pictures into a folder of their own; return it."""
        folder = run_folder(self.experiment.name, root)
        write_atomically(folder / "report.txt", str(self).encode())
        write_atomically(folder / "report.json", self.to_json().encode())
        for name, compared in self.recipes.items():
            for engine, outcome in compared.engines.items():
                write_atomically(
                    folder / f"history-{slug(name)}-{engine.lower()}.json", outcome.history.to_json().encode()
                )
        if find_spec("matplotlib") is not None:
            from isograd.pictures import draw

            draw(self, folder)
        return folder


def compare(experiment: Experiment, options: Options | None = None) -> Comparison:
    """Check parity of every recipe on a real batch, then train it in both engines and fit its baselines.

    `options.device` is where PyTorch trains. Raises BackendError, before anything is trained, where
    PyTorch or a baseline's package is not installed.
    """
    options = options or Options()
    for backend in ENGINES.values():
        get_backend(backend)
    prepared, recipes = experiment.prepare(options, "numpy")
    estimators = {name: baselines.estimators(recipe, options) for name, recipe in recipes.items()}
    build_options = {"NumPy": {}, "PyTorch": {"device": options.device, "shared_randomness": True}}
    made: dict[str, Compared] = {}
    with threadpool_limits(limits=1):  # as NumPy's engine; two threads on a busy machine wait for each other
        for name, recipe in recipes.items():
            parity = parity_of(recipe, prepared, options)
            train = partial(run, experiment, recipe, prepared, options)
            engines = {e: train(backend=backend, **build_options[e]) for e, backend in ENGINES.items()}
            fit = partial(baselines.fit, experiment=experiment, recipe=recipe, prepared=prepared, options=options)
            fitted = {key: fit(estimator) for key, estimator in estimators[name].items()}
            same_texts = written.of_equal_weights(engines["NumPy"], experiment, prepared, options, ENGINES)
            columns = _measured(engines, recipe, prepared), _measured(fitted, recipe, prepared)
            made[name] = Compared(recipe, parity, *columns, same_texts)
    return Comparison(experiment, options, prepared, made)


def _measured(columns: dict[str, Column], recipe: Recipe, prepared: Prepared) -> dict[str, Column]:
    """The columns, their scores extended by what an autoencoder's codes tell of the classes."""
    if not recipe.encodes or prepared.labels is None:
        return columns
    from isograd.codes import purities

    return {
        name: replace(column, scores=column.scores | purities(column.outputs[-1], prepared.labels))
        for name, column in columns.items()
    }


def _told(what: str, value: float, compared: Compared) -> str:
    if what == "equal predicted classes":
        count = compared.recipe.classes_of(next(iter(compared.engines.values())).predictions).size
        return f"{round(value * count):,} of {count:,}"
    return f"{value:.1e}"


def parity_of(recipe: Recipe, prepared: Prepared, options: Options) -> ParityReport:
    """The parity report of a recipe on its first training batch; states that it carries are drawn at random."""
    from isograd.core.parity.check import check_parity

    x, y = prepared.seen_by(recipe).batch(recipe.batch_size, options.seed, shuffle=recipe.carry is None)
    carrying = Carrying.of(recipe.model, recipe.losses, recipe.carry)
    if carrying is not None:
        drawn = generator(options.seed, "states")
        x = (*x, *(drawn.uniform(-1, 1, (len(x[0]), *shape)) for shape in carrying.shapes))
    return check_parity(
        recipe.model, x, y, loss=recipe.loss, optimizer=recipe.optimizer, clip=recipe.clip, seed=options.seed
    )


def slug(name: str) -> str:
    """A recipe's name as part of a file's."""
    return re.sub(r"\W+", "-", name)


def run_folder(name: str, root: str | Path = "runs") -> Path:
    """ROOT/name-timestamp, new."""
    folder = Path(root) / f"{name}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    folder.mkdir(parents=True)
    return folder


def figure(value: float) -> str:
    """Four figures, as a person writes them.

    >>> figure(0.97222), figure(43.4567), figure(68123.4)
    ('0.9722', '43.46', '68,123')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _broken(name: str) -> str:
    """HistGradientBoosting over three lines, so that a table of five columns fits a terminal."""
    return name if name in ENGINES else re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "\n", name)
