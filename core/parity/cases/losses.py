"""Cases of the losses. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from isograd.core.parity.cases.kinds import LossCase

UNEVEN = (0.5, 2.0, 1.0, 0.25)
LOSS_CASES: dict[type[Description], list[LossCase]] = {
    MSELoss: [
        LossCase(MSELoss(), (5, 3), "values", "mean over all elements"),
        LossCase(MSELoss(reduction="sum"), (5, 3), "values", "sum"),
        LossCase(MSELoss(reduction="none"), (5, 3), "values", "elementwise, dL an array"),
        LossCase(MSELoss(reduction="batchmean"), (5, 3), "values", "the book's: divided by the batch alone"),
    ],
    L1Loss: [
        LossCase(L1Loss(), (5, 3), "values", "mean"),
        LossCase(L1Loss(reduction="none"), (5, 3), "values", "elementwise"),
        LossCase(L1Loss(reduction="sum"), (5, 3), "equal", "no error at all: derivative 0"),
        LossCase(L1Loss(), (5, 3), "equal", "no error at all, the mean of it"),
    ],
    HuberLoss: [
        LossCase(HuberLoss(), (6, 3), "values", "both sides of delta"),
        LossCase(HuberLoss(delta=0.5, reduction="sum"), (6, 3), "values", "a delta that shows"),
        LossCase(HuberLoss(reduction="none"), (6, 3), "values", "elementwise"),
    ],
    SmoothL1Loss: [
        LossCase(SmoothL1Loss(), (6, 3), "values", "both sides of beta"),
        LossCase(SmoothL1Loss(beta=0.4, reduction="sum"), (6, 3), "values", "a beta that shows"),
        LossCase(SmoothL1Loss(beta=0.0), (6, 3), "values", "no parabola at all"),
        LossCase(SmoothL1Loss(beta=0.0), (6, 3), "equal", "no parabola and no error: derivative 0"),
        LossCase(SmoothL1Loss(reduction="none"), (6, 3), "values", "elementwise"),
    ],
    NLLLoss: [
        LossCase(NLLLoss(), (6, 4), "labels", "mean"),
        LossCase(NLLLoss(weight=UNEVEN), (6, 4), "ignored", "weighted mean over what is not ignored"),
        LossCase(NLLLoss(weight=UNEVEN, reduction="none"), (3, 4, 2), "ignored", "more axes, elementwise"),
        LossCase(NLLLoss(ignore_index=2), (9, 4), "labels", "a class of its own is ignored"),
        LossCase(NLLLoss(reduction="sum"), (6, 4), "labels", "sum"),
        LossCase(NLLLoss(dim=-1, weight=UNEVEN), (3, 5, 4), "ignored", "classes along the last axis"),
    ],
    CrossEntropyLoss: [
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "class indices"),
        LossCase(CrossEntropyLoss(), (1, 4), "labels", "batch of one"),
        LossCase(CrossEntropyLoss(), (300, 4), "labels", "more labels than are looked at one by one"),
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "logits of order 1000: exp overflows", scale=1000.0),
        LossCase(CrossEntropyLoss(), (6, 4), "masked", "logits of −∞ beside the label"),
        LossCase(CrossEntropyLoss(), (6, 4), "ignored", "mean over what is not ignored, nothing else asked for"),
        LossCase(CrossEntropyLoss(ignore_index=2), (9, 4), "labels", "a class of its own is ignored"),
        LossCase(CrossEntropyLoss(label_smoothing=0.1), (6, 4), "labels", "smoothed, nothing else asked for"),
        LossCase(CrossEntropyLoss(reduction="sum"), (6, 4), "labels", "sum, nothing else asked for"),
        LossCase(CrossEntropyLoss(), (3, 4, 2), "labels", "more axes, nothing else asked for"),
        LossCase(CrossEntropyLoss(), (6, 4), "probabilities", "probabilities"),
        LossCase(CrossEntropyLoss(), (6, 4), "probabilities", "probabilities, logits of order 1000", scale=1000.0),
        LossCase(
            CrossEntropyLoss(label_smoothing=0.2, weight=UNEVEN), (6, 4), "ignored", "everything at once, indices"
        ),
        LossCase(
            CrossEntropyLoss(label_smoothing=0.2, weight=UNEVEN),
            (6, 4),
            "probabilities",
            "everything at once, probabilities",
        ),
        LossCase(
            CrossEntropyLoss(reduction="none", label_smoothing=0.1), (3, 4, 2), "ignored", "more axes, elementwise"
        ),
        LossCase(
            CrossEntropyLoss(reduction="none", weight=UNEVEN), (3, 4, 2), "probabilities", "more axes, probabilities"
        ),
        LossCase(CrossEntropyLoss(reduction="sum", weight=UNEVEN), (6, 4), "labels", "sum"),
        LossCase(CrossEntropyLoss(dim=-1), (3, 5, 4), "labels", "every step of a sequence"),
        LossCase(CrossEntropyLoss(dim=2), (3, 2, 4, 5), "probabilities", "classes along an axis in the middle"),
        LossCase(CrossEntropyLoss(dim=2), (2, 3, 4, 2, 3), "labels", "classes two axes before the last"),
        LossCase(CrossEntropyLoss(dim=-1, reduction="none"), (3, 5, 4), "ignored", "every step, one by one"),
        LossCase(
            CrossEntropyLoss(dim=-1, reduction="none"),
            (3, 5, 4),
            "probabilities",
            "probabilities, one by one",
        ),
        LossCase(CrossEntropyLoss(), (3, 4, 2), "probabilities", "mean over the batch and the further axes"),
    ],
    BCEWithLogitsLoss: [
        LossCase(BCEWithLogitsLoss(), (5, 3), "unit", "mean"),
        LossCase(BCEWithLogitsLoss(weight=(0.5, 2.0, 1.0), pos_weight=(3.0, 1.0, 0.2)), (5, 3), "unit", "both weights"),
        LossCase(BCEWithLogitsLoss(), (5, 3), "unit", "logits of exactly 0", scale=0.0),
        LossCase(BCEWithLogitsLoss(reduction="sum"), (5, 3), "unit", "logits of order 1000", scale=1000.0),
        LossCase(BCEWithLogitsLoss(reduction="none", pos_weight=(3.0,)), (5, 3), "unit", "elementwise, one pos_weight"),
    ],
}
