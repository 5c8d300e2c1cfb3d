"""Cases of the schedules."""

from __future__ import annotations

from isograd.core.base.description import Description
from isograd.core.learning.combined import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from isograd.core.learning.cycles import CyclicLR, OneCycleLR
from isograd.core.learning.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from isograd.core.learning.schedules import CosineDecay, ExponentialDecay, FixedLR, LinearDecay, StepDecay, WarmUp
from isograd.core.parity.cases.kinds import ScheduleCase

SCHEDULE_CASES: dict[type[Description], list[ScheduleCase]] = {
    FixedLR: [ScheduleCase(FixedLR(), "nothing changes")],
    LinearDecay: [
        ScheduleCase(LinearDecay(final_lr=0.02), "ends at final_lr"),
        ScheduleCase(LinearDecay(final_lr=0.02), "of two positions", total=2),
        ScheduleCase(LinearDecay(final_lr=0.02), "of one position, its beginning", total=1),
    ],
    ExponentialDecay: [
        ScheduleCase(ExponentialDecay(gamma=0.8), "by factor"),
        ScheduleCase(ExponentialDecay(final_lr=0.01), "by its end"),
        ScheduleCase(ExponentialDecay(final_lr=0.01), "by its end, of two positions", total=2),
        ScheduleCase(ExponentialDecay(final_lr=0.01), "by its end, of one position", total=1),
    ],
    StepDecay: [ScheduleCase(StepDecay(step_size=3, gamma=0.5), "steps that do not divide the total")],
    CosineDecay: [
        ScheduleCase(CosineDecay(final_lr=0.01), "over the whole fit"),
        ScheduleCase(CosineDecay(period=10), "a period longer than the fit"),
    ],
    WarmUp: [
        ScheduleCase(WarmUp(length=3), "then constant"),
        ScheduleCase(WarmUp(length=6, then=LinearDecay(final_lr=0.02)), "one position is left for what follows"),
        ScheduleCase(WarmUp(length=3, then=LinearDecay(final_lr=0.02)), "then a line, down from η"),
        ScheduleCase(WarmUp(length=2, then=ExponentialDecay(final_lr=0.01)), "then an exponential, down from η"),
        ScheduleCase(WarmUp(length=3, start_factor=0.1, then=CosineDecay()), "then cosine, from its own start"),
    ],
    StepLR: [ScheduleCase(StepLR(3, gamma=0.5), "steps that do not divide the total")],
    MultiStepLR: [ScheduleCase(MultiStepLR((1, 4, 4, 5), gamma=0.5), "a milestone that stands twice")],
    ExponentialLR: [ScheduleCase(ExponentialLR(0.8), "by factor")],
    LinearLR: [
        ScheduleCase(LinearLR(total_iters=4), "up, then on at η"),
        ScheduleCase(LinearLR(0.9, end_factor=0.1, total_iters=10), "down, further than the fit"),
        ScheduleCase(LinearLR(1.0, end_factor=0.0, total_iters=4), "down to nothing"),
    ],
    ConstantLR: [
        ScheduleCase(ConstantLR(), "a third, then η"),
        ScheduleCase(ConstantLR(0.5, total_iters=9), "longer than the fit"),
    ],
    PolynomialLR: [
        ScheduleCase(PolynomialLR(), "a line, then nothing"),
        ScheduleCase(PolynomialLR(total_iters=9, power=2.5), "a power that is no whole number"),
    ],
    CosineAnnealingLR: [
        ScheduleCase(CosineAnnealingLR(3, eta_min=0.01), "down, up and down again", total=16),
        ScheduleCase(CosineAnnealingLR(1), "a period of one"),
    ],
    CosineAnnealingWarmRestarts: [
        ScheduleCase(CosineAnnealingWarmRestarts(3, eta_min=0.01), "again and again", total=11),
        ScheduleCase(CosineAnnealingWarmRestarts(2, T_mult=3), "longer each time", total=28),
    ],
    LambdaLR: [ScheduleCase(LambdaLR("inverse_root"), "a registered function")],
    OneCycleLR: [
        ScheduleCase(OneCycleLR(0.5, cycle_momentum=False), "as long as the fit", total=12),
        ScheduleCase(
            OneCycleLR(0.5, total_steps=20, anneal_strategy="linear", cycle_momentum=False), "lines, cut short"
        ),
        ScheduleCase(
            OneCycleLR(
                0.5,
                epochs=3,
                steps_per_epoch=4,
                pct_start=0.4,
                div_factor=5.0,
                final_div_factor=10.0,
                three_phase=True,
                cycle_momentum=False,
            ),
            "three phases",
            total=12,
        ),
    ],
    CyclicLR: [
        ScheduleCase(CyclicLR(0.1, 0.5, step_size_up=3, cycle_momentum=False), "triangles", total=14),
        ScheduleCase(
            CyclicLR(0.1, 0.5, step_size_up=2, step_size_down=3, mode="triangular2", cycle_momentum=False),
            "half as high each time, longer down than up",
            total=14,
        ),
        ScheduleCase(
            CyclicLR(0.1, 0.5, step_size_up=3, mode="exp_range", gamma=0.9, cycle_momentum=False), "lower each position"
        ),
        ScheduleCase(
            CyclicLR(0.1, 0.5, step_size_up=2, scale_fn="inverse_root", cycle_momentum=False), "scaled by the cycle"
        ),
        ScheduleCase(
            CyclicLR(0.1, 0.5, step_size_up=2, scale_fn="inverse_root", scale_mode="iterations", cycle_momentum=False),
            "scaled by the position",
        ),
    ],
    SequentialLR: [
        ScheduleCase(
            SequentialLR((LinearLR(0.1, total_iters=3), CosineAnnealingLR(5), StepLR(2)), milestones=(3, 8)),
            "warm-up, cosine, steps",
            total=13,
        ),
        ScheduleCase(
            SequentialLR((LambdaLR("inverse_root"), CosineAnnealingWarmRestarts(2), ConstantLR()), milestones=(0, 4)),
            "one that has no turn",
            total=11,
        ),
    ],
    ChainedScheduler: [
        ScheduleCase(
            ChainedScheduler((ConstantLR(0.5, total_iters=2), LinearLR(total_iters=3), MultiStepLR((2, 4)))), "factors"
        ),
        ScheduleCase(
            ChainedScheduler((LinearLR(0.1, total_iters=4), CosineAnnealingLR(3, eta_min=0.01), PolynomialLR())),
            "a cosine that turns among factors",
            total=12,
        ),
        ScheduleCase(
            ChainedScheduler((StepLR(2), LambdaLR("inverse_root"), ExponentialLR(0.9))), "one that starts from η"
        ),
    ],
    ReduceLROnPlateau: [
        ScheduleCase(
            ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2),
            "relative, with a pause after it",
            total=14,
            measured=(3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        ),
        ScheduleCase(
            ReduceLROnPlateau(
                "max", factor=0.1, patience=0, threshold=0.5, threshold_mode="abs", min_lr=2e-3, eps=1e-3
            ),
            "absolute, upwards, until it changes too little",
            measured=(0.1, 0.5, 0.7, 0.8, 0.9, 0.9),
        ),
        ScheduleCase(
            ReduceLROnPlateau(mode="max", factor=0.5, patience=0, threshold=0.1),
            "relative, upwards, of negative values",
            measured=(-1.0, -1.05, -0.95, -0.8, -0.85, 0.5),
        ),
        ScheduleCase(
            ReduceLROnPlateau(factor=0.5, patience=0, threshold=0.1, threshold_mode="abs"),
            "absolute, downwards",
            measured=(1.0, 0.95, 0.8, 0.75, 0.6, 0.6),
        ),
    ],
}
