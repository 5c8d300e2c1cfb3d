"""What is right: the formula of a description in float64, and its derivative by the record of what it computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.autodiff import Tensor, gradients, plain
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.core.base.arrays import Namespace
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.context import Run
from isograd.core.learning.losses import Loss
from isograd.core.parity.formulas import LOSS_FORMULAS, evaluated
from isograd.core.parity.stages.trial import Trial


@dataclass(frozen=True)
class Exact:
    """The values that an operation should have: of a layer {"y", "y1", "buffer …", "dx", "dx1", "d" + weight}."""

    values: Mapping[str, Array]

    def __getitem__(self, what: str) -> Array:
        return self.values[what]


def exact(trial: Trial, ops: Namespace = RECORDING, dtype: str = "float64") -> Exact:
    """Outputs, buffers after the run and gradients of a layer, by its formula; in float32 to see how that rounds."""
    layer, state, kind = trial.layer, trial.state, FLOATS[dtype]

    def as_kind(v: Array) -> Array:
        return v.astype(kind) if v.dtype.kind == "f" else v

    shapes = [x.shape[1:] for x in trial.inputs]
    weights = layer.weights(*shapes)
    x = tuple(Tensor(as_kind(v)) if v.dtype.kind == "f" else v for v in trial.inputs)
    p: dict[str, Any] = {name: Tensor(as_kind(v)) if name in weights else as_kind(v) for name, v in state.items()}
    run = Run(trial.training, trial.seed, trial.step, trial.path, dtype=FLOATS[trial.dtype])
    with np.errstate(all="ignore"):
        y, after = evaluated(layer, ops, nest(p), x, run)
        sources = {_numbered("dx", k): v for k, v in enumerate(x) if isinstance(v, Tensor)}
        sources |= {f"d{name}": p[name] for name in weights}
        found = gradients(y, list(sources.values()), tuple(np.asarray(dy, kind) for dy in trial.upstream()))
    values = {_numbered("y", k): np.asarray(plain(v)) for k, v in enumerate(y)}
    if trial.training:
        moved = flatten(after)
        values |= {f"buffer {name}": np.asarray(plain(moved[name])) for name in layer.buffers(*shapes)}
    values |= dict(zip(sources, map(np.asarray, found), strict=True))
    for name, weight in weights.items():
        if weight.frozen_row is not None:
            values[f"d{name}"][weight.frozen_row] = 0
    return Exact(values)


def _numbered(word: str, k: int) -> str:
    return f"{word}{k or ''}"


def exact_loss(loss: Loss, prediction: Array, target: Array) -> Exact:
    """{"L", "dp"} of a loss that is one number."""
    p = Tensor(np.asarray(prediction, np.float64))
    t = np.asarray(target, np.float64) if target.dtype.kind == "f" else target
    with np.errstate(all="ignore"):
        value: Any = LOSS_FORMULAS[type(loss)](loss, RECORDING, p, t)
        (dp,) = gradients(value, [p], np.ones(()))
    return Exact({"L": np.asarray(plain(value)), "dp": dp})


def drawn(trial: Trial) -> bool:
    """Whether a layer draws numbers in training: then nobody else's can be the same."""
    first, second = (exact(replace(trial, seed=seed)).values["y"] for seed in (0, 1))
    return not np.array_equal(first, second, equal_nan=True)
