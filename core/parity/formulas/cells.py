"""Formulas of one step of a recurrence, gate by gate; (…)ₖ are the rows of gate k."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import GRUCell, LSTMCell, RNNCell
from isograd.core.parity.formulas.table import formula

State = tuple[Any, ...]


class Gates:
    """The two sums that gates are made of."""

    def __init__(self, spec: Any, ops: Namespace, p: Tree) -> None:
        self.size, self.ops, self.p = spec.hidden_size, ops, p

    def of_x(self, k: int, x: Any) -> Any:
        """(W_ih x + b_ih)ₖ"""
        return self._rows(k, x, "weight_ih", "bias_ih")

    def of_h(self, k: int, h: Any) -> Any:
        """(W_hh h + b_hh)ₖ"""
        return self._rows(k, h, "weight_hh", "bias_hh")

    def _rows(self, k: int, v: Any, weight: str, bias: str) -> Any:
        rows = slice(k * self.size, (k + 1) * self.size)
        y = v @ self.ops.permute_dims(self.p[weight][rows], (1, 0))
        return y + self.p[bias][rows] if bias in self.p else y


def rnn_step(spec: Any, ops: Namespace, p: Tree, x: Any, state: State) -> State:
    """h' = φ(W_ih x + b_ih + W_hh h + b_hh)"""
    gates = Gates(spec, ops, p)
    a = gates.of_x(0, x) + gates.of_h(0, state[0])
    return (ops.tanh(a) if spec.nonlinearity == "tanh" else ops.where(a <= 0, 0.0, a),)


def gru_step(spec: Any, ops: Namespace, p: Tree, x: Any, state: State) -> State:
    """h' = (1 − z) ⊙ n + z ⊙ h,   n = tanh(… + r ⊙ (W_hn h + b_hn)) or tanh(… + W_hn (r ⊙ h) + b_hn)"""
    gates, (h,) = Gates(spec, ops, p), state
    r, z = (ops.sigmoid(gates.of_x(k, x) + gates.of_h(k, h)) for k in (0, 1))
    from_h = r * gates.of_h(2, h) if spec.reset == "after" else gates.of_h(2, r * h)
    n = ops.tanh(gates.of_x(2, x) + from_h)
    return ((1 - z) * n + z * h,)


def lstm_step(spec: Any, ops: Namespace, p: Tree, x: Any, state: State) -> State:
    """c' = f ⊙ c + i ⊙ g        h' = o ⊙ tanh(c'), or W_hr (o ⊙ tanh(c')) where there is a projection"""
    gates, (h, c) = Gates(spec, ops, p), state
    i, f, g, o = (gates.of_x(k, x) + gates.of_h(k, h) for k in range(4))
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    h = ops.sigmoid(o) * ops.tanh(c)
    return (h @ ops.permute_dims(p["weight_hr"], (1, 0)) if "weight_hr" in p else h), c


def zeros(ops: Namespace, x: Any, size: int) -> Any:
    """The state (N, size) that a recurrence over x starts from where none is given."""
    return ops.constant(np.zeros((len(x), size)), x)


@formula(RNNCell)
def rnn_cell(spec: RNNCell, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """One step of an RNN"""
    return rnn_step(spec, ops, p, x[0], x[1:] or (zeros(ops, x[0], spec.hidden_size),))


@formula(GRUCell)
def gru_cell(spec: GRUCell, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """One step of a GRU"""
    return gru_step(spec, ops, p, x[0], x[1:] or (zeros(ops, x[0], spec.hidden_size),))


@formula(LSTMCell)
def lstm_cell(spec: LSTMCell, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """One step of an LSTM"""
    return lstm_step(spec, ops, p, x[0], x[1:] or (zeros(ops, x[0], spec.hidden_size),) * 2)
