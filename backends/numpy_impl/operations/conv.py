"""Convolutions and transposed convolutions: each other's gradients, over the one core in convolve.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.convolve import convolve, convolve_dw, convolve_dx
from isograd.backends.numpy_impl.operations.depthwise import depthwise, depthwise_dw, depthwise_dx, is_depthwise
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.layers import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from isograd.core.layers.conv import Convolution, TransposedConvolution
from isograd.core.layers.windows import Axis

Way: TypeAlias = Callable[..., Any]


def ways(w: Array, axes: Sequence[Axis], groups: int) -> tuple[Way, Way, Way]:
    """What computes y, dw and dx of a convolution."""
    if is_depthwise(w, groups, axes):
        return depthwise, depthwise_dw, depthwise_dx
    return convolve, convolve_dw, convolve_dx


@implements(Conv1d, Conv2d, Conv3d)
def conv(spec: Convolution, p: Tree, x: Array, *, run: NodeRun) -> tuple[Array, Backward]:
    """x (n,c,H,W)   w (o,c,u,v)   y (n,o,p,q)        s = stride, d = dilation, xp = x padded; 1 and 3 axes alike

    y[n,o,p,q] = b[o] + Σ w[o,c,u,v] · xp[n,c,s·p+d·u,s·q+d·v]
    dw[o,c,u,v] = Σ dy[n,o,p,q] · xp[n,c,s·p+d·u,s·q+d·v]        db[o] = Σ dy[n,o,p,q]
    dxp[n,c,i,j] = Σ dy[n,o,p,q] · w[o,c,u,v]   over s·p+d·u = i, s·q+d·v = j
    With groups, o and c run within one group.
    """
    w, axes = p["weight"], spec.windows(x.shape[1:])
    places = padded_places(spec.padding_mode, axes)
    if places:
        axes = tuple(a._replace(size=len(i), before=0, after=0) for a, i in zip(axes, places, strict=True))
    xp = take_places(x, places)
    forward, to_dw, to_dx = ways(w, axes, spec.groups)
    y = forward(xp, w, p.get("bias"), axes, spec.groups)

    def backward(dy: Array) -> tuple[Array | None, State]:
        grads = {"weight": to_dw(xp, dy, axes, spec.groups)}
        if spec.bias:
            grads["bias"] = channel_sums(dy)
        dx = add_places(to_dx(dy, w, axes, spec.groups), places, x.shape) if run.needs_dx else None
        return dx, grads

    return y, backward


@implements(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
def conv_transpose(spec: TransposedConvolution, p: Tree, x: Array, *, run: NodeRun) -> tuple[Array, Backward]:
    """x (n,c,p,q)   w (c,o,u,v)   y (n,o,H,W): the input gradient of a convolution from y's shape to x's

    y[n,o,i,j] = b[o] + Σ x[n,c,p,q] · w[c,o,u,v]   over s·p+d·u−padding = i, s·q+d·v−padding = j
    dx[n,c,p,q] = Σ w[c,o,u,v] · dyp[n,o,s·p+d·u,s·q+d·v]: that convolution of dy
    dw[c,o,u,v] = Σ x[n,c,p,q] · dyp[n,o,s·p+d·u,s·q+d·v]        db[o] = Σ dy[n,o,i,j]
    """
    w, axes = p["weight"], spec.windows(x.shape[1:])
    forward, to_dw, to_dx = ways(w, axes, spec.groups)
    y = to_dx(x, w, axes, spec.groups)
    if spec.bias:
        y += np.expand_dims(p["bias"], tuple(range(1, len(axes) + 1)))

    def backward(dy: Array) -> tuple[Array | None, State]:
        grads = {"weight": to_dw(dy, x, axes, spec.groups)}
        if spec.bias:
            grads["bias"] = channel_sums(dy)
        dx = forward(dy, w, None, axes, spec.groups) if run.needs_dx else None
        return dx, grads

    return y, backward


def channel_sums(dy: Array) -> Array:
    """Σ dy[n,o,…] over n and all places"""
    sums: Array = dy.sum((0, *range(2, dy.ndim)))
    return sums


def padded_places(mode: str, axes: Sequence[Axis]) -> list[Array]:
    """For each axis, the place in x that each place of xp copies; none for zeros, which the convolution adds itself."""
    places = [np.arange(-a.before, a.size + a.after) for a in axes]
    match mode:
        case "reflect":
            return [np.abs(a.size - 1 - np.abs(a.size - 1 - i)) for a, i in zip(axes, places, strict=True)]
        case "replicate":
            return [np.clip(i, 0, a.size - 1) for a, i in zip(axes, places, strict=True)]
        case "circular":
            return [i % a.size for a, i in zip(axes, places, strict=True)]
    return []


def take_places(x: Array, places: Sequence[Array]) -> Array:
    """xp[n,c,i,j] = x[n, c, places₀[i], places₁[j]]"""
    for axis, chosen in enumerate(places, 2):
        x = x.take(chosen, axis)
    return x


def add_places(dxp: Array, places: Sequence[Array], shape: tuple[int, ...]) -> Array:
    """dx[n,c,k,l] = Σ dxp[n,c,i,j] over places₀[i] = k, places₁[j] = l: every copy's gradient goes to its original"""
    for axis, chosen in enumerate(places, 2):
        dx = np.zeros((*dxp.shape[:axis], shape[axis], *dxp.shape[axis + 1 :]), dxp.dtype)
        np.add.at(dx.swapaxes(0, axis), chosen, dxp.swapaxes(0, axis))
        dxp = dx
    return dxp
