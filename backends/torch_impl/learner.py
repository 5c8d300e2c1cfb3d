"""What trains a PyTorch network: zero_grad, forward, loss, backward, clip, step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Protocol

import numpy as np
import torch

from isograd.backends.torch_impl.carry import CarriedState
from isograd.backends.torch_impl.gradients import differentiable, gradients_of
from isograd.backends.torch_impl.loader import Tensors, TorchDtypes, loader, target_tensors
from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.optimizers import CLIPPINGS, OPTIMIZERS, clipped
from isograd.core.base.types import Array, Arrays, MaybeArrays, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.batches import BatchCheck, first_nonfinite, mean_loss
from isograd.core.engine.carry import CARRIED, Carrying, carried_name, carried_of
from isograd.core.engine.protocol import Network
from isograd.core.learning.losses import ClassLoss, Losses
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
        self.criteria = [  # (output's number, its torch.nn loss) of the outputs that are trained on
            (k, LOSSES[type(s)](s).to(device=net.device, dtype=net.torch_dtype))
            for k, s in enumerate(losses)
            if s is not None
        ]
        self.params = [net.weights[path] for path in net.weight_paths]
        self.rule = optimizer
        self.optimizer = self._fresh_optimizer()
        self.check = BatchCheck(net.model, losses, carrying)
        self.t = 0

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update; a batch that cannot be learned from changes nothing."""
        self.check(inputs, targets)
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
        if self.optimizer is not None:
            self.optimizer.zero_grad()
        self.net.run_step = self.t
        held = self.net.buffers()
        if self.carried is not None:
            x = self.carried.fed(x)
        y = self.net.compute(x, training=True)
        loss = self._loss(y, t)
        value = float(loss.item())
        if not isfinite(value):
            self.net.restore(held)
            raise first_nonfinite(self.net, self._as_given(inputs, x), targets, value)
        if self.optimizer is not None:
            loss.backward()  # type: ignore[no-untyped-call]
            if self.clipping is not None:
                CLIPPINGS[type(self.clipping)](self.clipping, self.params)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            self.optimizer.step()
        if self.carried is not None:
            self.carried.keep(y)
        self.t += 1
        self.net.at_step(self.t)
        return value

    @staticmethod
    def _as_given(inputs: Arrays, x: Tensors) -> Arrays:
        """The inputs as they came, and as arrays the states that were added to them."""
        return (*inputs, *(state.detach().cpu().numpy() for state in x[len(inputs) :]))

    def _losses(self, y: Any, targets: Tensors) -> list[torch.Tensor]:
        """The loss of each output that is trained on."""
        outputs = y if isinstance(y, tuple) else (y,)
        return [
            criterion(outputs[k], target if isinstance(self.losses[k], ClassLoss) else target.to(outputs[k].dtype))
            for (k, criterion), target in zip(self.criteria, targets, strict=True)
        ]

    def _loss(self, y: Any, targets: Tensors) -> torch.Tensor:
        values = self._losses(y, targets)
        return values[0] if len(values) == 1 else torch.stack(values).sum()

    def _targets(self, targets: Arrays) -> Tensors:
        made = target_tensors(targets, self.net.torch_dtype)
        return made if self.net.on_cpu else tuple(t.to(self.net.device) for t in made)

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, weight gradients after clipping), in training mode; nothing is changed."""
        self.check(inputs, targets)
        x = self.net.tensors(inputs, copy=True)
        if self.carried is not None:
            x = tuple(v.clone() for v in self.carried.fed(x))
        x = differentiable(x)
        held = self.net.buffers()
        try:
            loss = self._loss(self.net.compute(x, training=True), self._targets(targets))
            value = float(loss.item())
            if not isfinite(value):
                raise first_nonfinite(self.net, self._as_given(inputs, x), targets, value)
            dx, dw = gradients_of((loss,), x, self.params, (torch.ones_like(loss),))
        finally:
            self.net.restore(held)
        grads = dw if self.clipping is None else clipped(self.clipping, dw)
        named = {path: g.cpu().numpy().copy() for path, g in zip(self.net.weight_paths, grads, strict=True)}
        return value, dx, named

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of a torch.utils.data.DataLoader in this order, yielding its loss."""
        batches = loader(data, order, self.net.torch_dtype, self.net.input_dtypes, self.net.device)
        for k, (inputs, targets, x, t) in enumerate(batches):
            self.check(inputs, targets)
            yield self._step(self._on_device(x), self._on_device(t), inputs, targets, lr(k))

    def _on_device(self, values: Tensors) -> Tensors:
        return tuple(v.to(self.net.device, non_blocking=True) for v in values)

    @torch.no_grad()
    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) in evaluation mode."""
        pieces = []
        carried = self._fresh_state()
        for inputs, targets, x, t in loader(data, order, self.net.torch_dtype, self.net.input_dtypes, self.net.device):
            self.check(inputs, targets)
            on_device = self._on_device(x)
            y = self.net.compute(on_device if carried is None else carried.fed(on_device), training=False)
            if carried is not None:
                carried.keep(y)
            values = [float(loss.item()) for loss in self._losses(y, self._on_device(t))]
            outputs = y if isinstance(y, tuple) else (y,)
            pieces.append((values, tuple(v.cpu().numpy() for v in outputs), targets))
        return mean_loss(self.losses, pieces)

    def state_dict(self) -> State:
        """{"step": t, "slot/weight path": array, "carried/k": array}; no slots before the first step."""
        held = self.optimizer.state if self.optimizer is not None else {}
        slots = {
            f"{slot}/{path}": value.detach().cpu().numpy().copy()
            for path, p in zip(self.net.weight_paths, self.params, strict=True)
            for slot, value in held.get(p, {}).items()
            if slot != "step" and value is not None
        }
        states = () if self.carried is None else self.carried.held
        carried = {carried_name(k): h.cpu().numpy().copy() for k, h in enumerate(states)}
        return {"step": np.asarray(self.t), **(slots if self.t else {}), **carried}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        self.t = int(state["step"])
        self.net.at_step(self.t)
        self.reset_state()
        if self.carried is not None:
            self.carried.restore(carried_of(state))
        self.optimizer = self._fresh_optimizer()
        if self.optimizer is None or self.t == 0:
            return
        counts = not isinstance(self.optimizer, torch.optim.SGD)
        for path, p in zip(self.net.weight_paths, self.params, strict=True):
            slots = {
                name.split("/", 1)[0]: torch.from_numpy(np.array(v)).to(p.device, p.dtype)
                for name, v in state.items()
                if name.partition("/")[2] == path and not name.startswith(CARRIED)
            }
            if slots:
                self.optimizer.state[p] = {**({"step": torch.tensor(float(self.t))} if counts else {}), **slots}
