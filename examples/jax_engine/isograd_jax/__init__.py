"""An engine for isograd: the formulas of its layers, computed by jax.numpy and differentiated by JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

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
from isograd_jax.learner import clipped, loss_value
from isograd_jax.namespace import exact
from isograd_jax.network import JaxNetwork


class JaxBackend:
    """Builds networks that JAX computes, on the device that JAX chooses; it has no options."""

    name, title = "jax", "JAX"

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> JaxNetwork:
        if options:
            raise BackendError(
                'backend="jax"',
                wanted="no options",
                got=", ".join(f"{key}={value!r}" for key, value in options.items()),
                fix="drop it",
            )
        return JaxNetwork(model, state, seed=seed, dtype=dtype)

    def source(self, description: Description) -> str:
        if isinstance(description, CustomFunction):
            return f"{description.place()}, on JAX's arrays"
        return f"the formula of {type(description).__name__} in core/parity/formulas/, on the arrays of isograd_jax"

    @exact()
    def evaluate_loss(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> tuple[Array, Array]:
        value, pullback = jax.vjp(lambda p: loss_value(loss, p, target), prediction)
        (gradient,) = pullback(np.broadcast_to(dy.astype(prediction.dtype), value.shape))
        return np.asarray(value), np.asarray(gradient)

    @exact()
    def clip_gradients(self, clip: Clipping, gradients: State) -> State:
        return clipped(clip, gradients)

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Sequence[float] = ()) -> list[float]:
        return [schedule.seeing(measured[:t], t, total, lr) for t in range(total)]

    def draw(self, law: Initializer, shape: Shape, fans: Fans, seed: int) -> Array:
        return law.draw(generator(seed, "init"), shape, fans)
