"""What was pooled, put back where it stood."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from isograd.core.base.description import describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import one_kind
from isograd.core.layers.windows import Margins, Sizes, check_lengths, check_rank, per_axis


@describes("layer", abstract=True)
class MaxUnpooling(Layer):
    """y = 0 but for y[n,c,indices[n,c,q]] = x[n,c,q]: each entry where it stood before MaxPool(return_indices=True)

    kernel_size, stride (default: kernel_size) and padding are MaxPool's: an axis of Q places becomes
    H = (Q − 1)·stride − 2·padding + kernel_size, or `output_size` of it, which differs by less than stride. The indices
    count the places of a channel in reading order over all of y's axes. dx[n,c,q] = dy[n,c,indices[n,c,q]].

    Where several indices name one place, as those of windows that overlap may, the last entry stands there and each
    gets dy: torch's convention. A number that is no place of y is a DataError.
    """

    kernel_size: Sizes = field(kw_only=False)
    stride: Sizes | None = None
    padding: Margins = 0
    output_size: Sizes | None = None

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2
    axes: ClassVar[int] = 0

    def __post_init__(self) -> None:
        options = {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}
        check_lengths(repr(self), self.axes, **options, output_size=self.output_size)
        if isinstance(self.output_size, int) and self.axes > 1:
            wanted = f"output_size= of {self.axes} entries, one for each axis, as torch"
            fix = f"output_size={(self.output_size,) * self.axes}"
            raise SpecError(repr(self), wanted=wanted, got=f"{self.output_size}", fix=fix)

    def sizes(self, shape: Shape) -> Shape:
        """y's axes behind the channels, for one sample of this shape."""
        steps = per_axis(self.kernel_size if self.stride is None else self.stride, self.axes)
        options = (per_axis(self.kernel_size, self.axes), per_axis(self.padding, self.axes))
        usual = tuple(
            (size - 1) * step - 2 * pad + kernel
            for size, step, kernel, pad in zip(shape[1:], steps, *options, strict=True)
        )
        sizes = usual if self.output_size is None else per_axis(self.output_size, self.axes)
        if any(abs(size - most) >= step for size, most, step in zip(sizes, usual, steps, strict=True)):
            raise Misfit(
                f"an output_size that differs from {usual} by less than stride on each axis",
                f"{sizes}",
                "give the size of what was pooled",
            )
        if min(sizes) < 1:
            raise Misfit("an output of at least one place on each axis", f"{sizes}", "less padding=")
        return sizes

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        form, indices = x
        one_kind([form], "float")
        one_kind([indices], "integer")
        if not form.batch_first or indices.axes != form.axes:
            raise Misfit("a batch of samples and as many indices", f"{form} and {indices}", "give what MaxPool returns")
        check_rank(form.shape, self.axes)
        return (Form((*form.axes[:2], *self.sizes(form.shape))),)


@describes("layer")
class MaxUnpool1d(MaxUnpooling):
    """x (N, C, Q), indices (N, C, Q) → y (N, C, W)"""

    axes: ClassVar[int] = 1


@describes("layer")
class MaxUnpool2d(MaxUnpooling):
    """x (N, C, P, Q), indices (N, C, P, Q) → y (N, C, H, W)"""

    axes: ClassVar[int] = 2


@describes("layer")
class MaxUnpool3d(MaxUnpooling):
    """x (N, C, O, P, Q), indices (N, C, O, P, Q) → y (N, C, D, H, W)"""

    axes: ClassVar[int] = 3
