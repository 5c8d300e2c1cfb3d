"""One line a loss: torch.nn's, or, for the reduction of the book (Weidman 2019), a module of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.exact import SoftMarginLoss
from isograd.core.base.table import Table
from isograd.core.learning import likelihoods, margins
from isograd.core.learning import losses as core
from isograd.core.learning.weighted import WeightedLoss

LOSSES = Table("torch_impl/losses.py")


class BatchMeanSquaredError(nn.Module):
    """Σ (p − t)² / N"""

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        return nn.functional.mse_loss(p, t, reduction="sum") / p.shape[0]


class MeanKLDiv(nn.KLDivLoss):
    """torch.nn.KLDivLoss with reduction="mean", of which torch warns that it is no mean over the batch."""

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        return nn.functional.kl_div(p, t, reduction="sum", log_target=self.log_target) / p.numel()


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


class CheckedBCE(nn.BCELoss):
    """torch.nn.BCELoss, which raises an error of its own outside of [0, 1], and of NaN, which the learner tells of."""

    def __init__(self, spec: likelihoods.BCELoss) -> None:
        super().__init__(_figures(spec.weight), reduction=spec.reduction)
        self.spec = spec

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        self.spec.check_predictions(bool(((p < 0) | (p > 1)).any()))
        if not bool(p.isnan().any()):
            return super().forward(p, t)
        return p if self.reduction == "none" else p.sum()


class CheckedGaussianNLL(nn.GaussianNLLLoss):
    """torch.nn.GaussianNLLLoss of means and variances side by side."""

    def __init__(self, spec: likelihoods.GaussianNLLLoss) -> None:
        super().__init__(full=spec.full, eps=spec.eps, reduction=spec.reduction)
        self.spec = spec

    def forward(self, p: Tensor, t: Tensor) -> Tensor:  # type: ignore[override]
        mean, variance = p.unbind(1)
        self.spec.check_variances(bool((variance < 0).any()))
        return super().forward(mean, t, variance)


class SideBySide(nn.Module):
    """A torch.nn loss of several predictions, which stand side by side along axis 1."""

    def __init__(self, criterion: nn.Module, *, targets: bool = True) -> None:
        super().__init__()
        self.criterion, self.targets = criterion, targets

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        loss: Tensor = self.criterion(*p.unbind(1), *([t] if self.targets else []))
        return loss


class Weighted(nn.Module):
    """Σ s·each / D of a torch.nn loss with reduction="none"; the weights stand in front of its targets."""

    def __init__(self, spec: WeightedLoss) -> None:
        super().__init__()
        self.spec, self.criterion = spec, LOSSES[type(spec.of)](spec.of)

    def forward(self, p: Tensor, t: Tensor) -> Tensor:
        inner, _, whole = self.spec.apart(tuple(p.shape[1:]), t)
        each: Tensor = self.criterion(p, inner.long() if whole else inner)
        weighed = t[:, 0].reshape(-1, *[1] * (each.dim() - 1)) * each
        if self.spec.reduction == "none":
            return weighed
        if self.spec.reduction == "sum":
            return weighed.sum()
        values = each.numel() / len(p) if self.spec.reduction == "mean" else 1
        return weighed.sum() / (t[:, 1].sum() * values)


class CTC(nn.CTCLoss):
    """torch.nn.CTCLoss, time first, of predictions that are normalised before; targets hold both lengths in front."""

    def forward(self, p: Tensor, t: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(p.log_softmax(2).transpose(0, 1), t[:, 2:], t[:, 0], t[:, 1])


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
LOSSES[core.SmoothL1Loss] = lambda s: nn.SmoothL1Loss(reduction=s.reduction, beta=s.beta)
LOSSES[likelihoods.BCELoss] = lambda s: CheckedBCE(s)
LOSSES[likelihoods.KLDivLoss] = lambda s: (
    MeanKLDiv(log_target=s.log_target)
    if s.reduction == "mean"
    else nn.KLDivLoss(reduction=s.reduction, log_target=s.log_target)
)
LOSSES[likelihoods.PoissonNLLLoss] = lambda s: nn.PoissonNLLLoss(s.log_input, s.full, eps=s.eps, reduction=s.reduction)
LOSSES[likelihoods.GaussianNLLLoss] = lambda s: CheckedGaussianNLL(s)
LOSSES[likelihoods.CTCLoss] = lambda s: CTC(s.blank, s.reduction, s.zero_infinity)
LOSSES[margins.SoftMarginLoss] = lambda s: SoftMarginLoss(s.reduction)
LOSSES[margins.HingeEmbeddingLoss] = lambda s: nn.HingeEmbeddingLoss(s.margin, reduction=s.reduction)
LOSSES[margins.MarginRankingLoss] = lambda s: SideBySide(nn.MarginRankingLoss(s.margin, reduction=s.reduction))
LOSSES[margins.CosineEmbeddingLoss] = lambda s: SideBySide(nn.CosineEmbeddingLoss(s.margin, reduction=s.reduction))
LOSSES[margins.TripletMarginLoss] = lambda s: SideBySide(
    nn.TripletMarginLoss(s.margin, s.p, s.eps, s.swap, reduction=s.reduction), targets=False
)
LOSSES[margins.MultiMarginLoss] = lambda s: nn.MultiMarginLoss(s.p, s.margin, _figures(s.weight), reduction=s.reduction)
LOSSES[margins.MultiLabelMarginLoss] = lambda s: nn.MultiLabelMarginLoss(reduction=s.reduction)
LOSSES[margins.MultiLabelSoftMarginLoss] = lambda s: nn.MultiLabelSoftMarginLoss(
    _figures(s.weight), reduction=s.reduction
)
LOSSES[WeightedLoss] = lambda s: Weighted(s)
