"""The third witness: which of two sides that differ is wrong.

Structure (shape, dtype, a missing gradient): the description. Outputs: the layer's definition. Gradients: the
finite-difference slope along one random direction, in float64, of a forward that both sides agree on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.tree import nest
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.context import Run
from isograd.core.parity.definitions import defined, defined_buffer
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.stages.trial import Trial

STEP = 1e-6  # of the central difference; its own error is about STEP², rounding about 1e-16/STEP


@dataclass(frozen=True)
class Verdict:
    """The guilty side's name, None where no witness could tell, and the evidence as a line of text."""

    guilty: str | None
    text: str


def odd_one_out(claims: dict[str, float], truth: float, label: str, quantity: str) -> Verdict:
    """The side whose claim is much farther from the truth than the other's."""
    told = "    ".join(f"{name} {value:.9g}" for name, value in claims.items())
    text = f"  {quantity}    {told}    {label} {truth:.9g}"
    misses = {name: abs(value - truth) if np.isfinite(value) else np.inf for name, value in claims.items()}
    (near, nearest), (far, farthest) = sorted(misses.items(), key=lambda item: item[1])
    return Verdict(far if farthest > 3 * nearest and near != far else None, text)


def judge_structure(trial: Trial, kind: str, what: str, values: dict[str, Array | None]) -> Verdict:
    """The side whose array has not the shape and dtype that the description promises."""
    shapes = [x.shape[1:] for x in trial.inputs]
    wanted: dict[str, tuple[int, ...]] = {f"d{k}": w.shape for k, w in trial.layer.weights(*shapes).items()}
    integers = {f"buffer {k}" for k, w in trial.layer.buffers(*shapes).items() if w.integers}
    wanted |= {f"buffer {k}": w.shape for k, w in trial.layer.buffers(*shapes).items()}
    wanted |= {f"dx{k or ''}": x.shape for k, x in enumerate(trial.inputs)}
    for k, shape in enumerate(trial.layer.checked_shapes(*shapes)):
        wanted[f"output{k or ''}"] = (len(trial.inputs[0]), *shape)
    dtype = np.dtype(np.int64) if what in integers else FLOATS[trial.dtype]
    told = {n: "nothing" if v is None else f"{v.dtype}{list(v.shape)}" for n, v in values.items()}
    promised = f"{dtype}{list(wanted[what])}" if what in wanted else "nothing"
    wrong = [name for name, text in told.items() if text != promised]
    evidence = "    ".join(f"{name} {text}" for name, text in told.items())
    return Verdict(wrong[0] if len(wrong) == 1 else None, f"  {what}    {evidence}    described {promised}")


def judge_output(trial: Trial, what: str, values: dict[str, Array | None], index: tuple[int, ...]) -> Verdict:
    """The side farther from the layer's definition at the entry where the two differ most."""
    model = trial.model
    name = model.graph(*model.input_shapes).nodes[0].name
    inputs = tuple(np.asarray(x, np.float64) if x.dtype.kind == "f" else x for x in trial.rounded_inputs())
    run = Run(trial.training, trial.seed, 0, name)
    shapes = [(len(inputs[0]), *shape) for shape in model.out_shapes(*model.input_shapes)]
    p = nest(in_dtype(trial.state, "float64"))
    if what.startswith("buffer "):
        truth = defined_buffer(trial.layer, p, inputs, what.removeprefix("buffer "), run)
    else:
        truth = defined(trial.layer, p, inputs, run, shapes)[int(what.removeprefix("output") or 0)]
    claims = {side: float(v[index]) for side, v in values.items() if v is not None}
    return odd_one_out(claims, float(truth[index]), "definition", f"{what}{list(index)}")


def judge_gradient(pair: Pair, trial: Trial, what: str, values: dict[str, Array | None]) -> Verdict:
    """The side whose slope along a random direction is farther from the central difference."""
    dy = [np.asarray(d, np.float64) for d in trial.upstream()]
    model = trial.model
    owner = model.graph(*model.input_shapes).nodes[0].owner
    state = in_dtype({f"{owner}.{k}": v for k, v in trial.state.items()}, "float64")
    inputs = [np.asarray(x, np.float64) if x.dtype.kind == "f" else x for x in trial.rounded_inputs()]
    moved = inputs[int(what[2:] or 0)] if what.startswith("dx") else state[f"{owner}.{what[1:]}"]
    direction = generator(trial.seed, "direction", what).uniform(-1, 1, moved.shape)
    weight = trial.layer.weights(*(x.shape[1:] for x in inputs)).get(what[1:])
    if weight is not None and weight.frozen_row is not None:
        direction[weight.frozen_row] = 0

    def total(step: float) -> float:
        x: Arrays = tuple(v + step * direction if v is moved else v for v in inputs)
        weights = {k: v + step * direction if v is moved else v for k, v in state.items()}
        net = build_in(pair.right, model, weights, trial.seed, "float64")
        y = net.forward(*x, training=trial.training)
        return float(sum(np.vdot(d, v) for d, v in zip(dy, y if isinstance(y, tuple) else (y,), strict=True)))

    slope = (total(STEP) - total(-STEP)) / (2 * STEP)
    claims = {side: float(np.vdot(g.astype(np.float64), direction)) for side, g in values.items() if g is not None}
    return odd_one_out(claims, slope, "finite difference", f"slope of {what[1:]} along one random direction")
