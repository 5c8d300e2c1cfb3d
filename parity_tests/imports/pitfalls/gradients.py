"""Gradients that a graph of the forward does not tell: backwards of one's own, hooks, regions without any."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from imports.pitfalls.table import refused, right


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(_: Any, *dy: Any) -> Any:
        return dy[0]


@refused("StraightThrough.apply, with a backward of its own", (4,))
class HasItsOwnBackward(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = StraightThrough.apply(x * 2)  # refused
        return y


@refused("StraightThrough.apply, with a backward of its own", (4,), path="parts.1.act")
class HasItsOwnBackwardDeepInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()

        class Part(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.act = Named()

            def forward(self, x: Tensor) -> Tensor:
                y: Tensor = self.act(x)
                return y

        class Named(nn.Module):
            def forward(me, x: Tensor) -> Tensor:
                y: Tensor = StraightThrough.apply(x)  # refused
                return y

        self.parts = nn.Sequential(nn.Linear(4, 4), Part())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.parts(x)
        return y


early = StraightThrough.apply


@refused("StraightThrough.apply, with a backward of its own", (4,))
class HasItsOwnBackwardBoundEarly(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = early(x)  # refused
        return y


@refused("register_hook", (4,))
class ChangesAGradientByAHook(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        y.register_hook(lambda g: g * 3)  # refused
        return y


class Hooked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y


@right((4,))
class ChangesValuesByHooks(nn.Module):
    """Hooks of the forward are part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.part = Hooked()
        self.part.layer.register_forward_hook(lambda module, args, y: y * 2)
        self.part.register_forward_pre_hook(lambda module, args: (args[0] + 1,))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.part(x)
        return y


@right((4,))
class HasRegionsWithoutGradients(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            mean = x.mean(1, keepdim=True) * self.scale
            inner = mean.exp() + x
        y = x * self.shift - mean + inner.detach()
        return y * inner


@right((4,))
class KeepsSomeGradientsBack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.layer(x)
        return y * y.detach().sigmoid(), (y - x).detach()


@right((4,))
class RoundsStraightThroughWithDetach(nn.Module):
    """The usual way, which a graph does hold: x + (round(x) − x).detach()"""

    def forward(self, x: Tensor) -> Tensor:
        y = x * 3
        return y + (y.round() - y).detach()


@torch.no_grad()
def frequencies(x: Tensor) -> Tensor:
    return x.cos() * torch.arange(4)


@right((4,))
class CallsAFunctionWithoutGradients(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * frequencies(x * 2)


@right((4,))
class TurnsAutocastOff(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            y = x.float().exp() if x.dtype == torch.float32 else x.exp()
        return y * x


@refused("torch.autocast('cpu', torch.bfloat16)", (4,), path="layer")
class TurnsAutocastOn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.layer(x)  # refused
        return y.float()


@right((4,))
class HasGradientsWithinARegionWithout(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            y = x.exp()
            with torch.enable_grad():
                z = x.sin()
        return y + z


@refused("x.data", (4,))
class ReadsTheDataOfAnInput(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.data  # refused


@right((4,))
class FreezesAPart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.free = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4)
        self.free.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.free(F.gelu(self.frozen(x)))
        return y


@refused("register_hook", (4,))
class ChangesAGradientWhereThereIsOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        if y.requires_grad:
            y.register_hook(torch.neg)  # refused
        return y


@right((4,))
class CallsACheckpoint(nn.Module):
    """Computed again in the backward, which changes no number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = checkpoint(self.layer, x, use_reentrant=False)
        return y
