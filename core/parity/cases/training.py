"""Cases of losses, optimizers, clipping, schedules and initial laws. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core.base import initializers as init
from isograd.core.base.description import Description
from isograd.core.base.initializers import Fans
from isograd.core.learning.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, MSELoss, NLLLoss
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.learning.schedules import CosineDecay, ExponentialDecay, FixedLR, LinearDecay, StepDecay, WarmUp
from isograd.core.parity.cases.kinds import LawCase, LossCase, OptimizerCase, ScheduleCase

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
    ],
    HuberLoss: [
        LossCase(HuberLoss(), (6, 3), "values", "both sides of delta"),
        LossCase(HuberLoss(delta=0.5, reduction="sum"), (6, 3), "values", "a delta that shows"),
        LossCase(HuberLoss(reduction="none"), (6, 3), "values", "elementwise"),
    ],
    NLLLoss: [
        LossCase(NLLLoss(), (6, 4), "labels", "mean"),
        LossCase(NLLLoss(weight=UNEVEN), (6, 4), "ignored", "weighted mean over what is not ignored"),
        LossCase(NLLLoss(weight=UNEVEN, reduction="none"), (3, 4, 2), "ignored", "more axes, elementwise"),
        LossCase(NLLLoss(reduction="sum"), (6, 4), "labels", "sum"),
        LossCase(NLLLoss(dim=-1, weight=UNEVEN), (3, 5, 4), "ignored", "classes along the last axis"),
    ],
    CrossEntropyLoss: [
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "class indices"),
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "logits of order 1000: exp overflows", scale=1000.0),
        LossCase(CrossEntropyLoss(), (6, 4), "masked", "logits of −∞ beside the label"),
        LossCase(CrossEntropyLoss(), (6, 4), "probabilities", "probabilities"),
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
        LossCase(BCEWithLogitsLoss(reduction="sum"), (5, 3), "unit", "logits of order 1000", scale=1000.0),
        LossCase(BCEWithLogitsLoss(reduction="none", pos_weight=(3.0,)), (5, 3), "unit", "elementwise, one pos_weight"),
    ],
}

OPTIMIZER_CASES: dict[type[Description], list[OptimizerCase]] = {
    SGD: [
        OptimizerCase(SGD(0.1), "plain"),
        OptimizerCase(SGD(0.1, momentum=0.9), "momentum, torch's form"),
        OptimizerCase(SGD(0.1, momentum=0.9, dampening=0.3, weight_decay=0.01), "dampening: not on the first step"),
        OptimizerCase(SGD(0.1, momentum=0.9, nesterov=True), "Nesterov"),
        OptimizerCase(SGD(0.1, weight_decay=0.1), "decay without momentum"),
        OptimizerCase(SGD(0.1, momentum=0.9, velocity="step"), "the book's form"),
        OptimizerCase(
            SGD(0.1, momentum=0.9, velocity="step", nesterov=True, weight_decay=0.01), "the book's, Nesterov, decay"
        ),
        OptimizerCase(SGD(0.1, momentum=0.9, velocity="step", dampening=0.3), "the book's, dampened"),
    ],
    Adagrad: [
        OptimizerCase(Adagrad(0.1), "plain"),
        OptimizerCase(
            Adagrad(0.1, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.1, eps=1e-3), "every option"
        ),
    ],
    RMSprop: [
        OptimizerCase(RMSprop(0.01), "plain"),
        OptimizerCase(RMSprop(0.01, momentum=0.9), "momentum"),
        OptimizerCase(
            RMSprop(0.01, centered=True, momentum=0.5, weight_decay=0.01, alpha=0.9, eps=1e-3), "every option"
        ),
    ],
    Adam: [
        OptimizerCase(Adam(0.01), "plain"),
        OptimizerCase(Adam(0.01, amsgrad=True, weight_decay=0.1, betas=(0.8, 0.7), eps=1e-3), "every option"),
    ],
    AdamW: [
        OptimizerCase(AdamW(0.01), "plain"),
        OptimizerCase(AdamW(0.01, amsgrad=True, weight_decay=0.1, betas=(0.8, 0.7), eps=1e-3), "every option"),
    ],
}

CLIPPING_CASES: dict[type[Description], list[OptimizerCase]] = {
    ClipValue: [OptimizerCase(SGD(0.1), "some entries clipped, some not", clip=ClipValue(0.02))],
    ClipNorm: [
        OptimizerCase(SGD(0.1), "the norm is too large", clip=ClipNorm(0.1)),
        OptimizerCase(SGD(0.1), "the norm is small enough", clip=ClipNorm(1000.0)),
    ],
}

SCHEDULE_CASES: dict[type[Description], list[ScheduleCase]] = {
    FixedLR: [ScheduleCase(FixedLR(), "nothing changes")],
    LinearDecay: [ScheduleCase(LinearDecay(final_lr=0.02), "ends at final_lr")],
    ExponentialDecay: [
        ScheduleCase(ExponentialDecay(gamma=0.8), "by factor"),
        ScheduleCase(ExponentialDecay(final_lr=0.01), "by its end"),
    ],
    StepDecay: [ScheduleCase(StepDecay(step_size=3, gamma=0.5), "steps that do not divide the total")],
    CosineDecay: [
        ScheduleCase(CosineDecay(final_lr=0.01), "over the whole fit"),
        ScheduleCase(CosineDecay(period=10), "a period longer than the fit"),
    ],
    WarmUp: [
        ScheduleCase(WarmUp(length=3), "then constant"),
        ScheduleCase(WarmUp(length=3, start_factor=0.1, then=CosineDecay()), "then cosine, from its own start"),
    ],
}

WIDE, TALL = Fans(300, 200), Fans(200, 300)
INITIALIZER_CASES: dict[type[Description], list[LawCase]] = {
    init.Normal: [LawCase(init.Normal(mean=0.5, std=2.0), (200, 300), WIDE, "mean and deviation that show")],
    init.Uniform: [LawCase(init.Uniform(low=-1.0, high=3.0), (200, 300), WIDE, "bounds that show")],
    init.Constant: [LawCase(init.Constant(0.25), (4, 5), Fans(5, 4), "exact")],
    init.Zeros: [LawCase(init.Zeros(), (4, 5), Fans(5, 4), "exact")],
    init.Ones: [LawCase(init.Ones(), (4, 5), Fans(5, 4), "exact")],
    init.XavierUniform: [LawCase(init.XavierUniform(gain=1.5), (200, 300), WIDE, "gain that shows")],
    init.XavierNormal: [LawCase(init.XavierNormal(gain=1.5), (200, 300), WIDE, "gain that shows")],
    init.KaimingUniform: [
        LawCase(init.KaimingUniform(), (200, 300), WIDE, "fan in"),
        LawCase(init.KaimingUniform(gain=1.0, mode="fan_out"), (200, 300), WIDE, "fan out"),
    ],
    init.KaimingNormal: [
        LawCase(init.KaimingNormal(), (200, 300), WIDE, "fan in"),
        LawCase(init.KaimingNormal(gain=1.0, mode="fan_out"), (200, 300), WIDE, "fan out"),
    ],
    init.Orthogonal: [
        LawCase(init.Orthogonal(gain=2.0), (200, 300), WIDE, "rows orthogonal"),
        LawCase(init.Orthogonal(), (300, 200), TALL, "columns orthogonal"),
    ],
    init.TorchDefault: [
        LawCase(init.TorchDefault(), (200, 300), WIDE, "a weight"),
        LawCase(init.TorchDefault(), (60000,), Fans(300, 60000), "a bias, with its weight's fan"),
    ],
    init.Book: [
        LawCase(init.Book(), (200, 300), WIDE, "the book's glorot"),
        LawCase(init.Book(form="standard"), (200, 300), WIDE, "standard normal"),
    ],
}
