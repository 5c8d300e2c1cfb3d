"""Formulas of the layers that move values between channels and places, written channel by channel."""

from __future__ import annotations

from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import ChannelShuffle, PixelShuffle, PixelUnshuffle
from isograd.core.parity.formulas.table import formula


@formula(ChannelShuffle)
def channel_shuffle(spec: ChannelShuffle, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[c·groups + g] = x[g·C/groups + c]"""
    each = x[0].shape[1] // spec.groups
    return ops.concat([x[0][:, c::each] for c in range(each)], axis=1)


@formula(PixelShuffle)
def pixel_shuffle(spec: PixelShuffle, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[c, r·h + i, r·w + j] = x[r²·c + r·i + j, h, w]"""
    (v,), r = x, spec.upscale_factor
    *front, channels, height, width = v.shape
    channels //= r * r
    rows = []
    for i in range(r):
        columns = [v[..., r * i + j :: r * r, :, :] for j in range(r)]
        rows.append(ops.reshape(ops.stack(columns, axis=v.ndim), (*front, channels, height, width * r)))
    return ops.reshape(ops.stack(rows, axis=v.ndim - 1), (*front, channels, height * r, width * r))


@formula(PixelUnshuffle)
def pixel_unshuffle(spec: PixelUnshuffle, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """y[r²·c + r·i + j, h, w] = x[c, r·h + i, r·w + j]"""
    (v,), r = x, spec.downscale_factor
    *front, channels, height, width = v.shape
    parts = [v[..., i::r, j::r] for i in range(r) for j in range(r)]
    return ops.reshape(ops.stack(parts, axis=v.ndim - 2), (*front, channels * r * r, height // r, width // r))
