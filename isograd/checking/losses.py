"""Somebody's loss, judged: its value, its gradient, and whether the one is the slope of the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import isclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from isograd.checking.calling import LOSSES, arguments, as_array, parameters, parts, refused
from isograd.checking.diagnoses import LITTLE
from isograd.checking.factors import factor_between, told_factor
from isograd.checking.making import made_by
from isograd.checking.ran import Ran, guarded
from isograd.checking.report import FORWARD, GRADIENTS, MANNERS, Criterion, Finding, OperationReport, with_points
from isograd.checking.truth import Exact, exact_loss
from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array
from isograd.core.learning.losses import Loss
from isograd.core.parity.cases import LOSS_CASES
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.matching import GRADIENT_CHECK, TOLERANCE, Difference, difference

PARTS = {"L": "forward", "dp": "backward"}
WORDS = ("inputs are left alone", "a second call", "read-only arrays", "float32")
H = 1e-5  # of the central difference of somebody's own loss
Ask = Callable[[Array, Array], Ran]


def priced(mine: Any, loss: Loss) -> Callable[[], Ask]:
    """What makes a fresh loss, as (predictions, targets) ↦ {"L": its value, "dp": the gradient of the predictions}."""
    torch = sys.modules.get("torch")
    if torch is not None and isclass(mine) and issubclass(mine, torch.autograd.Function):
        return lambda: lambda p, t: _applied(mine, p, t)
    if isinstance(mine, (tuple, list)) and len(mine) == 2 and all(map(callable, mine)):
        functions = SimpleNamespace(forward=mine[0], backward=mine[1])
        return lambda: lambda p, t: _forward_backward(functions, p, t)
    if callable(getattr(mine, "forward", None)):
        return lambda: _made(mine, loss)
    if callable(mine) and not isclass(mine):
        return (lambda: _made(mine, loss)) if not parameters(mine) else lambda: lambda p, t: _both(mine, p, t)
    raise refused(mine, LOSSES, "loss = lambda p, t: (value, gradient)")


def _made(mine: Any, loss: Loss) -> Ask:
    """A new object of somebody's; where making it raises, so does its forward."""
    ran = Ran()
    with guarded(ran, "forward"):
        made = made_by(mine, loss, {})[0]
        return lambda p, t: _forward_backward(made, p, t)
    if isinstance(ran.raised["forward"], SpecError):
        raise ran.raised["forward"]
    return lambda p, t: ran


def _both(function: Callable[..., Any], p: Array, t: Array) -> Ran:
    """One function that returns the value and the gradient."""
    ran = Ran()
    with guarded(ran, "forward"):
        ran.values |= dict(zip(PARTS, map(as_array, parts(function(p, t))), strict=False))
    return ran


def _forward_backward(made: Any, p: Array, t: Array) -> Ran:
    """forward(prediction, target), then backward(): of what forward kept, of a dL of 1, or of the same arguments."""
    ran = Ran()
    with guarded(ran, "forward"):
        each = parts(made.forward(p, t))
        ran.values["L"] = as_array(each[0]) if each else None
    if ran.raised:
        return ran
    with guarded(ran, "backward"):
        taken = [q.name for q in parameters(made.forward)]
        known: dict[str, Any] = dict(zip(taken, (p, t), strict=False))
        cache = each[1] if len(each) == 2 else tuple(each[1:])
        wanted = [q.name for q in parameters(made.backward)]
        known |= {name: np.ones(()) for name in wanted if name in ("dy", "dL", "dl", "dout", "grad", "output_grad")}
        known |= {name: cache for name in wanted if name not in known and len(each) > 1}
        args, named = arguments(made.backward, (), {}, known, True, {})
        found = parts(made.backward(*args, **named))
        ran.values["dp"] = as_array(found[0]) if found else None
    return ran


def _applied(mine: Any, p: Array, t: Array) -> Ran:
    """A torch.autograd.Function, whose backward PyTorch calls."""
    import torch

    ran = Ran()
    with guarded(ran, "forward"):
        leaf = torch.tensor(p, requires_grad=True)
        value = mine.apply(leaf, torch.tensor(t))
        ran.values["L"] = value.detach().numpy()
    if not ran.raised:
        with guarded(ran, "backward"):
            ran.values["dp"] = torch.autograd.grad(value, leaf)[0].numpy()
    return ran


def check_loss(mine: Any, name: str, loss: Loss) -> OperationReport:
    """A report of a loss's value and gradient."""
    p, t = arrays_of(loss)
    begin = priced(mine, loss)
    notes = []
    if settled_on_shares(begin, loss, p, t):
        one_hot = np.eye(p.shape[1])
        inner = begin
        begin = lambda: lambda p, t: inner()(p, one_hot[t])  # noqa: E731
        notes.append("targets are taken one-hot: isograd and PyTorch take class indices")
    asked = Asked(begin, loss, p, t)
    criteria = [Criterion(what, FORWARD if what == "L" else GRADIENTS, *asked.counted(what)) for what in PARTS]
    if asked.ran[asked.many].raised:
        criteria += [Criterion(word, MANNERS, 0, 0) for word in WORDS]
    else:
        found = zip(WORDS, asked.manners(), strict=True)
        criteria += [Criterion(word, MANNERS, int(not each), 1, tuple(each)) for word, each in found]
    return OperationReport(name, repr(loss), with_points(criteria), tuple(notes))


def arrays_of(loss: Loss) -> tuple[Array, Array]:
    """Predictions and targets of the loss's own first case that fits."""
    if loss.reduction == "none":
        raise SpecError(
            f"check_operation(…, like={loss!r})",
            wanted="a loss that is one number",
            got="reduction='none'",
            fix="reduction='mean' or 'sum'",
        )
    for case in LOSS_CASES[type(loss)]:
        p, t = loss_arrays(replace(case, loss=loss))
        try:
            loss.check(p.shape[1:], t)
        except Exception:  # another case's targets may fit
            continue
        if np.isfinite(p).all() and p.ndim == 2 and case.targets != "equal":
            return p, t
    raise SpecError(
        f"check_operation(…, like={loss!r})",
        wanted="a loss of predictions (N, C)",
        got=type(loss).__name__,
        fix="ig.check_gradients and ig.check_parity judge it as part of a model",
    )


def settled_on_shares(begin: Callable[[], Ask], loss: Loss, p: Array, t: Array) -> bool:
    """Whether class indices do not do, and the same one-hot does."""
    if t.dtype.kind not in "iu" or p.ndim != 2 or t.ndim != 1 or t.min() < 0 or t.max() >= p.shape[1]:
        return False
    right = exact_loss(loss, p, t)

    def good(target: Array) -> bool:
        return not judged(begin()(p.copy(), target), right, "L", "float64").exceeds(TOLERANCE["node", "float64"])

    return not good(t) and good(np.eye(p.shape[1])[t])


def judged(ran: Ran, right: Exact, what: str, dtype: str) -> Difference:
    """How the value or the gradient differs from what is right."""
    mine, truth = ran.values.get(what), right[what]
    if not isinstance(mine, np.ndarray) or mine.dtype.kind not in "fiub":
        told = "missing" if mine is None else f"a {type(mine).__name__} in place of numbers"
        return Difference(np.inf, fault="raised" if ran.raised else told)
    if mine.size == truth.size == 1:
        mine = mine.reshape(truth.shape)
    if mine.shape != truth.shape:
        return Difference(np.inf, fault=f"shape {mine.shape}, should be {truth.shape}")
    return difference(mine.astype(np.float64), truth)


class Asked:
    """A loss, and what came of predictions of one row, of several, and of large ones."""

    def __init__(self, begin: Callable[[], Ask], loss: Loss, p: Array, t: Array) -> None:
        self.begin, self.loss, self.p, self.t = begin, loss, p, t
        self.given: Mapping[str, tuple[Array, Array]] = {
            "a batch of 1": (p[:1], t[:1]),
            f"a batch of {len(p)}": (p, t),
            "predictions around 1000": (1000 * p if (p < 0).any() else p, t),
        }
        self.ran = {about: begin()(p.copy(), t.copy()) for about, (p, t) in self.given.items()}
        self.right = {about: exact_loss(loss, *arrays) for about, arrays in self.given.items()}
        self.many = list(self.given)[1]

    def wrong(self, what: str) -> list[str]:
        """The runs in which it is wrong; of large predictions only what is no number."""
        found = []
        for about, ran in self.ran.items():
            gap = judged(ran, self.right[about], what, "float64")
            if about.endswith("1000") and gap.fault is None and np.isfinite(gap.error):
                continue
            if gap.exceeds(TOLERANCE["node", "float64"]) and np.isfinite(self.right[about][what]).all():
                found.append(about)
        return found

    def counted(self, what: str) -> tuple[int, int, tuple[Finding, ...]]:
        """(runs that are right, runs, what is found)"""
        wrong = self.wrong(what)
        if not wrong:
            return len(self.ran), len(self.ran), ()
        found = Finding(*self.diagnosed(what, wrong), self.example(what, wrong[0]))
        return len(self.ran) - len(wrong), len(self.ran), (found,)

    def example(self, what: str, about: str) -> str:
        mine, right = self.ran[about].values.get(what), self.right[about][what]
        gap = judged(self.ran[about], self.right[about], what, "float64")
        if not isinstance(mine, np.ndarray) or mine.size != right.size:
            return ""
        mine = mine.reshape(right.shape)
        place = f" at {list(gap.index)}" if gap.index else ""
        return f"{about}:{place} {mine[gap.index]:.6g}, should be {right[gap.index]:.6g}"

    def diagnosed(self, what: str, wrong: list[str]) -> tuple[str, str]:
        """(the diagnosis' name, its words)"""
        ran = self.ran[wrong[0]]
        for part in ran.raised:
            told = (
                f"{part} is not written yet" if isinstance(ran.raised[part], NotImplementedError) else f"{part} raises"
            )
            return "raised", f"{told}{':' * told.endswith('yet')} {ran.told(part)}"
        gaps = [judged(self.ran[about], self.right[about], what, "float64") for about in wrong]
        gap = next((g for g in gaps if g.structural), gaps[0])
        if gap.structural:
            return "shape", f"{what} {'has' if str(gap.fault).startswith('shape') else 'is'} {gap.fault}"
        if all(about.endswith("1000") for about in wrong):
            words = "exp overflows, so subtract the largest first"
            return "overflow", f"{what} is NaN or infinite for predictions around 1000: {words}"
        apart = self.apart()
        if apart is not None and (what == "dp" or self.wrong("dp") == []):
            return "antiderivative", apart
        factor = told_factor(self.factors(what))
        if factor is not None:
            own = "; value and gradient fit each other" if apart is None else ""
            return "factor", f"{what} is {factor} times what it should be{own}"
        if gap.error < LITTLE:
            return "little", f"{what} is off by {gap.error:.0e}: a small constant is added or cut off"
        return "other", f"{what} is wrong for {' and '.join(wrong)}"

    def factors(self, what: str) -> list[tuple[int, int, float | None]]:
        """(rows, entries, c where mine = c · right) of the runs of no special predictions"""
        found = []
        for about in list(self.given)[:2]:
            p = self.given[about][0]
            found.append((len(p), p.size, factor_between(self.ran[about].values.get(what), self.right[about][what])))
        return found

    def apart(self) -> str | None:
        """In words, where somebody's own loss changes otherwise than its own gradient says."""
        found = []
        for about in list(self.given)[:2]:
            p, t = self.given[about]
            v = random_upstream(p.shape, 0, "slope", FLOATS["float64"])
            ends: list[Any] = [self.begin()(p + h * v, t.copy()).values.get("L") for h in (H, -H)]
            dp = self.ran[about].values.get("dp")
            if any(e is None or np.size(e) != 1 for e in ends) or not isinstance(dp, np.ndarray) or dp.shape != p.shape:
                return None
            slope = float((np.ravel(ends[0])[0] - np.ravel(ends[1])[0]) / (2 * H))
            said = float(np.sum(dp * v))
            c = said / slope if slope else None
            close = c is not None and abs(c - 1) < GRADIENT_CHECK
            found.append((len(p), p.size, c, close))
        if all(close for *_, close in found):
            return None
        words = "the loss is not the antiderivative of its gradient"
        factor = told_factor([entry[:3] for entry in found], exact=False)
        return f"{words}: they differ by the factor {factor}" if factor else words

    def manners(self) -> list[list[Finding]]:
        """What is found wrong of each of WORDS."""
        p, t = self.given[self.many]
        kept = p.copy(), t.copy()
        ask = self.begin()
        ask(*kept)
        wrote = [
            word for word, old, new in zip(("prediction", "target"), (p, t), kept, strict=True) if (old != new).any()
        ]
        ask(p[::-1] * 1.5, t[::-1].copy())
        again = self._compared(ask(p.copy(), t.copy()), "at a second call of the same object", "second call")
        locked = p.copy(), t.copy()
        for array in locked:
            array.setflags(write=False)
        small = p.astype(np.float32)
        narrow = self._compared(
            self.begin()(small, t.astype(np.float32) if t.dtype.kind == "f" else t.copy()), "for float32", "float32"
        )
        written = [Finding("written to", f"the {' and the '.join(wrote)} written to: work on a copy")] if wrote else []
        return [written, again, self._compared(self.begin()(*locked), "for read-only arrays", "read-only"), narrow]

    def _compared(self, ran: Ran, words: str, name: str) -> list[Finding]:
        """A finding where what was right is no longer, or the run raises."""
        if ran.raised:
            part = next(iter(ran.raised))
            return [Finding(name, f"{part} raises {ran.told(part)} {words}")]
        dtype = "float32" if name == "float32" else "float64"
        right = self.right[self.many]
        if dtype == "float32":
            p, t = self.given[self.many]
            t = t.astype(np.float32) if t.dtype.kind == "f" else t
            right = exact_loss(self.loss, p.astype(np.float32), t)
        wrong = [
            what
            for what in PARTS
            if not self.wrong(what) and judged(ran, right, what, dtype).exceeds(TOLERANCE["node", dtype])
        ]
        return [Finding(name, f"{' and '.join(wrong)} wrong {words}")] if wrong else []
