"""Everything together, held against the noise floor: node outputs, gradients for a random dy, loss, its gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.description import Description
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.context import Run
from isograd.core.engine.protocol import Backend, Network
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import SGD
from isograd.core.parity.formulas import Seen
from isograd.core.parity.looks import look
from isograd.core.parity.matching import Difference, entries, largest
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.rounding import ADVICE, Found, Key, Rounding, least_noise
from isograd.core.parity.stages.tracing import Tracing, Untraceable, flows
from isograd.core.parity.stages.training import Result, Stopped, on_each, rounded, shaken
from isograd.core.parity.verdict import Culprit, Row, Verdict
from isograd.core.parity.witness import Evaluated, judge_promise, judge_slope, loss_by_formula, odd_one_out

STAGE, WHOLE, THE_LOSS = "end to end", "the whole graph", "the loss"


@dataclass(frozen=True)
class Whole:
    """A model with everything that one run of it, and one of its loss, need."""

    model: Composite
    state: Mapping[str, Array]
    inputs: Arrays
    losses: Losses
    targets: Arrays
    seed: int
    step: int = 0  # the position that randomness is keyed by
    sizes: dict[tuple[str, bool], Mapping[Key, float]] = field(default_factory=dict, compare=False, repr=False)
    """What was added up, as engines were asked for it."""
    traced: dict[str, Tracing] = field(default_factory=dict, compare=False, repr=False)
    alone: dict[str, Model] = field(default_factory=dict, compare=False, repr=False)
    """{node path: the model of this node alone}, once it is made; it is the same in every dtype and mode."""

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
        weights, buffers = declared(self.model)
        order = tuple(reversed(weights))
        y = net.forward(*inputs, training=True)
        found |= {(path, BUFFER): values for path, values in net.state_dict().items() if path in buffers}
        ys = y if isinstance(y, tuple) else (y,)
        found |= {("model", f"{PREDICTION}{k or ''}"): value for k, value in enumerate(ys)}
        dx, dw = net.backward(*self.upstream(ys, net.dtype))
        found |= _gradients(dw, dx if isinstance(dx, tuple) else (dx,), "", order)
        if self.losses:
            loss, dxs, grads = net.learner(self.losses, SGD()).gradients(inputs, self.targets)
            found["loss", "value"] = np.asarray(loss, net.dtype)
            found |= _gradients(grads, dxs, OF_THE_LOSS, order)
        return found

    def added(self, backend: Backend) -> Callable[[Key], float]:
        """key → the size of what was added up, from a run of every node by itself in float64; for both dtypes the same.

        0 where the engine does not compute that.
        """
        return lambda key: self._sizes(backend, of_loss=_of_the_loss(key)).get(key, 0.0)

    def _sizes(self, backend: Backend, *, of_loss: bool) -> Mapping[Key, float]:
        kept = backend.name, of_loss
        if kept not in self.sizes:
            self.sizes[kept] = self._added_up(backend, of_loss=of_loss)
        return self.sizes[kept]

    def _tracing(self, backend: Backend) -> Tracing:
        if backend.name not in self.traced:
            state, inputs = in_dtype(self.state, "float64"), rounded(self.inputs, "float64")
            self.traced[backend.name] = Tracing(backend, self.model, state, inputs, self.seed, self.step, self.alone)
        return self.traced[backend.name]

    def _added_up(self, backend: Backend, *, of_loss: bool) -> Mapping[Key, float]:
        tracing, label = self._tracing(backend), OF_THE_LOSS if of_loss else ""
        try:
            if of_loss:
                given = tracing.of_loss(self.losses, rounded(self.targets, "float64"))
            else:
                given = flows(self.upstream(tracing.outputs, np.float64))
            weights, dxs = tracing.added_up(given)
        except Untraceable:
            return {}
        found = {(path, f"gradient{label}"): size for path, size in weights.items()}
        found |= {(path, BUFFER): size for path, size in weights.items()}
        found |= {("input", f"{what}{label}"): size for what, size in dxs.items()}
        made = tracing.predictions
        if of_loss:
            moves = float(abs(sum(np.sum(flow.dy * moved) for flow, moved in zip(given, made, strict=True))))
            return found | {("loss", "value"): moves}
        found |= {("model", f"{PREDICTION}{k or ''}"): largest(y) for k, y in enumerate(made)}
        nodes = tracing.made.items()
        return found | {(path, f"output{k or ''}"): largest(y) for path, ys in nodes for k, y in enumerate(ys)}


BUFFER, OF_THE_LOSS, PREDICTION = "buffer", " of the loss", "prediction"
"""What is compared of a run: a model's outputs have a name of their own, since one of its nodes may be called model."""


def _gradients(dw: State, dxs: Sequence[Any], label: str, order: Sequence[str]) -> dict[Key, Array]:
    """By name, the weights in the `order` of a backward, whichever order an engine has."""
    ranked = [*(path for path in order if path in dw), *(path for path in dw if path not in order)]
    named = {(path, f"gradient{label}"): dw[path] for path in ranked}
    return named | {("input", f"dx{k or ''}{label}"): g for k, g in enumerate(dxs) if isinstance(g, np.ndarray)}


def end_to_end(
    pair: Pair, whole: Whole, dtype: str, alone: Sequence[Row], first: Culprit | None, *, known: bool = False
) -> Result:
    """Errors are held against the noise floor, which is never below the largest error of a node `alone`.

    One that exceeds it is inherited where a node before it, `first`, is at fault by itself; where none is, the walk
    through the graph is, and the formula of the whole model is the witness. Where it is `known` to fail in another
    dtype, no kink is looked for that might excuse it in this one.
    """
    found: list[Found] = []
    try:
        found += on_each(
            pair,
            lambda k: whole.measured(pair.build_side(k, whole.model, whole.state, whole.seed, dtype), whole.inputs),
        )
        rounding = _rounding(pair, whole, dtype, (found[0], found[1]), alone, beside=first is None and not known)
        return _compared(pair, whole, dtype, rounding, first)
    except Stopped as stop:
        return stop.result(pair, whole.model, STAGE, dtype, "model")


def _rounding(
    pair: Pair, whole: Whole, dtype: str, found: tuple[Found, Found], alone: Sequence[Row], *, beside: bool
) -> Rounding:
    """What explains a difference between the sides: at least the largest error of a node alone."""

    def moved(side: int, units: int, draw: int) -> Found:
        held, given = in_dtype(whole.state, dtype), rounded(whole.inputs, dtype)
        state, inputs = shaken(whole.model, held, given, units, draw)
        return whole.measured(build_in(pair.backends[side], whole.model, state, whole.seed, dtype), inputs)

    return Rounding(pair, found, least_noise(dtype, alone), moved, whole.added(pair.right), beside)


def _compared(pair: Pair, whole: Whole, dtype: str, rounding: Rounding, first: Culprit | None) -> Result:
    left, right = rounding.found
    rows: list[Row] = []
    culprit: Culprit | None = None
    doubt: Culprit | None = None
    for key in {**right, **left}:
        judged = rounding.judge(key)
        note = judged.note
        if judged.failed:
            note += f"; {_origin(key, first)}"
        row = pair.row(STAGE, dtype, *key, judged.gap, judged.allowed, note)
        row = judged.said_of(row, whole=key[1].startswith(PREDICTION))
        values = dict(zip(pair.names, (left.get(key), right.get(key)), strict=True))
        if row.failed:
            row = replace(row, look=look((left.get(key), right.get(key)), judged.gap.index, around=True))
        rows.append(row)
        if culprit is None and judged.failed:
            culprit = _blamed(pair, whole, row, judged.gap, values, first)
        elif doubt is None and row.failed and row.unsteady:
            doubt = replace(pair.culprit(row, whole.model, judged.gap.index, values), because=ADVICE)
    return rows, culprit or doubt


def _blamed(
    pair: Pair, whole: Whole, row: Row, gap: Difference, values: dict[str, Array | None], first: Culprit | None
) -> Culprit:
    """Inherited from the node that is at fault by itself; where none is, by the formula of the whole model."""
    key = row.path, row.what
    if first is not None:
        return pair.culprit(row, whole.model, gap.index, values, inherited=_cause(key, first))
    verdict = judge(whole, row.dtype, key, values, gap)
    where, spec = (THE_LOSS, whole.loss) if _of_the_loss(key) else (WHOLE, whole.model)
    said = pair.row(STAGE, row.dtype, where, f"{key[1]} of {key[0]}", gap, row.allowed)
    return pair.culprit(said, spec, gap.index, values, verdict)


def _of_the_loss(key: Key) -> bool:
    """What comes of the loss: where it is the first to differ, outputs and gradients for a random dy were equal."""
    return key[0] == "loss" or key[1].endswith(OF_THE_LOSS)


def _origin(key: Key, first: Culprit | None) -> str:
    if first is None:
        return THE_LOSS if _of_the_loss(key) else "the graph's own walk"
    return "own" if f"{key[0]}.".startswith(f"{first.path}.") else f"inherited from {first.path}"


def _cause(key: Key, first: Culprit) -> str:
    return f"node {first.path!r}, whose {first.what} is wrong by itself"


def judge(whole: Whole, dtype: str, key: Key, values: dict[str, Array | None], gap: Difference) -> Verdict:
    """Who is wrong where every node alone is right: by the formula of the whole model."""
    path, what = key
    run = Run(True, whole.seed, whole.step, dtype=FLOATS[dtype])
    formula = Evaluated(whole.model, in_dtype(whole.state, dtype), rounded(whole.inputs, dtype), run)
    seen: Seen = {}
    outputs, after = formula.outputs(seen)
    targets = rounded(rounded(whole.targets, dtype), "float64")
    if gap.structural:
        return judge_promise(f"{what} of {path}", values, _promised(whole, dtype, key, seen, outputs))
    if what == "value":
        truth = loss_by_formula(whole.losses, outputs, targets)
        return odd_one_out("formula", "loss", entries(values, ()), float(truth))
    if what == BUFFER:
        return odd_one_out(
            "formula", f"{path}{list(gap.index)}", entries(values, gap.index), float(after[path][gap.index])
        )
    if what.startswith(("output", PREDICTION)):
        made = (outputs if what.startswith(PREDICTION) else seen[path])[
            int(what.removeprefix("output").removeprefix(PREDICTION) or 0)
        ]
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
    kinds |= {("model", f"{PREDICTION}{k or ''}"): y for k, y in enumerate(outputs)}
    kinds |= {(p, f"output{k or ''}"): y for p, ys in seen.items() for k, y in enumerate(ys)}
    if key in kinds:
        return f"{dtype}{list(kinds[key].shape)}"
    if path == "input":
        return f"{dtype}{list(whole.inputs[int(what.removesuffix(OF_THE_LOSS)[2:] or 0)].shape)}"
    return f"{dtype}{list(whole.state[path].shape)}" if path in whole.state else "nothing"
