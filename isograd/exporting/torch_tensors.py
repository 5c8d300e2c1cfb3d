"""Lines of functions of tensors: arithmetic, reductions, what moves, indexes and makes values."""

from __future__ import annotations

from typing import Any

import torch

from isograd.core.base.forms import Form, Rows
from isograd.exporting.torch_modules import value_text
from isograd.exporting.torch_words import INFIX, LIKE, Line, Spoken, function, operator


def unflattened(s: Spoken) -> Line:
    """N, as −1 where no other axis is inferred."""
    x, shape = s.x[0], s.made.shape
    rows = f"{x}.shape[0]" if min(shape, default=1) < 1 else "-1"
    return Line(f"{x}.reshape({', '.join([rows, *map(str, shape)])})")


def applied(s: Spoken) -> Line:
    which, arguments = s.made.function, s.made.arguments
    if which is torch.select:
        dim, index = arguments
        return Line(f"{s.x[0]}[{':, ' * (dim % s.rank())}{index}]")
    if which is torch.permute:
        arguments = arguments[0]
    return Line(function(which, (*s.x, *map(value_text, arguments)), s.made.options))


def elementwise(s: Spoken) -> Line:
    return Line(operator(s.made.function, s.x))


def with_number(s: Spoken) -> Line:
    which, number = s.made.function, value_text(s.made.number)
    plain = which in INFIX
    if s.made.reverse:
        return Line(function(which, (number if plain else f"{s.x[0]}.new_tensor({number})", s.x[0]), {}))
    return Line(function(which, (s.x[0], f"{s.x[0]}.new_tensor({number})" if s.made.as_tensor else number), {}))


def product(s: Spoken) -> Line:
    """From the last axis to the first, so that the numbers of the others stay."""
    rank, keep = s.rank(), ", keepdim=True" if s.made.keepdim else ""
    dims = range(rank) if s.made.dims is None else sorted({dim % rank for dim in s.made.dims})
    return Line(s.x[0] + "".join(f".prod({dim}{keep})" for dim in reversed(dims)))


def logsumexp(s: Spoken) -> Line:
    dims = tuple(range(s.rank())) if s.made.dims is None else s.made.dims
    return Line(f"{s.x[0]}.logsumexp({value_text(dims)}{', keepdim=True' if s.made.keepdim else ''})")


def sliced(s: Spoken) -> Line:
    key = s.made.key
    start, stop, step = (key.start or "", "" if key.stop is None else key.stop, "" if key.step == 1 else f":{key.step}")
    return Line(f"{s.x[0]}[{':, ' * (s.made.dim % s.rank())}{start}:{stop}{step}]")


def slice_scattered(s: Spoken) -> Line:
    key = s.made.key
    return Line(f"torch.slice_scatter({s.all}, {s.made.dim}, {key.start}, {key.stop}, {key.step})")


def parts(s: Spoken) -> Line:
    spec, x = s.made.spec, s.x[0]
    target = ", ".join(["{}"] * len(s.node.writes)) + ("," if len(s.node.writes) == 1 else "")
    if spec.squeeze:
        return Line(f"{x}.unbind({spec.dim})", target)
    if not isinstance(spec.sizes[0], str):
        equal = len(set(spec.sizes)) == 1 and spec.sizes[0]
        return Line(f"{x}.split({spec.sizes[0] if equal else list(spec.sizes)}, dim={spec.dim})", target)
    rows = f"{x}.shape[{spec.dim}]"
    count = sum(spec.shares)
    return Line(f"{x}.split([{', '.join(f'{k} * {rows} // {count}' for k in spec.shares)}], dim={spec.dim})", target)


def sizes(s: Spoken) -> str:
    """Every axis; of those that grow, so many times the rows of the last input, or −1 where there is none."""
    given = s.x[s.made.count :]
    rows = f"{given[0]}.shape[0]" if given else ""

    def size(axis: Any) -> str:
        if not isinstance(axis, Rows):
            return str(axis)
        return "-1" if not rows else rows if axis.times == 1 else f"{axis.times} * {rows}"

    return ", ".join(map(size, s.made.form.axes))


def dtype(form: Form) -> str:
    return {"integer": "torch.int64", "boolean": "torch.bool"}.get(form.kind, f"{LIKE}.dtype")


def filled(s: Spoken) -> Line:
    value = s.made.value
    shape = sizes(s)
    shape = f"({shape},)" if len(s.made.form.axes) == 1 else f"({shape})"
    return Line(f"torch.full({shape}, {value_text(value)}, dtype={dtype(s.made.form)}, device={LIKE}.device)")


def counted(s: Spoken) -> Line:
    spec = s.made.spec
    stop = sizes(s) if isinstance(spec.stop, str) else spec.stop
    start = f"{spec.start}, " if spec.start != 0 or spec.step != 1 else ""
    step = f", {spec.step}" if spec.step != 1 else ""
    return Line(f"torch.arange({start}{stop}{step}, dtype={dtype(s.made.form)}, device={LIKE}.device)")


def cast(s: Spoken) -> Line:
    kind = s.made.form.kind
    return Line(f"{s.x[0]}.{ {'integer': 'long()', 'boolean': 'bool()'}.get(kind, f'to({LIKE}.dtype)') }")


def padded(s: Spoken) -> Line:
    p = s.made
    if p.mode == "constant":
        value = f", value={value_text(p.value)}" if p.value else ""
        return Line(f"F.pad({s.x[0]}, {value_text(p.padding)}{value})")
    plain = p.axes in (1, 2, 3) and s.rank() - p.axes in (1, 2)
    return Line(f"{'F.pad' if plain else 'pad_each_axis'}({s.x[0]}, {value_text(p.padding)}, {value_text(p.mode)})")


def along(s: Spoken) -> Line:
    """Of a source what the index names: PyTorch differentiates by sources of the index's shape alone."""
    x, index, *source = s.x
    whole = len(source) == 0 or s.node.in_forms[1].axes == s.node.in_forms[2].axes
    of = source if whole else [f"{source[0]}[tuple(map(slice, {index}.shape))]"]
    return Line(f"{x}.{s.made.function.__name__}({', '.join([str(s.made.spec.dim), index, *of])})")


def key(s: Spoken, indices: tuple[str, ...], everything: str) -> list[str]:
    """What stands for each axis up to the last that is indexed."""
    named = dict(zip((dim % s.rank() for dim in s.made.spec.at), indices, strict=True))
    return [named.get(axis, everything) for axis in range(max(named) + 1)]


def indexed(s: Spoken) -> Line:
    return Line(f"{s.x[0]}[{', '.join(key(s, s.x[1:], ':'))}]")


def index_written(s: Spoken) -> Line:
    places = ", ".join(key(s, s.x[2:], "None"))
    more = ", True" if s.made.accumulate else ""
    return Line(f"torch.ops.aten.index_put({s.x[0]}, [{places}], {s.x[1]}{more})")


def unpooled(s: Spoken) -> Line:
    spec = s.made.spec
    size = spec.output_size
    named = {"stride": spec.stride, "padding": spec.padding or None}
    named["output_size"] = (size,) if isinstance(size, int) else size
    told = [f"{name}={value_text(value)}" for name, value in named.items() if value is not None]
    return Line(f"F.max_unpool{spec.axes}d({', '.join([s.all, value_text(spec.kernel_size), *told])})")
