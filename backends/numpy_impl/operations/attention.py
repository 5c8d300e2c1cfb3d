"""Attention by large products over all heads and samples, and the encoding of places."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.combine import unbroadcast
from isograd.backends.numpy_impl.operations.dropout import dropout_mask
from isograd.backends.numpy_impl.operations.linear import affine
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Arrays, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import MultiheadAttention, PositionalEncoding, ScaledDotProductAttention


@implements(MultiheadAttention)
def multihead_attention(spec: MultiheadAttention, p: Tree, *x: Array, run: Run) -> tuple[Any, Backward]:
    """Q, K, V (N, H, T or S, d): x W_inᵀ + b, cut into heads; after K and V what is added to them
    S = QKᵀ/√d + M        A = softmax(S), 0 in rows of nothing but −∞        B = A ⊙ m (dropout)        C = B V
    y = [C₁ … C_H] W_oᵀ + b_o        w = mean of B over the heads, or B itself

    dC = dy W_o, cut into heads        dV = Bᵀ dC        dA = (dC Vᵀ + dw/H) ⊙ m        dS = A ⊙ (dA − Σ dA ⊙ A)
    dQ = dS K/√d        dK = dSᵀ Q/√d        dM = dS        dx = dQ W_q + dK W_k + dV W_v, as of a linear layer
    """
    sources, masks, lengths = parted(x)
    heads, width = spec.num_heads, x[0].shape[2]
    scale = 1 / sqrt(width // heads)
    parts = len(sources)  # 1: Q, K and V come out of one product; 3: each from its own source
    packed = "in_proj_weight" in p
    weights = np.split(p["in_proj_weight"], parts) if packed else [p[f"{part}_proj_weight"] for part in "qkv"]
    biases = np.split(p["in_proj_bias"], parts) if spec.bias else [None] * parts
    projected, into_sources = zip(*map(affine, sources, weights, biases), strict=True)
    Q, K, V = cut(projected, width, heads)
    keys = K.shape[2]
    if spec.added:
        K, V = (followed(spec, values, p, name) for values, name in ((K, "bias_k"), (V, "bias_v")))
    Q *= scale
    A = Q @ K.swapaxes(-1, -2)
    hide(spec, A[..., :keys], masks, lengths)
    shares(A)
    m = dropout_mask(run, A.shape, spec.dropout, A.dtype) if run.training and spec.dropout else None
    B = A if m is None else A * m
    joined = np.empty(x[0].shape, x[0].dtype)
    np.matmul(B, V, out=cut([joined], width, heads)[0])
    y, into_joined = affine(joined, p["out_proj"]["weight"], p["out_proj"]["bias"] if spec.bias else None)

    def backward(dy: Array, *dw: Array) -> tuple[Any, dict[str, Any]]:
        djoined, out_grads = into_joined(dy)
        found: dict[str, Any] = {"out_proj": out_grads}
        (dC,) = cut([djoined], width, heads)
        dprojected = [np.empty_like(value) for value in projected]
        dQ, dK, dV = cut(dprojected, width, heads)
        dS = dC @ V.swapaxes(-1, -2)
        for each in dw:
            dS += each[:, None] / heads if spec.average_attn_weights else each
        if m is not None:
            dS *= m
        into_shares(dS, A)
        np.matmul(dS, K, out=dQ)
        dQ *= scale
        for name, d, back, onto in (("bias_k", dK, dS, Q), ("bias_v", dV, B, dC)):
            np.matmul(back[..., :keys].swapaxes(-1, -2), onto, out=d)
            if spec.add_bias_kv:
                found[name] = np.einsum("nht,nhtd->hd", back[..., keys], onto).reshape(p[name].shape)
        dx, grads = zip(*(back(d) for back, d in zip(into_sources, dprojected, strict=True)), strict=True)
        dW = [grad["weight"] for grad in grads]
        found |= {"in_proj_weight": np.concatenate(dW)} if packed else dict(zip(SEPARATE, dW, strict=True))
        if spec.bias:
            found["in_proj_bias"] = np.concatenate([grad["bias"] for grad in grads])
        every = (*dx, *(into_mask(dS[..., :keys], mask) for mask in masks), *[None] * len(lengths))
        return every if len(every) > 1 else every[0], found

    if not spec.need_weights:
        return y, backward
    return (y, B.mean(1) if spec.average_attn_weights else B), backward


SEPARATE = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def parted(x: Arrays) -> tuple[Arrays, Arrays, Arrays]:
    """(x, or query, key and value; masks; lengths) of the arrays that attention is given: known by their axes."""
    sources, masks, lengths = (tuple(values for values in x if values.ndim == axes) for axes in (3, 4, 1))
    return sources, masks, lengths


def followed(spec: MultiheadAttention, values: Array, p: Tree, name: str) -> Array:
    """K or V (N, H, S, d), and after the places of the sequence the learned one, then the one of zeros."""
    rows, heads, _, size = values.shape
    more = [np.broadcast_to(p[name].reshape(heads, 1, size), (rows, heads, 1, size))] if spec.add_bias_kv else []
    zeros = [np.zeros((rows, heads, 1, size), values.dtype)] if spec.add_zero_attn else []
    return np.concatenate([values, *more, *zeros], 2)


def cut(values: Any, width: int, heads: int) -> Arrays:
    """Views (N, H, T, d) of values (N, T, E), or of several that stand side by side in (N, T, kE)."""
    each = [v.reshape(*v.shape[:2], -1, heads, width // heads).transpose(2, 0, 3, 1, 4) for v in values]
    return tuple(view for views in each for view in views)


def hide(spec: MultiheadAttention, A: Array, masks: Arrays, lengths: Arrays) -> None:
    """M is added to the scores (N, H, T, S): −∞ where a place must not be seen, and what masks of floats say."""
    places = np.arange(A.shape[3])
    hidden = [places >= ends[:, None, None, None] for ends in lengths]
    if spec.causal:
        hidden.append(places > places[:, None])
    for mask in (*hidden, *masks):
        A += added_by(mask, A)


def added_by(mask: Array, A: Array) -> Array:
    """What a mask adds to the scores: itself, or of booleans −∞ where it is True."""
    return np.where(mask, A.dtype.type(-np.inf), A.dtype.type(0)) if mask.dtype.kind == "b" else mask


def shares(A: Array) -> None:
    """The scores become their softmax over the last axis, 0 in rows of nothing but −∞."""
    A -= np.maximum(A.max(-1, keepdims=True), np.finfo(A.dtype).min)  # exp cannot overflow, and −∞ stays −∞
    np.exp(A, out=A)
    total = A.sum(-1, keepdims=True)
    A /= np.where(total == 0, 1, total)


def into_shares(dA: Array, A: Array) -> None:
    """dA becomes dS = A ⊙ (dA − Σ dA ⊙ A)."""
    dA -= np.einsum("...s,...s->...", dA, A)[..., None]
    dA *= A


def into_mask(dS: Array, mask: Array) -> Array | None:
    """The gradient of what was added to the scores; booleans have none."""
    return None if mask.dtype.kind == "b" else unbroadcast(dS, mask.shape)


@implements(ScaledDotProductAttention)
def scaled_dot_product_attention(
    spec: ScaledDotProductAttention, p: Tree, q: Array, k: Array, v: Array, *masks: Array, run: Run
) -> tuple[Array, Backward]:
    """S = q kᵀ·c + M        A = softmax(S), 0 in rows of nothing but −∞        B = A ⊙ m (dropout)        y = B v

    dv = Bᵀ dy        dA = (dy vᵀ) ⊙ m        dS = A ⊙ (dA − Σ dA ⊙ A) = dM        dq = c dS k        dk = c dSᵀ q
    """
    c = 1 / sqrt(q.shape[-1]) if spec.scale is None else spec.scale
    K, V = (served(q, values) if spec.enable_gqa else values for values in (k, v))
    A = (q * c) @ K.swapaxes(-1, -2)
    shape = np.broadcast_shapes(A.shape, (*V.shape[:-2], 1, 1))
    A = A if A.shape == shape else np.broadcast_to(A, shape).copy()
    for mask in masks:
        A += added_by(~mask if mask.dtype.kind == "b" else mask, A)
    if spec.causal:
        A += np.triu(np.full(shape[-2:], -np.inf, A.dtype), 1)
    shares(A)
    m = dropout_mask(run, A.shape, spec.dropout, A.dtype) if run.training and spec.dropout else None
    B = A if m is None else A * m

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dV = B.swapaxes(-1, -2) @ dy
        dS = dy @ V.swapaxes(-1, -2)
        if m is not None:
            dS *= m
        into_shares(dS, A)
        dM = tuple(into_mask(dS, mask) for mask in masks)
        dq, dK = (dS @ K) * c, (dS.swapaxes(-1, -2) @ q) * c
        dk, dv = (
            unbroadcast(collected(values, d) if spec.enable_gqa else d, values.shape)
            for values, d in ((k, dK), (v, dV))
        )
        return (unbroadcast(dq, q.shape), dk, dv, *dM), {}

    return B @ V, backward


def served(q: Array, values: Array) -> Array:
    """Every head of k or v once for each head of q that it serves."""
    return values.repeat(q.shape[-3] // values.shape[-3], -3)


def collected(values: Array, d: Array) -> Array:
    """The sum of the gradients of all heads of q that a head of k or v serves."""
    heads = values.shape[-3]
    summed: Array = d.reshape(*d.shape[:-3], heads, -1, *d.shape[-2:]).sum(-3)
    return summed


@implements(PositionalEncoding)
def positional_encoding(spec: PositionalEncoding, p: Tree, x: Array, *, run: Run) -> tuple[Array, Backward]:
    """y = x + P        dx = dy        dP = Σₙ dy, where P is learned"""

    def backward(dy: Array) -> tuple[Array, State]:
        return dy, {"weight": dy.sum(0)} if spec.learned else {}

    return x + (p["weight"] if spec.learned else sinusoids(*x.shape[1:]).astype(x.dtype)), backward


@lru_cache(maxsize=8)
def sinusoids(steps: int, width: int) -> Array:
    """P (T, E): sin t·f in even columns, cos t·f in odd ones, f = 10000^(−2i/E) for columns 2i and 2i+1."""
    columns = np.arange(width)
    angles = np.arange(steps)[:, None] / 10000 ** (columns // 2 * 2 / width)
    return np.where(columns % 2, np.cos(angles), np.sin(angles))
