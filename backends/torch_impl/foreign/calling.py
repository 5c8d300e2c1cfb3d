"""How a module is called with arrays in a row, and what it makes of them as tensors in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from isograd.core.base.arraylike import as_array
from isograd.core.base.errors import SpecError, shortened


@dataclass(frozen=True)
class Calling:
    """The arguments of an example, whose tensors are replaced in order; everything else is handed on as it is."""

    args: tuple[Any, ...] = (None,)
    kwargs: Mapping[str, Any] | None = None

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Those of the example."""
        return tensors_in((self.args, dict(self.kwargs or {})))

    def __call__(self, module: nn.Module, x: Sequence[Tensor]) -> Any:
        """module(…), as it comes"""
        args, kwargs = self.filled(x)
        return module(*args, **kwargs)

    def filled(self, x: Sequence[Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """(args, kwargs) with these tensors, copies that a forward may write to; integers of the example's own kind."""
        leaves, tree = pytree.tree_flatten((self.args, dict(self.kwargs or {})))
        given = iter(x)
        filled = [_copied(next(given), leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        args, kwargs = pytree.tree_unflatten(filled, tree)
        return args, kwargs


def _copied(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.clone() if like.is_floating_point() else tensor.to(like.dtype, copy=True)


def tensors_in(y: Any) -> tuple[Tensor, ...]:
    """The tensors of a structure, in its own order."""
    return tuple(leaf for leaf in pytree.tree_leaves(y) if isinstance(leaf, Tensor))


def copied(module: nn.Module) -> nn.Module:
    """A copy with weights, hooks and attributes of its own; SpecError where Python cannot copy it."""
    try:
        return deepcopy(module)
    except Exception as error:
        raise SpecError(
            type(module).__name__,
            wanted="a module that copy.deepcopy takes, so that yours stays as it is",
            got=f"{type(error).__name__}: {shortened(str(error), 200)}",
            fix="keep no computed tensors as attributes, or detach them",
        ) from None


def as_tensors(structure: Any, module: nn.Module) -> Any:
    """Arrays of a structure as tensors, floats in the dtype of the module; all else as it is."""
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.get_default_dtype())

    def made(leaf: Any) -> Any:
        if isinstance(leaf, Tensor) or not hasattr(leaf, "__array__"):
            return leaf
        tensor = torch.tensor(as_array(leaf, "x"))
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    return pytree.tree_map(made, structure)
