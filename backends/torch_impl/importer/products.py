"""Products of matrices and attention."""

from __future__ import annotations

from typing import Any

from isograd.backends.torch_impl.importer.moving import view_as
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.base.forms import Form


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
