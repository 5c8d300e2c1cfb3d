"""One loss alone: same predictions, targets and dL on both sides."""

from __future__ import annotations

import numpy as np

from isograd.core.base.randomness import generator, random_upstream
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.protocol import Backend, judged
from isograd.core.learning.losses import Loss
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import Culprit, Row
from isograd.core.parity.rules import loss_by_rule
from isograd.core.parity.witness import STEP, Verdict, odd_one_out


def compare_loss(
    pair: Pair, loss: Loss, prediction: Array, target: Array, *, dtype: str, path: str
) -> tuple[list[Row], Culprit | None]:
    """Rows for the value and the gradient; the culprit where the first of them differs."""
    kind: np.dtype[np.floating] = FLOATS[dtype]
    p = prediction.astype(kind)
    t = target.astype(kind) if target.dtype.kind == "f" else target
    shape = loss_by_rule(loss, p, t).shape
    dy = random_upstream(shape, 0, path, kind)
    allowed = TOLERANCE["node", dtype]
    found: dict[str, tuple[Array, Array]] = {}
    for backend in (pair.left, pair.right):
        try:
            found[backend.name] = _evaluate(backend, loss, p, t, dy)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            row = Row("loss", dtype, path, "run", np.inf, allowed, "raised")
            return [row], _culprit(
                pair, loss, path, "run", Verdict(backend.name, f"  {backend.name} raised {text}"), "raised"
            )
    rows, first = [], None
    for k, what in enumerate(("loss", "dprediction")):
        values = {name: result[k] for name, result in found.items()}
        gap = difference(*values.values())
        rows.append(Row("loss", dtype, path, what, gap.error, allowed, gap.fault))
        if first is None and gap.exceeds(allowed):
            verdict = _judge(pair, loss, what, values, p, t, dy, gap.index)
            first = _culprit(pair, loss, path, what, verdict, gap.fault or f"rel {gap.error:.1e} > {allowed:.0e}")
    return rows, first


def _evaluate(backend: Backend, loss: Loss, p: Array, t: Array, dy: Array) -> tuple[Array, Array]:
    kept = [v.copy() for v in (p, t, dy)]
    result = judged(backend).evaluate_loss(loss, p, t, dy)
    if not all(np.array_equal(old, new) for old, new in zip(kept, (p, t, dy), strict=True)):
        raise AssertionError("the loss wrote to its predictions, targets or dL")
    return result


def _judge(
    pair: Pair, loss: Loss, what: str, values: dict[str, Array], p: Array, t: Array, dy: Array, index: tuple[int, ...]
) -> Verdict:
    wide = p.astype(np.float64), t.astype(np.float64) if t.dtype.kind == "f" else t
    truth = loss_by_rule(loss, *wide)
    wanted = (truth if what == "loss" else p).shape
    misshaped = [name for name, v in values.items() if v.shape != wanted or v.dtype != p.dtype]
    if misshaped:
        told = "    ".join(f"{name} {v.dtype}{list(v.shape)}" for name, v in values.items())
        return Verdict(
            misshaped[0] if len(misshaped) == 1 else None, f"  {what}    {told}    wanted {p.dtype}{list(wanted)}"
        )
    if what == "loss":
        claims = {name: float(v[index]) for name, v in values.items()}
        return odd_one_out(claims, float(truth[index]), "definition", "loss")
    direction = generator(0, "direction").uniform(-1, 1, p.shape)

    def total(step: float) -> float:
        return float(np.vdot(dy.astype(np.float64), loss_by_rule(loss, wide[0] + step * direction, wide[1])))

    claims = {name: float(np.vdot(v.astype(np.float64), direction)) for name, v in values.items()}
    return odd_one_out(
        claims, (total(STEP) - total(-STEP)) / (2 * STEP), "finite difference", "slope along one random direction"
    )


def _culprit(pair: Pair, loss: Loss, path: str, what: str, verdict: Verdict, why: str) -> Culprit:
    head = f"ParityError: {what} of {loss!r}, {path}, differs: {why}"
    backend = next((b for b in (pair.left, pair.right) if b.name == verdict.guilty), None)
    tail = (
        f"  the odd one out is {backend.name}: look at {backend.source(loss)}"
        if backend
        else "  no witness could say which side is wrong"
    )
    return Culprit(path, repr(loss), what, verdict.guilty, "\n".join([head, verdict.text, tail]))
