"""Cases of the optimizers and of clipping. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.parity.cases.kinds import OptimizerCase

MANY = 40_000
"""Units whose weights are more entries than an engine updates at a time. With large steps such a network runs away."""

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
        OptimizerCase(SGD(1e-5, momentum=0.9), "more weights than are updated at a time", units=MANY),
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
        OptimizerCase(Adam(1e-6, amsgrad=True), "more weights than are updated at a time", units=MANY),
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
