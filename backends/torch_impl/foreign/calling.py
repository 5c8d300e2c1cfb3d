"""How a module is called with arrays in a row, and what it makes of them as tensors in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
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


def places_in(y: Any) -> list[str]:
    """Where in a structure each of its tensors stands: "['scores']", "[0]"."""
    return [pytree.keystr(place) for place, leaf in pytree.tree_leaves_with_path(y) if isinstance(leaf, Tensor)]


def copied(module: nn.Module) -> nn.Module:
    """A copy with weights, hooks and attributes of its own; SpecError where there can be none."""
    _check_plain(module)
    try:
        made = deepcopy(module)
        _carry_hooks(module, made)
        return made
    except Exception as error:
        raise SpecError(
            type(module).__name__,
            wanted="a module that copy.deepcopy takes, so that yours stays as it is",
            got=f"{type(error).__name__}: {shortened(str(error), 200)}",
            fix="keep no computed tensors as attributes, or detach them",
        ) from None


def _check_plain(module: nn.Module) -> None:
    """SpecError unless its parts are Python's, and its weights have shapes and values."""
    name = type(module).__name__
    for path, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            got = f"a compiled one{f' at {path}' if path else ''}"
            raise SpecError(name, wanted="a module in Python", got=got, fix="give the module that it was made of")
    for path, values in (*module.named_parameters(), *module.named_buffers()):
        if is_lazy(values):
            raise SpecError(name, wanted="weights with shapes", got=f"{path} without", fix="call it once: module(x)")
        if values.is_meta:
            fix = "module.to_empty(device='cpu'), then load its weights"
            raise SpecError(name, wanted="weights with values", got=f"{path} on the device meta", fix=fix)


def _carry_hooks(module: nn.Module, made: nn.Module) -> None:
    """Hooks on weights' gradients, which Python's copy of a tensor leaves behind."""
    for own, other in zip(module.parameters(), made.parameters(), strict=True):
        for hook in (own._backward_hooks or {}).values():
            other.register_hook(hook)  # type: ignore[no-untyped-call]
        for hook in (getattr(own, "_post_accumulate_grad_hooks", None) or {}).values():
            other.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]


Result = TypeVar("Result")
Given = ParamSpec("Given")


def with_gradients(call: Callable[Given, Result]) -> Callable[Given, Result]:
    """The call as it is outside of torch.no_grad() and torch.inference_mode(), wherever it is made."""

    @wraps(call)
    def outside(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with torch.inference_mode(False), torch.enable_grad():
            return call(*args, **kwargs)

    return outside


def as_tensors(structure: Any, module: nn.Module) -> Any:
    """Arrays of a structure as tensors, floats in the dtype of the module; all else as it is."""
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.get_default_dtype())

    def made(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            return leaf.clone() if leaf.is_inference() else leaf
        if not hasattr(leaf, "__array__"):
            return leaf
        tensor = torch.tensor(as_array(leaf, "x"))
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    return pytree.tree_map(made, structure)
