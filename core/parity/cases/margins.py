"""Cases of losses that want scores or distances to be apart by a margin."""

from __future__ import annotations

from math import inf

from isograd.core.base.description import Description
from isograd.core.learning.margins import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
)
from isograd.core.parity.cases.kinds import LossCase

UNEVEN = (0.5, 2.0, 1.0, 0.25)
LOSS_CASES: dict[type[Description], list[LossCase]] = {
    SoftMarginLoss: [
        LossCase(SoftMarginLoss(), (5, 3), "signs", "mean"),
        LossCase(SoftMarginLoss(reduction="sum"), (5, 3), "values", "targets that scale"),
        LossCase(SoftMarginLoss(reduction="none"), (5, 3), "signs", "elementwise"),
    ],
    HingeEmbeddingLoss: [
        LossCase(HingeEmbeddingLoss(), (8, 3), "signs", "mean"),
        LossCase(HingeEmbeddingLoss(margin=0.3, reduction="sum"), (8, 3), "signs", "a margin that shows"),
        LossCase(HingeEmbeddingLoss(margin=0.0), (8, 3), "signs", "distances at the margin", scale=0.0),
        LossCase(HingeEmbeddingLoss(reduction="none"), (8,), "signs", "one number a row"),
    ],
    MarginRankingLoss: [
        LossCase(MarginRankingLoss(), (8, 2), "sign of several", "two scores a row"),
        LossCase(MarginRankingLoss(margin=0.5, reduction="sum"), (8, 2, 3), "sign of several", "margin, more scores"),
        LossCase(MarginRankingLoss(), (8, 2), "sign of several", "scores that are equal", scale=0.0),
        LossCase(MarginRankingLoss(reduction="none"), (8, 2), "sign of several", "one by one"),
        LossCase(
            MarginRankingLoss(margin=1.0), (16, 2), "sign of several", "exactly a margin apart", among=(0.0, 1.0, 2.0)
        ),
    ],
    CosineEmbeddingLoss: [
        LossCase(CosineEmbeddingLoss(), (8, 2, 3), "sign a row", "both signs"),
        LossCase(CosineEmbeddingLoss(margin=-0.3), (8, 2, 3), "sign a row", "vectors of length 0", scale=0.0),
        LossCase(CosineEmbeddingLoss(), (24, 2, 2), "sign a row", "right angles: at the margin", among=(-1.0, 1.0)),
        LossCase(CosineEmbeddingLoss(margin=-0.3, reduction="sum"), (8, 2, 3), "sign a row", "margin below 0"),
        LossCase(CosineEmbeddingLoss(margin=0.4, reduction="none"), (8, 2, 3), "sign a row", "one by one"),
    ],
    TripletMarginLoss: [
        LossCase(TripletMarginLoss(), (6, 3, 4), "none", "mean"),
        LossCase(TripletMarginLoss(margin=2.0, swap=True), (6, 3, 4), "none", "the nearer of two distances"),
        LossCase(TripletMarginLoss(p=1.0, eps=1e-3, reduction="sum"), (6, 3, 4), "none", "sums of absolute values"),
        LossCase(TripletMarginLoss(p=3.0, margin=2.0), (6, 3, 2, 4), "none", "another power, more distances a row"),
        LossCase(TripletMarginLoss(p=inf, margin=2.0), (6, 3, 4), "none", "the largest alone"),
        LossCase(TripletMarginLoss(eps=0.0, p=1.5), (6, 3, 4), "none", "all three alike: no distance", scale=0.0),
        LossCase(TripletMarginLoss(p=inf), (6, 3, 4), "none", "several that are the largest", scale=0.0),
        LossCase(TripletMarginLoss(p=1.0, eps=0.0), (24, 3, 4), "none", "exactly at the margin", among=(0.0, 1.0)),
        LossCase(TripletMarginLoss(reduction="none"), (6, 3, 4), "none", "one by one"),
    ],
    MultiMarginLoss: [
        LossCase(MultiMarginLoss(), (6, 4), "labels", "mean"),
        LossCase(MultiMarginLoss(p=2, margin=0.5, weight=UNEVEN), (6, 4), "labels", "squares, margin and weights"),
        LossCase(MultiMarginLoss(margin=0.0), (6, 4), "labels", "scores at the margin", scale=0.0),
        LossCase(MultiMarginLoss(weight=UNEVEN, reduction="sum"), (6, 4), "labels", "sum"),
        LossCase(MultiMarginLoss(reduction="none"), (6, 4), "labels", "one by one"),
    ],
    MultiLabelMarginLoss: [
        LossCase(MultiLabelMarginLoss(), (6, 4), "sets", "lists of all lengths"),
        LossCase(MultiLabelMarginLoss(reduction="sum"), (6, 4), "sets", "sum"),
        LossCase(MultiLabelMarginLoss(reduction="none"), (6, 4), "sets", "one by one"),
    ],
    MultiLabelSoftMarginLoss: [
        LossCase(MultiLabelSoftMarginLoss(), (6, 4), "unit", "mean"),
        LossCase(MultiLabelSoftMarginLoss(weight=UNEVEN, reduction="sum"), (6, 4), "unit", "weights"),
        LossCase(MultiLabelSoftMarginLoss(reduction="none"), (6, 2, 4), "unit", "without the last axis"),
    ],
}
