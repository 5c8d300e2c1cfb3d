"""Cases of the schedules."""

from __future__ import annotations

from isograd.core.base.description import Description
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
        ScheduleCase(WarmUp(length=3, start_factor=0.1, then=CosineDecay()), "then cosine, from its own start"),
    ],
}
