"""A schedule alone: the rates of a whole fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isograd.core.base.types import Array
from isograd.core.engine.protocol import judged
from isograd.core.learning.schedules import Schedule
from isograd.core.parity.formulas import SCHEDULE_FORMULAS
from isograd.core.parity.matching import TOLERANCE, Sides, difference, entries
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.training import Result, Stopped, from_run_to_run, on_each
from isograd.core.parity.witness import judge_promise, odd_one_out

STAGE = "schedule"


def compare_schedule(
    pair: Pair, schedule: Schedule, lr: float, total: int, *, path: str, measured: Sequence[float] = ()
) -> Result:
    """A row for the rates at positions 0 … total − 1; the culprit where they differ."""
    seen = (measured,) if measured else ()

    def rates_of(side: int) -> Array:
        return np.array(judged(pair.backends[side]).learning_rates(schedule, lr, total, *seen), float)

    try:
        rates = on_each(pair, rates_of)
    except Stopped as stop:
        return stop.result(pair, schedule, STAGE, "float64", path)
    values: Sides = dict(zip(pair.names, rates, strict=True))
    gap = difference(*rates)
    row = pair.row(STAGE, "float64", path, "lr", gap, TOLERANCE["node", "float64"])
    if not row.failed:
        return [row], None
    row = row.from_itself(lambda: from_run_to_run(pair, lambda side: {"lr": rates_of(side)}, "lr"))
    if gap.structural:
        return [row], pair.culprit(row, schedule, (), values, judge_promise("lr", values, f"float64[{total}]"))
    (at,) = gap.index
    truth = SCHEDULE_FORMULAS[type(schedule)](schedule, lr, at, total, *(before[:at] for before in seen))
    verdict = odd_one_out("formula", f"rate at position {at} of {total}", entries(values, gap.index), truth)
    return [row], pair.culprit(row, schedule, gap.index, values, verdict)
