"""The cases: at least one small one for every description, each with the reason why it exists.

From them every generated test follows: claimed shapes, kept dtype, untouched inputs, definitions, finite
differences, parity in both dtypes, planted faults caught. A backend of your own is judged by the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from isograd.core import initializers as init
from isograd.core import layers as L
from isograd.core.description import Description
from isograd.core.graph import Input
from isograd.core.initializers import Fans, Initializer
from isograd.core.layers.base import Layer
from isograd.core.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, Loss, MSELoss, NLLLoss
from isograd.core.model import Model
from isograd.core.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, Clipping, ClipValue, Optimizer, RMSprop
from isograd.core.schedules import ConstantLR, CosineDecay, ExponentialDecay, LinearDecay, Schedule, StepDecay, WarmUp
from isograd.core.sequential import Sequential
from isograd.core.types import Shape


@dataclass(frozen=True)
class Case:
    """A layer on inputs of these shapes (one sample's), drawn from N(0, scale²)."""

    layer: Layer
    shapes: tuple[Shape, ...]
    why: str
    batch: int = 5
    scale: float = 1.0


@dataclass(frozen=True)
class LossCase:
    """A loss on predictions of this shape (batch included) and targets of this kind."""

    loss: Loss
    shape: Shape
    targets: Literal["values", "equal", "unit", "labels", "ignored", "probabilities"]
    why: str
    scale: float = 1.0


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer (and clipping) over locked steps of a small network."""

    optimizer: Optimizer
    why: str
    clip: Clipping | None = None


@dataclass(frozen=True)
class ScheduleCase:
    schedule: Schedule
    why: str
    lr: float = 0.1
    total: int = 7


@dataclass(frozen=True)
class LawCase:
    law: Initializer
    shape: Shape
    fans: Fans
    why: str


def _branches() -> Model:
    x = Input((4,))
    h = L.Tanh()(L.Linear(3)(x))
    return Model(inputs=x, outputs=[L.Linear(2)(h) + L.Linear(2)(x), h])


def _shared() -> Model:
    x = Input((3,))
    twice = L.Linear(3)
    return Model(inputs=x, outputs=twice(L.Tanh()(twice(x))))


def _nested() -> Model:
    x, y = Input((4,)), Input((3,))
    inner = Sequential([L.Linear(3), L.Tanh()])
    a, b = _branches()(x)
    return Model(inputs=[x, y], outputs=L.Concat()(inner(x) * y, inner(x), a, b))


SEVERAL_AXES = (3, 4)
CASES: dict[type[Description], list[Case]] = {
    L.Linear: [
        Case(L.Linear(3), ((4,),), "plain"),
        Case(L.Linear(3, bias=False), ((4,),), "no bias, batch of one", batch=1),
        Case(L.Linear(2), ((3, 4),), "time axis: every step through the same weights"),
        Case(L.Linear(1), ((1,),), "one feature in, one out"),
    ],
    L.Identity: [Case(L.Identity(), (SEVERAL_AXES,), "nothing changes")],
    L.Flatten: [
        Case(L.Flatten(), ((2, 3, 4),), "all axes of a sample"),
        Case(L.Flatten(start_dim=2, end_dim=3), ((2, 3, 4, 2),), "some axes in the middle"),
        Case(L.Flatten(), ((),), "samples without axes become one feature"),
    ],
    L.Reshape: [
        Case(L.Reshape((4, 3)), ((2, 6),), "reading order is kept, not transposed"),
        Case(L.Reshape((-1, 2)), ((2, 3, 2),), "one axis inferred"),
    ],
    L.Dropout: [
        Case(L.Dropout(0.4), (SEVERAL_AXES,), "scaled in training"),
        Case(L.Dropout(0.4, scale="inference"), (SEVERAL_AXES,), "scaled in evaluation (the book)"),
        Case(L.Dropout(0.0), ((7,),), "nothing dropped"),
        Case(L.Dropout(1.0), ((7,),), "everything dropped: 1/(1−p) must not divide by zero"),
    ],
    L.Add: [
        Case(L.Add(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Add(), ((3, 4), (1, 4), (3, 1)), "three, broadcast over different axes"),
    ],
    L.Subtract: [
        Case(L.Subtract(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Subtract(), ((1, 4), (3, 1)), "both broadcast"),
    ],
    L.Multiply: [
        Case(L.Multiply(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Multiply(), ((3, 1), (3, 4), (1, 4)), "three, broadcast: each gets the product of the others"),
    ],
    L.MatMul: [
        Case(L.MatMul(), ((2, 3), (3, 4)), "a matrix for each sample"),
        Case(L.MatMul(), ((2, 2, 3), (2, 3, 4)), "several matrices for each sample"),
    ],
    L.Concat: [
        Case(L.Concat(), ((2, 3), (4, 3)), "along the first axis of a sample"),
        Case(L.Concat(dim=-1), ((2, 3), (2, 1), (2, 2)), "three, along the last axis"),
    ],
    L.Sigmoid: [
        Case(L.Sigmoid(), ((6,),), "plain"),
        Case(L.Sigmoid(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.Tanh: [Case(L.Tanh(), (SEVERAL_AXES,), "plain"), Case(L.Tanh(), ((6,),), "saturated", scale=100.0)],
    L.ReLU: [
        Case(L.ReLU(), (SEVERAL_AXES,), "both sides of 0"),
        Case(L.ReLU(), ((6,),), "exactly 0: derivative 0", scale=0.0),
    ],
    L.LeakyReLU: [
        Case(L.LeakyReLU(), (SEVERAL_AXES,), "default slope"),
        Case(L.LeakyReLU(negative_slope=0.3), ((6,),), "a slope that shows"),
        Case(L.LeakyReLU(negative_slope=0.3), ((3,),), "exactly 0: derivative the slope, as torch", scale=0.0),
    ],
    L.ELU: [
        Case(L.ELU(), (SEVERAL_AXES,), "plain"),
        Case(L.ELU(alpha=0.7), ((6,),), "alpha that shows"),
        Case(L.ELU(alpha=0.7), ((6,),), "inputs of order 1000: exp overflows on the linear side", scale=1000.0),
    ],
    L.GELU: [
        Case(L.GELU(), (SEVERAL_AXES,), "erf form"),
        Case(L.GELU(approximate="tanh"), (SEVERAL_AXES,), "tanh form"),
        Case(L.GELU(), ((8,),), "tails", scale=6.0),
    ],
    L.SiLU: [Case(L.SiLU(), (SEVERAL_AXES,), "plain"), Case(L.SiLU(), ((6,),), "tails", scale=100.0)],
    L.Softplus: [
        Case(L.Softplus(), (SEVERAL_AXES,), "plain"),
        Case(L.Softplus(beta=2.0, threshold=1.0), ((12,),), "both sides of a threshold that shows"),
        Case(L.Softplus(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.Softmax: [
        Case(L.Softmax(), ((6,),), "last axis"),
        Case(L.Softmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.Softmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
    ],
    L.LogSoftmax: [
        Case(L.LogSoftmax(), ((6,),), "last axis"),
        Case(L.LogSoftmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.LogSoftmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
    ],
    Sequential: [
        Case(
            Sequential([L.Linear(6), L.Tanh(), L.Dropout(0.3), L.Linear(2)]), ((4,),), "prefixed names, dropout inside"
        ),
    ],
    Model: [
        Case(_branches(), ((4,),), "a value that feeds two nodes, two outputs, one of them read on"),
        Case(_shared(), ((3,),), "a layer called twice: its gradients add up"),
        Case(_nested(), ((4,), (3,)), "two inputs, models inside a model, one of them called twice"),
    ],
}

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
    ],
    CrossEntropyLoss: [
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "class indices"),
        LossCase(CrossEntropyLoss(), (6, 4), "labels", "logits of order 1000: exp overflows", scale=1000.0),
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
    ConstantLR: [ScheduleCase(ConstantLR(), "nothing changes")],
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
