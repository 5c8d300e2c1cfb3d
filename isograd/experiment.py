"""An experiment: data, recipes to train on it, and what is measured. Run on one backend here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

from isograd.core.backend import Losses, Network, build
from isograd.core.batches import check_batch
from isograd.core.carry import Carry
from isograd.core.composite import Composite
from isograd.core.data.dataset import Dataset, Rowed, Selected, first, for_epoch, whole
from isograd.core.data.prepare import Splits, Standardizer
from isograd.core.errors import FileError, SpecError
from isograd.core.losses import ClassLoss, Loss
from isograd.core.metrics import Metric
from isograd.core.optimizers import Clipping, Optimizer
from isograd.core.randomness import batch_order
from isograd.core.schedules import ConstantLR, Schedule
from isograd.core.training.history import History
from isograd.core.types import Array, Arrays, Shape
from isograd.trainer import Trainer


@dataclass(frozen=True)
class Options:
    """What a command line may change; None leaves what the experiment says."""

    data: str | None = None
    recipe: str | None = None
    samples: int | None = None  # at most so many in each part
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    dtype: str = "float32"
    device: str = "cpu"


@dataclass(frozen=True)
class Recipe:
    """One model and the way to train it; `loss` is one for each output, None where one is not trained on.

    `baselines(recipe, seed)` gives unfitted scikit-learn estimators by name; it imports them itself. An
    estimator predicts the trained output (classes, or their scores), or a tuple of all outputs. `published` holds
    results of others: {"the book": {"accuracy": 0.97}}. Of data with several inputs the model takes those at the
    places `inputs` (None: all), the baselines the one at `baseline_input`: numbers as rows, text as it is. `carry`
    as in `ig.Trainer`.
    """

    model: Composite
    loss: Loss | tuple[Loss | None, ...]
    optimizer: Optimizer
    epochs: int
    batch_size: int
    schedule: Schedule = field(default_factory=ConstantLR)
    clip: Clipping | None = None
    carry: Carry | None = None
    baselines: Callable[[Recipe, int], Mapping[str, Any]] = lambda recipe, seed: {}
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    inputs: tuple[int, ...] | None = None
    baseline_input: int = 0

    @property
    def losses(self) -> Losses:
        """One for each output."""
        return self.loss if isinstance(self.loss, tuple) else (self.loss,)

    @property
    def trained(self) -> int:
        """Which output the metrics are about: the first that has a loss."""
        return next(k for k, loss in enumerate(self.losses) if loss is not None)

    @property
    def classifies(self) -> bool:
        """Whether predictions are scores of classes, to be read by their largest entry."""
        return isinstance(self.losses[self.trained], ClassLoss)

    def classes_of(self, scores: Array) -> Array:
        """The class with the largest score, of each prediction of the trained output."""
        loss = self.losses[self.trained]
        assert isinstance(loss, ClassLoss)
        found: Array = scores.argmax(loss.dim)
        return found

    @property
    def encodes(self) -> bool:
        """Whether this is an autoencoder: an encoder and a decoder by these names, outputs reconstruction and code."""
        names = {node.name for node in self.model.graph(*self.model.input_shapes).nodes}
        return {"encoder", "decoder"} <= names and len(self.losses) == 2

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON records."""
        parts = {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "clip": self.clip,
        }
        records = {name: part.to_dict() if part else None for name, part in parts.items()}
        losses = [loss.to_dict() if loss else None for loss in self.losses]
        return {**records, "losses": losses, "carry": self.carry, "epochs": self.epochs, "batch_size": self.batch_size}


@dataclass(frozen=True)
class Prepared:
    """Data ready to train on.

    `target_scale` leads standardised targets back to their own units; `labels` are the test part's classes
    where its targets are something else. `names` tells, of inputs that hold whole numbers, what each stands for.
    `in_time`: a sample is a window of a series, and the next sample the window one step later. `notes` go into the
    files of trained weights.
    """

    splits: Splits[Dataset]
    target_scale: Standardizer | None = None
    labels: Array | None = None
    names: Mapping[int, Sequence[str]] = field(default_factory=dict)
    in_time: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def input_shape(self) -> Shape:
        (x, *_), _ = self.splits.train.batch(np.arange(1))
        return x.shape[1:]

    @cached_property
    def test(self) -> tuple[Arrays, Arrays]:
        """(inputs, targets) of the whole test part."""
        return whole(self.splits.test)

    @cached_property
    def test_targets(self) -> Array:
        """In their own units."""
        return self.restored(self.test[1][0])

    def restored(self, values: Array) -> Array:
        """Targets or predictions in their own units."""
        return self.target_scale.inverse(values.astype(np.float64)) if self.target_scale else values

    def batch(self, size: int, seed: int, *, shuffle: bool = True) -> tuple[Arrays, Arrays]:
        """The first batch that a trainer with this seed sees."""
        train = for_epoch(self.splits.train, 0)
        order = batch_order(len(train), size, seed=seed, epoch=0, shuffle=shuffle, drop_last=False)
        return train.batch(order[0])

    def seen_by(self, recipe: Recipe) -> Prepared:
        """With the inputs that the recipe's model takes, and no others."""
        if recipe.inputs is None:
            return self
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        names = {k: self.names[place] for k, place in enumerate(recipe.inputs) if place in self.names}
        return replace(self, splits=Splits(*(Selected(part, recipe.inputs) for part in parts)), names=names)

    def limited(self, samples: int) -> Prepared:
        """The first samples of each part, at most so many."""
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        cut = [first(part, samples) for part in parts]
        return replace(self, splits=Splits(*cut), labels=None if self.labels is None else self.labels[:samples])


@dataclass(frozen=True)
class Experiment:
    """Data sets by name, each a function of (seed, backend), the first the default; recipes by name for
    inputs of a shape; metrics, taken on the test part in the targets' own units; names of the classes.

    `texts(net, prepared, options)` is what a trained network has to say, by title: the report shows it.
    """

    name: str
    title: str
    data: Mapping[str, Callable[[int, str], Prepared]]
    recipes: Callable[[Shape], Mapping[str, Recipe]]
    metrics: tuple[Metric, ...]
    note: str = ""
    classes: tuple[str, ...] = ()
    texts: Callable[[Network, Prepared, Options], Mapping[str, str]] = lambda net, prepared, options: {}

    def prepare(self, options: Options, backend: str) -> tuple[Prepared, dict[str, Recipe]]:
        """The data and the recipes, with the options put in."""
        name = options.data or next(iter(self.data))
        self._check_name("data", name, self.data)
        numbers = {"epochs": options.epochs, "batch_size": options.batch_size, "samples": options.samples}
        for option, number in numbers.items():
            if number is not None and number < 1:
                raise SpecError(
                    f"{self.name}: {option}={number}", wanted="1 or more", got=f"{number}", fix=f"{option}=1"
                )
        prepared = self.data[name](options.seed, backend)
        if options.samples is not None:
            prepared = prepared.limited(options.samples)
        recipes = dict(self.recipes(prepared.input_shape))
        if options.recipe is not None:
            self._check_name("recipe", options.recipe, recipes)
            recipes = {options.recipe: recipes[options.recipe]}
        given: dict[str, Any] = {k: numbers[k] for k in ("epochs", "batch_size") if numbers[k] is not None}
        return prepared, {key: replace(recipe, **given) for key, recipe in recipes.items()}

    def _check_name(self, option: str, name: str, known: Mapping[str, Any]) -> None:
        if name not in known:
            raise SpecError(
                f"{self.name}: {option}={name!r}",
                wanted=f"one of {', '.join(known)}",
                got=repr(name),
                fix="name one of them",
            )

    def scores(self, predictions: Array, prepared: Prepared) -> dict[str, float]:
        """{metric label: value} of predictions for the test part."""
        return {metric.label: metric.value(predictions, prepared.test_targets) for metric in self.metrics}


@dataclass(frozen=True)
class Outcome:
    """A trained network, and how it came out on the test part."""

    net: Network
    history: History
    seconds: float  # of the fit, its validations included
    outputs: Arrays  # all of the network's
    predictions: Array  # the output that is trained on, in the targets' own units
    scores: dict[str, float]
    texts: dict[str, str]


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
    prepared = prepared.seen_by(recipe)
    net = build(recipe.model, backend=backend, seed=options.seed, dtype=options.dtype, **build_options)
    trainer = Trainer(
        net,
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        clip=recipe.clip,
        metrics=() if prepared.target_scale else experiment.metrics,  # they would be in scaled units
        carry=recipe.carry,
    )
    splits = prepared.splits
    check_batch(recipe.model, trainer.losses, *prepared.test, trainer.carrying)
    started = perf_counter()
    history = trainer.fit(
        splits.train, validation=splits.validation, epochs=recipe.epochs, batch_size=recipe.batch_size
    )
    seconds = perf_counter() - started
    own_rows = recipe.carry is None or isinstance(splits.test, Rowed)
    found = trainer.predict(splits.test, batch_size=None if own_rows else recipe.batch_size)
    outputs = found if isinstance(found, tuple) else (found,)
    predictions = prepared.restored(outputs[recipe.trained])
    scores, texts = experiment.scores(predictions, prepared), dict(experiment.texts(net, prepared, options))
    return Outcome(net, history, seconds, outputs, predictions, scores, texts)


def find(name_or_path: str) -> Experiment:
    """A built-in experiment by name, or the EXPERIMENT of a Python file."""
    path = Path(name_or_path)
    if path.suffix == ".py":
        found = getattr(_module_of(path), "EXPERIMENT", None)
        if not isinstance(found, Experiment):
            raise SpecError(
                str(path),
                wanted="EXPERIMENT = isograd.experiment.Experiment(…) in the file",
                got=type(found).__name__ if found is not None else "none",
                fix="see examples/digits_mlp.py",
            )
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
