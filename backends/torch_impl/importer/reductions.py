"""Operations that reduce, run along or order an axis."""

from __future__ import annotations

from typing import Any

from isograd.backends.torch_impl.importer.arithmetic import as_kind
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core


def _dims(given: Any) -> tuple[int, ...] | None:
    """torch reduces over all axes where it is given none."""
    row = [given] if isinstance(given, int) else given
    return tuple(row) if row else None


def _enter_reduce(names: tuple[str, ...], function: Any, **options: Any) -> None:
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
    name: Any = "var" if "var" in str(a.node.target) else "std"
    correction = 1.0 if a.correction is None else float(a.correction)
    return b.apply(core.Reduce(name, dims=_dims(a.dim), keepdim=bool(a.keepdim), correction=correction), a.input)


@operation("var.dim", "std.dim", "var.default", "std.default")
def unbiased_spread(b: Any, a: Any) -> Any:
    name: Any = "var" if "var" in str(a.node.target) else "std"
    dims, keep = _dims(getattr(a, "dim", None)), bool(getattr(a, "keepdim", False))
    return b.apply(core.Reduce(name, dims=dims, keepdim=keep, correction=float(a.unbiased)), a.input)


@operation("linalg_vector_norm", "norm.ScalarOpt_dim")
def norm(b: Any, a: Any) -> Any:
    order = getattr(a, "ord", getattr(a, "p", None))
    order = 2 if order is None else order
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


@operation("diff")
def differences(b: Any, a: Any) -> Any:
    ends = [each for each in (a.prepend, a.input, a.append) if each is not None]
    held = b.apply(core.Concat(dim=a.dim), *ends) if len(ends) > 1 else a.input
    for _ in range(a.n):
        after, before = core.Slice(a.dim, start=1), core.Slice(a.dim, stop=-1)
        held = b.apply(core.Subtract(), b.apply(after, held), b.apply(before, held))
    return held


@operation("topk")
def topk(b: Any, a: Any) -> Any:
    return b.apply(core.TopK(a.k, dim=a.dim, largest=a.largest), a.input)


@operation("sort")
def sort(b: Any, a: Any) -> Any:
    return b.apply(core.Sort(dim=a.dim, descending=a.descending), a.input)
