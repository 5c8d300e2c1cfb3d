"""Metrics by plain functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, overload

from isograd.core.base.description import REGISTRY, describes
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import Array
from isograd.core.learning.metrics import Metric

Function = Callable[[Array, Array], float]

FUNCTIONS: dict[str, tuple[Function, bool]] = {}
"""The functions that `metric` made metrics, by name, and whether greater is better."""


@describes("metric")
class FunctionMetric(Metric):
    """A metric by a plain function, known by its name: `ig.metric` makes one. A file holds the name alone."""

    function: str = field(kw_only=False)

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise SpecError(
                f"FunctionMetric({shown(self.function)})",
                wanted=f"a function that @ig.metric knows: {', '.join(sorted(FUNCTIONS)) or 'none yet'}",
                got=shown(self.function),
                fix="run its @ig.metric function before reading: a file holds the name alone, never code",
            )

    @property
    def label(self) -> str:  # type: ignore[override]
        return self.function

    @property
    def greater_is_better(self) -> bool:  # type: ignore[override]
        return FUNCTIONS[self.function][1]

    def value(self, prediction: Array, target: Array) -> float:
        return float(FUNCTIONS[self.function][0](prediction, target))


@overload
def metric(function: Function, /) -> FunctionMetric: ...


@overload
def metric(*, greater_is_better: bool = False) -> Callable[[Function], FunctionMetric]: ...


def metric(function: Function | None = None, /, *, greater_is_better: bool = False) -> Any:
    """Make a function of (prediction, target) over a whole data set, which returns a number, a metric of its name.

        @ig.metric(greater_is_better=True)
        def within_one(prediction, target):
            return abs(prediction.ravel() - target.ravel() <= 1).mean()

        ig.Trainer(net, …, metrics=[within_one])

    Decorating a function of the same name again replaces it. Raises SpecError for what is no function with a name, and
    for the name of a built-in metric.
    """
    if function is None:
        return lambda given: metric_of(given, greater_is_better)
    return metric_of(function, greater_is_better)


def metric_of(function: Function, greater_is_better: bool) -> FunctionMetric:
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        fix = "def within_one(prediction, target): …"
        raise SpecError("ig.metric", wanted="a function with a name", got=shown(function), fix=fix)
    taken = [getattr(kind, what, None) for kind in REGISTRY["metric"].values() for what in ("label", "title")]
    if name in (*taken, "loss", "lr", "seconds", "train_loss", "validation_loss"):
        raise SpecError("ig.metric", wanted="a name of its own", got=repr(name), fix="rename the function")
    FUNCTIONS[name] = function, bool(greater_is_better)
    return FunctionMetric(name)
