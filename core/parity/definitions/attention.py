"""Definitions of attention and of the encoding of places."""

from __future__ import annotations

from math import cos, exp, fsum, sin, sqrt

from isograd.core import layers as core
from isograd.core.base.types import Array, Arrays, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.definitions.table import Index, defines


def _dot(a: Array | list[float], b: Array | list[float]) -> float:
    return fsum(float(u) * float(v) for u, v in zip(a, b, strict=True))


def _projected(p: Tree, part: int, source: Array, column: int) -> float:
    """Entry `column` of the query (part 0), key (1) or value (2) made from one place of its source."""
    width = len(p["out_proj"]["weight"])
    if "in_proj_weight" in p:
        row = p["in_proj_weight"][part * width + column]
    else:
        row = p[f"{'qkv'[part]}_proj_weight"][column]
    bias = float(p["in_proj_bias"][part * width + column]) if "in_proj_bias" in p else 0.0
    return _dot(row, source) + bias


def _attention(spec: core.MultiheadAttention, p: Tree, x: Arrays, n: int, head: int, t: int, run: Run) -> list[float]:
    """How much of each key's value query t takes in one head, dropout included."""
    query, key = x[0][n, t], (x[1] if len(x) > 2 else x[0])[n]
    seen = int(x[-1][n]) if len(x) in (2, 4) else len(key)
    seen = min(seen, t + 1) if spec.causal else seen
    size = x[0].shape[2] // spec.num_heads
    columns = range(head * size, (head + 1) * size)
    q = [_projected(p, 0, query, c) for c in columns]
    scores = [_dot(q, [_projected(p, 1, place, c) for c in columns]) / sqrt(size) for place in key[:seen]]
    top = max(scores)
    powers = [exp(score - top) for score in scores]
    weights = [power / fsum(powers) for power in powers] + [0.0] * (len(key) - seen)
    if run.training and spec.dropout:
        u = run.random((len(x[0]), spec.num_heads, x[0].shape[1], len(key)))[n, head, t]
        weights = [w / (1 - spec.dropout) if v >= spec.dropout else 0.0 for w, v in zip(weights, u, strict=True)]
    return weights


@defines(core.MultiheadAttention)
def multihead_attention(
    spec: core.MultiheadAttention, p: Tree, x: Arrays, i: Index, run: Run, output: int = 0
) -> float:
    n, t, last = i
    taken = [_attention(spec, p, x, n, head, t, run) for head in range(spec.num_heads)]
    if output == 1:
        return fsum(weights[last] for weights in taken) / spec.num_heads
    values, width = (x[2] if len(x) > 2 else x[0])[n], x[0].shape[2]
    joined = [
        _dot(taken[c * spec.num_heads // width], [_projected(p, 2, place, c) for place in values]) for c in range(width)
    ]
    bias = float(p["out_proj"]["bias"][last]) if spec.bias else 0.0
    return _dot(p["out_proj"]["weight"][last], joined) + bias


@defines(core.PositionalEncoding)
def positional_encoding(spec: core.PositionalEncoding, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    _, t, column = i
    if spec.learned:
        return float(x[0][i]) + float(p["weight"][t, column])
    angle = t / 10000 ** (2 * (column // 2) / x[0].shape[2])
    return float(x[0][i]) + (sin(angle) if column % 2 == 0 else cos(angle))
