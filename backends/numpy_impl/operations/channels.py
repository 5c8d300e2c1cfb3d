"""y = a[c]·(x − μ[c]) + b[c] and its gradients, for x (n,c,…), in as few walks over x as can be; sums are left to BLAS.

μ is taken off before anything is squared or scaled, so that a large mean costs no digits.
"""

from __future__ import annotations

import numpy as np

from isograd.core.base.types import Array, Backward, State, Tree

SHORT_ROW = 64  # places: channels with fewer are summed over n first, in rows of all channels
LONG_ROW = 8192  # places: with fewer NumPy would copy an operand that is one number a row, for each n again


def in_rows(x: Array) -> Array:
    """(n,c,…) as (n,c,places)"""
    return x.reshape(*x.shape[:2], -1)


def spread(values: Array, rows: Array) -> Array:
    """(c,) to go with (n,c,places)"""
    places = rows.shape[2]
    return values[:, None] if places >= LONG_ROW else values.repeat(places).reshape(-1, places)


def summed(rows: Array) -> Array:
    """Σ x[n,c,i] over n and i"""
    if rows.shape[2] >= SHORT_ROW:
        sums: Array = (rows @ np.ones(rows.shape[2], rows.dtype)).sum(0)
        return sums
    return joined(np.ones(len(rows), rows.dtype) @ rows.reshape(len(rows), -1), rows)


def multiplied(a: Array, b: Array) -> Array:
    """Σ a[n,c,i] · b[n,c,i] over n and i"""
    if a.shape[2] >= SHORT_ROW:
        sums: Array = np.vecdot(a, b).sum(0)
        return sums
    return joined(np.einsum("nk,nk->k", a.reshape(len(a), -1), b.reshape(len(b), -1)), a)


def joined(sums: Array, rows: Array) -> Array:
    """(c·places,) summed over the places of each channel"""
    places = rows.shape[2]
    return sums if places == 1 else sums.reshape(-1, places) @ np.ones(places, sums.dtype)


def inverse_deviation(variance: Array, eps: float) -> Array:
    inverse: Array = 1 / np.sqrt(variance + variance.dtype.type(eps))
    return inverse


def by_the_batch(x: Array, p: Tree, eps: float) -> tuple[Array, Array, Array, Backward]:
    """(y = w·x̂ + b, μ, σ², backward)      dx = w·(dy − mean dy − x̂·mean(dy ⊙ x̂)) / √(σ²+ε), means over all but c"""
    rows, m = in_rows(x), x.size // x.shape[1]
    mean = summed(rows) / m
    z = rows - spread(mean, rows)
    left = summed(z) / m  # of the mean, by rounding: 1000 numbers near 10⁴ leave 10⁻² in float32
    variance = np.maximum(multiplied(z, z) / m - left * left, 0)
    scale = inverse_deviation(variance, eps)
    a = scale * p.get("weight", 1)
    z *= spread(a, z)
    z += spread(p.get("bias", 0) - left * a, z)

    def backward(dy: Array) -> tuple[Array, State]:
        dz = rows - spread(mean, rows)
        upstream = in_rows(dy)
        db = summed(upstream)
        dw = (multiplied(upstream, dz) - left * db) * scale
        share = scale * dw / m
        dz *= spread(-share, dz)
        dz += upstream
        dz += spread(left * share - db / m, dz)
        dz *= spread(a, dz)
        grads = {"weight": dw, "bias": db}
        return dz.reshape(x.shape), {name: grads[name] for name in grads if name in p}

    return z.reshape(x.shape), mean + left, variance, backward


def by_the_past(x: Array, p: Tree, eps: float) -> tuple[Array, Backward]:
    """(y = w·x̂ + b, backward), x̂ by the running μ and σ², which are constants: dx = w·dy/√(σ²+ε)"""
    rows, mean = in_rows(x), p["running_mean"]
    scale = inverse_deviation(p["running_var"], eps)
    a = scale * p.get("weight", 1)
    y = rows - spread(mean, rows)
    y *= spread(a, y)
    if "bias" in p:
        y += spread(p["bias"], y)

    def backward(dy: Array) -> tuple[Array, State]:
        upstream = in_rows(dy)
        dx = (upstream * spread(a, rows)).reshape(x.shape)
        if "weight" not in p:
            return dx, {}
        grads = {"weight": multiplied(upstream, rows - spread(mean, rows)) * scale}
        return dx, grads | {"bias": summed(upstream)} if "bias" in p else grads

    return y.reshape(x.shape), backward
