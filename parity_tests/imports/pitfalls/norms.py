"""Normalisations whose statistics are another's: frozen, of weights, cumulative, shared."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imports.pitfalls.table import refused, right


class Standardised(nn.Conv2d):
    """A convolution whose weights are standardised by a batch_norm over them, in evaluation as well."""

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.reshape(1, self.out_channels, -1)
        weight = F.batch_norm(flat, None, None, training=True, momentum=0.0, eps=1e-6).reshape_as(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


@right((3, 6, 6))
class StandardisesItsWeights(nn.Module):
    """As NFNets and BiT do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = Standardised(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


@right((3, 4, 4))
class CountsAllBatches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3, momentum=None)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class Frozen(nn.BatchNorm2d):
    """Never leaves evaluation."""

    def train(self, mode: bool = True) -> Frozen:
        return super().train(False)


@right((3, 4, 4))
class KeepsItsNormFrozen(nn.Module):
    """In training its statistics are those that it has, and do not move."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), Frozen(3)
        self.norm.running_mean = torch.tensor([0.5, -1.0, 0.2])
        self.norm.running_var = torch.tensor([0.5, 2.0, 1.2])

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


@right((3, 4, 4))
class FreezesItsNormsWhenItTrains(nn.Module):
    """As detectors do: train() puts every norm back into evaluation, and its scales are not trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.norm.requires_grad_(False)

    def train(self, mode: bool = True) -> FreezesItsNormsWhenItTrains:
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


@right((3, 4, 4))
class RemembersNothing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)
        self.plain = nn.BatchNorm2d(3, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.plain(self.norm(x))


@right((3, 4, 4))
class NormalisesTwiceWithOneNorm(nn.Module):
    """The statistics move twice a step."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.bare = nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.bare(self.norm(self.bare(self.norm(x)).sin()))


@right((4,), (4, 5))
class NormalisesRowsAndPlaces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.places = nn.BatchNorm1d(4, momentum=0.3), nn.BatchNorm1d(4, eps=0.1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.rows(x)[:, :, None] * self.places(y)


@refused("in evaluation", (4,))
class TakesTheBatchesOwnStatisticsInEvaluation(nn.Module):
    """batch_norm(…, training=True) whatever the mode is, with statistics that it moves."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("var", torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.var, training=True)  # refused


@refused("running_mean", (4,))
class ReadsTheStatisticsThatItMoved(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        return y + self.norm.running_mean  # refused


@right((4,))
class ReadsTheStatisticsBeforeTheyMove(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.norm.running_mean.clone())


@right((3, 4, 4))
class NormalisesInstances(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.group = nn.InstanceNorm2d(3, affine=True), nn.GroupNorm(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.group(self.norm(x))
