"""Cases of losses that are negative logarithms of probabilities."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.likelihoods import BCELoss, CTCLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from isograd.core.parity.cases.kinds import LossCase

LOSS_CASES: dict[type[Description], list[LossCase]] = {
    BCELoss: [
        LossCase(BCELoss(), (5, 3), "unit", "mean", predictions="unit"),
        LossCase(BCELoss(weight=(0.5, 2.0, 1.0)), (5, 3), "unit", "weights", predictions="unit"),
        LossCase(BCELoss(reduction="sum", weight=(3.0,)), (5, 2, 3), "unit", "sum, one weight", predictions="unit"),
        LossCase(BCELoss(reduction="none"), (5, 3), "unit", "elementwise", predictions="unit"),
    ],
    KLDivLoss: [
        LossCase(KLDivLoss(), (5, 3), "shares", "mean over all elements, some probabilities 0"),
        LossCase(KLDivLoss(reduction="batchmean"), (5, 3), "probabilities", "divided by the batch alone"),
        LossCase(KLDivLoss(log_target=True), (5, 3), "logarithms", "logarithms as targets"),
        LossCase(KLDivLoss(log_target=True, reduction="sum"), (5, 2, 3), "logarithms", "their sum"),
        LossCase(KLDivLoss(reduction="none"), (5, 3), "probabilities", "elementwise"),
    ],
    PoissonNLLLoss: [
        LossCase(PoissonNLLLoss(), (5, 3), "counts", "logarithms of rates"),
        LossCase(PoissonNLLLoss(full=True, reduction="sum"), (9, 3), "counts", "with log t!"),
        LossCase(PoissonNLLLoss(log_input=False), (5, 3), "counts", "rates", predictions="positive"),
        LossCase(
            PoissonNLLLoss(log_input=False, full=True, eps=0.1, reduction="none"),
            (5, 3),
            "counts",
            "rates, everything, an eps that shows",
            predictions="positive",
        ),
    ],
    GaussianNLLLoss: [
        LossCase(GaussianNLLLoss(), (5, 2, 3), "one of several", "mean", predictions="second positive"),
        LossCase(
            GaussianNLLLoss(full=True, reduction="sum"), (5, 2), "one of several", "full", predictions="second positive"
        ),
        LossCase(
            GaussianNLLLoss(eps=1.0), (5, 2, 3), "one of several", "variances below eps", predictions="second positive"
        ),
        LossCase(
            GaussianNLLLoss(eps=0.5), (5, 2), "one of several", "variances of 0 and of eps", among=(0.0, 0.5, 1.0)
        ),
        LossCase(
            GaussianNLLLoss(reduction="none"), (5, 2, 3), "one of several", "one by one", predictions="second positive"
        ),
    ],
    CTCLoss: [
        LossCase(CTCLoss(), (4, 6, 4), "sequences", "lengths of both kinds, one class twice in turn, one row empty"),
        LossCase(CTCLoss(reduction="sum"), (3, 5, 3), "sequences", "sum: not divided by the lengths"),
        LossCase(CTCLoss(reduction="none"), (3, 5, 3), "sequences", "one by one"),
        LossCase(CTCLoss(zero_infinity=True), (3, 6, 3), "too long", "no room for the first row's targets"),
        LossCase(CTCLoss(), (3, 5, 3), "sequences", "logits far apart", scale=8.0),
        LossCase(CTCLoss(), (3, 1, 3), "sequences", "one step, logits of order 1000: exp overflows", scale=1000.0),
    ],
}
