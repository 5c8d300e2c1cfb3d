"""Convolution in plain loops, as a book teaches it: one sequence, a batch of them, one image, many channels.

Each pair of functions is a forward and its gradients. The gradients are read off the forward: every product
w·x that went into y[p] gives dy[p]·x to w and dy[p]·w to x. The engine's fast form is in ../operations/convolve.py;
docs/convolution.md leads from here to there, and a test holds the two together.
"""

from __future__ import annotations

import numpy as np

from isograd.core.base.types import Array


def windows(size: int, kernel: int, padding: int, stride: int) -> int:
    """How many windows there are.

    >>> windows(5, 3, 0, 1), windows(5, 3, 1, 1), windows(5, 3, 1, 2)
    (3, 5, 3)
    """
    return (size + 2 * padding - kernel) // stride + 1


def pad_1d(x: Array, padding: int) -> Array:
    """Zeros on both sides."""
    return np.concatenate([np.zeros(padding, x.dtype), x, np.zeros(padding, x.dtype)])


def conv_1d(x: Array, w: Array, padding: int = 0, stride: int = 1) -> Array:
    """One sequence:   y[p] = Σ w[u] · xp[s·p+u]          x (W), w (U) → y (P)

    >>> conv_1d(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1.0, 1.0, 1.0]), padding=1).tolist()
    [3.0, 6.0, 9.0, 12.0, 9.0]
    """
    xp = pad_1d(x, padding)
    y = np.zeros(windows(len(x), len(w), padding, stride), x.dtype)
    for p in range(len(y)):
        for u in range(len(w)):
            y[p] += w[u] * xp[stride * p + u]
    return y


def conv_1d_gradients(x: Array, w: Array, dy: Array, padding: int = 0, stride: int = 1) -> tuple[Array, Array]:
    """(dx, dw):   dxp[s·p+u] += w[u] · dy[p]          dw[u] += xp[s·p+u] · dy[p]"""
    xp = pad_1d(x, padding)
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for p in range(len(dy)):
        for u in range(len(w)):
            dxp[stride * p + u] += w[u] * dy[p]
            dw[u] += xp[stride * p + u] * dy[p]
    return dxp[padding : padding + len(x)], dw


def conv_1d_batch(x: Array, w: Array, padding: int = 0, stride: int = 1) -> Array:
    """Many sequences, one filter:   y[n] = conv_1d(x[n])          x (N, W), w (U) → y (N, P)"""
    return np.stack([conv_1d(sequence, w, padding, stride) for sequence in x])


def conv_1d_batch_gradients(x: Array, w: Array, dy: Array, padding: int = 0, stride: int = 1) -> tuple[Array, Array]:
    """(dx, dw): every sequence its own dx; the filter served all of them, so their dw add up."""
    each = [conv_1d_gradients(xn, w, dyn, padding, stride) for xn, dyn in zip(x, dy, strict=True)]
    dw = np.zeros_like(w)
    for _, dwn in each:
        dw += dwn
    return np.stack([dxn for dxn, _ in each]), dw


def pad_2d(x: Array, padding: int) -> Array:
    """Zeros around the last two axes."""
    height, width = x.shape[-2:]
    xp = np.zeros((*x.shape[:-2], height + 2 * padding, width + 2 * padding), x.dtype)
    xp[..., padding : padding + height, padding : padding + width] = x
    return xp


def conv_2d(x: Array, w: Array, padding: int = 0, stride: int = 1) -> Array:
    """One image, one channel:   y[p,q] = Σ w[u,v] · xp[s·p+u,s·q+v]          x (H, W), w (U, V) → y (P, Q)"""
    xp, (U, V) = pad_2d(x, padding), w.shape
    y = np.zeros((windows(x.shape[0], U, padding, stride), windows(x.shape[1], V, padding, stride)), x.dtype)
    for p, q in np.ndindex(y.shape):
        for u, v in np.ndindex(w.shape):
            y[p, q] += w[u, v] * xp[stride * p + u, stride * q + v]
    return y


def conv_2d_gradients(x: Array, w: Array, dy: Array, padding: int = 0, stride: int = 1) -> tuple[Array, Array]:
    """(dx, dw):   dxp[s·p+u,s·q+v] += w[u,v] · dy[p,q]          dw[u,v] += xp[s·p+u,s·q+v] · dy[p,q]"""
    xp, (H, W) = pad_2d(x, padding), x.shape
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for p, q in np.ndindex(dy.shape):
        for u, v in np.ndindex(w.shape):
            dxp[stride * p + u, stride * q + v] += w[u, v] * dy[p, q]
            dw[u, v] += xp[stride * p + u, stride * q + v] * dy[p, q]
    return dxp[padding : padding + H, padding : padding + W], dw


def conv_2d_channels(x: Array, w: Array, b: Array, padding: int = 0, stride: int = 1) -> Array:
    """A batch of images with channels:   y[n,o] = b[o] + Σ_c conv_2d(x[n,c], w[o,c])

    x (N, C, H, W), w (O, C, U, V), b (O) → y (N, O, P, Q): a filter for each pair of an input and an output channel
    """
    images = [[sum(conv_2d(xc, wc, padding, stride) for xc, wc in zip(xn, wo, strict=True)) for wo in w] for xn in x]
    return np.array(images) + b[:, None, None]


def conv_2d_channels_gradients(
    x: Array, w: Array, dy: Array, padding: int = 0, stride: int = 1
) -> tuple[Array, Array, Array]:
    """(dx, dw, db):   x[n,c] met every w[o,c], w[o,c] every x[n,c]: each adds up what it got from them

    b[o] went into every place of every y[n,o], so db[o] = Σ dy[n,o,p,q].
    """
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n, o, c in np.ndindex(len(x), *w.shape[:2]):
        dx_part, dw_part = conv_2d_gradients(x[n, c], w[o, c], dy[n, o], padding, stride)
        dx[n, c] += dx_part
        dw[o, c] += dw_part
    return dx, dw, dy.sum((0, 2, 3))
