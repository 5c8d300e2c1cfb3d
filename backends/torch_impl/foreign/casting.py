"""Where a module computes with fewer digits than its weights have: `x.float()` inside, in float64."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from isograd.backends.torch_impl.importer.places import frames_from, place_in


class Rounding(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside, the first call is noted that makes of a float64 tensor one with fewer digits; whole numbers (a mask's 0
    and 1, an index) need no more."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.module, self.found = module, ""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        if not self.found and _rounds(args, made):
            place = place_in(self.module, frames_from(sys._getframe(1)))
            at = f" ({place})" if place else ""
            self.found = f"casts to {made.dtype} inside{at}"
        return made


def _rounds(args: Sequence[Any], made: Any) -> bool:
    """Whether what is made of float64 numbers has fewer digits, and they are not all whole."""
    if not isinstance(made, Tensor) or not made.is_floating_point() or made.dtype == torch.float64:
        return False
    wide = [v for v in pytree.tree_leaves(args) if isinstance(v, Tensor) and v.dtype == torch.float64]
    return any(not torch.equal(v.nan_to_num(), v.nan_to_num().round()) for v in wide)


def casts_inside(module: nn.Module, call: Callable[[], Any]) -> str:
    """ "casts to torch.float32 inside (norm, llama.py:74)": what `call` of a module in float64 does; "" where nothing
    is cast, or the call raises."""
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), Rounding(module) as rounding:
            call()
    except Exception:  # whoever runs it next says why
        return ""
    return str(rounding.found)
