"""Sums and their kin over axes, and running sums along one."""

from __future__ import annotations

from dataclasses import field
from math import prod
from typing import Literal

from isograd.core.base.description import Dims, Finite, Int, Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Kind
from isograd.core.layers.base import Layer, Misfit, axis_at
from isograd.core.layers.combine import one_kind

COUNTED = ("sum", "prod", "amax", "amin")  # of whole numbers too, which stay whole
SPREAD = ("var", "std")


@describes("layer")
class Reduce(Layer):
    """y = f(x over the axes `dims`), over all of them with dims=None          x (a, b, c) → y (a, c) for dims=(1,)

    `dims` counts every axis, from 0 or from the end; keepdim=True keeps them with one place: (a, 1, c). Over an axis of
    the batch it mixes samples, as the formula says.

    sum, mean, prod; amax, amin: equal ones share the gradient evenly (MaxDim: the first has it all); logsumexp:
    ln Σ eˣ; norm: (Σ |x|^ord)^(1/ord), ord=∞: the largest |x|, equal ones share; derivative 0 where the norm is 0.
    var: Σ (x − mean)² / (count − correction), std its root, with derivative 0 at 0.
    Sums of whole numbers and booleans are whole numbers, as are prod, amax and amin of whole numbers; any and all make
    booleans (is one, are all other than 0?) of everything.
    """

    function: Literal["sum", "mean", "prod", "amax", "amin", "any", "all", "logsumexp", "norm", "var", "std"] = field(
        kw_only=False
    )
    dims: Dims | None = field(kw_only=False, default=None)
    keepdim: bool = False
    ord: Real = 2
    correction: Finite = 1.0

    def __post_init__(self) -> None:
        if self.dims == ():
            raise SpecError(repr(self), wanted="axes to reduce", got="none", fix="dims=None is all of them")
        if self.ord <= 0:
            raise SpecError(repr(self), wanted="ord above 0", got=f"{self.ord}", fix="ord=2, 1 or float('inf')")

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        over = axes_over(self.dims, form)
        places = [form.axes[axis] for axis in over]
        count = prod(size for size in places if isinstance(size, int))
        if self.function in SPREAD and all(isinstance(size, int) for size in places) and count <= self.correction:
            raise Misfit(f"more than {self.correction:g} values to spread", f"{count} in {form}", "correction=0")
        if self.keepdim:
            axes = tuple(1 if axis in over else size for axis, size in enumerate(form.axes))
        else:
            axes = tuple(size for axis, size in enumerate(form.axes) if axis not in over)
        return (Form(axes, self.kind(form)),)

    def kind(self, form: Form) -> Kind:
        """The kind of y; raises Misfit for an x that the function does not take."""
        if self.function in ("any", "all"):
            return "boolean"
        if self.function == "sum" and form.kind == "boolean":
            return "integer"
        return one_kind([form], "float", "integer") if self.function in COUNTED else one_kind([form], "float")


def axes_over(dims: tuple[int, ...] | None, form: Form) -> tuple[int, ...]:
    """The axes of a value that `dims` names, in order; all for None."""
    if not form.axes:
        raise Misfit("a value that has axes", f"{form}", "there is nothing to reduce")
    return tuple(range(len(form.axes))) if dims is None else tuple(sorted({axis_at(dim, form) for dim in dims}))


@describes("layer", abstract=True)
class Running(Layer):
    """Along an axis, each entry with all before it."""

    dim: Int = field(kw_only=False)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axis_at(self.dim, x[0])
        kind = one_kind(x, "float", "integer", "boolean")
        return (Form(x[0].axes, "float" if kind == "float" else "integer"),)


@describes("layer")
class CumSum(Running):
    """y[k] = x[0] + … + x[k] along the axis `dim` of all          booleans and whole numbers make whole numbers"""


@describes("layer")
class CumProd(Running):
    """y[k] = x[0] · … · x[k] along the axis `dim` of all          booleans and whole numbers make whole numbers"""
