"""An experiment: data, recipes to train on it, and what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Shape
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import float_dtype
from isograd.core.learning.metrics import Metric
from isograd.experiments.kinds import check_counts, check_kinds, each, is_a, maybe
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe


@dataclass(frozen=True)
class Options:
    """What a command line may change, each with what its help says; None leaves what the experiment says."""

    data: Annotated[str | None, "Which of the experiment's data sets; its first unless given."] = None
    recipe: Annotated[str | None, "Which of its recipes; all unless given."] = None
    samples: Annotated[int | None, "At most so many in each part: a quick look at a large data set."] = None
    epochs: Annotated[int | None, "Passes over the training part."] = None
    batch_size: Annotated[int | None, "Samples in a batch."] = None
    seed: Annotated[int, "Of the split, the initial weights, the batches and the dropout masks."] = 0
    dtype: Annotated[str, "float32 or float64."] = "float32"
    device: Annotated[
        str, "Where engines that have devices (torch) train: cpu, cuda, cuda:1, mps. Refused where no engine has any."
    ] = "cpu"

    def __post_init__(self) -> None:
        name, perhaps = ("a name", is_a(str)), ("a name", maybe(is_a(str)))
        check_kinds(self, data=perhaps, recipe=perhaps, device=name, dtype=name)
        check_counts(self, *(n for n in ("samples", "epochs", "batch_size") if getattr(self, n) is not None), "seed")


def _are_functions(data: object) -> bool:
    return isinstance(data, Mapping) and bool(data) and all(map(callable, data.values()))


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

    def __post_init__(self) -> None:
        check_kinds(
            self,
            name=("a name", lambda name: isinstance(name, str) and bool(name)),
            title=("a text", is_a(str)),
            data=("functions of (seed, backend) by name", _are_functions),
            recipes=("a function of an input's shape", callable),
            metrics=("a tuple of metrics", each(is_a(Metric))),
            note=("a text", is_a(str)),
            classes=("a tuple of names", each(is_a(str))),
            texts=("a function of (net, prepared, options)", callable),
        )

    def prepare(self, options: Options, backend: str) -> tuple[Prepared, dict[str, Recipe]]:
        """The data and the recipes, with the options put in."""
        float_dtype(options.dtype)
        name = options.data or next(iter(self.data))
        self._check_name("data", name, self.data)
        numbers = {"epochs": options.epochs, "batch_size": options.batch_size, "samples": options.samples}
        for option, number in numbers.items():
            if number is not None and number < 1:
                raise SpecError(
                    f"{self.name}: {option}={number}", wanted="1 or more", got=f"{number}", fix=f"{option}=1"
                )
        if options.seed < 0:
            raise SpecError(
                f"{self.name}: seed={options.seed}", wanted="0 or more", got=f"{options.seed}", fix="seed=0"
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
