"""Operations that make values of nothing but the batch's size, and draw random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Form, Rows
from isograd.core.layers.base import Misfit


@dataclass(frozen=True)
class Kept:
    """A random mask, not yet applied: 1 (scaled: 1/p) with probability p, in this form."""

    form: Form
    p: float
    scaled: bool = False


@dataclass(frozen=True)
class Nothing:
    """Memory that waits to be written to."""

    form: Form


@operation("empty", "new_empty", "empty_like")
def empty(b: Any, a: Any) -> Any:
    return Nothing(a.form)


@operation("bernoulli.p", "bernoulli.Tensor")
def bernoulli(b: Any, a: Any) -> Any:
    if not isinstance(a.p, float | int) or b.form_of(a.node.meta["val"]).kind != "float":
        raise Misfit("one probability for all", "a tensor of them", "")
    return Kept(a.form, float(a.p))


@operation("bernoulli.default")
def bernoulli_of(b: Any, a: Any) -> Any:
    raise Misfit("one probability for all", "a tensor of them", "")


def dropped(b: Any, value: Any, mask: Kept, form: Form) -> Any:
    """value ⊙ mask as the layer that draws it."""
    axes = mask.form.axes
    if not mask.scaled:
        raise Misfit("a mask divided by the share that is kept", "one that is not", "")
    if b.form(b.ref(value)) != form:
        raise Misfit("a mask that is broadcast to the value", f"{mask.form} on {b.form(b.ref(value))}", "")
    p = float(f"{1 - mask.p:.12g}")  # 0.2, of which 0.8 is kept
    if axes == form.axes:
        return b.apply(core.Dropout(p), value)
    if set(axes[1:]) <= {1} and axes[:1] == form.axes[:1] and isinstance(axes[0], Rows):
        return b.apply(core.StochasticDepth(p, mode="row"), value)
    if set(axes) <= {1}:
        return b.apply(core.StochasticDepth(p, mode="batch"), value)
    if len(axes) == 4 and axes[:2] == form.axes[:2] and axes[2:] == (1, 1):
        return b.apply(core.Dropout2d(p), value)
    raise Misfit("a mask of values, channels or samples", f"{mask.form} on {form}", "")


@operation("zeros", "new_zeros", "zeros_like")
def zeros(b: Any, a: Any) -> Any:
    return full_of(b, a.form, 0)


@operation("ones", "new_ones", "ones_like")
def ones(b: Any, a: Any) -> Any:
    return full_of(b, a.form, 1)


@operation("full", "new_full", "full_like")
def full(b: Any, a: Any) -> Any:
    return full_of(b, a.form, a.fill_value)


@operation("fill.Scalar")
def fill(b: Any, a: Any) -> Any:
    return full_of(b, a.form, a.value)


@operation("zero")
def zero(b: Any, a: Any) -> Any:
    return full_of(b, a.form, 0)


def full_of(b: Any, form: Form, value: Any) -> Any:
    """One number everywhere."""
    if not isinstance(value, int | float | bool):
        raise Misfit("a number", f"{value}", "")
    number = {"float": float, "integer": int, "boolean": bool}[form.kind](value)
    layer = core.Full(tuple(form.to_json()), number, kind=form.kind)
    return b.apply(layer, b.like) if any(isinstance(size, Rows) for size in form.axes) else b.apply(layer)


@operation("arange")
def arange(b: Any, a: Any) -> Any:
    start, step = getattr(a, "start", 0) or 0, getattr(a, "step", 1) or 1
    if not isinstance(a.end, Rows) or start != 0 or step != 1:
        raise Misfit("arange(N)", f"arange({start}, {a.end}, {step})", "")
    return b.apply(core.Arange(0, str(a.end), kind=a.form.kind), b.like)
