"""Clipping alone: both sides are given the same gradients."""

from __future__ import annotations

from functools import partial

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import State
from isograd.core.engine.protocol import Backend, clips
from isograd.core.learning.optimizers import Clipping
from isograd.core.parity.formulas import CLIPPING_FORMULAS
from isograd.core.parity.matching import TOLERANCE, Difference, Sides, difference, entries, structure
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.end_to_end import Whole
from isograd.core.parity.stages.training import Result, Stopped, from_run_to_run, on_each
from isograd.core.parity.verdict import Row, Verdict
from isograd.core.parity.witness import judge_promise, odd_one_out

STAGE = "clipping"
AS_THEY_ARE, GROWN = "clipped gradient", "clipped gradient, grown"
LARGEST = 1e30  # of a float32's square root, far below what overflows


def by_formula(clip: Clipping, gradients: State) -> State:
    """What the formula makes of them, in float64."""
    found: State = CLIPPING_FORMULAS[type(clip)](clip, NUMPY, in_dtype(gradients, "float64"))
    return found


def grown(clip: Clipping, gradients: State) -> State:
    """The gradients times a power of two, the least (from 2 on) by which the clipping changes them; or as they are."""
    factor = 2.0
    while factor < LARGEST:
        larger = {path: g * g.dtype.type(factor) for path, g in gradients.items()}
        clipped = by_formula(clip, larger)
        if any(not np.array_equal(clipped[path], g) for path, g in in_dtype(larger, "float64").items()):
            return larger
        factor *= 2
    return gradients


def clipping_alone(pair: Pair, clip: Clipping, gradients: State, dtype: str) -> Result:
    """A row for every gradient, as they are and grown until the clipping acts; the culprit where one differs."""
    rows: list[Row] = []
    culprit = None
    for what, given in ((AS_THEY_ARE, gradients), (GROWN, grown(clip, gradients))):
        run = partial(_clipped_by, pair, clip, given)
        try:
            a, b = on_each(pair, run)
        except Stopped as stop:
            more, stopped = stop.result(pair, clip, STAGE, dtype, "clipping")
            return rows + more, culprit or stopped
        for path in dict.fromkeys([*given, *b, *a]):
            gap = difference(a.get(path), b.get(path))
            if path not in given and gap.fault is None:
                gap = Difference(np.inf, fault="a gradient that was not given")
            row = pair.row(STAGE, dtype, path, what, gap, TOLERANCE["node", dtype])
            rows.append(row.from_itself(partial(from_run_to_run, pair, run, path)))
            if culprit is None and rows[-1].failed:
                values: Sides = dict(zip(pair.names, (a.get(path), b.get(path)), strict=True))
                verdict = _verdict(clip, given, path, values, gap)
                culprit = pair.culprit(rows[-1], clip, gap.index, values, verdict)
    return rows, culprit


def _clipped_by(pair: Pair, clip: Clipping, given: State, side: int) -> State:
    return _clipped(pair.backends[side], clip, given)


def _clipped(backend: Backend, clip: Clipping, gradients: State) -> State:
    """What an engine makes of copies of them."""
    given = {path: g.copy() for path, g in gradients.items()}
    engine = clips(backend)
    assert engine is not None, f"{backend.name} was asked, though it has no clip_gradients"
    found = engine.clip_gradients(clip, given)
    wrote = [path for path, g in gradients.items() if not np.array_equal(g, given[path], equal_nan=True)]
    if wrote:
        raise AssertionError(f"the clipping wrote to the gradients that it was given: {', '.join(wrote)}")
    return found


def _verdict(clip: Clipping, given: State, path: str, values: Sides, gap: Difference) -> Verdict:
    if gap.structural:
        return judge_promise(path, values, structure({"": given[path]})[""] if path in given else "nothing")
    truth = by_formula(clip, given)[path][gap.index]
    return odd_one_out(
        "formula", f"clipped gradient of {path}{list(gap.index)}", entries(values, gap.index), float(truth)
    )


def gradients_of(pair: Pair, whole: Whole, dtype: str) -> State:
    """The gradients for a random dy: the right side's, or the left's where the right raises; {} where both do."""
    for side in (1, 0):
        try:
            net = pair.build_side(side, whole.model, whole.state, whole.seed, dtype)
            y = net.forward(*(x.copy() for x in whole.inputs), training=True)
            ys = y if isinstance(y, tuple) else (y,)
            found: State = net.backward(*whole.upstream(ys, net.dtype))[1]
        except Exception:  # reported by the stage that compares whole models
            continue
        if all(isinstance(found.get(path), np.ndarray) for path in found):
            return found
    return {}
