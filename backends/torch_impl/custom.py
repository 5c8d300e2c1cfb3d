"""Custom layers and losses as modules: the user's function on tensors, differentiated by autograd."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.layers import LAYERS
from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.namespace import TENSORS
from isograd.core.base.errors import BackendError
from isograd.core.base.types import Shape
from isograd.core.graph.custom import CustomLayer, CustomLoss


class CustomModule(nn.Module):
    """y = f(x, w), its weights as parameters of their own names."""

    def __init__(self, spec: CustomLayer, shapes: tuple[Shape, ...]) -> None:
        super().__init__()
        self.spec, self.out_shapes = spec, spec.out_shapes(*shapes)
        for name, weight in spec.weights(*shapes).items():
            if hasattr(self, name):
                raise BackendError(
                    f"weight {name!r} of {spec!r}",
                    wanted="a name that torch.nn.Module leaves free",
                    got=repr(name),
                    fix=f"rename it in weights= of {spec.place()}",
                )
            self.register_parameter(name, nn.Parameter(torch.empty(weight.shape)))

    def forward(self, *x: Tensor) -> Any:
        y = self.spec.compute(TENSORS, x, dict(self.named_parameters()), self.out_shapes)
        return y if len(y) > 1 else y[0]

    def extra_repr(self) -> str:
        return repr(self.spec)


class CustomCriterion(nn.Module):
    """L = f(p, t)"""

    def __init__(self, spec: CustomLoss) -> None:
        super().__init__()
        self.spec = spec

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        loss: Tensor = self.spec.value(TENSORS, p, t.long() if self.spec.labels else t)
        return loss


LAYERS[CustomLayer] = lambda s, *x: CustomModule(s, x)
LOSSES[CustomLoss] = lambda s: CustomCriterion(s)
