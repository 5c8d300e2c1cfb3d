"""Padding of any axes, beyond what images need."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from isograd.core.base.description import Dims, Real, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.forms import Form, Size
from isograd.core.layers.base import Layer, Misfit, made_of
from isograd.core.layers.combine import one_kind
from isograd.core.layers.constants import is_of


@describes("layer")
class Pad(Layer):
    """Places before and after the last axes, as torch.nn.functional.pad: (last axis' before, after, last but one's, …)

    mode="constant": `value` stands there (…v v | a b c d | v v…); a negative width crops. "reflect"
    (d c b | a b c d | c b a), "replicate" (a a a | a b c d | d d d) and "circular" (b c d | a b c d | a b c) take
    floats, on axes that hold as many places as they ask for.

    x (3, 4) → y (3, 6) for Pad((1, 1)), (5, 4) for Pad((0, 0, 2, 0)); axes that grow with the batch stay as they are.
    """

    padding: Dims = field(kw_only=False)
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Real = 0.0

    def __post_init__(self) -> None:
        if len(self.padding) % 2:
            raise SpecError(
                repr(self),
                wanted="two widths, before and after, for each axis, from the last one on",
                got=f"{len(self.padding)} widths",
                fix="Pad((0, 0, 1, 1)) pads the last axis but one",
            )
        if self.mode != "constant" and (min(self.padding, default=0) < 0 or self.value != 0):
            raise SpecError(
                repr(self),
                wanted=f"widths of 0 or more, and no value, where what is there is taken (mode={self.mode!r})",
                got=f"{self.padding}, value={self.value}",
                fix="ig.Slice crops",
            )

    def widths(self, rank: int) -> tuple[tuple[int, int], ...]:
        """(before, after) of every axis, the first one's first."""
        pairs = tuple(zip(self.padding[::2], self.padding[1::2], strict=True))[::-1]
        return ((0, 0),) * (rank - len(pairs)) + pairs

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        (form,) = x
        if len(self.padding) > 2 * len(form.axes):
            raise Misfit(f"a value of {len(self.padding) // 2} axes or more", f"{form}", "drop widths")
        if self.mode != "constant":
            one_kind(x, "float")
        if not is_of(form.kind, self.value):
            raise Misfit(f"a value= that is {form.kind}", f"{self.value}", "a value= of the kind of what is padded")
        sizes = (
            self._padded(size, *pair, form) if any(pair) else size
            for size, pair in zip(form.axes, self.widths(len(form.axes)), strict=True)
        )
        return (made_of(sizes, form.kind),)

    def _padded(self, size: Size, before: int, after: int, form: Form) -> Size:
        if not isinstance(size, int):
            raise Misfit("widths of 0 on axes that grow with the batch", f"{self.padding} for {form}", "pad other axes")
        most = size - 1 if self.mode == "reflect" else size
        if self.mode in ("reflect", "circular") and max(before, after) > most:
            raise Misfit(f"widths of at most {most} there", f"{self.padding} for {form}", "smaller widths")
        if before + size + after < 0 or (self.mode == "replicate" and size == 0):
            raise Misfit("an axis that is left some places", f"{self.padding} for {form}", "smaller widths")
        return before + size + after
