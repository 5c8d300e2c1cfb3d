"""A module as an engine: what it computes, whole and part by part, for the judge of engines."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl import TorchBackend
from isograd.backends.torch_impl.foreign.calling import Calling, copied
from isograd.backends.torch_impl.foreign.network import ModuleNetwork, parts_of
from isograd.backends.torch_impl.network import TorchNetwork
from isograd.core.base.description import Description
from isograd.core.base.types import State
from isograd.core.graph.composite import Composite

ONE_TENSOR = Calling((torch.empty(0),))


class ModuleEngine(TorchBackend):
    """Computes `model`, the imported form of a module, by the module itself.

    A node that is a part of the module, a tensor in and a tensor out, is computed by that part alone; every other one,
    and losses and optimizers, by PyTorch's functions as the torch engine calls them.
    """

    def __init__(self, module: nn.Module, calling: Calling, model: Composite) -> None:
        self.module, self.calling, self.model = module, calling, model
        self.name = self.title = type(module).__name__
        nodes = {node.name: node.layer for node in model.graph(*model.input_shapes).nodes}
        single = self._single(list(parts_of(model, module)))
        self.parts = {id(nodes[path]): path for path in single if path in nodes}

    def _single(self, paths: Sequence[str]) -> list[str]:
        """Those of these parts that take a tensor and give one."""
        module, found = copied(self.module).train(), dict.fromkeys(paths, True)

        def told(path: str) -> Any:
            def hook(part: nn.Module, args: Any, kwargs: Any, y: Any) -> None:
                alone = len(args) == 1 and not kwargs and isinstance(args[0], Tensor) and isinstance(y, Tensor)
                found[path] = found[path] and alone

            return hook

        for path in paths:
            module.get_submodule(path).register_forward_hook(told(path), with_kwargs=True)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            self.calling(module, self.calling.tensors)
        return [path for path, single in found.items() if single]

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> TorchNetwork:
        if model is self.model:
            return ModuleNetwork(self.module, self.calling, model, state, seed=seed, dtype=dtype)
        nodes = model.graph(*model.input_shapes).nodes
        part = self.part(nodes[0].layer) if len(nodes) == 1 else None
        if part is None:
            return super().build(model, state, seed=seed, dtype=dtype, **options)
        path = f"{nodes[0].owner}."
        return ModuleNetwork(part, ONE_TENSOR, model, state, seed=seed, dtype=dtype, prefix=path)

    def part(self, layer: Description) -> nn.Module | None:
        """The part of the module that computes this layer of the model, a tensor in and a tensor out."""
        path = self.parts.get(id(layer))
        return None if path is None else self.module.get_submodule(path)

    def source(self, description: Description) -> str:
        part = self.part(description)
        return super().source(description) if part is None else place_of(part)


def place_of(module: nn.Module) -> str:
    """Where a module's forward is written."""
    forward = type(module).forward
    name = f"{type(module).__name__}.forward"
    try:
        file, (_, line) = inspect.getsourcefile(forward), inspect.getsourcelines(forward)
    except (OSError, TypeError):
        return name
    return f"{name}, {Path(file or '').name}:{line}"
