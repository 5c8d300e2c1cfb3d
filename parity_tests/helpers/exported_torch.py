"""Exported nn.Modules, made where isograd cannot be imported, and held against the torch engine."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import isograd as ig
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.core.base.types import Array, Arrays
from isograd.core.engine.registry import get_backend
from isograd.core.graph.composite import Composite
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.exporting.torch_carried import with_imports
from isograd.exporting.torch_source import module_source

TORCH = get_backend("torch")


def without_isograd(name: str, *rest: Any) -> Any:
    assert name.split(".")[0] != "isograd", f"the source imports {name}"
    return builtins.__import__(name, *rest)


def source_of(model: Composite) -> str:
    return with_imports(module_source(model, "Exported"))


def exported(model: Composite) -> nn.Module:
    """The module of the source, made where isograd cannot be imported."""
    names: dict[str, Any] = {"__name__": "exported", "__builtins__": vars(builtins) | {"__import__": without_isograd}}
    exec(compile(source_of(model), "exported.py", "exec"), names)
    module: nn.Module = names["Exported"]()
    return module


def numbers_of(module: nn.Module, state: Mapping[str, Tensor], inputs: Arrays, training: bool) -> dict[str, Array]:
    """{name: array} of the outputs, the gradients for random dy, and the buffers as they are afterwards."""
    module.train(training)
    x = [torch.from_numpy(np.array(values)) for values in inputs]
    for values in x:
        values.requires_grad_(values.is_floating_point())
    with seeded(generators(torch.device("cpu")), 0, 0):  # so that both drop the same
        y = module(*x)
    outputs = y if isinstance(y, tuple) else (y,)
    rng = np.random.default_rng(0)
    live = [v for v in outputs if v.requires_grad]
    dys = [torch.from_numpy(rng.uniform(0.5, 1.5, v.shape)).to(v.dtype) for v in live]
    ends = {f"x{k}": v for k, v in enumerate(x)} | dict(state)
    ends = {name: v for name, v in ends.items() if v.requires_grad}
    found = {f"y{k}": v.detach().numpy().copy() for k, v in enumerate(outputs)}
    if live and ends:
        grads = torch.autograd.grad(live, [*ends.values()], dys, allow_unused=True, materialize_grads=True)
        found |= {f"d {name}": g.numpy() for name, g in zip(ends, grads, strict=True)}
    return found | {name: v.detach().numpy().copy() for name, v in state.items() if name not in ends}


def check(
    model: Composite,
    weights: Mapping[str, Array],
    inputs: Arrays,
    runs: Sequence[tuple[str, bool]] = (("float64", False), ("float64", True), ("float32", True)),
) -> nn.Module:
    """The names of the state, and all numbers of each run, against the torch engine's; the module that was made."""
    module = exported(model)
    for dtype, training in runs:
        net: Any = ig.build(model, weights, backend=TORCH, dtype=dtype)
        module.to(getattr(torch, dtype))
        module.load_state_dict({name: torch.from_numpy(v) for name, v in net.state_dict().items()}, strict=True)
        named = dict(module.named_parameters(remove_duplicate=False))
        state = named | dict(module.named_buffers(remove_duplicate=False))
        given = tuple(v.numpy() for v in net.tensors(inputs))
        theirs = numbers_of(net.module, net.weights, given, training)
        mine = numbers_of(module, {name: state[name] for name in net.weights}, given, training)
        assert mine.keys() == theirs.keys()
        for name, values in theirs.items():
            found = difference(mine[name], values)
            assert not found.exceeds(TOLERANCE["node", dtype]), (name, found, dtype, training)
    return module


def check_drawn(model: Composite, *inputs: Array) -> nn.Module:
    """`check` with weights that are drawn."""
    return check(model, ig.build(model, backend=TORCH, dtype="float64", seed=1).state_dict(), inputs)
