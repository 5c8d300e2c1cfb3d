"""Cases of the optimizers and of clipping. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.adaptive import ASGD, Adadelta, Adafactor, Adamax, Muon, NAdam, RAdam, Rprop
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.learning.searching import LBFGS
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
        OptimizerCase(SGD(0.1, momentum=0.5, weight_decay=0.1, maximize=True), "uphill, decay downhill"),
        OptimizerCase(SGD(0.1, momentum=0.9, velocity="step", maximize=True), "the book's, uphill"),
        OptimizerCase(SGD(1e-5, momentum=0.9), "more weights than are updated at a time", units=MANY),
    ],
    Adagrad: [
        OptimizerCase(Adagrad(0.1), "plain"),
        OptimizerCase(
            Adagrad(0.1, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.1, eps=1e-3), "every option"
        ),
        OptimizerCase(Adagrad(0.1, weight_decay=0.1, maximize=True), "uphill"),
    ],
    RMSprop: [
        OptimizerCase(RMSprop(0.01), "plain"),
        OptimizerCase(RMSprop(0.01, momentum=0.9), "momentum"),
        OptimizerCase(
            RMSprop(0.01, centered=True, momentum=0.5, weight_decay=0.01, alpha=0.9, eps=1e-3), "every option"
        ),
        OptimizerCase(RMSprop(0.01, centered=True, weight_decay=0.1, eps=1e-3, maximize=True), "uphill"),
    ],
    Adam: [
        OptimizerCase(Adam(0.01), "plain"),
        OptimizerCase(Adam(1e-6, amsgrad=True), "more weights than are updated at a time", units=MANY),
        OptimizerCase(Adam(0.01, amsgrad=True, weight_decay=0.1, betas=(0.8, 0.7), eps=1e-3), "every option"),
        OptimizerCase(Adam(0.01, weight_decay=0.1, maximize=True), "uphill"),
    ],
    AdamW: [
        OptimizerCase(AdamW(0.01), "plain"),
        OptimizerCase(AdamW(0.01, amsgrad=True, weight_decay=0.1, betas=(0.8, 0.7), eps=1e-3), "every option"),
        OptimizerCase(AdamW(0.01, maximize=True), "uphill, decay downhill"),
    ],
    Adadelta: [
        OptimizerCase(Adadelta(), "plain"),
        OptimizerCase(Adadelta(0.5, rho=0.7, eps=1e-3, weight_decay=0.1, maximize=True), "every option"),
    ],
    Adamax: [
        OptimizerCase(Adamax(0.01), "plain"),
        OptimizerCase(Adamax(0.01, betas=(0.8, 0.7), eps=1e-3, weight_decay=0.1, maximize=True), "every option"),
    ],
    NAdam: [
        OptimizerCase(NAdam(0.01), "plain"),
        OptimizerCase(
            NAdam(0.01, betas=(0.8, 0.7), eps=1e-3, weight_decay=0.1, momentum_decay=0.3, maximize=True), "every option"
        ),
        OptimizerCase(NAdam(0.01, weight_decay=0.1, decoupled_weight_decay=True), "decoupled decay"),
    ],
    RAdam: [
        OptimizerCase(RAdam(0.01), "its first steps, without the variance"),
        OptimizerCase(
            RAdam(0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1, maximize=True), "the variance from the fourth on"
        ),
        OptimizerCase(RAdam(0.01, weight_decay=0.1, decoupled_weight_decay=True), "decoupled decay"),
    ],
    ASGD: [
        OptimizerCase(ASGD(0.1), "plain: the average is the weight"),
        OptimizerCase(
            ASGD(0.1, lambd=0.1, alpha=0.5, t0=1.0, weight_decay=0.1, maximize=True), "an average from the third on"
        ),
    ],
    Rprop: [
        OptimizerCase(Rprop(0.01), "plain"),
        OptimizerCase(Rprop(0.3, etas=(0.3, 1.7), step_sizes=(0.1, 0.6)), "steps too long, at both bounds"),
        OptimizerCase(Rprop(0.01, maximize=True), "uphill"),
    ],
    Adafactor: [
        OptimizerCase(Adafactor(), "plain: matrices and vectors"),
        OptimizerCase(Adafactor(0.6, beta2_decay=-0.5, eps=(1e-2, 0.1), d=1.1, weight_decay=0.1), "every option"),
        OptimizerCase(Adafactor(maximize=True), "uphill"),
    ],
    LBFGS: [
        OptimizerCase(LBFGS(0.5, max_iter=3, history_size=9), "some iterations a step"),
        OptimizerCase(LBFGS(0.5, max_iter=4, max_eval=2, history_size=2), "pairs that are forgotten"),
        OptimizerCase(LBFGS(max_iter=3, history_size=9, line_search_fn="strong_wolfe"), "a line search"),
        OptimizerCase(
            LBFGS(40.0, max_iter=2, history_size=9, line_search_fn="strong_wolfe"),
            "a bracket that shrinks",
        ),
        OptimizerCase(LBFGS(0.01, max_iter=2, history_size=9, maximize=True), "uphill"),
        OptimizerCase(LBFGS(0.5, tolerance_grad=10.0, history_size=2), "flat enough: no iteration"),
        OptimizerCase(LBFGS(0.5, tolerance_change=0.03, history_size=9), "too little changes"),
    ],
    Muon: [
        OptimizerCase(Muon(0.02), "plain: a tall matrix and a wide one", matrices=True),
        OptimizerCase(
            Muon(
                0.02,
                weight_decay=0.3,
                momentum=0.5,
                nesterov=False,
                ns_coefficients=(2.0, -1.5, 0.5),
                eps=1e-3,
                ns_steps=3,
                adjust_lr_fn="match_rms_adamw",
                maximize=True,
            ),
            "every option",
            matrices=True,
        ),
        OptimizerCase(Muon(0.02, adjust_lr_fn="spectral_unclamped"), "the third scale", matrices=True),
    ],
}

# The cases of optimizers that train weights of every shape.
EVERYWHERE = [case for entries in OPTIMIZER_CASES.values() for case in entries if not case.matrices]

CLIPPING_CASES: dict[type[Description], list[OptimizerCase]] = {
    ClipValue: [OptimizerCase(SGD(0.1), "some entries clipped, some not", clip=ClipValue(0.02))],
    ClipNorm: [
        OptimizerCase(SGD(0.1), "the norm is too large", clip=ClipNorm(0.1)),
        OptimizerCase(SGD(0.1), "the norm is small enough", clip=ClipNorm(1000.0)),
    ],
}
