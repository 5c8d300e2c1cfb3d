"""Recurrence as the book (Weidman 2019) writes it: a node for every step, and a layer that leads the state on.

A node computes one step and remembers what its own backward needs. The layer makes one node a step, passes H (and
for an LSTM C) forward in time from node to node, and their gradients back through the same nodes in reverse; every
node adds its share to the gradients of the weights, which all of them use. What a step computes stands in
../operations/cells.py; the fast form of the whole loop is in ../operations/scans.py. docs/recurrence.md leads from
here to there, and both are held to the same parity: ig.build(model, backend="numpy_reference") runs this one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.cells import gru_cell, lstm_cell, rnn_cell
from isograd.backends.numpy_impl.operations.recurrent import stacked
from isograd.backends.numpy_impl.operations.registry import implements_as_the_book
from isograd.backends.numpy_impl.operations.scans import Scanned
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.layers import GRU, LSTM, RNN


class Node:
    """One step of a recurrence: x (N, F), state (N, H) each → new state"""

    cell: ClassVar[Callable[..., Any]]

    def __init__(self, spec: Any, p: State) -> None:
        self.spec, self.p = spec, p
        self._backward: Backward

    def forward(self, x: Array, state: Arrays) -> Arrays:
        new, self._backward = self.cell(self.spec, self.p, x, *state, run=NodeRun())
        return new if isinstance(new, tuple) else (new,)

    def backward(self, dstate: Arrays) -> tuple[Array, Arrays, State]:
        """(dx, gradient of the state that came in, this step's share of the weights' gradients)"""
        (dx, *before), grads = self._backward(*dstate)
        return dx, tuple(before), grads


class RNNNode(Node):
    cell = staticmethod(rnn_cell)


class GRUNode(Node):
    cell = staticmethod(gru_cell)


class LSTMNode(Node):
    """Also projects, where the layer does: h = m Vᵀ        dm = dh V        dV = dhᵀ m"""

    cell = staticmethod(lstm_cell)

    def forward(self, x: Array, state: Arrays) -> Arrays:
        self.m, c = super().forward(x, state)
        return (self.m @ self.p["weight_hr"].T if "weight_hr" in self.p else self.m), c

    def backward(self, dstate: Arrays) -> tuple[Array, Arrays, State]:
        dh, dc = dstate
        if "weight_hr" not in self.p:
            return super().backward(dstate)
        dx, before, grads = super().backward((dh @ self.p["weight_hr"], dc))
        return dx, before, grads | {"weight_hr": dh.T @ self.m}


def scan(node: type[Node], spec: Any, p: State, x: Array, state: Arrays, alive: Array | None) -> Scanned:
    """H and C forward through T nodes, their gradients back; the layout outside is that of scans.py."""
    steps = x.shape[1]
    nodes = [node(spec, p) for _ in range(steps)]
    now = tuple(s.T for s in state)
    seen = []
    for t in range(steps):
        new = nodes[t].forward(x[:, t].T, now)
        now = new if alive is None else tuple(np.where(alive[t][:, None], n, o) for n, o in zip(new, now, strict=True))
        seen.append(now[0].T)

    def backward(dh: Array, dfinal: Arrays, needs_dx: bool) -> tuple[Array, Arrays, State]:
        dx, grads = np.empty_like(x), {name: np.zeros_like(w) for name, w in p.items()}
        back = [d.T for d in dfinal]
        for t in reversed(range(steps)):
            back[0] = back[0] + dh[:, t].T
            here = np.ones((x.shape[2], 1), bool) if alive is None else alive[t][:, None]
            dx_t, before, shares = nodes[t].backward(tuple(d * here for d in back))
            back = [d * ~here + b for d, b in zip(back, before, strict=True)]
            dx[:, t] = dx_t.T
            for name, share in shares.items():
                grads[name] += share
        return dx, tuple(d.T for d in back), grads

    return (np.stack(seen, axis=1), tuple(s.T for s in now)), backward


@implements_as_the_book(RNN)
def rnn(spec: RNN, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is a chain of RNNNodes."""
    return stacked(partial(scan, RNNNode), spec, p, *x, run=run)


@implements_as_the_book(GRU)
def gru(spec: GRU, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is a chain of GRUNodes."""
    return stacked(partial(scan, GRUNode), spec, p, *x, run=run)


@implements_as_the_book(LSTM)
def lstm(spec: LSTM, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is a chain of LSTMNodes."""
    return stacked(partial(scan, LSTMNode), spec, p, *x, run=run)
