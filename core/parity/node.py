"""One node alone ("teacher-forced"): both sides get the same inputs, weights and dy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isograd.core.backend import Backend
from isograd.core.graph import Input
from isograd.core.layers.base import Layer
from isograd.core.model import Model
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, Difference, difference
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.report import Culprit, Row
from isograd.core.parity.witness import Verdict, judge_gradient, judge_output, judge_structure
from isograd.core.randomness import random_upstream
from isograd.core.types import FLOATS, Array, Arrays


@dataclass(frozen=True)
class Trial:
    """A layer with everything that one run of it needs."""

    path: str  # how the report names it
    layer: Layer
    inputs: Arrays  # batch first, float64 or whole numbers; rounded to the dtype of the trial
    state: Mapping[str, Array]  # weights and buffers under the layer's own names
    dtype: str
    training: bool
    seed: int = 0

    @property
    def model(self) -> Model:
        """The layer as the only node of a model."""
        ends = [Input(x.shape[1:]) for x in self.inputs]
        return Model(inputs=ends, outputs=self.layer(*ends))

    @property
    def mode(self) -> str:
        return "training" if self.training else "evaluation"

    def rounded_inputs(self) -> Arrays:
        return tuple(np.array(x, FLOATS[self.dtype] if x.dtype.kind == "f" else x.dtype) for x in self.inputs)

    def upstream(self) -> Arrays:
        """The random dy of each output."""
        shapes = [(len(self.inputs[0]), *shape) for shape in self.model.out_shapes(*self.model.input_shapes)]
        return tuple(
            random_upstream(shape, self.seed, f"{self.path}/{k}", FLOATS[self.dtype]) for k, shape in enumerate(shapes)
        )


@dataclass
class Outcome:
    """What one backend made of a trial: arrays by name in the order in which they are computed."""

    outputs: dict[str, Array]
    gradients: dict[str, Array]
    written: list[str]  # what was written to and should not have been
    raised: str | None = None


def run_trial(backend: Backend, trial: Trial) -> Outcome:
    """Forward and backward of the trial's one-node model; an exception becomes part of the outcome."""
    model = trial.model
    name = model.graph(*model.input_shapes).nodes[0].owner
    inputs, dys = trial.rounded_inputs(), trial.upstream()
    kept = [x.copy() for x in (*inputs, *dys)]
    outcome = Outcome({}, {}, [])
    try:
        net = build_in(backend, model, {f"{name}.{k}": v for k, v in trial.state.items()}, trial.seed, trial.dtype)
        before = net.state_dict()
        y = net.forward(*inputs, training=trial.training)
        ys = y if isinstance(y, tuple) else (y,)
        outcome.outputs = {f"output{k or ''}": value for k, value in enumerate(ys)}
        buffers = set(trial.layer.buffers(*(x.shape[1:] for x in trial.inputs)))
        after = net.state_dict()
        outcome.outputs |= {f"buffer {k}": after[f"{name}.{k}"] for k in sorted(buffers)}
        dx, dw = net.backward(*dys)
        outcome.gradients = {f"d{path.removeprefix(f'{name}.')}": g for path, g in dw.items()}
        dxs = dx if isinstance(dx, tuple) else (dx,)
        outcome.gradients |= {f"dx{k or ''}": g for k, g in enumerate(dxs) if inputs[k].dtype.kind == "f"}
        outcome.written = [
            what
            for what, old, new in zip(["x"] * len(inputs) + ["dy"] * len(dys), kept, (*inputs, *dys), strict=True)
            if not np.array_equal(old, new, equal_nan=True)
        ] + [
            k
            for k, old in before.items()
            if k.removeprefix(f"{name}.") not in buffers and not np.array_equal(old, net.state_dict()[k])
        ]
    except Exception as error:
        outcome.raised = f"{type(error).__name__}: {error}"
    return outcome


def compare_node(pair: Pair, trial: Trial, stage: str = "node") -> tuple[list[Row], Culprit | None]:
    """A row for every output, buffer and gradient; the culprit where the first of them differs."""
    left, right = run_trial(pair.left, trial), run_trial(pair.right, trial)
    allowed = TOLERANCE[stage, trial.dtype]
    crashed = {name: o.raised for name, o in zip(pair.names, (left, right), strict=True) if o.raised}
    if crashed:
        row = Row(stage, trial.dtype, trial.path, "run", np.inf, allowed, "raised", trial.mode)
        text = "; ".join(f"{name} raised {what}" for name, what in crashed.items())
        guilty = next(iter(crashed)) if len(crashed) == 1 else None
        return [row], _culprit(pair, trial, "run", Verdict(guilty, f"  {text}"), Difference(np.inf, fault="raised"))
    rows: list[Row] = []
    first: Culprit | None = None
    wrote = {name: o.written for name, o in zip(pair.names, (left, right), strict=True) if o.written}
    if wrote:
        rows.append(Row(stage, trial.dtype, trial.path, "inputs", np.inf, allowed, "written to", trial.mode))
        verdict = Verdict(next(iter(wrote)), "".join(f"  {n} wrote to {', '.join(w)}" for n, w in wrote.items()))
        first = _culprit(pair, trial, "inputs", verdict, Difference(np.inf, fault="written to"))
    for kind in ("outputs", "gradients"):
        a, b = getattr(left, kind), getattr(right, kind)
        for what in {**b, **a}:
            found, limit = difference(a.get(what), b.get(what)), allowed
            if trial.dtype == "float32" and found.fault is None and found.exceeds(allowed):
                limit = max(allowed, NOISE_FACTOR * _rounding(pair, trial, kind, what, (a[what], b[what])))
            rows.append(Row(stage, trial.dtype, trial.path, what, found.error, limit, found.fault, trial.mode))
            if first is None and found.exceeds(limit):
                verdict = _judge(
                    pair, trial, kind, what, {pair.left.name: a.get(what), pair.right.name: b.get(what)}, found
                )
                first = _culprit(pair, trial, what, verdict, found)
    return rows, first


def _rounding(pair: Pair, trial: Trial, kind: str, what: str, values: tuple[Array, Array]) -> float:
    """How far a float32 trial is from itself in float64, on the side where it is less."""
    wide = replace(trial, inputs=trial.rounded_inputs(), state=in_dtype(trial.state, "float64"), dtype="float64")
    exact = [getattr(run_trial(backend, wide), kind)[what] for backend in (pair.left, pair.right)]
    return min(difference(v, e.astype(v.dtype)).error for v, e in zip(values, exact, strict=True))


def _judge(
    pair: Pair, trial: Trial, kind: str, what: str, values: dict[str, Array | None], found: Difference
) -> Verdict:
    if found.fault and found.fault != "NaN":
        return judge_structure(trial, kind, what, values)
    if kind == "outputs":
        return judge_output(trial, what, values, found.index)
    return judge_gradient(pair, trial, what, values)


def _culprit(pair: Pair, trial: Trial, what: str, verdict: Verdict, found: Difference) -> Culprit:
    where = f", worst at {list(found.index)}" if found.index else ""
    why = found.fault or f"rel {found.error:.1e} > {TOLERANCE['node', trial.dtype]:.0e}"
    run = f"({trial.dtype}, {trial.mode})"
    head = f"ParityError: {what} of {trial.layer!r}, node {trial.path!r}, differs first{where}: {why} {run}"
    backend = next((b for b in (pair.left, pair.right) if b.name == verdict.guilty), None)
    if backend is not None:
        tail = f"  the odd one out is {backend.name}: look at {backend.source(trial.layer)}"
    else:
        tail = "  no witness could say which side is wrong"
    return Culprit(trial.path, repr(trial.layer), what, verdict.guilty, "\n".join([head, verdict.text, tail]))


def trial_state(state: Mapping[str, Array], owner: str, dtype: str) -> dict[str, Any]:
    """The entries below `owner`, under the layer's own names."""
    return in_dtype({k.removeprefix(f"{owner}."): v for k, v in state.items() if k.startswith(f"{owner}.")}, dtype)
