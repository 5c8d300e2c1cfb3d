"""Recurrences over all steps of a sequence, one direction of one layer: the fast form of what cells.py does once.

Features stand first, then time, then the batch: x (F, T, N), h (H, T, N). A step is then one product whose columns are
samples, the weights multiply as they lie in memory, and the gradient of a weight is one product over all T·N columns.

    scan(spec, p, x, state, alive) → (h, final state), backward
    backward(dh, dfinal, needs_dx) → (dx or None, dstate, grads)

`state` holds (size, N) arrays; alive (T, N), where given, is False at padding: a column that is not alive keeps its
state, and what comes back to it passes through. σ(a) = (1 + tanh(a/2))/2 is computed that way, with the ½ folded into
a copy of the weights, so that one tanh serves all gates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from isograd.core.base.types import Array, Arrays, State
from isograd.core.layers import LSTM, RNN

ScanBackward: TypeAlias = Callable[[Array, Arrays, bool], tuple[Array | None, Arrays, State]]
Scanned: TypeAlias = tuple[tuple[Array, Arrays], ScanBackward]

QUIET = np.errstate(invalid="ignore")
"""BLAS may load what lies behind a small matrix, and NumPy warn of what no result depends on."""


def with_bias(p: State, *names: str) -> tuple[Array, ...]:
    """The sum of these biases as a column that a row of ones multiplies; nothing where there are none."""
    return (sum(p[name] for name in names)[:, None],) if names[0] in p else ()  # type: ignore[index]


def memory(h: Array, x: Array, *, ones: bool) -> Array:
    """Z (H+F+1, T+1, N): at every step [h before it; x; 1]. A step writes its h where the next one reads it.

    Zeros, as is every array here that is multiplied step by step: BLAS may load what lies beside a step's columns, and
    what was never written there could be no number, of which NumPy would warn though no result depends on it.
    """
    (H, N), (F, T, _) = h.shape, x.shape
    Z = np.zeros((H + F + ones, T + 1, N), x.dtype)
    Z[:H, 0], Z[H : H + F, :T] = h, x
    if ones:
        Z[-1] = 1
    return Z


def columns(a: Array) -> Array:
    """(rows, T, N) as (rows, T·N)"""
    return a.reshape(len(a), -1)


def squash(a: Array) -> None:
    """a ← σ(2a), where a is already tanh(a)"""
    a += 1
    a *= 0.5


@QUIET
def rnn_scan(spec: RNN, p: State, x: Array, state: Arrays, alive: Array | None) -> Scanned:
    """h = φ(U h₋ + W x + b)        da = φ' ⊙ dh        dh₋ = Uᵀ da        [dU dW db] = da [h₋; x; 1]ᵀ"""
    (h0,), (F, T, _) = state, x.shape
    H, U = len(h0), p["weight_hh"]
    W = np.concatenate([U, p["weight_ih"], *with_bias(p, "bias_ih", "bias_hh")], axis=1)
    Z = memory(h0, x, ones="bias_ih" in p)
    for t in range(T):
        a = W @ Z[:, t]
        new = np.tanh(a, out=a) if spec.nonlinearity == "tanh" else np.maximum(a, 0, out=a)
        Z[:H, t + 1] = new if alive is None else np.where(alive[t], new, Z[:H, t])
    h = Z[:H, 1:]

    @QUIET
    def backward(dh: Array, dfinal: Arrays, needs_dx: bool) -> tuple[Array | None, Arrays, State]:
        slope = 1 - h * h if spec.nonlinearity == "tanh" else h > 0
        dA = np.zeros((H, *x.shape[1:]), x.dtype)
        (back,) = dfinal
        for t in reversed(range(T)):
            total = dh[:, t] + back
            live = total if alive is None else total * alive[t]
            np.multiply(slope[:, t], live, out=dA[:, t])
            back = U.T @ dA[:, t]
            if alive is not None:
                back += total - live
        return dx_of(p, dA, x) if needs_dx else None, (back,), joint_gradients(p, dA, Z[:, :T], H, F)

    return (h, (Z[:H, T],)), backward


def dx_of(p: State, dA: Array, x: Array) -> Array:
    """Wᵀ da, all steps at once"""
    return (p["weight_ih"].T @ columns(dA)).reshape(x.shape)


def joint_gradients(p: State, dA: Array, Z: Array, H: int, F: int) -> State:
    """[dU dW db] = da [h₋; x; 1]ᵀ, all steps at once, taken apart"""
    G = columns(dA) @ columns(Z).T
    grads = {"weight_hh": G[:, :H], "weight_ih": G[:, H : H + F]}
    return grads | {"bias_ih": G[:, -1], "bias_hh": G[:, -1].copy()} if "bias_ih" in p else grads


@QUIET
def lstm_scan(spec: LSTM, p: State, x: Array, state: Arrays, alive: Array | None) -> Scanned:
    """i, f, o = σ(·)   g = tanh(·)   c = f ⊙ c₋ + i ⊙ g   m = o ⊙ tanh(c)   h = m, or V m where there is a projection

    dm = dh, or Vᵀ dh.   dc ← dc + dm ⊙ o(1−tanh²c)        dc₋ = dc ⊙ f        dh₋ = Uᵀ da
    da = dc ⊙ [g·i(1−i); c₋·f(1−f); i(1−g²)], and dm ⊙ tanh(c)·o(1−o) for o        [dU dW db] = da [h₋; x; 1]ᵀ
    """
    (h0, c0), (F, T, N) = state, x.shape
    P, H, U, V = len(h0), len(c0), p["weight_hh"], p.get("weight_hr")
    given = np.concatenate([U, p["weight_ih"], *with_bias(p, "bias_ih", "bias_hh")], axis=1)
    W = np.concatenate([given[: 2 * H], given[3 * H :], given[2 * H : 3 * H]])  # i, f, o, g: what σ squashes in one
    W[: 3 * H] *= 0.5
    Z = memory(h0, x, ones="bias_ih" in p)
    gates, c, tanh_c = (np.empty((*s, N), x.dtype) for s in ((T, 4, H), (T + 1, H), (T, H)))
    M = np.empty((H, T, N), x.dtype) if V is not None else Z[:H, 1:]
    c[0] = c0
    for t in range(T):
        a = gates[t]
        np.matmul(W, Z[:, t], out=a.reshape(4 * H, N))
        np.tanh(a, out=a)
        squash(a[:3])
        i, f, o, g = a
        np.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += i * g
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=M[:, t])
        if V is not None:
            Z[:P, t + 1] = V @ M[:, t]
        if alive is not None:
            c[t + 1] = np.where(alive[t], c[t + 1], c[t])
            Z[:P, t + 1] = np.where(alive[t], Z[:P, t + 1], Z[:P, t])

    @QUIET
    def backward(dh: Array, dfinal: Arrays, needs_dx: bool) -> tuple[Array | None, Arrays, State]:
        of_c, of_o, into_c = lstm_slopes(gates, c, tanh_c)
        f = gates[:, 1]
        dA = np.zeros((4, H, T, N), x.dtype)
        dH = np.zeros((P, T, N), x.dtype)
        back, dc = dfinal
        for t in reversed(range(T)):
            total = np.add(dh[:, t], back, out=dH[:, t])
            if alive is not None:
                kept, kept_c = total * ~alive[t], dc * ~alive[t]
                total *= alive[t]
                dc = dc * alive[t]
            dm = total if V is None else V.T @ total
            dc = dc + dm * into_c[t]
            np.multiply(of_c[t], dc, out=dA[:3, :, t])
            np.multiply(of_o[t], dm, out=dA[3, :, t])
            dc *= f[t]
            back = U.T @ dA[:, :, t].reshape(4 * H, N)
            if alive is not None:
                back += kept
                dc += kept_c
        da = dA.reshape(4 * H, T, N)
        grads = joint_gradients(p, da, Z[:, :T], P, F)
        if V is not None:
            grads["weight_hr"] = columns(dH) @ columns(M).T
        return dx_of(p, da, x) if needs_dx else None, (back, dc), grads

    return (Z[:P, 1:], (Z[:P, T], c[T])), backward


def lstm_slopes(gates: Array, c: Array, tanh_c: Array) -> Arrays:
    """At all steps: da of i, f, g for one dc, (T, 3, H, N); da of o for one dm; dc for one dm, (T, H, N)"""
    i, _, o, g = gates.swapaxes(0, 1)
    of_c = np.empty((len(gates), 3, *i.shape[1:]), gates.dtype)
    slopes = 1 - gates[:, :3]
    slopes *= gates[:, :3]  # σ' = σ(1−σ) of i, f, o
    np.multiply(slopes[:, 0], g, out=of_c[:, 0])
    np.multiply(slopes[:, 1], c[:-1], out=of_c[:, 1])
    np.multiply(i, 1 - g * g, out=of_c[:, 2])
    return of_c, slopes[:, 2] * tanh_c, o * (1 - tanh_c * tanh_c)
