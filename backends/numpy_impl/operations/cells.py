"""One step of a recurrence. x (n, f)   h, c (n, H)   W (gates·H, f)   U (gates·H, H)

In every backward, da· is the gradient before the nonlinearity of a gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.special import sigmoid
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import GRUCell, LSTMCell, RNNCell
from isograd.core.layers.cells import Cell


def started(spec: Cell, x: Array, state: Arrays) -> Arrays:
    """The state given, or zeros."""
    return state or (np.zeros((len(x), spec.hidden_size), x.dtype),) * spec.states


def from_both(p: Tree, x: Array, h: Array) -> tuple[Array, Array]:
    """(x Wᵀ + b, h Uᵀ + c), all gates side by side"""
    a, b = x @ p["weight_ih"].T, h @ p["weight_hh"].T
    return (a + p["bias_ih"], b + p["bias_hh"]) if "bias_ih" in p else (a, b)


def weight_gradients(p: Tree, x: Array, h: Array, da: Array, db: Array) -> State:
    """dW = daᵀ x, dU = dbᵀ h, and the sums of da and db for the biases"""
    grads = {"weight_ih": da.T @ x, "weight_hh": db.T @ h}
    return grads | {"bias_ih": da.sum(0), "bias_hh": db.sum(0)} if "bias_ih" in p else grads


@implements(RNNCell)
def rnn_cell(spec: RNNCell, p: Tree, x: Array, *state: Array, run: Run) -> tuple[Array, Backward]:
    """h' = φ(a + b)        da = db = dh' ⊙ φ'        φ' = 1 − h'² for tanh, [h' > 0] for relu"""
    (h,) = started(spec, x, state)
    a, b = from_both(p, x, h)
    new = np.tanh(a + b) if spec.nonlinearity == "tanh" else np.maximum(a + b, 0)

    def backward(dh: Array) -> tuple[Any, State]:
        da = dh * (1 - new * new) if spec.nonlinearity == "tanh" else dh * (new > 0)
        dx = (da @ p["weight_ih"], da @ p["weight_hh"])
        return dx if state else dx[0], weight_gradients(p, x, h, da, da)

    return new, backward


@implements(GRUCell)
def gru_cell(spec: GRUCell, p: Tree, x: Array, *state: Array, run: Run) -> tuple[Array, Backward]:
    """r = σ(ar + br)   z = σ(az + bz)   n = tanh(an + m)   h' = n + z ⊙ (h − n),   rows in the order r, z, n

    reset="after": m = r ⊙ bn, bn = h Unᵀ + cn.        reset="before": m = (r ⊙ h) Unᵀ + cn.
    """
    (h,) = started(spec, x, state)
    H, U = spec.hidden_size, p["weight_hh"]
    a, b = from_both(p, x, h)
    r, z = sigmoid(a[:, :H] + b[:, :H]), sigmoid(a[:, H : 2 * H] + b[:, H : 2 * H])
    after = spec.reset == "after"
    bn = b[:, 2 * H :]
    if not after:
        bn = (r * h) @ U[2 * H :].T
        if spec.bias:
            bn = bn + p["bias_hh"][2 * H :]
    n = np.tanh(a[:, 2 * H :] + (r * bn if after else bn))

    def backward(dh: Array) -> tuple[Any, State]:
        dan = dh * (1 - z) * (1 - n * n)
        daz = dh * (h - n) * z * (1 - z)
        dbn = dan * r if after else dan
        drh = dan @ U[2 * H :]  # of r ⊙ h, where that is what U multiplies
        dar = dan * bn * r * (1 - r) if after else drh * h * r * (1 - r)
        da, db = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dbn])
        grads = weight_gradients(p, x, h, da, db)
        d_h = dh * z + (db @ U if after else db[:, : 2 * H] @ U[: 2 * H] + drh * r)
        if not after:
            grads["weight_hh"][2 * H :] = dan.T @ (r * h)
        dx = (da @ p["weight_ih"], d_h)
        return dx if state else dx[0], grads

    return n + z * (h - n), backward


@implements(LSTMCell)
def lstm_cell(spec: LSTMCell, p: Tree, x: Array, *state: Array, run: Run) -> tuple[Arrays, Backward]:
    """i, f, o = σ(·)   g = tanh(·)   c' = f ⊙ c + i ⊙ g   h' = o ⊙ tanh(c'),   rows in the order i, f, g, o

    dc' gathers what comes from the next step and, through h', dh' ⊙ o ⊙ (1 − tanh²(c')).
    """
    h, c = started(spec, x, state)
    a, b = from_both(p, x, h)
    ai, af, ag, ao = np.split(a + b, 4, axis=1)
    i, f, g, o = sigmoid(ai), sigmoid(af), np.tanh(ag), sigmoid(ao)
    new = f * c + i * g
    t = np.tanh(new)

    def backward(dh: Array, dc: Array) -> tuple[Any, State]:
        dc = dc + dh * o * (1 - t * t)
        dai, daf = dc * g * i * (1 - i), dc * c * f * (1 - f)
        dag, dao = dc * i * (1 - g * g), dh * t * o * (1 - o)
        da = np.hstack([dai, daf, dag, dao])
        dx = (da @ p["weight_ih"], da @ p["weight_hh"], dc * f)
        return dx if state else dx[0], weight_gradients(p, x, h, da, da)

    return (o * t, new), backward
