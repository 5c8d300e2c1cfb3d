"""What trains a PyTorch network: zero_grad, forward, loss, backward, clip, step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from math import isfinite
from typing import Any, Protocol

import numpy as np
import torch

from isograd.backends.torch_impl.carry import CarriedState
from isograd.backends.torch_impl.gradients import differentiable, gradients_of, norm
from isograd.backends.torch_impl.loader import Tensors, TorchDtypes, loader, target_tensors
from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.memory import put, taken
from isograd.backends.torch_impl.optimizers import CLIPPINGS, OPTIMIZERS, clipped
from isograd.core.base.errors import NonFiniteError
from isograd.core.base.types import Array, Arrays, MaybeArrays, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.batches import BatchCheck, first_nonfinite, mean_loss
from isograd.core.engine.carry import Carrying, carried_name, carried_of
from isograd.core.engine.headroom import Headroom, magnitude, nonfinite_gradient, nonfinite_slot, nonfinite_weight
from isograd.core.engine.memory import check_memory
from isograd.core.engine.pairing import in_evaluation, places_of
from isograd.core.engine.protocol import Network
from isograd.core.engine.unbroken import Unbroken
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer


class Trainable(Network, Protocol):
    """What a learner needs of a PyTorch network beside the protocol."""

    device: torch.device
    on_cpu: bool
    run_step: int
    torch_dtype: torch.dtype
    input_dtypes: TorchDtypes
    weights: dict[str, torch.Tensor]
    weight_paths: tuple[str, ...]

    def compute(self, x: Tensors, training: bool) -> Any:
        """The module's outputs."""

    def tensors(self, arrays: Arrays, *, copy: bool = False) -> Tensors:
        """Inputs on the network's device."""

    def buffers(self) -> dict[str, torch.Tensor]:
        """Copies of the running statistics."""

    def restore(self, held: Mapping[str, torch.Tensor]) -> None:
        """Put back what `buffers` gave."""

    def buffers_aside(self) -> AbstractContextManager[None]:
        """Inside, the module moves copies of its buffers on."""


class TorchLearner:
    """A PyTorch network, its torch.nn losses and its torch.optim optimizer, and the states that wait for a batch."""

    def __init__(
        self,
        net: Trainable,
        losses: Losses,
        optimizer: Optimizer,
        clipping: Clipping | None,
        carrying: Carrying | None = None,
    ) -> None:
        self.net, self.losses, self.clipping, self.carrying = net, losses, clipping, carrying
        self.carried = self._fresh_state()
        places = places_of(losses, len(net.model.out_shapes(*net.model.input_shapes)))
        self.criteria = [  # (places of its outputs, loss, its torch.nn module)
            (at, s, LOSSES[type(s)](s).to(device=net.device, dtype=net.torch_dtype))
            for at, s in zip(places, losses, strict=True)
            if s is not None
        ]
        self.params = [net.weights[path] for path in net.weight_paths]
        self.rule = optimizer
        self.memory = {path: optimizer.memory(tuple(net.weights[path].shape)) for path in net.weight_paths}
        self.optimizer = self._fresh_optimizer()
        self.check = BatchCheck(net.model, losses, carrying)
        self.headroom, self.writes = Headroom(optimizer, net.dtype), -1
        self.t = 0

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update; a batch that cannot be learned from changes nothing."""
        targets = self.check(inputs, targets)
        return self._step(self.net.tensors(inputs), self._targets(targets), inputs, targets, lr)

    def _fresh_optimizer(self) -> torch.optim.Optimizer | None:
        """One without memory; None where there is nothing to train."""
        return OPTIMIZERS[type(self.rule)](self.rule, self.params) if self.params else None

    def _fresh_state(self) -> CarriedState | None:
        """States of zeros; None where nothing is carried."""
        return CarriedState(self.carrying, self.net.torch_dtype, self.net.device) if self.carrying else None

    def reset_state(self) -> None:
        """Let the next batch start from states of zeros."""
        self.carried = self._fresh_state()

    def _step(self, x: Tensors, t: Tensors, inputs: Arrays, targets: Arrays, lr: float) -> float:
        if self.rule.searches and self.optimizer is not None:
            return self._search(self.optimizer, x, t, inputs, targets, lr)
        with Unbroken():
            if self.optimizer is not None:
                self.optimizer.zero_grad()
            self.net.run_step = self.t
            held = self.net.buffers()
            try:
                if self.carried is not None:
                    x = self.carried.fed(x)
                y = self.net.compute(x, training=True)
                loss = self._loss(y, t)
                value = float(loss.item())
                if not isfinite(value):
                    raise first_nonfinite(self.net, self._as_given(inputs, x), targets, value)
                if self.optimizer is not None:
                    if loss.requires_grad:  # it reaches a weight
                        loss.backward()  # type: ignore[no-untyped-call]
                    self._change(self.optimizer, lr)
            except BaseException:
                self.net.restore(held)
                raise
            if self.carried is not None:
                self.carried.keep(y)
            self.t += 1
            self.net.at_step(self.t)
        return value

    def _search(
        self, optimizer: torch.optim.Optimizer, x: Tensors, t: Tensors, inputs: Arrays, targets: Arrays, lr: float
    ) -> float:
        """A step whose optimizer evaluates the batch as often as it wants; all is put back where one is no number."""
        fed, outputs, losses = x if self.carried is None else self.carried.fed(x), list[Any](), list[float]()

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            y = self.net.compute(fed, training=True)
            loss = self._loss(y, t)
            losses.append(float(loss.item()))
            outputs.append(y)
            if not isfinite(losses[-1]):
                raise first_nonfinite(self.net, self._as_given(inputs, fed), targets, losses[-1])
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
            self._check(nonfinite_gradient(self._named([p.grad for p in self.params])))
            if self.clipping is not None:
                CLIPPINGS[type(self.clipping)](self.clipping, self.params)
            return loss.detach()

        with Unbroken():
            self.net.run_step = self.t
            buffers, weights = self.net.buffers(), [p.detach().clone() for p in self.params]
            slots = deepcopy(list(optimizer.state.values()))
            optimizer.param_groups[0]["lr"] = lr
            try:
                optimizer.step(closure)  # type: ignore[arg-type]
                self._check(nonfinite_weight(self._named(self.params), lr) or nonfinite_slot(self._slots(), lr))
            except BaseException:
                self.net.restore(buffers)
                self._put_back(optimizer, weights, dict(zip(self.params, slots, strict=False)))
                raise
            if self.carried is not None:
                self.carried.keep(outputs[0])
            self.t += 1
            self.net.at_step(self.t)
        return losses[0]

    def _put_back(
        self, optimizer: torch.optim.Optimizer, weights: Sequence[torch.Tensor], slots: Mapping[torch.Tensor, Any]
    ) -> None:
        with torch.no_grad():
            for p, old in zip(self.params, weights, strict=True):
                p.copy_(old)
        optimizer.state.clear()
        optimizer.state.update(slots)

    def _change(self, optimizer: torch.optim.Optimizer, lr: float) -> None:
        """One step of the optimizer; NonFiniteError, and nothing changed, where a weight or slot would be no number."""
        if self._written() != self.writes:
            self.headroom.weights_set()
        size = norm([p.grad for p in self.params if p.grad is not None])
        certain = self.headroom.suffices(lr, size, lambda: norm([p.detach() for p in self.params]))
        if not certain:
            self._check(nonfinite_gradient(self._named([p.grad for p in self.params])))
        if self.clipping is not None:
            CLIPPINGS[type(self.clipping)](self.clipping, self.params)
        for group in optimizer.param_groups:
            group["lr"] = lr
        if certain:
            optimizer.step()
        else:
            self._step_or_not(optimizer, lr)
        self.writes = self._written()

    def _step_or_not(self, optimizer: torch.optim.Optimizer, lr: float) -> None:
        """A step that is not certain to end in numbers: all is put back where it does not."""
        weights = [p.detach().clone() for p in self.params]
        slots = {p: deepcopy(held) for p, held in optimizer.state.items()}
        try:
            optimizer.step()
            self._check(nonfinite_weight(self._named(self.params), lr) or nonfinite_slot(self._slots(), lr))
        except BaseException:
            self._put_back(optimizer, weights, slots)
            raise
        self.headroom.slots_set(magnitude(self._slots()))

    @staticmethod
    def _check(error: NonFiniteError | None) -> None:
        if error is not None:
            raise error

    def _named(self, values: Sequence[torch.Tensor | None]) -> State:
        """Tensors as arrays, by the paths of the weights that they belong to; None is left out."""
        found = zip(self.net.weight_paths, values, strict=True)
        return {path: value.detach().cpu().numpy() for path, value in found if value is not None}

    def _written(self) -> int:
        """How often PyTorch has counted a change of a weight."""
        return sum([p._version for p in self.params])

    def _slots(self) -> State:
        """Copies of {"slot/weight path": array}."""
        return taken(self.rule, self.optimizer, self.params, self.memory, self.net.dtype)

    @staticmethod
    def _as_given(inputs: Arrays, x: Tensors) -> Arrays:
        """The inputs as they came, and as arrays the states that were added to them."""
        return (*inputs, *(state.detach().cpu().numpy() for state in x[len(inputs) :]))

    def _losses(self, y: Any, targets: Tensors, chosen: Sequence[int] | None = None) -> list[torch.Tensor]:
        """The loss of each output that is trained on; `chosen`: which outputs these are, where they are not all."""
        given = y if isinstance(y, tuple) else (y,)
        outputs = dict(zip(range(len(given)) if chosen is None else chosen, given, strict=True))
        found = []
        for (at, spec, criterion), target in zip(self.criteria, targets, strict=True):
            if all(k in outputs for k in at):
                several = [outputs[k] for k in at]
                p = several[0] if len(several) == 1 else torch.stack(several, 1)
                found.append(criterion(p, target if spec.labels else target.to(p.dtype)))
        return found

    def _loss(self, y: Any, targets: Tensors) -> torch.Tensor:
        values = self._losses(y, targets)
        return values[0] if len(values) == 1 else torch.stack(values).sum()

    def _targets(self, targets: Arrays) -> Tensors:
        made = target_tensors(targets, self.net.torch_dtype)
        return made if self.net.on_cpu else tuple(t.to(self.net.device) for t in made)

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, weight gradients after clipping), in training mode; nothing is changed."""
        targets = self.check(inputs, targets)
        x = self.net.tensors(inputs, copy=True)
        if self.carried is not None:
            x = tuple(v.clone() for v in self.carried.fed(x))
        x = differentiable(x)
        with self.net.buffers_aside():
            loss = self._loss(self.net.compute(x, training=True), self._targets(targets))
            value = float(loss.item())
            if not isfinite(value):
                raise first_nonfinite(self.net, self._as_given(inputs, x), targets, value)
            dx, dw = gradients_of((loss,), x, self.params, (torch.ones_like(loss),))
        grads = dw if self.clipping is None else clipped(self.clipping, dw)
        named = {path: g.cpu().numpy().copy() for path, g in zip(self.net.weight_paths, grads, strict=True)}
        return value, dx, named

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of a torch.utils.data.DataLoader in this order, yielding its loss."""
        batches = loader(data, order, self.net.torch_dtype, self.net.input_dtypes, self.net.device)
        for k, (inputs, targets, x, t) in enumerate(batches):
            packed = self.check(inputs, targets)
            t = self._on_device(t) if packed is targets else self._targets(packed)
            yield self._step(self._on_device(x), t, inputs, packed, lr(k))

    def _on_device(self, values: Tensors) -> Tensors:
        return tuple(v.to(self.net.device, non_blocking=True) for v in values)

    @torch.no_grad()
    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) in evaluation mode."""
        pieces, losses = [], self.losses
        chosen = self.net.model.graph(*self.net.model.input_shapes).evaluation
        carried = self._fresh_state()
        for inputs, targets, x, t in loader(data, order, self.net.torch_dtype, self.net.input_dtypes, self.net.device):
            packed = self.check(inputs, targets, training=False)
            t = self._on_device(t) if packed is targets else self._targets(packed)
            on_device = self._on_device(x)
            y = self.net.compute(on_device if carried is None else carried.fed(on_device), training=False)
            if carried is not None:
                carried.keep(y)
            values = [float(loss.item()) for loss in self._losses(y, t, chosen)]
            losses, targets = in_evaluation(self.net.model, self.losses, packed)
            outputs = y if isinstance(y, tuple) else (y,)
            pieces.append((values, tuple(v.cpu().numpy() for v in outputs), targets))
        return mean_loss(losses, pieces)

    def state_dict(self) -> State:
        """{"step": t, "slot/weight path": array, "carried/k": array}; no slots before the first step."""
        states = () if self.carried is None else self.carried.held
        carried = {carried_name(k): h.cpu().numpy().copy() for k, h in enumerate(states)}
        return {"step": np.asarray(self.t), **(self._slots() if self.t else {}), **carried}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a memory; WeightsError, and nothing changed, where it is not one of this learner."""
        step, memory = check_memory("load_state_dict", state, self.net, self.rule, self.carrying)
        optimizer = self._fresh_optimizer()
        if optimizer is not None and step:
            put(self.rule, optimizer, self.params, self.memory, memory, step)
        with Unbroken():
            self.t, self.optimizer = step, optimizer
            self.net.at_step(step)
            self.reset_state()
            if self.carried is not None:
                self.carried.restore(carried_of(memory))
            self.headroom.slots_set(magnitude(self._slots()))
