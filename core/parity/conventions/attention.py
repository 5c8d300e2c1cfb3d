"""Attention: projections, scale, masks; and the encoding of places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from math import sqrt
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import MultiheadAttention, PositionalEncoding, ScaledDotProductAttention
from isograd.core.parity.conventions.table import Variant, convention, with_options, with_weights
from isograd.core.parity.formulas import FORMULAS

PACKED = ("in_proj_weight", "in_proj_bias")


def in_parts(ops: Namespace, p: Tree, change: Callable[[list[Any]], list[Any]]) -> Tree:
    """p with the rows of q, k and v in the packed projection changed"""
    made = dict(p)
    for name in PACKED:
        if name in p:
            width = p[name].shape[0] // 3
            made[name] = ops.concat(change([p[name][k * width : (k + 1) * width] for k in range(3)]), axis=0)
    return made


@convention("scale of attention", MultiheadAttention, ScaledDotProductAttention, by="T5: none; code that takes √E")
def scale(spec: Any) -> Iterator[Variant]:
    """1/√d, none, or 1/√E of all heads together"""
    if isinstance(spec, ScaledDotProductAttention):
        yield from with_options(spec, scale=None if spec.scale is not None else 1.0)
        return

    def grown(factor: Callable[[int], float]) -> Callable[[Any, Namespace, Tree], Tree]:
        """q times a number that follows from E"""

        def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
            times = factor(p["out_proj"]["weight"].shape[0])
            made = in_parts(ops, p, lambda rows: [times * rows[0], *rows[1:]])
            return {**made, "q_proj_weight": times * p["q_proj_weight"]} if "q_proj_weight" in p else made

        return read

    yield with_weights("its scores are not scaled", grown(lambda width: sqrt(width / spec.num_heads)))
    yield with_weights("its scores are divided by √E", grown(lambda width: sqrt(1 / spec.num_heads)))


@convention("order of the projections", MultiheadAttention, by="code that packs k, q, v or v, k, q")
def order(spec: MultiheadAttention) -> Iterator[Variant]:
    """Rows of q, k and v in the packed projection"""
    for found in permutations("qkv"):
        places = [found.index(part) for part in "qkv"]
        if places != [0, 1, 2]:
            yield with_weights(f"its projection is packed in the order {', '.join(found)}", _packed(places))


def _packed(places: list[int]) -> Callable[[Any, Namespace, Tree], Tree]:
    return lambda spec, ops, p: in_parts(ops, p, lambda rows: [rows[k] for k in places])


@convention("heads of the projections", MultiheadAttention, by="GPT-NeoX, BLOOM: q, k, v head by head")
def by_head(spec: MultiheadAttention) -> Iterator[Variant]:
    """Rows (H, 3, d) in place of (3, H, d)"""

    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        made = dict(p)
        for name in PACKED:
            if name in p:
                rows = np.arange(p[name].shape[0]).reshape(spec.num_heads, 3, -1).swapaxes(0, 1).ravel()
                made[name] = p[name][rows]
        return made

    yield with_weights("its projection is packed head by head", read)


@convention("meaning of a boolean mask", MultiheadAttention, ScaledDotProductAttention, by="Keras, JAX; torch has both")
def mask(spec: Any) -> Iterator[Variant]:
    """True hides, or True shows."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        turned = tuple(np.logical_not(v) if "bool" in str(v.dtype) else v for v in x)
        return FORMULAS[type(spec)](spec, ops, p, turned, run)

    shows = isinstance(spec, ScaledDotProductAttention)
    yield Variant(f"True in its mask {'hides' if shows else 'shows'}", formula)


@convention("order of sines and cosines", PositionalEncoding, by="tensor2tensor: first all sines, then all cosines")
def halves(spec: PositionalEncoding) -> Iterator[Variant]:
    """P[t, i] = sin, P[t, E/2 + i] = cos"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        added = FORMULAS[PositionalEncoding](spec, ops, p, (0 * x[0],), run)
        columns = np.arange(x[0].shape[2])
        return x[0] + added[:, :, np.concatenate([columns[::2], columns[1::2]])]

    if not spec.learned:
        yield Variant("its sines stand before its cosines", formula)
