"""What trains a NumPy network: forward, loss, backward, clip, update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite, sqrt
from types import EllipsisType
from typing import Any, Protocol

import numpy as np

from isograd.backends.numpy_impl.loader import DataLoader, as_inputs, as_targets, compared
from isograd.backends.numpy_impl.searching import joined, spread, together
from isograd.backends.numpy_impl.tables import Tables
from isograd.backends.numpy_impl.threads import Threads
from isograd.core.base.tree import flatten
from isograd.core.base.types import Array, Arrays, Backward, Dtypes, MaybeArrays, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.batches import BatchCheck, aligned, first_nonfinite, mean_loss
from isograd.core.engine.carry import Carrying, carried_name, carried_of
from isograd.core.engine.headroom import Headroom, magnitude, nonfinite_gradient, nonfinite_slot, nonfinite_weight
from isograd.core.engine.memory import check_memory
from isograd.core.engine.pairing import gathered, in_evaluation
from isograd.core.engine.protocol import Network
from isograd.core.engine.unbroken import Unbroken
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer, Slot


class Trainable(Network, Protocol):
    """What a learner needs of a NumPy network beside the protocol."""

    state: State
    run_step: int
    weight_paths: tuple[str, ...]
    input_dtypes: Dtypes
    tables: Tables
    threads: Threads
    weights_by: object

    def compute(self, x: Arrays, training: bool, *, needs_dx: bool = True) -> tuple[Any, Backward, State]:
        """(outputs, backward, new values of buffers)"""

    def with_zeros(self, grads: State) -> State:
        """The gradients, and zeros for the weights that nothing led back to."""

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
        self.slots = {
            path: {name: np.full(slot.shape, slot.start, net.dtype) for name, slot in memory.items()}
            for path, memory in self._memory()
        }
        self.headroom = Headroom(optimizer, net.dtype)
        self.blocks = self._blocks()

    def _memory(self) -> Iterator[tuple[str, dict[str, Slot]]]:
        """What is remembered, weight by weight."""
        return ((path, self.optimizer.memory(self.net.state[path].shape)) for path in self.net.weight_paths)

    def _blocks(self) -> dict[str, list[tuple[slice | EllipsisType, Array, State]]]:
        """What is updated together, weight by weight."""
        if self.optimizer.searches:
            self.vectors = together(self.slots)
        if not self.optimizer.entrywise:
            return {path: [(..., self.net.state[path], slots)] for path, slots in self.slots.items()}
        return {path: list(blocks(self.net.state[path], slots)) for path, slots in self.slots.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Without the blocks and vectors: a copy of a view is no view."""
        return {name: value for name, value in vars(self).items() if name not in ("blocks", "vectors")}

    def __setstate__(self, held: dict[str, Any]) -> None:
        vars(self).update(held)
        self.headroom.weights_set()
        self.blocks = self._blocks()

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update; a batch that cannot be learned from changes nothing."""
        with self.net.threads, np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told by errors instead
            self.net.run_step = self.t
            if self.optimizer.searches:
                return self._search(inputs, targets, lr)
            loss, _, grads, buffers, outputs = self._gradients(inputs, targets, needs_dx=False)
            flat = {path: gradient.reshape(-1) for path, gradient in grads.items()}
            clipped = self._clipped(flat)
            with Unbroken():
                self._change(flat, clipped, lr)
                self.net.keep(buffers)
                if self.carrying is not None:
                    self.held = self.carrying.kept(outputs)
        return loss

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, weight gradients after clipping), in training mode; nothing is changed."""
        with self.net.threads, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss, dx, grads, _, _ = self._gradients(inputs, targets, needs_dx=True)
        return loss, dx if isinstance(dx, tuple) else (dx,), self._clipped(self.net.with_zeros(grads))

    def _clipped(self, grads: State) -> State:
        made: State = grads
        if self.clipping is not None:
            made = self.net.tables.clippings[type(self.clipping)](self.clipping, grads)
        return made

    def _gradients(self, inputs: Arrays, targets: Arrays, *, needs_dx: bool) -> tuple[float, Any, State, State, Arrays]:
        """(loss, input gradients, gradients of weights that the loss reaches, new values of buffers, outputs)"""
        targets = self.check(inputs, targets)
        if self.carrying is not None:
            inputs = self.carrying.fed(inputs, self.held, self.net.dtype)
        x, t = as_inputs(inputs, self.net.input_dtypes), as_targets(targets, self.net.dtype)
        y, backward, buffers = self.net.compute(x, training=True, needs_dx=needs_dx)
        outputs = y if isinstance(y, tuple) else (y,)
        total, dys = 0.0, list[Array | None]()
        predictions = gathered(self.losses, outputs, side_by_side)
        for spec, prediction, target in zip(self.losses, predictions, aligned(self.losses, t), strict=True):
            if spec is None:
                dys.append(None)
                continue
            value, back = self.net.tables.losses[type(spec)](spec, prediction, compared(spec, target, prediction.dtype))
            total += float(value)
            dy = back(self.net.dtype.type(1))
            dys += [dy] if len(predictions) == len(outputs) or spec.predictions == 1 else apart(dy)
        if not isfinite(total):
            raise first_nonfinite(self.net, inputs, targets, total)
        dx, tree = backward(*dys)
        return total, dx, flatten(tree), buffers, outputs

    def _change(self, grads: State, clipped: State, lr: float) -> None:
        """One step of the optimizer; NonFiniteError, and nothing changed, where a weight or slot would be no number."""
        if self.net.weights_by is not self:
            self.headroom.weights_set()
        if self.headroom.suffices(lr, norm(grads.values()), self._weights_norm):
            self._update(clipped, lr)
        else:
            self._update_or_not(grads, clipped, lr)
        self.t += 1
        self.net.at_step(self.t)
        self.net.weights_by = self

    def _search(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """A step that evaluates the batch as often as its rule wants; all is put back where one is no number."""
        weights = {path: self.net.state[path] for path in self.net.weight_paths}
        held = [*self.net.state.values(), *self.vectors.values()]
        before, sign = [values.copy() for values in held], -1 if self.optimizer.maximize else 1
        outputs: list[Arrays] = []

        def evaluate(w: Array) -> tuple[float, Array]:
            spread(w, weights)
            loss, _, grads, buffers, y = self._gradients(inputs, targets, needs_dx=False)
            error = nonfinite_gradient(grads)
            if error is not None:
                raise error
            self.net.keep(buffers)
            outputs.append(y)
            clipped = self._clipped(grads)
            return sign * loss, sign * joined([clipped.get(path, np.zeros_like(w)) for path, w in weights.items()])

        rule = self.net.tables.optimizers[type(self.optimizer)]
        with Unbroken():
            try:
                found: tuple[Array, float] = rule(self.optimizer, lr, joined(weights.values()), evaluate, self.vectors)
                spread(found[0], weights)
                error = nonfinite_weight(weights, lr) or nonfinite_slot(self._slots(), lr)
                if error is not None:
                    raise error
            except BaseException:
                for values, old in zip(held, before, strict=True):
                    values[...] = old
                raise
            self.t += 1
            self.net.at_step(self.t)
            if self.carrying is not None:
                self.held = self.carrying.kept(outputs[0])
        return sign * found[1]

    def _weights_norm(self) -> float:
        return norm(self.net.state[path].reshape(-1) for path in self.net.weight_paths)

    def _update(self, grads: State, lr: float) -> None:
        """The optimizer's rule, block by block, in place."""
        rule = self.net.tables.optimizers[type(self.optimizer)]
        if not self.optimizer.entrywise:
            grads = {path: g.reshape(self.net.state[path].shape) for path, g in grads.items()}
        for path, g in grads.items():
            for block, w, slots in self.blocks[path]:
                rule(self.optimizer, lr, self.t + 1, w, g[block], slots)

    def _update_or_not(self, grads: State, clipped: State, lr: float) -> None:
        """The same where it is not certain to end in numbers: all is put back where it does not."""
        weights = {path: self.net.state[path] for path in self.net.weight_paths}
        error = nonfinite_gradient({path: grads[path].reshape(w.shape) for path, w in weights.items() if path in grads})
        if error is not None:
            raise error
        changed = [*weights.values(), *self._slots().values()]
        before = [values.copy() for values in changed]
        try:
            self._update(clipped, lr)
            error = nonfinite_weight(weights, lr) or nonfinite_slot(self._slots(), lr)
            if error is not None:
                raise error
        except BaseException:
            for values, old in zip(changed, before, strict=True):
                values[...] = old
            raise
        self.headroom.slots_set(magnitude(self._slots()))

    def _slots(self) -> State:
        """{"slot/weight path": array}, themselves."""
        return {f"{slot}/{path}": values for path, slots in self.slots.items() for slot, values in slots.items()}

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of `order`, yielding its loss."""
        for k, (inputs, targets) in enumerate(DataLoader(data, order, self.net.dtype, self.net.input_dtypes)):
            yield self.step(inputs, targets, lr(k))

    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) in evaluation mode."""
        with self.net.threads, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self._evaluated(data, order)

    def _evaluated(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        pieces, losses = [], self.losses
        held: Arrays = ()
        for inputs, targets in DataLoader(data, order, self.net.dtype, self.net.input_dtypes):
            targets = self.check(inputs, targets, training=False)
            losses, targets = in_evaluation(self.net.model, self.losses, targets)
            x = inputs if self.carrying is None else self.carrying.fed(inputs, held, self.net.dtype)
            y, _, _ = self.net.compute(x, training=False, needs_dx=False)
            outputs = y if isinstance(y, tuple) else (y,)
            held = () if self.carrying is None else self.carrying.kept(outputs)
            predictions = gathered(losses, outputs, side_by_side)
            values = [
                float(self.net.tables.losses[type(spec)](spec, prediction, compared(spec, target, prediction.dtype))[0])
                for spec, prediction, target in zip(losses, predictions, aligned(losses, targets), strict=True)
                if spec is not None
            ]
            pieces.append((values, outputs, targets))
        return mean_loss(losses, pieces)

    def reset_state(self) -> None:
        """Let the next batch start from states of zeros."""
        self.held = ()

    def state_dict(self) -> State:
        """{"step": t, "slot/weight path": array, "carried/k": array}; no slots before the first step."""
        slots = {name: values.copy() for name, values in self._slots().items()}
        carried = {carried_name(k): h.copy() for k, h in enumerate(self.held)}
        return {"step": np.asarray(self.t), **(slots if self.t else {}), **carried}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a memory; WeightsError, and nothing changed, where it is not one of this learner."""
        step, memory = check_memory("load_state_dict", state, self.net, self.optimizer, self.carrying)
        with Unbroken():
            self.t = step
            self.net.at_step(step)
            for path, slots in self._memory():
                for name, slot in slots.items():
                    self.slots[path][name][...] = memory[f"{name}/{path}"] if step else slot.start
            self.held = tuple(np.array(h, self.net.dtype) for h in carried_of(memory))
            self.headroom.slots_set(magnitude(self._slots()))


def side_by_side(outputs: Sequence[Array]) -> Array:
    """Several outputs as one prediction (N, outputs, …)."""
    return np.stack(outputs, axis=1)


def apart(dy: Array) -> list[Array]:
    """Of the gradient of such a prediction that of each output."""
    return [np.ascontiguousarray(dy[:, k]) for k in range(dy.shape[1])]


def norm(arrays: Iterable[Array]) -> float:
    """√(Σ v²) over flat arrays: no entry is larger, and it is finite only where every entry is."""
    squares = 0.0
    for v in arrays:
        squares += float(v.dot(v))
    return sqrt(squares)


def blocks(weight: Array, slots: State) -> Iterator[tuple[slice, Array, State]]:
    """(place, weight, slots) piece by piece: views, so that what is written to them is written to the wholes."""
    for start in range(0, weight.size, BLOCK):
        place = slice(start, start + BLOCK)
        yield place, weight.reshape(-1)[place], {name: held.reshape(-1)[place] for name, held in slots.items()}
