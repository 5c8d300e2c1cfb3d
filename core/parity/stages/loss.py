"""One loss alone: same predictions, targets and dL on both sides."""

from __future__ import annotations

import numpy as np

from isograd.core.base.errors import BackendError
from isograd.core.base.raised import told_with_line
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.protocol import Backend, judged
from isograd.core.learning.losses import Loss
from isograd.core.parity.matching import TOLERANCE, Difference, Sides, difference, entries
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.trial import NOT_IMPLEMENTED, RAISED
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import judge_promise, judge_slope, loss_by_formula, odd_one_out, wide

STAGE = "loss"


def compare_loss(
    pair: Pair, loss: Loss, prediction: Array, target: Array, *, dtype: str, path: str
) -> tuple[list[Row], Culprit | None]:
    """Rows for the value and the gradient; the culprit where the first of them differs.

    Raises where the loss itself, asked first, does not take such targets.
    """
    loss.check(prediction.shape[1:], target)
    kind: np.dtype[np.floating] = FLOATS[dtype]
    p = prediction.astype(kind)
    t = target.astype(kind) if target.dtype.kind == "f" else target
    dy = random_upstream(loss_by_formula((loss,), (p,), (t,)).shape, 0, path, kind)
    allowed = TOLERANCE["node", dtype]
    found: dict[str, tuple[Array, Array]] = {}
    for name, backend in zip(pair.names, pair.backends, strict=True):
        try:
            found[name] = _evaluate(backend, loss, p, t, dy)
        except Exception as error:
            gap = Difference(np.inf, fault=NOT_IMPLEMENTED if isinstance(error, BackendError) else RAISED)
            told = Verdict("not needed", f"{name} raised {told_with_line(error)}", guilty=name)
            row = pair.row(STAGE, dtype, path, "run", gap, allowed)
            return [row], pair.culprit(row, loss, (), {}, told)
    rows, first = [], None
    for k, what in enumerate(("loss", "dprediction")):
        values = {name: result[k] for name, result in found.items()}
        gap = difference(*values.values())
        rows.append(pair.row(STAGE, dtype, path, what, gap, allowed))
        if first is None and gap.exceeds(allowed):
            verdict = _judge(loss, what, values, p, t, dy, gap)
            first = pair.culprit(rows[-1], loss, gap.index, values, verdict)
    return rows, first


def _evaluate(backend: Backend, loss: Loss, p: Array, t: Array, dy: Array) -> tuple[Array, Array]:
    kept = [v.copy() for v in (p, t, dy)]
    result = judged(backend).evaluate_loss(loss, p, t, dy)
    if not all(np.array_equal(old, new) for old, new in zip(kept, (p, t, dy), strict=True)):
        raise AssertionError("the loss wrote to its predictions, targets or dL")
    return result


def _judge(loss: Loss, what: str, values: Sides, p: Array, t: Array, dy: Array, gap: Difference) -> Verdict:
    if gap.structural:
        return judge_promise(what, values, f"{p.dtype}{list(dy.shape if what == 'loss' else p.shape)}")
    q, u, upstream = wide((p, t, dy))

    def of(prediction: Array) -> Array:
        return loss_by_formula((loss,), (prediction,), (u,))

    if what == "loss":
        return odd_one_out("formula", "loss", entries(values, gap.index), float(of(q)[gap.index]))

    return judge_slope("the loss", values, gap.index, lambda v, h: [of(q + h * v)], [upstream])
