"""The from-scratch engine: every forward and every hand-derived gradient, in NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.memory import keep_freed_memory
from isograd.backends.numpy_impl.network import NumpyNetwork
from isograd.backends.numpy_impl.program import Program
from isograd.backends.numpy_impl.tables import AS_THE_BOOK, STANDARD, Tables
from isograd.core.base.description import Description
from isograd.core.base.errors import BackendError
from isograd.core.base.initializers import Fans, Initializer
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Shape, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomFunction
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping
from isograd.core.learning.schedules import Schedule


class NumpyBackend:
    """Builds NumPy networks that compute with `tables`. Options: threads=1, those of BLAS while they compute.

    An engine on tables of one's own takes a `name` and a `title` of its own, by which comparisons tell it from others.
    """

    def __init__(self, tables: Tables = STANDARD, *, name: str = "numpy", title: str = "NumPy") -> None:
        self.tables, self.name, self.title = tables, name, title

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> NumpyNetwork:
        threads = options.pop("threads", 1)
        fixed = {"device": "cpu", "shared_randomness": True}  # what other backends let one choose
        wrong = {k: v for k, v in options.items() if k not in fixed or v != fixed[k]}
        if wrong:
            got = ", ".join(f"{k}={v!r}" for k, v in wrong.items())
            raise BackendError(
                f'backend="{self.name}"',
                wanted="no options but threads=",
                got=got,
                fix='drop it, or use backend="torch"',
            )
        keep_freed_memory()
        return NumpyNetwork(
            model, state, seed=seed, dtype=dtype, tables=self.tables, backend=self.name, threads=threads
        )

    def source(self, description: Description) -> str:
        if isinstance(description, CustomFunction):
            return f"{description.place()}, differentiated by backends/numpy_impl/autodiff.py"
        kind = type(description)
        function = next((table[kind] for table in self.tables if kind in table), None)
        if function is None and isinstance(description, Composite):
            function = Program
        if function is None:
            return f"{kind.__name__}, which numpy_impl lacks"
        name = getattr(function, "__name__", type(function).__name__)  # an object that is called has its kind's
        return f"`{name}` in {function.__module__.removeprefix('isograd.').replace('.', '/')}.py"

    def evaluate_loss(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> tuple[Array, Array]:
        value, backward = self.tables.losses[type(loss)](loss, prediction, target)
        return value, backward(dy)

    def target_gradient(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> Array:
        found: Array = self.tables.targets[type(loss)](loss, prediction, target)(dy)
        return found

    def clip_gradients(self, clip: Clipping, gradients: State) -> State:
        found: State = self.tables.clippings[type(clip)](clip, gradients)
        return found

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Sequence[float] = ()) -> list[float]:
        return [schedule.seeing(measured[:t], t, total, lr) for t in range(total)]

    def draw(self, law: Initializer, shape: Shape, fans: Fans, seed: int) -> Array:
        return law.draw(generator(seed, "init"), shape, fans)


class ReferenceBackend(NumpyBackend):
    """The NumPy engine in the form of the book (Weidman 2019) where there is one (`reference/`): slow, to be read."""

    def __init__(self) -> None:
        super().__init__(AS_THE_BOOK, name="numpy_reference", title="NumPy reference")
