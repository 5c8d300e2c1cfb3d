"""Operations that move values: views, slices, joins, indices."""

from __future__ import annotations

from typing import Any

from isograd.backends.torch_impl.importer.plan import Fixed, Out
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Form, Rows
from isograd.core.layers.base import Layer, Misfit

END = 1 << 62  # torch writes "to the end" as the largest whole number


def rank(b: Any, value: Any) -> int:
    return len(b.form(b.ref(value)).axes)


@operation("clone", "alias", "contiguous", "lift_fresh_copy", "lift_fresh", "copy")
def same(b: Any, a: Any) -> Any:
    if hasattr(a, "src"):  # copy(input, src): src in the shape of the input
        return view_as(b, a.src, a.form) if b.form(b.ref(a.src)).axes == a.form.axes else expanded(b, a.src, a.form)
    return a.input


@operation("detach")
def detach(b: Any, a: Any) -> Any:
    return a.input if b.form(b.ref(a.input)).kind != "float" else b.apply(core.StopGradient(), a.input)


@operation("_to_copy", "to", "type_as", "_assert_tensor_metadata")
def cast(b: Any, a: Any) -> Any:
    if a.form is None:
        return None
    return a.input if b.form(b.ref(a.input)).kind == a.form.kind else b.apply(core.Cast(a.form.kind), a.input)


@operation("view", "_unsafe_view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "view_copy", "reshape_as")
def view(b: Any, a: Any) -> Any:
    return view_as(b, a.input, a.form)


def view_as(b: Any, value: Any, form: Form) -> Any:
    """The values in other axes; of a view of a view, the last alone."""
    ref = b.ref(value)
    while isinstance(ref, Out) and isinstance(ref.step.layer, core.View):
        ref = ref.step.inputs[0]
    if b.form(ref).axes == form.axes:
        return ref
    grown = sum(isinstance(size, Rows) for size in form.axes)
    layer = core.View(tuple(form.to_json()))
    return b.apply(layer, ref, b.like) if grown > 1 else b.apply(layer, ref)


@operation("permute")
def permute(b: Any, a: Any) -> Any:
    count = rank(b, a.input)
    return permuted(b, a.input, tuple(dim % count for dim in a.dims))


def permuted(b: Any, value: Any, dims: tuple[int, ...]) -> Any:
    """Axis k of the result is axis dims[k]; what is turned back is what it was."""
    if dims == tuple(range(len(dims))):
        return value
    if isinstance(value, Out) and isinstance(value.step.layer, core.Permute):
        before = value.step.layer.dims
        if tuple(before[dim] for dim in dims) == tuple(range(len(dims))):
            return value.step.inputs[0]
    return b.apply(core.Permute(dims), value)


@operation("transpose.int", "swapaxes")
def transpose(b: Any, a: Any) -> Any:
    count = rank(b, a.input)
    dims = list(range(count))
    one, other = a.dim0 % count, a.dim1 % count
    dims[one], dims[other] = other, one
    return permuted(b, a.input, tuple(dims))


@operation("t", "numpy_T", "adjoint", "mT")
def reversed_axes(b: Any, a: Any) -> Any:
    count = rank(b, a.input)
    return permuted(b, a.input, tuple(reversed(range(count))))


@operation("expand", "expand_as", "broadcast_to")
def expand(b: Any, a: Any) -> Any:
    return expanded(b, a.input, a.form)


def expanded(b: Any, value: Any, form: Form) -> Any:
    """The value repeated along new axes and those of one place."""
    ref = b.ref(value)
    held = b.form(ref).axes
    if held == form.axes:
        return ref
    count = len(form.axes) - len(held)
    new = any(isinstance(size, Rows) and (k < count or held[k - count] != size) for k, size in enumerate(form.axes))
    layer = core.Expand(tuple(form.to_json()))
    return b.apply(layer, ref, b.like) if new else b.apply(layer, ref)


def _bounds(a: Any, size: Any) -> dict[str, Any]:
    start, stop = a.start or 0, a.end
    stop = None if stop is None or (isinstance(stop, int) and stop >= END) or stop == size else stop
    if isinstance(start, Rows) or isinstance(stop, Rows):
        raise Misfit("ends that are numbers", f"{start}:{stop} of an axis of {size}", "")
    return {"start": start, "stop": stop, "step": a.step}


def _whole(bounds: dict[str, Any], size: Any) -> bool:
    stop = bounds["stop"]
    return bounds["start"] == 0 and bounds["step"] == 1 and (stop is None or (isinstance(size, int) and stop >= size))


def _read_back(b: Any, value: Any, write: Layer) -> Any:
    """What `write` put into the value, where that is what made it: a view that was changed in place is read again."""
    ref = b.ref(value)
    return ref.step.inputs[1] if isinstance(ref, Out) and ref.step.layer == write else None


@operation("slice.Tensor")
def cut(b: Any, a: Any) -> Any:
    size = b.form(b.ref(a.input)).axes[a.dim]
    bounds = _bounds(a, size)
    if _whole(bounds, size):
        return a.input
    return _read_back(b, a.input, core.SliceScatter(a.dim, **bounds)) or b.apply(core.Slice(a.dim, **bounds), a.input)


@operation("slice_scatter")
def slice_scatter(b: Any, a: Any) -> Any:
    size = b.form(b.ref(a.input)).axes[a.dim]
    bounds = _bounds(a, size)
    if _whole(bounds, size):
        return expanded(b, a.src, a.form)
    return b.apply(core.SliceScatter(a.dim, **bounds), a.input, a.src)


@operation("select.int")
def select(b: Any, a: Any) -> Any:
    return _read_back(b, a.input, core.SelectScatter(a.dim, a.index)) or b.apply(core.Select(a.dim, a.index), a.input)


@operation("select_scatter")
def select_scatter(b: Any, a: Any) -> Any:
    return b.apply(core.SelectScatter(a.dim, a.index), a.input, a.src)


def _parts(b: Any, value: Any, sizes: Any, dim: int, *, squeeze: bool = False) -> Any:
    made = b.apply(core.Split(tuple(sizes), dim=dim, squeeze=squeeze), value)
    return made if isinstance(made, list) else [made]


@operation("split.Tensor", "split_with_sizes", "chunk", "unbind.int", "tensor_split")
def split(b: Any, a: Any) -> Any:
    return _parts(b, a.input, _sizes_of(b, a, a.dim), a.dim, squeeze="unbind" in str(a.node.target))


def _sizes_of(b: Any, a: Any, dim: int) -> list[int]:
    if "unbind" in str(a.node.target):
        return [1] * len(a.node.meta["val"])
    return [b.size(part.shape[dim]) for part in a.node.meta["val"]]


@operation("cat")
def cat(b: Any, a: Any) -> Any:
    held = [each for each in a.tensors if b.form(b.ref(each)).axes != (0,)]  # torch leaves out what is empty
    return held[0] if len(held) == 1 else b.apply(core.Concat(dim=a.dim), *held)


@operation("stack")
def stack(b: Any, a: Any) -> Any:
    return b.apply(core.Stack(dim=a.dim), *a.tensors)


@operation("pad", "constant_pad_nd")
def pad(b: Any, a: Any) -> Any:
    widths = tuple(a.pad)
    mode: Any = getattr(a, "mode", "constant")
    if not any(widths):
        return a.input
    return b.apply(core.Pad(widths, mode=mode, value=float(a.value or 0)), a.input)


@operation("reflection_pad1d", "reflection_pad2d", "reflection_pad3d")
def reflect(b: Any, a: Any) -> Any:
    return b.apply(core.Pad(tuple(a.padding), mode="reflect"), a.input)


@operation("replication_pad1d", "replication_pad2d", "replication_pad3d")
def replicate(b: Any, a: Any) -> Any:
    return b.apply(core.Pad(tuple(a.padding), mode="replicate"), a.input)


@operation("roll")
def roll(b: Any, a: Any) -> Any:
    return b.apply(core.Roll(tuple(a.shifts), tuple(a.dims)), a.input)


@operation("flip")
def flip(b: Any, a: Any) -> Any:
    return b.apply(core.Flip(tuple(a.dims)), a.input)


@operation("repeat", "tile")
def repeat(b: Any, a: Any) -> Any:
    repeats = list(a.repeats if hasattr(a, "repeats") else a.dims)
    held = b.form(b.ref(a.input)).axes
    if any(isinstance(times, Rows) for times in repeats):
        shape = [*([1] * (len(repeats) - len(held))), *held]
        if any(size != 1 for size, times in zip(shape, repeats, strict=True) if times != 1):
            raise Misfit("axes of one place repeated for every row", f"{repeats} of {held}", "")
        return expanded(b, a.input, a.form)
    return (
        a.input if set(repeats) == {1} and len(repeats) == len(held) else b.apply(core.Repeat(tuple(repeats)), a.input)
    )


@operation("repeat_interleave.self_int")
def repeat_interleave(b: Any, a: Any) -> Any:
    if a.dim is None:
        raise Misfit("a dim", "none", "")
    return b.apply(core.RepeatInterleave(a.repeats, dim=a.dim), a.input)


@operation("unfold")
def unfold(b: Any, a: Any) -> Any:
    return b.apply(core.UnfoldDim(a.dimension, a.size, a.step), a.input)


@operation("im2col")
def im2col(b: Any, a: Any) -> Any:
    options: dict[str, Any] = {"dilation": tuple(a.dilation), "padding": tuple(a.padding), "stride": tuple(a.stride)}
    return b.apply(core.Unfold(tuple(a.kernel_size), **options), a.input)


@operation("col2im")
def col2im(b: Any, a: Any) -> Any:
    options: dict[str, Any] = {"dilation": tuple(a.dilation), "padding": tuple(a.padding), "stride": tuple(a.stride)}
    return b.apply(core.Fold(tuple(a.output_size), tuple(a.kernel_size), **options), a.input)


@operation("gather")
def gather(b: Any, a: Any) -> Any:
    return b.apply(core.Gather(a.dim), a.input, a.index)


@operation("index_select")
def index_select(b: Any, a: Any) -> Any:
    return b.apply(core.IndexSelect(a.dim), a.input, a.index)


@operation("index.Tensor", "_unsafe_index.Tensor")
def index(b: Any, a: Any) -> Any:
    at = [k for k, each in enumerate(a.indices) if each is not None]
    places = [a.indices[k] for k in at]
    if any(b.form(b.ref(each)).kind == "boolean" for each in places):
        places = [_where_true(each) for each in places]
        if len(places) != 1:
            raise Misfit("indices that are numbers", "several masks", "")
        places, at = list(places[0]), list(range(at[0], at[0] + len(places[0])))
    return b.apply(core.Index(tuple(at)), a.input, *places)


def _where_true(mask: Any) -> Any:
    """A mask that is known at import, as numbers."""
    if not isinstance(mask, Fixed):
        raise Misfit("an index whose size does not depend on values", "a mask", "")
    return [Fixed(each, mask.place) for each in mask.values.nonzero(as_tuple=True)]


@operation("tril")
def tril(b: Any, a: Any) -> Any:
    return b.apply(core.Tril(diagonal=a.diagonal), a.input)


@operation("triu")
def triu(b: Any, a: Any) -> Any:
    return b.apply(core.Triu(diagonal=a.diagonal), a.input)
