"""What trains a NumPy network: forward, loss, backward, clip, update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Protocol

import numpy as np

from isograd.backends.numpy_impl.loader import DataLoader, as_inputs, as_targets, compared
from isograd.backends.numpy_impl.tables import Tables
from isograd.core.base.tree import flatten
from isograd.core.base.types import Array, Arrays, Backward, Dtypes, MaybeArrays, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.batches import BatchCheck, aligned, first_nonfinite, mean_loss
from isograd.core.engine.carry import Carrying, carried_name, carried_of
from isograd.core.engine.protocol import Network
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Adagrad, Clipping, Optimizer


class Trainable(Network, Protocol):
    """What a learner needs of a NumPy network beside the protocol."""

    state: State
    run_step: int
    weight_paths: tuple[str, ...]
    input_dtypes: Dtypes
    tables: Tables

    def compute(self, x: Arrays, training: bool, *, needs_dx: bool = True) -> tuple[Any, Backward, State]:
        """(outputs, backward, new values of buffers)"""

    def keep(self, buffers: State) -> None:
        """Take over buffers."""


BLOCK = 1 << 17  # entries updated at a time: a block of weight, gradient and slots stays in cache


class NumpyLearner:
    """A NumPy network, its losses and its optimizer, and the states that wait for the next batch."""

    def __init__(
        self,
        net: Trainable,
        losses: Losses,
        optimizer: Optimizer,
        clipping: Clipping | None,
        carrying: Carrying | None = None,
    ) -> None:
        self.net, self.losses, self.optimizer, self.clipping = net, losses, optimizer, clipping
        self.carrying = carrying
        self.held: Arrays = ()
        self.check = BatchCheck(net.model, losses, carrying)
        self.t = 0
        self.slot_start = optimizer.initial_accumulator_value if isinstance(optimizer, Adagrad) else 0.0
        self.slots = {
            path: {slot: np.full_like(net.state[path], self.slot_start) for slot in optimizer.slots}
            for path in net.weight_paths
        }
        self.blocks = {path: list(blocks(net.state[path], self.slots[path])) for path in net.weight_paths}

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update; a batch that cannot be learned from changes nothing."""
        self.net.run_step = self.t
        loss, _, grads, buffers, outputs = self._gradients(inputs, targets, needs_dx=False)
        self.net.keep(buffers)
        self._update(grads, lr)
        if self.carrying is not None:
            self.held = self.carrying.kept(outputs)
        return loss

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, weight gradients after clipping), in training mode; nothing is changed."""
        loss, dx, grads, _, _ = self._gradients(inputs, targets, needs_dx=True)
        return loss, dx if isinstance(dx, tuple) else (dx,), grads

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")  # a loss that is no number is told below
    def _gradients(self, inputs: Arrays, targets: Arrays, *, needs_dx: bool) -> tuple[float, Any, State, State, Arrays]:
        """(loss, input gradients, weight gradients after clipping, new values of buffers, outputs)"""
        self.check(inputs, targets)
        if self.carrying is not None:
            inputs = self.carrying.fed(inputs, self.held, self.net.dtype)
        x, t = as_inputs(inputs, self.net.input_dtypes), as_targets(targets, self.net.dtype)
        y, backward, buffers = self.net.compute(x, training=True, needs_dx=needs_dx)
        outputs = y if isinstance(y, tuple) else (y,)
        total, dys = 0.0, []
        for spec, prediction, target in zip(self.losses, outputs, aligned(self.losses, t), strict=True):
            if spec is None:
                dys.append(np.zeros_like(prediction))
                continue
            value, back = self.net.tables.losses[type(spec)](spec, prediction, compared(spec, target, prediction.dtype))
            total += float(value)
            dys.append(back(self.net.dtype.type(1)))
        if not isfinite(total):
            raise first_nonfinite(self.net, inputs, targets, total)
        dx, tree = backward(*dys)
        grads = flatten(tree)
        if self.clipping:
            grads = self.net.tables.clippings[type(self.clipping)](self.clipping, grads)
        return total, dx, grads, buffers, outputs

    def _update(self, grads: State, lr: float) -> None:
        """The optimizer's rule, block by block, in place."""
        self.t += 1
        rule = self.net.tables.optimizers[type(self.optimizer)]
        for path, gradient in grads.items():
            g = gradient.reshape(-1)
            for block, w, slots in self.blocks[path]:
                rule(self.optimizer, lr, self.t, w, g[block], slots)
        self.net.at_step(self.t)

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of `order`, yielding its loss."""
        for k, (inputs, targets) in enumerate(DataLoader(data, order, self.net.dtype, self.net.input_dtypes)):
            yield self.step(inputs, targets, lr(k))

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) in evaluation mode."""
        pieces = []
        held: Arrays = ()
        for inputs, targets in DataLoader(data, order, self.net.dtype, self.net.input_dtypes):
            self.check(inputs, targets)
            x = inputs if self.carrying is None else self.carrying.fed(inputs, held, self.net.dtype)
            y, _, _ = self.net.compute(x, training=False, needs_dx=False)
            outputs = y if isinstance(y, tuple) else (y,)
            held = () if self.carrying is None else self.carrying.kept(outputs)
            values = [
                float(self.net.tables.losses[type(spec)](spec, prediction, compared(spec, target, prediction.dtype))[0])
                for spec, prediction, target in zip(self.losses, outputs, aligned(self.losses, targets), strict=True)
                if spec is not None
            ]
            pieces.append((values, outputs, targets))
        return mean_loss(self.losses, pieces)

    def reset_state(self) -> None:
        """Let the next batch start from states of zeros."""
        self.held = ()

    def state_dict(self) -> State:
        """{"step": t, "slot/weight path": array, "carried/k": array}; no slots before the first step."""
        slots = {f"{slot}/{path}": v.copy() for path, slots in self.slots.items() for slot, v in slots.items()}
        carried = {carried_name(k): h.copy() for k, h in enumerate(self.held)}
        return {"step": np.asarray(self.t), **(slots if self.t else {}), **carried}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        self.t = int(state["step"])
        self.net.at_step(self.t)
        for path, slots in self.slots.items():
            for slot, values in slots.items():
                values[...] = state.get(f"{slot}/{path}", self.slot_start)  # torch keeps none where no gradient came
        self.held = tuple(np.array(h, self.net.dtype) for h in carried_of(state))


def blocks(weight: Array, slots: State) -> Iterator[tuple[slice, Array, State]]:
    """(place, weight, slots) piece by piece: views, so that what is written to them is written to the wholes."""
    for start in range(0, weight.size, BLOCK):
        place = slice(start, start + BLOCK)
        yield place, weight.reshape(-1)[place], {name: held.reshape(-1)[place] for name, held in slots.items()}
