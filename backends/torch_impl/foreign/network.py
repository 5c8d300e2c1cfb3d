"""A module as it is, behind the protocol of an engine's network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl import TorchBackend
from isograd.backends.torch_impl.foreign.calling import Calling, copied, tensors_in
from isograd.backends.torch_impl.foreign.draws import DrawnAgain, SharedDraws, draws_of
from isograd.backends.torch_impl.learner import TorchLearner
from isograd.backends.torch_impl.loader import Tensors
from isograd.backends.torch_impl.network import TorchNetwork
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.core.base.types import Array, Arrays, MaybeArrays, State
from isograd.core.engine.carry import Carrying
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer


class ModuleNetwork(TorchNetwork):
    """A copy of the module with all its hooks computes what `model`, its imported form, says in graphs.

    Weights and buffers have the model's names, which are the module's behind `prefix`. What the model draws at random
    the module is given, draw by draw.
    """

    def __init__(
        self,
        module: nn.Module,
        calling: Calling,
        model: Composite,
        state: State,
        *,
        seed: int,
        dtype: np.dtype[np.floating],
        prefix: str = "",
    ) -> None:
        self.calling, self.prefix = calling, prefix
        self.draws = tuple(draws_of(model, *model.input_shapes))
        self.drawn: SharedDraws | None = None  # of the last forward
        super().__init__(copied(module), model, state, seed=seed, dtype=dtype, device=torch.device("cpu"))
        self.generators = generators(self.device)

    def _named(self) -> dict[str, Tensor]:
        """The module's own, and what its import has computed once and holds as constants."""
        named = {f"{self.prefix}{path}": values for path, values in super()._named().items()}
        weights, buffers = declared(self.model)
        for path, weight in {**weights, **buffers}.items():
            if path not in named:
                named[path] = torch.zeros(weight.shape, dtype=torch.int64 if weight.integers else self.torch_dtype)
        return named

    def state_dict(self) -> State:
        """As the model declares it: booleans that the module holds are whole numbers there."""
        return {path: v.astype(np.int64) if v.dtype == np.bool_ else v for path, v in super().state_dict().items()}

    def _called(self, module: Callable[..., Any], x: Tensors, training: bool) -> Any:
        """The tensors of what the module makes, its draws those of the model."""
        self.module.train(training)
        run = Run(training, self.seed, self.run_step)
        with seeded(self.generators, self.seed, self.run_step), SharedDraws(run, self.draws) as self.drawn:
            y = tensors_in(self.calling(self.module, x))
        return y[0] if len(y) == 1 else y

    def backward(self, *dys: Array) -> tuple[Any, State]:
        with self.drawing_again():
            return super().backward(*dys)

    def learner(
        self, losses: Losses, optimizer: Optimizer, clipping: Clipping | None = None, carrying: Carrying | None = None
    ) -> ModuleLearner:
        return ModuleLearner(self, losses, optimizer, clipping, carrying)

    def drawing_again(self) -> AbstractContextManager[Any]:
        """Inside, what a backward computes again draws what the last forward drew."""
        return DrawnAgain(lambda: self.drawn) if self.draws else nullcontext()

    @torch.no_grad()
    def activations(self, *inputs: Array, training: bool = False) -> dict[str, Arrays]:
        """{node path: its outputs}: of nodes that are parts of the module those parts' own, of operations between them
        what PyTorch makes of these."""
        seen = self._seen(inputs, training)
        made = TorchBackend().build(
            self.model, self.state_dict(), seed=self.seed, dtype=self.dtype, shared_randomness=True
        )
        made.at_step(self.run_step)
        for path, value in seen.items():
            made.module.get_submodule(path).register_forward_hook(_instead(value))
        return made.activations(*inputs, training=training)

    def _seen(self, inputs: Arrays, training: bool) -> dict[str, Tensor]:
        """{node: what the part of the module that it stands for has made}"""
        calls: dict[str, list[Tensor]] = defaultdict(list)

        def kept(path: str) -> Any:
            def hook(part: nn.Module, args: Any, y: Any) -> None:
                calls[path].append(y.clone() if isinstance(y, Tensor) else torch.empty(0))

            return hook

        arrays, nodes = self._checked(inputs, training), parts_of(self.model, self.module)
        handles = [self.module.get_submodule(path).register_forward_hook(kept(path)) for path in nodes]
        try:
            with self.buffers_aside():
                self.compute(self.tensors(arrays), training)
        finally:
            for handle in handles:
                handle.remove()
        return {
            name: value
            for path, names in nodes.items()
            if len(calls[path]) == len(names)
            for name, value in zip(names, calls[path], strict=True)
        }


class ModuleLearner(TorchLearner):
    """A learner whose backward draws what its forward drew."""

    net: ModuleNetwork

    def _step(self, x: Tensors, t: Tensors, inputs: Arrays, targets: Arrays, lr: float) -> float:
        with self.net.drawing_again():
            return super()._step(x, t, inputs, targets, lr)

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        with self.net.drawing_again():
            return super().gradients(inputs, targets)


def parts_of(model: Composite, module: nn.Module) -> dict[str, list[str]]:
    """{path of a part of the module: the nodes, call by call, that are all it computes}"""
    found: dict[str, list[str]] = {}
    names = [node.name for node in model.graph(*model.input_shapes).nodes]
    parts = dict(module.named_modules(remove_duplicate=False))
    within = {name[:k] for name in names for k in range(len(name)) if name[k] == "."}
    for name in names:
        path = name.partition("#")[0]
        if path in parts and path not in within:
            found.setdefault(path, []).append(name)
    return found


def _instead(value: Tensor) -> Any:
    def hook(part: nn.Module, args: Any, y: Any) -> Any:
        fits = isinstance(y, Tensor) and y.shape == value.shape and y.dtype == value.dtype
        return value if fits else None

    return hook
