"""The largest and smallest along an axis, and all in order; where they stood comes as whole numbers.

Of equal entries the first comes first, as torch's stable sort has it; NaN is larger than any number.
"""

from __future__ import annotations

from dataclasses import field

from isograd.core.base.description import Count, Int, describes
from isograd.core.base.forms import Form, Rows
from isograd.core.layers.base import Layer, Misfit, axis_at
from isograd.core.layers.combine import one_kind


@describes("layer", abstract=True)
class Extreme(Layer):
    """Along the axis `dim` of all one entry is chosen; keepdim=True keeps the axis with one place."""

    dim: Int = field(kw_only=False)
    keepdim: bool = False

    def chosen(self, *x: Form) -> Form:
        """The form of what is chosen."""
        (form,) = x
        axis, kind = axis_at(self.dim, form), one_kind(x, "float", "integer")
        return Form((*form.axes[:axis], *([1] if self.keepdim else []), *form.axes[axis + 1 :]), kind)


@describes("layer", abstract=True)
class ExtremeDim(Extreme):
    """The entry and where it stood: two outputs."""

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        values = self.chosen(*x)
        return (values, Form(values.axes, "integer"))


@describes("layer", abstract=True)
class ArgExtreme(Extreme):
    """Where the entry stood."""

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        return (Form(self.chosen(*x).axes, "integer"),)


@describes("layer")
class MaxDim(ExtremeDim):
    """(values, indices) = the largest entry along `dim`, and where it stands          x (a, b, c) → (a, c) for dim=1

    Of equal ones the first is taken and has all of the gradient (Reduce("amax") shares it out).
    """


@describes("layer")
class MinDim(ExtremeDim):
    """(values, indices) = the smallest entry along `dim`, and where it stands; of equal ones the first"""


@describes("layer")
class ArgMax(ArgExtreme):
    """y = where along `dim` the largest entry stands, of equal ones the first: (a, b, c) → (a, c) for dim=1"""


@describes("layer")
class ArgMin(ArgExtreme):
    """y = where along `dim` the smallest entry stands, of equal ones the first: (a, b, c) → (a, c) for dim=1"""


@describes("layer")
class Sort(Layer):
    """(values, indices) = the entries along `dim` in order, and where they stood          x → two alike

    Rising, or falling with descending=True; equal ones stay in the order in which they stand (torch: stable=True).
    Each entry's gradient goes back to where it stood.
    """

    dim: Int = -1
    descending: bool = False

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axis_at(self.dim, x[0])
        return (Form(x[0].axes, one_kind(x, "float", "integer")), Form(x[0].axes, "integer"))


@describes("layer")
class ArgSort(Layer):
    """y = where the entries along `dim` stood before they were sorted, the second of Sort          x → y alike"""

    dim: Int = -1
    descending: bool = False

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        axis_at(self.dim, x[0])
        one_kind(x, "float", "integer")
        return (Form(x[0].axes, "integer"),)


@describes("layer")
class TopK(Layer):
    """(values, indices) = the k largest (largest=False: smallest) along `dim`, in order          x (…, n) → two (…, k)

    Of equal ones those that stand first, in that order; torch.topk leaves open which.
    """

    k: Count = field(kw_only=False)
    dim: Int = -1
    largest: bool = True

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        axis, kind = axis_at(self.dim, form), one_kind(x, "float", "integer")
        size = form.axes[axis]
        if isinstance(size, Rows) or size < self.k:
            fix = f"k={size}" if isinstance(size, int) else "name an axis that does not grow with the batch"
            raise Misfit(f"an axis of {self.k} places or more", f"{size} in {form}", fix)
        axes = (*form.axes[:axis], self.k, *form.axes[axis + 1 :])
        return (Form(axes, kind), Form(axes, "integer"))
