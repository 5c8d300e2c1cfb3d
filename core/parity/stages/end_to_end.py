"""Everything together, held against the noise floor: node outputs, gradients for a random dy, loss, its gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.description import Description
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.context import Run
from isograd.core.engine.protocol import Network
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import SGD
from isograd.core.parity.formulas import Seen
from isograd.core.parity.matching import NOISE_FACTOR, Difference, difference, entries
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.training import Result, Stopped, on_each, on_left, rounded, shaken
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import Evaluated, judge_promise, judge_slope, loss_by_formula, odd_one_out

STAGE, WHOLE, THE_LOSS = "end to end", "the whole graph", "the loss"
Key = tuple[str, str]
"""(path, what)"""


@dataclass(frozen=True)
class Whole:
    """A model with everything that one run of it, and one of its loss, need."""

    model: Composite
    state: Mapping[str, Array]
    inputs: Arrays
    losses: Losses
    targets: Arrays
    seed: int

    @property
    def loss(self) -> Description:
        """The loss, or of several, which stand for the whole, the model."""
        known = [loss for loss in self.losses if loss is not None]
        return known[0] if len(known) == 1 else self.model

    def upstream(self, outputs: Sequence[Array], dtype: Any) -> list[Array]:
        """The random dy of each output."""
        return [random_upstream(y.shape, self.seed, f"model/{k}", dtype) for k, y in enumerate(outputs)]

    def measured(self, net: Network, inputs: Arrays) -> dict[Key, Array]:
        """What one network makes of it in training mode, in the order of computation."""
        found: dict[Key, Array] = {}
        for path, outputs in net.activations(*inputs, training=True).items():
            found |= {(path, f"output{k or ''}"): value for k, value in enumerate(outputs)}
        y = net.forward(*inputs, training=True)
        ys = y if isinstance(y, tuple) else (y,)
        found |= {("model", f"output{k or ''}"): value for k, value in enumerate(ys)}
        dx, dw = net.backward(*self.upstream(ys, net.dtype))
        found |= _gradients(dw, dx if isinstance(dx, tuple) else (dx,), "")
        if self.losses:
            loss, dxs, grads = net.learner(self.losses, SGD()).gradients(inputs, self.targets)
            found["loss", "value"] = np.asarray(loss, net.dtype)
            found |= _gradients(grads, dxs, OF_THE_LOSS)
        return found


OF_THE_LOSS = " of the loss"


def _gradients(dw: State, dxs: Sequence[Any], label: str) -> dict[Key, Array]:
    named = {(path, f"gradient{label}"): g for path, g in reversed(dw.items())}
    return named | {("input", f"dx{k or ''}{label}"): g for k, g in enumerate(dxs) if isinstance(g, np.ndarray)}


def end_to_end(pair: Pair, whole: Whole, dtype: str, alone: Sequence[Row], first: Culprit | None) -> Result:
    """Errors are held against the noise floor, which is never below the largest error of a node `alone`.

    One that exceeds it is inherited where a node before it, `first`, is at fault by itself; where none is, the walk
    through the graph is, and the formula of the whole model is the witness.
    """
    try:
        left, right = on_each(
            pair,
            lambda k: whole.measured(pair.build_side(k, whole.model, whole.state, whole.seed, dtype), whole.inputs),
        )
        state, inputs = shaken(in_dtype(whole.state, dtype), rounded(whole.inputs, dtype))
        noisy = on_left(
            pair, lambda: whole.measured(build_in(pair.left, whole.model, state, whole.seed, dtype), inputs)
        )
    except Stopped as stop:
        return stop.result(pair, whole.model, STAGE, dtype, "model")
    least = max([float(np.finfo(dtype).eps), *(row.error for row in alone if not row.failed)])
    rows: list[Row] = []
    culprit: Culprit | None = None
    for key in {**right, **left}:
        added = _added_up(key, right)
        gap = difference(left.get(key), right.get(key), of=added)
        moved = difference(noisy.get(key), left.get(key), of=added).error
        noise = max(moved, least) if np.isfinite(moved) else least  # what a nudge turns into no number tells nothing
        note = f"noise floor {noise:.1e}"
        if gap.exceeds(NOISE_FACTOR * noise):
            note += f"; {_origin(key, first)}"
        row = pair.row(STAGE, dtype, *key, gap, NOISE_FACTOR * noise, note)
        rows.append(row)
        if culprit is None and row.failed:
            values = dict(zip(pair.names, (left.get(key), right.get(key)), strict=True))
            if first is not None:
                culprit = pair.culprit(row, whole.model, gap.index, values, inherited=_cause(key, first))
            else:
                verdict = _judge(whole, dtype, key, values, gap)
                where, spec = (THE_LOSS, whole.loss) if _of_the_loss(key) else (WHOLE, whole.model)
                said = pair.row(STAGE, dtype, where, f"{key[1]} of {key[0]}", gap, row.allowed)
                culprit = pair.culprit(said, spec, gap.index, values, verdict)
    return rows, culprit


def _added_up(key: Key, found: Mapping[Key, Array]) -> Array | None:
    """What an error is a share of: of a weight's gradient, all those of its layer, which sum the same dy; else itself.

    A bias's before a normalisation is zero, and what an engine has there is rounding: it has no size of its own.
    """
    path, what = key
    if not what.startswith("gradient"):
        return found.get(key)
    layer = path.rpartition(".")[0]
    peers = [v.ravel() for (p, w), v in found.items() if w == what and p.rpartition(".")[0] == layer]
    return np.concatenate(peers) if peers else None


def _of_the_loss(key: Key) -> bool:
    """What comes of the loss: where it is the first to differ, outputs and gradients for a random dy were equal."""
    return key[0] == "loss" or key[1].endswith(OF_THE_LOSS)


def _origin(key: Key, first: Culprit | None) -> str:
    if first is None:
        return THE_LOSS if _of_the_loss(key) else "the graph's own walk"
    return "own" if f"{key[0]}.".startswith(f"{first.path}.") else f"inherited from {first.path}"


def _cause(key: Key, first: Culprit) -> str:
    return f"node {first.path!r}, whose {first.what} is wrong by itself"


def _judge(whole: Whole, dtype: str, key: Key, values: dict[str, Array | None], gap: Difference) -> Verdict:
    """Who is wrong where every node alone is right: by the formula of the whole model."""
    path, what = key
    formula = Evaluated(whole.model, in_dtype(whole.state, dtype), rounded(whole.inputs, dtype), Run(True, whole.seed))
    seen: Seen = {}
    outputs, _ = formula.outputs(seen)
    targets = rounded(rounded(whole.targets, dtype), "float64")
    if gap.structural:
        return judge_promise(f"{what} of {path}", values, _promised(whole, dtype, key, seen, outputs))
    if what == "value":
        truth = loss_by_formula(whole.losses, outputs, targets)
        return odd_one_out("formula", "loss", entries(values, ()), float(truth))
    if what.startswith("output"):
        made = (outputs if path == "model" else seen[path])[int(what.removeprefix("output") or 0)]
        quantity = f"{what} of {path}{list(gap.index)}"
        return odd_one_out("formula", quantity, entries(values, gap.index), float(made[gap.index]))
    of = what.removesuffix(OF_THE_LOSS) if path == "input" else f"d{path}"

    dys = [np.ones(())] if what.endswith(OF_THE_LOSS) else whole.upstream(outputs, np.dtype(dtype))

    def at(ops: Namespace, change: Callable[[Array], Any]) -> Sequence[Any]:
        made = formula.at(of, ops, change)
        return [loss_by_formula(whole.losses, made, targets, ops)] if what.endswith(OF_THE_LOSS) else made

    if path == "input":
        return judge_slope(of[1:], values, gap.index, at, dys)
    return judge_slope(path, values, gap.index, at, dys, declared(whole.model)[0][path].frozen_row)


def _promised(whole: Whole, dtype: str, key: Key, seen: Seen, outputs: Arrays) -> str:
    """The dtype and shape that the description promises."""
    path, what = key
    kinds = {("loss", "value"): np.empty(())}
    kinds |= {(p, f"output{k or ''}"): y for p, ys in {**seen, "model": outputs}.items() for k, y in enumerate(ys)}
    if key in kinds:
        return f"{dtype}{list(kinds[key].shape)}"
    if path == "input":
        return f"{dtype}{list(whole.inputs[int(what.removesuffix(OF_THE_LOSS)[2:] or 0)].shape)}"
    return f"{dtype}{list(whole.state[path].shape)}" if path in whole.state else "nothing"
