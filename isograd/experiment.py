"""An experiment: data, recipes to train on it, and what is measured. Run on one backend here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

from isograd.core.backend import Network, build
from isograd.core.batches import check_batch
from isograd.core.composite import Composite
from isograd.core.data.prepare import Splits, Standardizer
from isograd.core.errors import FileError, SpecError
from isograd.core.losses import ClassLoss, Loss
from isograd.core.metrics import Metric
from isograd.core.optimizers import Clipping, Optimizer
from isograd.core.randomness import batch_order
from isograd.core.schedules import ConstantLR, Schedule
from isograd.core.training.history import History
from isograd.core.types import Array, Shape
from isograd.trainer import Trainer


@dataclass(frozen=True)
class Options:
    """What a command line may change; None leaves what the experiment says."""

    data: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    dtype: str = "float32"
    device: str = "cpu"


@dataclass(frozen=True)
class Recipe:
    """One model and the way to train it.

    `baselines(recipe, seed)` gives unfitted scikit-learn estimators by name; it imports them itself.
    """

    model: Composite
    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int
    schedule: Schedule = field(default_factory=ConstantLR)
    clip: Clipping | None = None
    baselines: Callable[[Recipe, int], Mapping[str, Any]] = lambda recipe, seed: {}

    @property
    def classifies(self) -> bool:
        """Whether predictions are scores of classes, to be read by their largest entry."""
        return isinstance(self.loss, ClassLoss)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON records."""
        parts = {
            "model": self.model,
            "loss": self.loss,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }
        records = {name: part.to_dict() for name, part in parts.items()}
        clip = self.clip.to_dict() if self.clip else None
        return {**records, "clip": clip, "epochs": self.epochs, "batch_size": self.batch_size}


@dataclass(frozen=True)
class Prepared:
    """Data ready to train on. `target_scale` leads standardised targets back to their own units."""

    splits: Splits
    target_scale: Standardizer | None = None

    @property
    def input_shape(self) -> Shape:
        return self.splits.train.inputs[0].shape[1:]

    @property
    def test_targets(self) -> Array:
        """In their own units."""
        return self.restored(self.splits.test.targets[0])

    def restored(self, values: Array) -> Array:
        """Targets or predictions in their own units."""
        return self.target_scale.inverse(values.astype(np.float64)) if self.target_scale else values

    def batch(self, size: int, seed: int) -> tuple[Array, Array]:
        """The first batch that a trainer with this seed sees."""
        train = self.splits.train
        order = batch_order(len(train), size, seed=seed, epoch=0, shuffle=True, drop_last=False)
        (x,), (y,) = train.batch(order[0])
        return x, y


@dataclass(frozen=True)
class Experiment:
    """Data sets by name, each a function of (seed, backend), the first the default; recipes by name for
    inputs of a shape; metrics, taken on the test part in the targets' own units."""

    name: str
    title: str
    data: Mapping[str, Callable[[int, str], Prepared]]
    recipes: Callable[[Shape], Mapping[str, Recipe]]
    metrics: tuple[Metric, ...]
    note: str = ""

    def prepare(self, options: Options, backend: str) -> tuple[Prepared, dict[str, Recipe]]:
        """The data and the recipes, with the options put in."""
        name = options.data or next(iter(self.data))
        if name not in self.data:
            raise SpecError(
                f"{self.name}: data={name!r}", wanted=f"one of {', '.join(self.data)}", got=repr(name),
                fix="name one of them",
            )  # fmt: skip
        changes = {"epochs": options.epochs, "batch_size": options.batch_size}
        for option, number in changes.items():
            if number is not None and number < 1:
                raise SpecError(
                    f"{self.name}: {option}={number}", wanted="1 or more", got=f"{number}", fix=f"{option}=1"
                )
        prepared = self.data[name](options.seed, backend)
        given: dict[str, Any] = {option: number for option, number in changes.items() if number is not None}
        recipes = {key: replace(recipe, **given) for key, recipe in self.recipes(prepared.input_shape).items()}
        return prepared, recipes

    def scores(self, predictions: Array, prepared: Prepared) -> dict[str, float]:
        """{metric label: value} of predictions for the test part."""
        return {metric.label: metric.value(predictions, prepared.test_targets) for metric in self.metrics}


@dataclass(frozen=True)
class Outcome:
    """A trained network, and how it came out on the test part."""

    net: Network
    history: History
    seconds: float  # of the fit, its validations included
    predictions: Array  # for the test part, in the targets' own units
    scores: dict[str, float]


def run(
    experiment: Experiment,
    recipe: Recipe,
    prepared: Prepared,
    options: Options,
    *,
    backend: str,
    **build_options: Any,
) -> Outcome:
    """Train one recipe on one backend, then measure it on the test part."""
    net = build(recipe.model, backend=backend, seed=options.seed, dtype=options.dtype, **build_options)
    trainer = Trainer(
        net, loss=recipe.loss, optimizer=recipe.optimizer, schedule=recipe.schedule, clip=recipe.clip,
        metrics=() if prepared.target_scale else experiment.metrics,  # they would be in scaled units
    )  # fmt: skip
    splits = prepared.splits
    check_batch(recipe.model, trainer.losses, splits.test.inputs, splits.test.targets)
    started = perf_counter()
    history = trainer.fit(
        splits.train, validation=splits.validation, epochs=recipe.epochs, batch_size=recipe.batch_size
    )
    seconds = perf_counter() - started
    predictions = prepared.restored(net.predict(splits.test.inputs[0]))
    return Outcome(net, history, seconds, predictions, experiment.scores(predictions, prepared))


def find(name_or_path: str) -> Experiment:
    """A built-in experiment by name, or the EXPERIMENT of a Python file."""
    path = Path(name_or_path)
    if path.suffix == ".py":
        found = getattr(_module_of(path), "EXPERIMENT", None)
        if not isinstance(found, Experiment):
            raise SpecError(
                str(path), wanted="EXPERIMENT = isograd.experiment.Experiment(…) in the file",
                got=type(found).__name__ if found is not None else "none", fix="see examples/digits_mlp.py",
            )  # fmt: skip
        return found
    names = built_in()
    if name_or_path not in names:
        raise SpecError(
            f"experiment {name_or_path!r}",
            wanted=f"one of {', '.join(names)}, or a .py file",
            got=repr(name_or_path),
            fix="name one of them",
        )
    made: Experiment = import_module(f"isograd.examples.{name_or_path}").EXPERIMENT
    return made


def built_in() -> list[str]:
    """The names of the experiments among isograd's examples."""
    package = import_module("isograd.examples")
    modules = [info.name for info in iter_modules(package.__path__)]
    return [name for name in modules if hasattr(import_module(f"isograd.examples.{name}"), "EXPERIMENT")]


def _module_of(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileError(
            f"experiment {str(path)!r}",
            wanted=f"the file {path.absolute()}",
            got="no such file",
            fix="mend the path",
        )
    spec = spec_from_file_location(f"isograd_experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
