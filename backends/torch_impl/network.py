"""The PyTorch network: an nn.Module, reachable as `net.module`, behind isograd's protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.build import module_of
from isograd.backends.torch_impl.gradients import differentiable, gradients_of
from isograd.backends.torch_impl.learner import TorchLearner
from isograd.backends.torch_impl.loader import Tensors, tensors
from isograd.backends.torch_impl.modules import Masked
from isograd.backends.torch_impl.randomness import draws, generators, seeded
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.batches import check_inputs, check_upstream, joined, pieces, separate
from isograd.core.engine.carry import Carrying
from isograd.core.engine.context import Run
from isograd.core.engine.entering import Entered, entered, entering, gradients_of_none, outputs_of_none
from isograd.core.engine.rows import Fewest
from isograd.core.engine.unbroken import Unbroken
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, declared, in_dtype, with_ties, without_ties
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer

TORCH_DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64, "bool": torch.bool}


class TorchNetwork:
    """A model with weights, computed by PyTorch. `module` is the plain nn.Module, yours to use."""

    backend = "torch"

    def __init__(
        self,
        module: nn.Module,
        model: Composite,
        state: State,
        *,
        seed: int,
        dtype: np.dtype[np.floating],
        device: torch.device,
        compiled: bool = False,
    ) -> None:
        self.model, self.seed, self.dtype, self.device = model, seed, dtype, device
        self.torch_dtype, self.on_cpu = TORCH_DTYPES[dtype.name], device.type == "cpu"
        self.input_dtypes = tuple(TORCH_DTYPES[d.name] for d in model.input_dtypes(dtype))
        self.module = module.to(device=device, dtype=self.torch_dtype)
        self.compiled, self.fewest = compiled, Fewest(model)
        self._find_ways()
        self.masked = [m for m in self.module.modules() if isinstance(m, Masked)]
        weights, buffers = declared(model)
        self.weight_paths, self.buffer_paths = tuple(weights), tuple(buffers)
        named = self._named()
        self.weights: dict[str, Tensor] = {path: named[path] for path in (*weights, *buffers)}
        self.run_step = 0
        self._inputs: Tensors = ()
        self._outputs: Tensors = ()
        self._entered = Entered()
        self._copy_in(state)

    def _named(self) -> dict[str, Tensor]:
        """Every parameter and buffer that the model's state may name."""
        return dict(self.module.named_parameters(remove_duplicate=False)) | dict(self.module.named_buffers())

    def _find_ways(self) -> None:
        """What calls the module, and the generators that it draws from: the process's, which no copy may replace."""
        self.call = torch.compile(self.module) if self.compiled else self.module
        self.generators = generators(self.device) if any(map(draws, self.module.modules())) else ()

    def __getstate__(self) -> dict[str, Any]:
        """Without the last forward, whose graph belongs to these very weights."""
        held = {name: value for name, value in vars(self).items() if name not in ("call", "generators")}
        return held | {"_inputs": (), "_outputs": ()}

    def __setstate__(self, held: dict[str, Any]) -> None:
        vars(self).update(held)
        self._find_ways()

    def forward(self, *inputs: Array, training: bool = False) -> Any:
        """The output array, or a tuple of them; autograd's graph is kept until the next forward."""
        arrays, self._entered = entering(self.model, self.fewest, inputs, training=training)
        if self._entered.none:
            made = outputs_of_none(self.model, self.dtype, training=training)
            self._outputs = tuple(map(torch.from_numpy, made if isinstance(made, tuple) else (made,)))
            return made
        self._inputs = differentiable(self.tensors(arrays, copy=True))
        y = self.compute(self._inputs, training)
        self._outputs = y if isinstance(y, tuple) else (y,)
        results = tuple(v.detach().cpu().numpy().copy() for v in self._outputs)
        return self._entered.returned(results if isinstance(y, tuple) else results[0])

    def _checked(self, inputs: Arrays, training: bool) -> Arrays:
        """Inputs that fit the model and its mode."""
        arrays = check_inputs(self.model, inputs)
        self.fewest.check(self.model.rows(arrays), training=training)
        return arrays

    def backward(self, *dys: Array) -> tuple[Any, State]:
        """(dx, {weight path: gradient}) of the last forward, by autograd, for one dy an output."""
        checked = check_upstream(self._entered.upstream(dys), [tuple(y.shape) for y in self._outputs], self.dtype)
        if self._entered.none:
            shapes = {path: tuple(self.weights[path].shape) for path in self.weight_paths}
            return gradients_of_none(self.model, self.dtype, shapes)
        params = [self.weights[path] for path in self.weight_paths]
        upstream = self._placed(tensors(checked, (self.torch_dtype,) * len(checked)))
        dx, dw = gradients_of(self._outputs, self._inputs, params, upstream, retain_graph=True)
        own, named = separate(dx, {path: g.cpu().numpy() for path, g in zip(self.weight_paths, dw, strict=True)})
        return self._entered.returned(own[0] if len(own) == 1 else own), named

    def compute(self, x: Tensors, training: bool) -> Any:
        """The module's outputs in the given mode."""
        return self._called(self.call, x, training)

    def _called(self, module: Callable[..., Any], x: Tensors, training: bool) -> Any:
        """module(*x), its masks keyed by (seed, step): isograd's, or those of PyTorch's generators."""
        if self.module.training != training:
            self.module.train(training)
        for masked in self.masked:
            masked.run = Run(training, self.seed, self.run_step)
        if not (training and self.generators):
            return module(*x)
        with seeded(self.generators, self.seed, self.run_step):
            return module(*x)

    def buffers(self) -> dict[str, Tensor]:
        """Copies of the running statistics, for whoever must put them back."""
        return {path: self.weights[path].clone() for path in self.buffer_paths}

    @torch.no_grad()
    def restore(self, held: Mapping[str, Tensor]) -> None:
        """Put back what `buffers` gave."""
        for path, values in held.items():
            self.weights[path].copy_(values)

    @contextmanager
    def buffers_aside(self) -> Iterator[None]:
        """Inside, the module moves copies of its buffers on; the backward of a forward before reads the very ones."""
        held = [(module._buffers, dict(module._buffers)) for module in self.module.modules()]
        for buffers, values in held:
            buffers.update({name: v if v is None else v.clone() for name, v in values.items()})
        try:
            yield
        finally:
            for buffers, values in reversed(held):  # modules that share theirs come twice
                buffers.update(values)

    def tensors(self, arrays: Arrays, *, copy: bool = False) -> Tensors:
        """Inputs on the network's device, each in its dtype; the first ones, where states are carried after them."""
        return self._placed(tensors(arrays, self.input_dtypes[: len(arrays)]), copy=copy)

    def _placed(self, made: Tensors, *, copy: bool = False) -> Tensors:
        return made if self.on_cpu and not copy else tuple(t.to(self.device, copy=copy) for t in made)

    @torch.no_grad()
    def activations(self, *inputs: Array, training: bool = False) -> dict[str, Arrays]:
        """{node path: its outputs}, in execution order, the nodes of inner models included."""
        arrays = self._checked(inputs, training)
        seen: dict[str, Arrays] = {}
        handles = []

        def keep(path: str) -> Any:
            def hook(module: Any, args: Any, y: Any) -> None:
                seen[path] = tuple(v.cpu().numpy().copy() for v in (y if isinstance(y, tuple) else (y,)))

            return hook

        try:
            for path, module in self.module.named_modules(remove_duplicate=False):
                if path:
                    handles.append(module.register_forward_hook(keep(path)))
            with self.buffers_aside():
                self._called(self.module, self.tensors(arrays), training)
        finally:
            for handle in handles:
                handle.remove()
        return seen

    @torch.inference_mode()
    def predict(self, *inputs: Array, batch_size: int = 256) -> Any:
        """forward in evaluation mode, batch by batch, recording nothing."""
        arrays, how = entered(self.model, inputs)
        if how.none:
            return outputs_of_none(self.model, self.dtype, training=False)
        parts: list[Arrays] = []
        for piece in pieces(self.model, self.fewest, arrays, batch_size):
            y = self.compute(self.tensors(piece), training=False)
            parts.append(tuple(v.cpu().numpy() for v in (y if isinstance(y, tuple) else (y,))))
        return how.returned(joined(parts))

    def compared(self, dtype: str | None = None) -> TorchNetwork:
        """A copy, in another dtype where one is named, that draws its masks from isograd's streams."""
        kind = self.dtype if dtype is None else np.dtype(dtype)
        if not self.generators and kind == self.dtype:
            return deepcopy(self)
        module = deepcopy(self.module)
        if self.generators:
            with torch.random.fork_rng(devices=[]):
                module = module_of(self.model, self.model.input_shapes, shared_randomness=True)
        options: dict[str, Any] = {"device": self.device, "compiled": self.compiled}
        state = without_ties(self.model, self.state_dict())
        return TorchNetwork(module, self.model, state, seed=self.seed, dtype=kind, **options)

    def state_dict(self) -> State:
        """Copies of the weights and buffers, in torch's names and layouts."""
        return with_ties(
            self.model, {path: values.detach().cpu().numpy().copy() for path, values in self.weights.items()}
        )

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        """Take over weights and buffers; WeightsError, and nothing changed, where they do not fit."""
        given = in_dtype(self.model, check_state(self.model, weights), self.dtype, "load_state_dict")
        with Unbroken():
            self._copy_in(given)
            self._outputs = ()

    @torch.no_grad()
    def _copy_in(self, state: Mapping[str, Array]) -> None:
        for path, values in self.weights.items():
            values.copy_(torch.as_tensor(np.array(state[path])))

    def learner(
        self, losses: Losses, optimizer: Optimizer, clipping: Clipping | None = None, carrying: Carrying | None = None
    ) -> TorchLearner:
        return TorchLearner(self, losses, optimizer, clipping, carrying)

    def at_step(self, step: int) -> None:
        self.run_step = step
        self._outputs = ()  # a backward of the old weights would be wrong
