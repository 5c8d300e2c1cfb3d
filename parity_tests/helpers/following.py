"""Engines that follow another convention: NumPy's, but for one function that computes a variant of a description."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.autodiff import Tensor, gradients, plain
from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.arrays import NUMPY
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import Array, State, Tree
from isograd.core.learning.optimizers import ClipValue
from isograd.core.learning.schedules import Schedule
from isograd.core.parity.conventions import Variant
from isograd.core.parity.formulas import BUFFER_FORMULAS, FORMULAS, LOSS_FORMULAS, OPTIMIZER_FORMULAS

NAME = "theirs"
CLIP = ClipValue(0.05)


def following(kind: type, variant: Variant) -> Any:
    """An engine whose layers of this kind compute the variant, by its formula and the record of it."""

    def operation(spec: Any, p: Tree, *x: Array, run: NodeRun) -> tuple[Any, ...]:
        inputs = [Tensor(v) if v.dtype.kind == "f" else v for v in x]
        buffers = spec.buffers(*(v.shape[1:] for v in x))
        leaves = {name: values if name in buffers else Tensor(values) for name, values in flatten(p).items()}
        with np.errstate(all="ignore"):
            y = (variant.formula or FORMULAS[kind])(spec, RECORDING, nest(leaves), tuple(inputs), run)
        ys = y if isinstance(y, tuple) else (y,)

        def backward(*dys: Array) -> tuple[Any, dict[str, Array]]:
            moving = [v for v in inputs if isinstance(v, Tensor)]
            weights = {name: w for name, w in leaves.items() if isinstance(w, Tensor)}
            found = iter(gradients(ys, [*moving, *weights.values()], dys))
            factor = variant.share or (lambda what, x: 1.0)
            dx = [
                shown(next(found) * factor(f"dx{k or ''}", x), variant) if isinstance(v, Tensor) else None
                for k, v in enumerate(inputs)
            ]
            dw = {name: next(found) * factor(f"d{name}", x) for name in weights}
            return (tuple(dx) if len(dx) > 1 else dx[0]), dw

        shapes = tuple(shown(np.asarray(plain(part)), variant) for part in ys)
        result = (shapes if len(shapes) > 1 else shapes[0], backward)
        if not (run.training and buffers):
            return result
        after = (variant.buffers or BUFFER_FORMULAS[kind])(spec, NUMPY, nest(flatten(p)), x, run)
        return *result, {name: np.asarray(after.get(name, p[name]), p[name].dtype) for name in buffers}  # type: ignore[union-attr]

    tables = replace(STANDARD, operations=STANDARD.operations.overlaid({kind: operation}))
    return NumpyBackend(tables, name=NAME)


def shown(y: Array, variant: Variant) -> Array:
    """In the order of axes in which the variant returns it"""
    return y.transpose(variant.axes) if variant.axes is not None and y.ndim == len(variant.axes) else y


def following_loss(kind: type, variant: Variant) -> Any:
    """The same for losses."""

    def loss(spec: Any, p: Array, t: Array) -> tuple[Array, Any]:
        prediction = Tensor(p)
        value = (variant.formula or LOSS_FORMULAS[kind])(spec, RECORDING, prediction, t)

        def backward(dL: Any) -> Array:
            (dp,) = gradients(value, [prediction], np.broadcast_to(dL, plain(value).shape).astype(p.dtype))
            return dp * p.dtype.type(variant.share("dprediction", (p, t)) if variant.share else 1.0)

        return np.asarray(plain(value), p.dtype), backward

    return NumpyBackend(replace(STANDARD, losses=STANDARD.losses.overlaid({kind: loss})), name=NAME)


def following_rule(kind: type, variant: Variant) -> Any:
    """The same for optimizers; where the variant clips, the clipping itself leaves gradients alone."""
    clips: dict[type, Any] = {}

    def rule(spec: Any, lr: float, t: int, w: Array, g: Array, s: State) -> None:
        if clips:
            g = variant.clipped(CLIP, NUMPY, spec, {"": w}, {"": g})[""]  # type: ignore[misc]
        new, slots = (variant.formula or OPTIMIZER_FORMULAS[kind])(
            spec, NUMPY, lr, t, w.copy(), g, {name: values.copy() for name, values in s.items()}
        )
        w[...] = new
        for name, values in slots.items():
            s[name][...] = values

    if variant.clipped is not None:
        clips[type(CLIP)] = lambda spec, grads: grads
    tables = replace(
        STANDARD,
        optimizers=STANDARD.optimizers.overlaid({kind: rule}),
        clippings=STANDARD.clippings.overlaid(clips),
    )
    return NumpyBackend(tables, name=NAME)


def following_clipping(kind: type, variant: Variant) -> Any:
    """The same for clippings."""

    def clip(spec: Any, grads: State) -> State:
        made: State = variant.formula(spec, NUMPY, grads)  # type: ignore[misc]
        return {path: np.asarray(made[path], g.dtype) for path, g in grads.items()}

    return NumpyBackend(replace(STANDARD, clippings=STANDARD.clippings.overlaid({kind: clip})), name=NAME)


class FollowingSchedule(NumpyBackend):
    """The same for schedules."""

    def __init__(self, variant: Variant) -> None:
        super().__init__(name=NAME)
        self.variant = variant

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Any = ()) -> list[float]:
        seen = [measured] if measured else []
        return [
            float(self.variant.formula(schedule, lr, t, total, *(before[:t] for before in seen)))  # type: ignore[misc]
            for t in range(total)
        ]
