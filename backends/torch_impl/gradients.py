"""Vector-Jacobian products by autograd, for whatever takes part in them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from isograd.backends.torch_impl.loader import Tensors
from isograd.core.base.types import Array


def differentiable(x: Tensors) -> Tensors:
    """Gradients are wanted for everything but whole numbers, which have none."""
    return tuple(v.requires_grad_() if v.is_floating_point() else v for v in x)


def gradients_of(
    outputs: Tensors, inputs: Tensors, params: Sequence[Tensor], dys: Tensors, *, retain_graph: bool = False
) -> tuple[tuple[Array | None, ...], Tensors]:
    """(dx as arrays, None for whole numbers; dw as tensors), zeros where no output depends on them."""
    wanted = [*(x for x in inputs if x.requires_grad), *params]
    live = [(y, dy) for y, dy in zip(outputs, dys, strict=True) if y.requires_grad]
    if wanted and live:
        ends, upstream = zip(*live, strict=True)
        found = torch.autograd.grad(
            ends, wanted, upstream, retain_graph=retain_graph, allow_unused=True, materialize_grads=True
        )
    else:
        found = tuple(torch.zeros_like(v) for v in wanted)
    gradients = iter(found)
    dx = tuple(next(gradients).cpu().numpy() if x.requires_grad else None for x in inputs)
    return dx, tuple(gradients)


def norm(values: list[Tensor]) -> float:
    """Σ ‖v‖₂: no entry is larger, and it is finite only where every entry is; one pass, one wait for the device."""
    if not values:
        return 0.0
    norms = torch._foreach_norm(values)
    return sum([size.item() for size in (norms if values[0].is_cpu else [torch.stack(norms).sum()])])
