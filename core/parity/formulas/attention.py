"""Formulas of attention and of the encoding of places."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import MultiheadAttention, PositionalEncoding, ScaledDotProductAttention
from isograd.core.parity.formulas.dropout import thinned
from isograd.core.parity.formulas.table import formula


@formula(MultiheadAttention)
def multihead_attention(spec: MultiheadAttention, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = [O₁ … O_H] W_oᵀ + b_o,   O_h = D(A_h) V_h,   A_h = softmax(Q_h K_hᵀ/√d + M)"""
    sources, masks = [v for v in x if v.ndim == 3], [v for v in x if v.ndim == 4]
    sources = sources if len(sources) > 1 else sources * 3
    rows, places, width = sources[0].shape
    size = width // spec.num_heads

    def heads(part: int) -> Any:
        """Q, K or V (N, H, places, d)"""
        own = slice(part * width, (part + 1) * width)
        w = p["in_proj_weight"][own] if "in_proj_weight" in p else p[f"{'qkv'[part]}_proj_weight"]
        made = sources[part] @ ops.permute_dims(w, (1, 0))
        made = made + p["in_proj_bias"][own] if spec.bias else made
        if part and spec.add_bias_kv:
            made = ops.concat([made, ops.broadcast_to(p[f"bias_{'qkv'[part]}"], (rows, 1, width))], axis=1)
        if part and spec.add_zero_attn:
            made = ops.concat([made, ops.constant(np.zeros((rows, 1, width)), made)], axis=1)
        return ops.permute_dims(ops.reshape(made, (rows, -1, spec.num_heads, size)), (0, 2, 1, 3))

    q, k, v = (heads(part) for part in range(3))
    scores = q @ ops.swapaxes(k, 2, 3) / sqrt(size)
    e = _exponentials(spec, ops, scores, masks, x[-1] if x[-1].ndim == 1 else None)
    total = ops.sum(e, axis=3, keepdims=True)
    a = e / ops.where(total == 0, 1.0, total)
    if run.training and spec.dropout:
        a = thinned(ops, a, run.random(tuple(a.shape)), spec.dropout)
    joined = ops.reshape(ops.permute_dims(a @ v, (0, 2, 1, 3)), (rows, places, width))
    y = joined @ ops.permute_dims(p["out_proj"]["weight"], (1, 0))
    y = y + p["out_proj"]["bias"] if spec.bias else y
    return (y, ops.mean(a, axis=1) if spec.average_attn_weights else a) if spec.need_weights else y


def _exponentials(spec: MultiheadAttention, ops: Namespace, scores: Any, masks: list[Any], lengths: Any) -> Any:
    """exp(scores + M − their largest) (N, H, T, S), 0 where a place is hidden; what was added to the keys never is."""
    places, keys = scores.shape[2], scores.shape[3] - spec.add_bias_kv - spec.add_zero_attn
    known, more = scores[..., :keys], scores[..., keys:]
    if spec.causal:
        known = ops.where(np.tri(places, keys, dtype=bool), known, -inf)
    if lengths is not None:
        real = ops.stack([lengths > s for s in range(keys)], axis=1)
        known = ops.where(real[:, None, None], known, -inf)
    for mask in masks:
        known = ops.where(mask, -inf, known) if "bool" in str(mask.dtype) else known + mask
    seen = ops.concat([known, more], axis=3)
    top = ops.stop_gradient(ops.max(seen, axis=3, keepdims=True))
    return ops.exp(seen - ops.where(top == -inf, 0.0, top))


@formula(PositionalEncoding)
def positional_encoding(spec: PositionalEncoding, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y = x + P,   P[t, 2i] = sin(t/10000^(2i/E)),   P[t, 2i+1] = cos(t/10000^(2i/E)), or a weight"""
    if spec.learned:
        return x[0] + p["weight"]
    t, column = np.indices(tuple(x[0].shape[1:]))
    odd = column % 2
    angle = t / 10000 ** ((column - odd) / x[0].shape[2])
    return x[0] + ops.constant(np.where(odd, np.cos(angle), np.sin(angle)), x[0])


@formula(ScaledDotProductAttention)
def scaled_dot_product_attention(
    spec: ScaledDotProductAttention, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run
) -> Any:
    """y = D(softmax(q kᵀ·scale + M)) v, a row without a finite score 0"""
    q, k, v, *masks = x
    if spec.enable_gqa:  # every head of k and v stands for `times` of q
        heads = k.shape[-3]
        serving = ops.constant(np.repeat(np.arange(heads), q.shape[-3] // heads), np.dtype(np.int64))
        k, v = k[..., serving, :, :], v[..., serving, :, :]
    scores = q @ ops.swapaxes(k, -1, -2) * (1 / sqrt(q.shape[-1]) if spec.scale is None else spec.scale)
    scores = ops.broadcast_to(scores, np.broadcast_shapes(tuple(scores.shape), (*v.shape[:-2], 1, 1)))
    if spec.causal:
        scores = ops.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -inf)
    for mask in masks:
        scores = ops.where(mask, scores, -inf) if "bool" in str(mask.dtype) else scores + mask
    top = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
    seen = top != -inf
    e = ops.exp(ops.where(seen, scores - ops.where(seen, top, 0.0), -inf))
    a = e / ops.where(seen, ops.sum(e, axis=-1, keepdims=True), 1.0)
    if run.training and spec.dropout:
        a = thinned(ops, a, run.random(tuple(a.shape)), spec.dropout)
    return a @ v
