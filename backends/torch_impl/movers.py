"""What takes torch's functions that move, index and make values into a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from isograd.core.base.forms import Form, Kind, Rows
from isograd.core.layers import Arange, Expand, Full, Index, IndexPut, Pad, Repeat, Split, View
from isograd.core.layers.indexing import no_place
from isograd.core.layers.unpool import MaxUnpooling

DTYPES: dict[Kind, torch.dtype] = {"integer": torch.int64, "boolean": torch.bool}


class Sliced(nn.Module):
    """x[…, key, …] on one axis"""

    def __init__(self, dim: int, key: slice) -> None:
        super().__init__()
        self.dim, self.key = dim, key

    def place(self, x: Tensor) -> tuple[Any, ...]:
        return (slice(None),) * (self.dim % x.ndim) + (self.key,)

    def forward(self, x: Tensor) -> Tensor:
        return x[self.place(x)]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, {self.key}"


class SliceScattered(Sliced):
    """torch.slice_scatter"""

    def forward(self, x: Tensor, source: Tensor) -> Tensor:  # type: ignore[override]
        return torch.slice_scatter(x, source, self.dim, self.key.start, self.key.stop, self.key.step)


class Parts(nn.Module):
    """torch.split, or torch.unbind"""

    def __init__(self, spec: Split) -> None:
        super().__init__()
        self.spec = spec

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        dim, shares = self.spec.dim, self.spec.shares
        if self.spec.squeeze:
            return torch.unbind(x, dim)
        rows = x.shape[dim] // max(sum(shares), 1)
        return torch.split(x, [share * rows for share in shares], dim)

    def extra_repr(self) -> str:
        return repr(self.spec)


class Stacked(nn.Module):
    """torch.stack"""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *x: Tensor) -> Tensor:
        return torch.stack(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Rowed(nn.Module):
    """Something that needs N: the rows of the last input, `like`, where there is one more than `count`."""

    def __init__(self, form: Form, count: int = 1) -> None:
        super().__init__()
        self.form, self.count = form, count

    def sizes(self, x: Sequence[Tensor]) -> tuple[int, ...]:
        """Every axis; −1 for one that grows with the batch where no rows are given."""
        if len(x) > self.count:
            return self.form.sizes(x[self.count].shape[0])
        return tuple(-1 if isinstance(size, Rows) else size for size in self.form.axes)

    def extra_repr(self) -> str:
        return str(self.form)


class Viewed(Rowed):
    """torch.reshape"""

    def __init__(self, spec: View) -> None:
        super().__init__(spec.form)

    def forward(self, *x: Tensor) -> Tensor:
        return x[0].reshape(self.sizes(x))


class Expanded(Rowed):
    """Tensor.expand, where −1 leaves an axis as it is"""

    def __init__(self, spec: Expand) -> None:
        super().__init__(spec.form)

    def forward(self, *x: Tensor) -> Tensor:
        return x[0].expand(self.sizes(x))


class Repeated(Rowed):
    """Tensor.repeat"""

    def __init__(self, spec: Repeat) -> None:
        super().__init__(spec.form)

    def forward(self, *x: Tensor) -> Tensor:
        return x[0].repeat(self.sizes(x))


class Made(Rowed):
    """What is made of nothing, in the dtype of the network and on its device."""

    like: Tensor

    def __init__(self, form: Form) -> None:
        super().__init__(form, 0)
        self.register_buffer("like", torch.zeros(()), persistent=False)  # follows .to(dtype, device)

    @property
    def options(self) -> dict[str, Any]:
        return {"dtype": DTYPES.get(self.form.kind, self.like.dtype), "device": self.like.device}


class Filled(Made):
    """torch.full"""

    def __init__(self, spec: Full) -> None:
        super().__init__(spec.form)
        self.value = spec.value

    def forward(self, *like: Tensor) -> Tensor:
        return torch.full(self.sizes(like), self.value, **self.options)


class Counted(Made):
    """torch.arange"""

    def __init__(self, spec: Arange) -> None:
        super().__init__(spec.form)
        self.spec = spec

    def forward(self, *like: Tensor) -> Tensor:
        spec = self.spec
        stop = self.sizes(like)[0] if isinstance(spec.stop, str) else spec.stop
        return torch.arange(spec.start, stop, spec.step, **self.options)


class CastTo(Made):
    """Tensor.to"""

    def __init__(self, kind: Kind) -> None:
        super().__init__(Form((), kind))

    def forward(self, x: Tensor) -> Tensor:
        return x.to(self.options["dtype"])

    def extra_repr(self) -> str:
        return self.form.kind


class Padded(nn.Module):
    """F.pad; its other modes than "constant" take 2 to 5 axes, of which up to two are not padded"""

    def __init__(self, spec: Pad) -> None:
        super().__init__()
        self.padding, self.mode, self.value = spec.padding, spec.mode, spec.value
        self.axes = len(spec.padding) // 2

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "constant":
            return functional.pad(x, self.padding, value=self.value)
        if self.axes in (1, 2, 3) and x.ndim - self.axes in (1, 2):
            return functional.pad(x, self.padding, self.mode)
        for k in range(self.axes):
            rows = x.movedim(-1 - k, -1)
            padded = functional.pad(rows.reshape(1, -1, rows.shape[-1]), self.padding[2 * k : 2 * k + 2], self.mode)
            x = padded.reshape(*rows.shape[:-1], -1).movedim(-1, -1 - k)
        return x

    def extra_repr(self) -> str:
        return f"{self.padding}, {self.mode}, {self.value}"


def check_places(where: object, index: Tensor, size: int, least: int = 0) -> None:
    """Raise DataError unless the numbers of an index are places of an axis of so many."""
    wrong = (index < least) | (index >= size)
    if wrong.any():
        raise no_place(repr(where), int(index[wrong][0]), size, least)


class Along(nn.Module):
    """torch.gather, index_select, scatter, scatter_add: function(x, dim, index[, source]), the index checked.

    Of the source what the index names: PyTorch differentiates by sources of the index's shape alone.
    """

    def __init__(self, spec: Any, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.spec, self.function = spec, function

    def forward(self, x: Tensor, index: Tensor, *source: Tensor) -> Tensor:
        check_places(self.spec, index, x.shape[self.spec.dim])
        read = tuple(slice(0, size) for size in index.shape)
        return self.function(x, self.spec.dim, index, *(values[read] for values in source))

    def extra_repr(self) -> str:
        return f"{self.function.__name__}, dim={self.spec.dim}"


class Indexed(nn.Module):
    """x[…, i, …, j, …]"""

    def __init__(self, spec: Index | IndexPut) -> None:
        super().__init__()
        self.spec = spec

    def key(self, x: Tensor, indices: Sequence[Tensor]) -> list[Any]:
        """What stands for each axis in x[key], None for all places as index_put has it."""
        key: list[Any] = [None] * x.ndim
        for dim, index in zip(self.spec.at, indices, strict=True):
            check_places(self.spec, index, x.shape[dim], -x.shape[dim])
            key[dim] = index
        return key

    def forward(self, x: Tensor, *indices: Tensor) -> Tensor:
        return x[tuple(slice(None) if index is None else index for index in self.key(x, indices))]

    def extra_repr(self) -> str:
        return repr(self.spec)


class IndexWritten(Indexed):
    """torch.index_put"""

    def __init__(self, spec: IndexPut) -> None:
        super().__init__(spec)
        self.accumulate = spec.accumulate

    def forward(self, x: Tensor, value: Tensor, *indices: Tensor) -> Tensor:  # type: ignore[override]
        written: Tensor = torch.ops.aten.index_put(x, self.key(x, indices), value, self.accumulate)
        return written


class Unpooled(nn.Module):
    """nn.MaxUnpool1d, 2d or 3d, the indices checked, `output_size` handed on"""

    def __init__(self, pool: nn.Module, spec: MaxUnpooling) -> None:
        super().__init__()
        self.pool, self.spec = pool, spec

    def forward(self, x: Tensor, indices: Tensor) -> Tensor:
        check_places(self.spec, indices, prod(self.spec.sizes(tuple(x.shape[1:]))))
        size = self.spec.output_size
        y: Tensor = self.pool.forward(x, indices, (size,) if isinstance(size, int) else size)  # no node of its own
        return y
