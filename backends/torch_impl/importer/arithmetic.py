"""Operations that compute entry by entry, reduce and multiply."""

from __future__ import annotations

from typing import Any

import torch

from isograd.backends.torch_impl.importer.making import Kept, dropped
from isograd.backends.torch_impl.importer.moving import view_as
from isograd.backends.torch_impl.importer.plan import Fixed
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Form, Rows
from isograd.core.layers.base import Misfit


def number(value: Any) -> float | int | None:
    """The value, where it is one number that is known."""
    if isinstance(value, Fixed) and value.values.ndim == 0:
        found: float | int = value.values.item()
        return found
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def operand(b: Any, value: Any) -> Any:
    """What is added or multiplied: N as a number is the sum of N ones."""
    if isinstance(value, Rows):
        ones = b.apply(core.Full(("N",), value.times, kind="integer"), b.like)
        return b.apply(core.Reduce("sum"), ones)
    return value


def as_kind(b: Any, value: Any, kind: str) -> Any:
    """The value as floats where the result has them, as PyTorch promotes it."""
    ref = b.ref(value)
    return ref if b.form(ref).kind == kind else b.apply(core.Cast(kind), ref)


def joined(b: Any, a: Any, layer: Any, name: str, other: Any) -> Any:
    """layer(a.input, other), or with a number on one side."""
    left, right, kind = operand(b, a.input), operand(b, other), a.form.kind
    held, given = number(right), number(left)
    if held is not None:
        return b.apply(core.Number(name, held), as_kind(b, left, kind))
    if given is not None:
        return b.apply(core.Number(name, given, reverse=True), as_kind(b, right, kind))
    return b.apply(layer, as_kind(b, left, kind), as_kind(b, right, kind))


@operation("add.Tensor", "add.Scalar")
def add(b: Any, a: Any) -> Any:
    return joined(b, a, core.Add(), "add", _scaled(b, a))


@operation("sub.Tensor", "sub.Scalar")
def subtract(b: Any, a: Any) -> Any:
    return joined(b, a, core.Subtract(), "sub", _scaled(b, a))


def _scaled(b: Any, a: Any) -> Any:
    """alpha · other"""
    if getattr(a, "alpha", 1) == 1:
        return a.other
    held = number(a.other)
    return a.alpha * held if held is not None else b.apply(core.Number("mul", a.alpha), a.other)


@operation("rsub")
def reversed_subtract(b: Any, a: Any) -> Any:
    a.input, a.other = a.other, a.input
    return joined(b, a, core.Subtract(), "sub", a.other)


@operation("mul.Tensor", "mul.Scalar", "multiply.Tensor")
def multiply(b: Any, a: Any) -> Any:
    for mask, value in ((a.input, a.other), (a.other, a.input)):
        if isinstance(mask, Kept):
            return dropped(b, value, mask, a.form)
    return joined(b, a, core.Multiply(), "mul", a.other)


@operation("div.Tensor", "div.Scalar")
def divide(b: Any, a: Any) -> Any:
    if isinstance(a.input, Kept):
        if number(a.other) != a.input.p:
            raise Misfit("a mask divided by the share that is kept", f"{a.input.p} and {number(a.other)}", "")
        return Kept(a.input.form, a.input.p, scaled=True)
    return joined(b, a, core.Binary("div"), "div", a.other)


@operation("div.Tensor_mode", "div.Scalar_mode")
def divide_whole(b: Any, a: Any) -> Any:
    name = {"floor": "floor_divide", "trunc": "trunc_divide", None: "div"}[a.rounding_mode]
    return joined(b, a, core.Binary(name), name, a.other)


def _enter_binary(name: str, function: str) -> None:
    operation(name)(lambda b, a: joined(b, a, core.Binary(function), function, a.other))


for _name in ("floor_divide", "remainder", "maximum", "minimum", "atan2"):
    _enter_binary(_name, _name)
_enter_binary("min.other", "minimum")
_enter_binary("max.other", "maximum")


@operation("pow")
def power(b: Any, a: Any) -> Any:
    return joined(b, a, core.Binary("pow"), "pow", a.exponent)


UNARY = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "square", "reciprocal", "erf"),
    *("abs", "neg", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"),
    *("floor", "ceil", "round", "trunc"),
)


def _enter_unary(name: str) -> None:
    operation(name)(lambda b, a: b.apply(core.Unary(name), as_kind(b, a.input, a.form.kind)))


for _name in UNARY:
    _enter_unary(_name)


@operation("clamp", "clamp_min", "clamp_max")
def clamp(b: Any, a: Any) -> Any:
    ends = {side: number(value) for side in ("min", "max") if (value := getattr(a, side, None)) is not None}
    if any(end is None for end in ends.values()):
        raise Misfit("numbers as ends", "tensors", "")
    return b.apply(core.Clamp(**{side: float(end) for side, end in ends.items() if end is not None}), a.input)


def _enter_compare(name: str) -> None:
    def entry(b: Any, a: Any) -> Any:
        held = number(a.other)
        if held is not None:
            return b.apply(core.Compare(name, number=held), a.input)
        kind = "float" if "float" in {b.form(b.ref(v)).kind for v in (a.input, operand(b, a.other))} else "integer"
        return b.apply(core.Compare(name), as_kind(b, a.input, kind), as_kind(b, operand(b, a.other), kind))

    operation(name)(entry)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _enter_compare(_name)


def _enter_logic(names: tuple[str, ...], function: str) -> None:
    def entry(b: Any, a: Any) -> Any:
        return b.apply(core.Logic(function), a.input, *([a.other] if hasattr(a, "other") else []))

    operation(*names)(entry)


_enter_logic(("bitwise_and", "logical_and", "__and__"), "and")
_enter_logic(("bitwise_or", "logical_or", "__or__"), "or")
_enter_logic(("bitwise_xor", "logical_xor", "__xor__"), "xor")
_enter_logic(("bitwise_not", "logical_not"), "not")


@operation("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(b: Any, a: Any) -> Any:
    kind = a.form.kind
    one, other = (as_kind(b, _typed(b, v, kind), kind) for v in (a.input, a.other))
    return b.apply(core.Where(), a.condition, one, other)


def _typed(b: Any, value: Any, kind: str) -> Any:
    """A number as an array of the result's kind."""
    held = number(value)
    if held is None:
        return value
    dtype = {"float": b.dtype, "integer": torch.int64, "boolean": torch.bool}[kind]
    return Fixed(torch.tensor(held, dtype=dtype), b.place)


@operation("masked_fill.Scalar", "masked_fill.Tensor")
def masked_fill(b: Any, a: Any) -> Any:
    held = number(a.value)
    if held is None:
        return b.apply(core.Where(), a.mask, a.value, a.input)
    return b.apply(core.MaskedFill(float(held)), as_kind(b, a.input, a.form.kind), a.mask)


def _dims(given: Any) -> tuple[int, ...] | None:
    """torch reduces over all axes where it is given none."""
    row = [given] if isinstance(given, int) else given
    return tuple(row) if row else None


def _enter_reduce(names: tuple[str, ...], function: str, **options: Any) -> None:
    def entry(b: Any, a: Any) -> Any:
        dims, keep = _dims(getattr(a, "dim", None)), bool(getattr(a, "keepdim", False))
        kind = b.form(b.ref(a.input)).kind
        value = as_kind(b, a.input, a.form.kind) if kind != a.form.kind and a.form.kind != "boolean" else a.input
        return b.apply(core.Reduce(function, dims=dims, keepdim=keep, **options), value)

    operation(*names)(entry)


_enter_reduce(("sum.default", "sum.dim_IntList"), "sum")
_enter_reduce(("mean.default", "mean.dim"), "mean")
_enter_reduce(("amax", "max.default"), "amax")
_enter_reduce(("amin", "min.default"), "amin")
_enter_reduce(("prod.default", "prod.dim_int"), "prod")
_enter_reduce(("any.default", "any.dim", "any.dims"), "any")
_enter_reduce(("all.default", "all.dim", "all.dims"), "all")
_enter_reduce(("logsumexp",), "logsumexp")


@operation("var.correction", "std.correction")
def spread(b: Any, a: Any) -> Any:
    name = "var" if "var" in str(a.node.target) else "std"
    correction = 1.0 if a.correction is None else float(a.correction)
    return b.apply(core.Reduce(name, dims=_dims(a.dim), keepdim=bool(a.keepdim), correction=correction), a.input)


@operation("linalg_vector_norm", "norm.ScalarOpt_dim")
def norm(b: Any, a: Any) -> Any:
    order = getattr(a, "ord", None) or getattr(a, "p", None) or 2
    return b.apply(core.Reduce("norm", dims=_dims(a.dim), keepdim=bool(a.keepdim), ord=float(order)), a.input)


@operation("max.dim")
def max_dim(b: Any, a: Any) -> Any:
    return b.apply(core.MaxDim(a.dim, keepdim=a.keepdim), a.input)


@operation("min.dim")
def min_dim(b: Any, a: Any) -> Any:
    return b.apply(core.MinDim(a.dim, keepdim=a.keepdim), a.input)


@operation("argmax")
def argmax(b: Any, a: Any) -> Any:
    return b.apply(core.ArgMax(a.dim, keepdim=a.keepdim), a.input)


@operation("argmin")
def argmin(b: Any, a: Any) -> Any:
    return b.apply(core.ArgMin(a.dim, keepdim=a.keepdim), a.input)


@operation("cumsum")
def cumsum(b: Any, a: Any) -> Any:
    return b.apply(core.CumSum(a.dim), as_kind(b, a.input, a.form.kind))


@operation("topk")
def topk(b: Any, a: Any) -> Any:
    return b.apply(core.TopK(a.k, dim=a.dim, largest=a.largest), a.input)


@operation("sort")
def sort(b: Any, a: Any) -> Any:
    return b.apply(core.Sort(dim=a.dim, descending=a.descending), a.input)


@operation("matmul", "bmm", "mm")
def matmul(b: Any, a: Any) -> Any:
    other = getattr(a, "other", None) or a.mat2
    left, right = b.ref(a.input), b.ref(other)
    one, two = b.form(left).axes, b.form(right).axes
    if len(one) > 1 and len(two) > 1:
        return b.apply(core.MatMul(), left, right)
    left = view_as(b, left, Form((1, *one))) if len(one) == 1 else left
    right = view_as(b, right, Form((*two, 1))) if len(two) == 1 else right
    return view_as(b, b.apply(core.MatMul(), left, right), a.form)


@operation("addmm", "baddbmm")
def addmm(b: Any, a: Any) -> Any:
    one, other = (a.mat1, a.mat2) if hasattr(a, "mat1") else (a.batch1, a.batch2)
    product = b.apply(core.MatMul(), one, other)
    product = product if a.alpha == 1 else b.apply(core.Number("mul", a.alpha), product)
    if a.beta == 0:
        return product
    held = a.input if a.beta == 1 else b.apply(core.Number("mul", a.beta), a.input)
    return b.apply(core.Add(), product, held)


@operation("addcmul")
def addcmul(b: Any, a: Any) -> Any:
    product = b.apply(core.Multiply(), a.tensor1, a.tensor2)
    product = product if a.value == 1 else b.apply(core.Number("mul", a.value), product)
    return b.apply(core.Add(), a.input, product)


@operation("einsum")
def einsum(b: Any, a: Any) -> Any:
    ranks = [len(b.form(b.ref(each)).axes) for each in a.tensors]
    return b.apply(core.Einsum(spelled_out(a.equation, ranks)), *a.tensors)


def spelled_out(equation: str, ranks: list[int]) -> str:
    """The equation with its output written, and letters in place of the ellipsis.

    >>> spelled_out("b...i,ji", [3, 2])
    'bzi,ji->zbj'
    """
    given, _, output = equation.replace(" ", "").partition("->")
    parts = given.split(",")
    free = [c for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in equation]
    most = max((n - len(p) + 3 for p, n in zip(parts, ranks, strict=True) if "..." in p), default=0)
    letters = "".join(free[:most])[::-1]
    written = [
        p.replace("...", letters[most - (n - len(p) + 3) :] if n - len(p) + 3 else "") if "..." in p else p
        for p, n in zip(parts, ranks, strict=True)
    ]
    if "->" not in equation:
        seen = "".join(parts).replace(".", "")
        output = "..." * (most > 0) + "".join(sorted(c for c in set(seen) if seen.count(c) == 1))
    return f"{','.join(written)}->{output.replace('...', letters)}"


@operation("scaled_dot_product_attention")
def attention(b: Any, a: Any) -> Any:
    layer = core.ScaledDotProductAttention(
        scale=a.scale, causal=a.is_causal, dropout=a.dropout_p, enable_gqa=a.enable_gqa
    )
    return b.apply(layer, a.query, a.key, a.value, *([] if a.attn_mask is None else [a.attn_mask]))


def _enter_resize(name: str, mode: str) -> None:
    def entry(b: Any, a: Any) -> Any:
        factors = getattr(a, "scale_factors", None)
        options: dict[str, Any] = {"mode": mode, "align_corners": bool(getattr(a, "align_corners", False))}
        if factors is not None:
            options["scale_factor"] = tuple(factors)
        else:
            options["size"] = tuple(a.form.axes[2:])
        if "_aa" in name:
            options["antialias"] = True
        return b.apply(core.Upsample(**options), a.input)

    operation(name)(entry)


for _name, _mode in {
    "upsample_nearest1d": "nearest",
    "upsample_nearest2d": "nearest",
    "upsample_nearest3d": "nearest",
    "_upsample_nearest_exact1d": "nearest-exact",
    "_upsample_nearest_exact2d": "nearest-exact",
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_bicubic2d": "bicubic",
    "upsample_trilinear3d": "trilinear",
    "_upsample_bilinear2d_aa": "bilinear",
    "_upsample_bicubic2d_aa": "bicubic",
}.items():
    _enter_resize(_name, _mode)
