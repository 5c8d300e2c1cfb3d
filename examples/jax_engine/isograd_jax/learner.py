"""What trains a network that JAX computes: forward, loss, vector-Jacobian product, clip, update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np

from isograd.core.base.types import Array, Arrays, MaybeArrays, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.batches import BatchCheck, aligned, first_nonfinite, mean_loss
from isograd.core.engine.carry import Carrying, carried_name, carried_of
from isograd.core.engine.pairing import gathered
from isograd.core.engine.protocol import Network
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.formulas import CLIPPING_FORMULAS, LOSS_FORMULAS, OPTIMIZER_FORMULAS
from isograd_jax.namespace import ARRAYS, exact

Pullback = Callable[[Any], tuple[MaybeArrays, State]]


class Trainable(Network, Protocol):
    """What a learner needs of a network beside the protocol."""

    state: State
    weight_paths: tuple[str, ...]

    def differentiated(
        self, function: Callable[[tuple[Any, ...]], Any], inputs: Sequence[Array], training: bool
    ) -> tuple[Any, Pullback, State, Arrays]:
        """(function(outputs), dy ↦ (dx, dw), new values of buffers, outputs)"""

    def outputs(self, inputs: Sequence[Array]) -> Arrays:
        """The outputs in evaluation mode."""

    def keep(self, values: State) -> None:
        """Take over new values of buffers, or of weights."""


def clipped(clipping: Clipping, gradients: State) -> State:
    """What the clipping's formula makes of the gradients."""
    made = CLIPPING_FORMULAS[type(clipping)](clipping, ARRAYS, gradients)
    return {path: np.asarray(g) for path, g in made.items()}


def loss_value(loss: Loss, prediction: Any, target: Array) -> Any:
    """The loss by its formula: whole numbers are labels to a loss over classes, values to every other."""
    labels = loss.labels and target.dtype.kind in "iu"
    t = target if labels else target.astype(prediction.dtype)
    return LOSS_FORMULAS[type(loss)](loss, ARRAYS, prediction, t)


class JaxLearner:
    """A network, its losses and its optimizer, and the states that wait for the next batch."""

    def __init__(
        self,
        net: Trainable,
        losses: Losses,
        optimizer: Optimizer,
        clipping: Clipping | None,
        carrying: Carrying | None,
    ) -> None:
        self.net, self.losses, self.optimizer, self.clipping = net, losses, optimizer, clipping
        self.carrying = carrying
        self.held: Arrays = ()
        self.check = BatchCheck(net.model, losses, carrying)
        self.t = 0
        self.slots: dict[str, State] = {path: {} for path in net.weight_paths}

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update; a batch that cannot be learned from changes nothing."""
        loss, _, grads, buffers, outputs = self._gradients(inputs, targets)
        self.net.keep(buffers)
        self._update(grads, lr)
        self.held = () if self.carrying is None else self.carrying.kept(outputs)
        return loss

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, weight gradients after clipping), in training mode; nothing is changed."""
        return self._gradients(inputs, targets)[:3]

    @exact()
    def _gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State, State, Arrays]:
        """(loss, input gradients, weight gradients after clipping, new values of buffers, outputs)"""
        targets = self.check(inputs, targets)
        x = self._fed(inputs, self.held)

        def total(y: tuple[Any, ...]) -> Any:
            return sum(self.values(y, targets))

        value, pullback, buffers, outputs = self.net.differentiated(total, x, training=True)
        if not isfinite(loss := float(value)):
            raise first_nonfinite(self.net, x, targets, loss)
        dx, grads = pullback(np.ones_like(value))
        if self.clipping is not None:
            grads = clipped(self.clipping, grads)
        return loss, dx, grads, buffers, outputs

    def values(self, outputs: Sequence[Any], targets: Arrays) -> list[Any]:
        """The loss of each output that is trained on."""
        predictions = gathered(self.losses, outputs, partial(jnp.stack, axis=1))
        pairs = zip(self.losses, predictions, aligned(self.losses, targets), strict=True)
        return [loss_value(loss, y, t) for loss, y, t in pairs if loss is not None and t is not None]

    @exact()
    def _update(self, grads: State, lr: float) -> None:
        """The optimizer's formula, weight by weight."""
        self.t += 1
        formula = OPTIMIZER_FORMULAS[type(self.optimizer)]
        for path, g in grads.items():
            w = jnp.asarray(self.net.state[path])
            w, slots = formula(self.optimizer, ARRAYS, lr, self.t, w, g, self.slots[path])
            self.net.keep({path: w})
            self.slots[path] = {slot: np.asarray(values) for slot, values in slots.items()}
        self.net.at_step(self.t)

    def _fed(self, inputs: Arrays, held: Arrays) -> Arrays:
        """The inputs and, where states are carried, the states after them."""
        return inputs if self.carrying is None else self.carrying.fed(inputs, held, self.net.dtype)

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of `order`, yielding its loss."""
        for k, rows in enumerate(order):
            yield self.step(*data.batch(rows), lr(k))

    @exact()
    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) in evaluation mode."""
        pieces = []
        held: Arrays = ()
        for inputs, targets in map(data.batch, order):
            targets = self.check(inputs, targets)
            outputs = self.net.outputs(self._fed(inputs, held))
            held = () if self.carrying is None else self.carrying.kept(outputs)
            pieces.append((list(map(float, self.values(outputs, targets))), outputs, targets))
        return mean_loss(self.losses, pieces)

    def reset_state(self) -> None:
        """Let the next batch start from states of zeros."""
        self.held = ()

    def state_dict(self) -> State:
        """{"step": t, "slot/weight path": array, "carried/k": array}; no slots before the first step."""
        slots = {f"{slot}/{path}": v.copy() for path, slots in self.slots.items() for slot, v in slots.items()}
        return {"step": np.asarray(self.t), **slots, **{carried_name(k): h.copy() for k, h in enumerate(self.held)}}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a memory that `state_dict` gave, of this or another backend."""
        self.t = int(state["step"])
        self.net.at_step(self.t)
        for path in self.slots:
            memory = self.optimizer.memory(self.net.state[path].shape) if self.t else {}
            fresh = {name: np.full(*slot, self.net.dtype) for name, slot in memory.items()}  # where no gradient came
            self.slots[path] = {name: np.array(state.get(f"{name}/{path}", v)) for name, v in fresh.items()}
        self.held = tuple(np.array(h, self.net.dtype) for h in carried_of(state))
