"""Operations that compute entry by entry, reduce and multiply."""

from __future__ import annotations

from typing import Any

import torch

from isograd.backends.torch_impl.importer.making import Kept, dropped
from isograd.backends.torch_impl.importer.plan import Fixed
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Kind, Rows
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


def as_kind(b: Any, value: Any, kind: Kind) -> Any:
    """The value as floats where the result has them, as PyTorch promotes it."""
    ref = b.ref(value)
    return ref if b.form(ref).kind == kind else b.apply(core.Cast(kind), ref)


def joined(b: Any, a: Any, layer: Any, name: Any, other: Any) -> Any:
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
    return joined(b, a, core.Subtract(), "sub", _scaled(b, a))


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
    name: Any = {"floor": "floor_divide", "trunc": "trunc_divide", None: "div"}[a.rounding_mode]
    return joined(b, a, core.Binary(name), name, a.other)


def _enter_binary(name: str, function: Any) -> None:
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


def _enter_unary(name: Any) -> None:
    operation(name)(lambda b, a: b.apply(core.Unary(name), as_kind(b, a.input, a.form.kind)))


for _name in UNARY:
    _enter_unary(_name)


@operation("round.decimals")
def round_to_decimals(b: Any, a: Any) -> Any:
    raise Misfit("whole numbers", f"round.decimals to {a.decimals}", "")


@operation("clamp", "clamp_min", "clamp_max")
def clamp(b: Any, a: Any) -> Any:
    given = {side: value for side in ("min", "max") if (value := getattr(a, side, None)) is not None}
    ends: dict[str, Any] = {side: number(value) for side, value in given.items()}
    if None in ends.values():
        raise Misfit("numbers as ends", "tensors", "")
    return b.apply(core.Clamp(**ends), a.input)


def _enter_compare(name: Any) -> None:
    def entry(b: Any, a: Any) -> Any:
        held = number(a.other)
        if held is not None:
            return b.apply(core.Compare(name, number=held), a.input)
        kinds = {b.form(b.ref(value)).kind for value in (a.input, operand(b, a.other))}
        kind: Kind = "float" if "float" in kinds else "integer"
        return b.apply(core.Compare(name), as_kind(b, a.input, kind), as_kind(b, operand(b, a.other), kind))

    operation(name)(entry)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _enter_compare(_name)


def _enter_logic(names: tuple[str, ...], function: Any) -> None:
    def entry(b: Any, a: Any) -> Any:
        given = [a.input, *([a.other] if hasattr(a, "other") else [])]
        logical = "logical" in str(a.node.target)
        return b.apply(core.Logic(function), *(as_kind(b, v, "boolean") if logical else v for v in given))

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
    return b.apply(core.MaskedFill(held), as_kind(b, a.input, a.form.kind), a.mask)
