"""One line a loss: torch.nn's, or, for the reduction of the book (Weidman 2019), a module of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isograd.core.base.table import Table
from isograd.core.learning import losses as core

LOSSES = Table("torch_impl/losses.py")


class BatchMeanSquaredError(nn.Module):
    """Σ (p − t)² / N"""

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        return nn.functional.mse_loss(p, t, reduction="sum") / p.shape[0]


class AlongClasses(nn.Module):
    """A torch.nn loss for predictions whose classes stand along `dim`: every prediction becomes a row."""

    def __init__(self, criterion: nn.Module, dim: int) -> None:
        super().__init__()
        self.criterion, self.dim = criterion, dim

    def rows(self, x: Tensor) -> Tensor:
        return x.movedim(self.dim, -1).flatten(0, -2)

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        labels = p.movedim(self.dim, -1).shape[:-1]
        loss: Tensor = self.criterion(self.rows(p), self.rows(t) if t.is_floating_point() else t.flatten())
        return loss.reshape(labels) if loss.dim() else loss


def _along(criterion: nn.Module, dim: int) -> nn.Module:
    return criterion if dim == 1 else AlongClasses(criterion, dim)


def _figures(values: tuple[float, ...] | None) -> Tensor | None:
    return None if values is None else torch.tensor(values, dtype=torch.float64)


LOSSES[core.MSELoss] = lambda s: (
    BatchMeanSquaredError() if s.reduction == "batchmean" else nn.MSELoss(reduction=s.reduction)
)
LOSSES[core.L1Loss] = lambda s: nn.L1Loss(reduction=s.reduction)
LOSSES[core.HuberLoss] = lambda s: nn.HuberLoss(reduction=s.reduction, delta=s.delta)
LOSSES[core.NLLLoss] = lambda s: _along(
    nn.NLLLoss(_figures(s.weight), ignore_index=s.ignore_index, reduction=s.reduction), s.dim
)
LOSSES[core.CrossEntropyLoss] = lambda s: _along(
    nn.CrossEntropyLoss(
        _figures(s.weight), ignore_index=s.ignore_index, reduction=s.reduction, label_smoothing=s.label_smoothing
    ),
    s.dim,
)
LOSSES[core.BCEWithLogitsLoss] = lambda s: nn.BCEWithLogitsLoss(
    _figures(s.weight), reduction=s.reduction, pos_weight=_figures(s.pos_weight)
)
