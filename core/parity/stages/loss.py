"""One loss alone: same predictions, targets and dL on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.batches import aligned
from isograd.core.engine.pairing import gathered
from isograd.core.engine.protocol import Backend, judged, teaches
from isograd.core.learning.losses import Loss
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, Difference, Sides, difference, entries, largest
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.end_to_end import Whole
from isograd.core.parity.stages.training import Result, Stopped, on_each
from isograd.core.parity.verdict import Row, Verdict
from isograd.core.parity.witness import STEPS, judge_promise, judge_slope, loss_by_formula, odd_one_out, wide

STAGE = "loss"
PARTS = ("loss", "dprediction")
DTARGET = "dtarget"


@dataclass(frozen=True)
class Asked:
    """A loss with the arrays that it is asked about."""

    loss: Loss
    arrays: Arrays  # predictions, targets and dL, in the dtype of the comparison; class labels whole numbers

    @classmethod
    def about(cls, loss: Loss, prediction: Array, target: Array, dtype: str, path: str) -> Asked:
        """With a random dL. Whole numbers are labels to a loss over classes, values to every other."""
        loss.check(prediction.shape[1:], target)
        kind: np.dtype[np.floating] = FLOATS[dtype]
        p, t = prediction.astype(kind), target if loss.labels and target.dtype.kind != "f" else target.astype(kind)
        return cls(loss, (p, t, random_upstream(loss_by_formula((loss,), (p,), (t,)).shape, 0, path, kind)))

    def of(self, backend: Backend, parts: Sequence[str] = PARTS) -> dict[str, Array]:
        """What an engine says, by the names of the parts that are asked for."""
        kept = [v.copy() for v in self.arrays]
        result = judged(backend).evaluate_loss(self.loss, *self.arrays)
        pairs = zip(("predictions", "targets", "dL"), kept, self.arrays, strict=True)
        wrote = [name for name, old, new in pairs if not np.array_equal(old, new, equal_nan=True)]
        if wrote:
            raise AssertionError(f"the loss wrote to its {', '.join(wrote)}")
        said = dict(zip(PARTS, result, strict=True))
        teaching = teaches(backend)
        if DTARGET in parts and teaching is not None:
            said[DTARGET] = teaching.target_gradient(self.loss, *self.arrays)
        return said

    @cached_property
    def exact(self) -> Asked:
        """The same in float64."""
        return replace(self, arrays=wide(self.arrays))

    @cached_property
    def of_nothing(self) -> Asked:
        """The same for predictions that tell nothing: then what is subtracted from a prediction is left."""
        return replace(self, arrays=(self.loss.telling_nothing(self.arrays[0]), *self.arrays[1:]))

    def at(self, ops: Namespace, change: Callable[[Array], Any]) -> list[Any]:
        """The formula's value, computed by `ops` in float64 with its predictions changed."""
        p, t, _ = self.exact.arrays
        return [loss_by_formula((self.loss,), (change(p),), (t,), ops)]

    def verdict(self, what: str, values: Sides, gap: Difference) -> Verdict:
        """Who is wrong about the value, or its gradient."""
        p, t, dy = self.arrays
        if gap.structural:
            shape = {"loss": dy.shape, DTARGET: t.shape}.get(what, p.shape)
            return judge_promise(what, values, f"{p.dtype}{list(shape)}")
        if what == DTARGET:
            return self._of_target(values, gap.index)
        if what == "loss":
            (truth,) = self.at(NUMPY, lambda p: p)
            return odd_one_out("formula", "loss", entries(values, gap.index), float(truth[gap.index]))
        return judge_slope("the loss", values, gap.index, self.at, [self.exact.arrays[2]])

    def _of_target(self, values: Sides, index: tuple[int, ...]) -> Verdict:
        """By the formula's central difference in the one entry."""
        p, t, dy = self.exact.arrays
        v = np.zeros_like(t)
        v[index] = STEPS[0]
        ends = [loss_by_formula((self.loss,), (p,), (t + h,)) for h in (v, -v)]
        truth = float(np.sum(dy * (ends[0] - ends[1]))) / (2 * STEPS[0])
        return odd_one_out("finite difference", f"dtarget{list(index)}", entries(values, index), truth)


def compare_loss(
    pair: Pair, loss: Loss, prediction: Array, target: Array, *, dtype: str, path: str, of_target: bool = False
) -> Result:
    """Rows for the value, the gradient and, `of_target`, where there is one, that of the targets; the culprit where the
    first of them differs.

    An error is a share of the larger of both: the loss of these predictions, and of ones that tell nothing. A loss that
    is all but nothing is the small difference of predictions and targets.
    Raises where the loss itself, asked first, does not take such targets.
    """
    asked = Asked.about(loss, prediction, target, dtype, path)
    told = of_target and loss.differentiable(asked.arrays[1]) and all(teaches(backend) for backend in pair.backends)
    parts = (*PARTS, DTARGET) if told else PARTS
    try:
        found = on_each(pair, lambda k: asked.of(pair.backends[k], parts))
        of_nothing = on_each(pair, lambda k: asked.of_nothing.of(pair.backends[k], parts))
    except Stopped as stop:
        return stop.result(pair, loss, STAGE, dtype, path)
    rows: list[Row] = []
    culprit = None
    for what in parts:
        values: Sides = dict(zip(pair.names, (side[what] for side in found), strict=True))
        sizes = [largest(np.asarray(side[what], np.float64)) for side in of_nothing]
        a, b = values.values()
        gap = difference(a, b, added=min(sizes))
        limit = TOLERANCE["node", dtype]
        if dtype == "float32" and gap.fault is None and gap.exceeds(limit):
            limit = max(limit, NOISE_FACTOR * _rounding(pair, asked, what, values, min(sizes)))
        rows.append(pair.row(STAGE, dtype, path, what, gap, limit))
        if culprit is None and rows[-1].failed:
            culprit = pair.culprit(rows[-1], loss, gap.index, values, asked.verdict(what, values, gap))
    return rows, culprit


def _rounding(pair: Pair, asked: Asked, what: str, values: Sides, size: float) -> float:
    """How far a float32 loss is from the same in float64, on the side where it is less: a mean is a long sum."""
    exact = [asked.exact.of(backend, (what,))[what] for backend in pair.backends]
    return min(
        difference(mine, wide.astype(mine.dtype), added=size).error
        for mine, wide in zip(values.values(), exact, strict=True)
        if mine is not None
    )


def losses_alone(pair: Pair, whole: Whole, dtype: str) -> Iterator[Result]:
    """Each loss on what the model predicts in training, and on its targets; nothing where neither side predicts.

    The right side predicts, or the left where the right raises: end to end then says so.
    """
    outputs = _predicted(pair, whole, dtype)
    if not outputs:
        return
    predictions = gathered(whole.losses, outputs, partial(np.stack, axis=1))
    alone = sum(loss is not None for loss in whole.losses) == 1
    for k, (loss, p, t) in enumerate(
        zip(whole.losses, predictions, aligned(whole.losses, whole.targets), strict=False)
    ):
        if loss is not None and t is not None:
            path = "loss" if alone else f"loss of output{k or ''}"
            yield compare_loss(pair, loss, p, t, dtype=dtype, path=path)


def _predicted(pair: Pair, whole: Whole, dtype: str) -> Arrays:
    """The model's outputs in training, of the shapes that it promises."""
    rows, graph = whole.model.rows(whole.inputs), whole.model.graph(*whole.model.input_shapes)
    shapes = [form.sizes(rows) for form in graph.out_forms]
    for side in (1, 0):
        try:
            net = pair.build_side(side, whole.model, whole.state, whole.seed, dtype)
            net.at_step(whole.step)
            y = net.forward(*(x.copy() for x in whole.inputs), training=True)
        except Exception:  # reported by the stage that compares whole models
            continue
        ys = y if isinstance(y, tuple) else (y,)
        if [np.shape(v) for v in ys] == shapes:
            return ys
    return ()
