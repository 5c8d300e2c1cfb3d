"""Cases of per-sample weights."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.likelihoods import CTCLoss, GaussianNLLLoss
from isograd.core.learning.losses import CrossEntropyLoss, MSELoss
from isograd.core.learning.margins import CosineEmbeddingLoss, MultiLabelMarginLoss, TripletMarginLoss
from isograd.core.learning.weighted import WeightedLoss
from isograd.core.parity.cases.kinds import LossCase

UNEVEN = (0.5, 2.0, 1.0, 0.25)
ONE_BY_ONE = CrossEntropyLoss(weight=UNEVEN, reduction="none")
LOSS_CASES: dict[type[Description], list[LossCase]] = {
    WeightedLoss: [
        LossCase(WeightedLoss(MSELoss(reduction="none")), (5, 3), "values", "values, all over the sum of weights"),
        LossCase(WeightedLoss(MSELoss(reduction="none"), reduction="batchmean"), (5, 3), "values", "by weights alone"),
        LossCase(WeightedLoss(MSELoss(reduction="none"), reduction="sum"), (5, 2, 3), "values", "sum, more axes"),
        LossCase(WeightedLoss(MSELoss(reduction="none"), reduction="none"), (5, 3), "values", "one by one"),
        LossCase(WeightedLoss(ONE_BY_ONE), (6, 4), "labels", "weights of classes beside those of samples"),
        LossCase(WeightedLoss(ONE_BY_ONE), (6, 4, 2), "ignored", "some places of a row ignored"),
        LossCase(WeightedLoss(ONE_BY_ONE), (6, 4), "probabilities", "probabilities of classes"),
        LossCase(
            WeightedLoss(GaussianNLLLoss(reduction="none")),
            (5, 2, 3),
            "one of several",
            "two predictions",
            predictions="second positive",
        ),
        LossCase(WeightedLoss(CosineEmbeddingLoss(reduction="none")), (6, 2, 3), "sign a row", "a target a row"),
        LossCase(WeightedLoss(TripletMarginLoss(reduction="none")), (6, 3, 2, 4), "none", "no targets"),
        LossCase(WeightedLoss(MultiLabelMarginLoss(reduction="none")), (6, 4), "sets", "lists of classes"),
        LossCase(WeightedLoss(CTCLoss(reduction="none")), (4, 6, 4), "sequences", "lengths of targets divide too"),
    ],
}
