"""Recurrent layers: gates, biases, the reset of a GRU, the order of batch and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from isograd.core.parity.conventions.table import Variant, convention, with_options, with_weights
from isograd.core.parity.formulas import FORMULAS

GATES = {GRU: "rzn", GRUCell: "rzn", LSTM: "ifgo", LSTMCell: "ifgo", RNN: "h", RNNCell: "h"}
FIRST = {"rzn": ["zrn"], "ifgo": ["ifog", "igfo", "iofg", "figo", "fiog"]}
"""Orders that libraries use, tried before the others: Keras and MXNet; Torch7, TensorFlow 1, ONNX, Chainer."""


def by_gate(spec: Any, ops: Namespace, p: Tree, change: Callable[[str, list[Any]], Sequence[Any]]) -> Tree:
    """p with the rows of each gate changed: change(name, [rows of gate 0, …]) → the same, of weights and biases"""
    gates, size = len(GATES[type(spec)]), spec.hidden_size
    made = dict(p)
    for name, values in p.items():
        if name.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
            parts = [values[k * size : (k + 1) * size] for k in range(gates)]
            made[name] = ops.concat(list(change(name, parts)), axis=0)
    return made


@convention("reset before or after the product", GRU, GRUCell, by="Cho et al. 2014, Keras with reset_after=False")
def reset(spec: Any) -> Iterator[Variant]:
    """tanh(… + r ⊙ (U h)) or tanh(… + U (r ⊙ h))"""
    yield from with_options(spec, reset="before" if spec.reset == "after" else "after")


@convention("meaning of the update gate", GRU, GRUCell, by="Cho et al. 2014 and Chung et al. 2014, which differ")
def update(spec: Any) -> Iterator[Variant]:
    """h' = z ⊙ n + (1 − z) ⊙ h, which is a z of the other sign"""

    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        return by_gate(spec, ops, p, lambda name, rows: [rows[0], -rows[1], rows[2]])

    yield with_weights("its update gate z lets the new state in", read)


@convention("order of the gates", GRU, GRUCell, LSTM, LSTMCell, by="Keras (z, r, n), TensorFlow 1 (i, g, f, o), ONNX")
def order(spec: Any) -> Iterator[Variant]:
    """The rows of a gate stand elsewhere in weights and biases."""
    gates = GATES[type(spec)]
    others = ["".join(found) for found in permutations(gates)]
    for found in dict.fromkeys([*FIRST[gates], *others]):
        if found != gates:
            yield with_weights(f"its gates stand in the order {', '.join(found)}", _ordered(found))


def _ordered(found: str) -> Callable[[Any, Namespace, Tree], Tree]:
    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        places = [found.index(gate) for gate in GATES[type(spec)]]
        return by_gate(spec, ops, p, lambda name, rows: [rows[k] for k in places])

    return read


@convention("one bias or two", *GATES, by="Keras, the papers: one bias")
def biases(spec: Any) -> Iterator[Variant]:
    """bias_hh is not read; or both stand outside of the reset gate, as one would"""
    if not spec.bias:
        return
    yield with_weights(
        "there is one bias: bias_hh is left out",
        lambda spec, ops, p: {name: 0 * w if name.startswith("bias_hh") else w for name, w in p.items()},
    )
    if GATES[type(spec)] == "rzn":
        yield with_weights("there is one bias: bias_hh of the new state is not reset", _outside)


def _outside(spec: Any, ops: Namespace, p: Tree) -> Tree:
    """The rows n of bias_hh, moved into bias_ih"""

    def change(name: str, rows: list[Any]) -> list[Any]:
        if name.startswith("bias_ih"):
            moved = p[name.replace("_ih", "_hh")][2 * spec.hidden_size :]
            return [rows[0], rows[1], rows[2] + moved]
        return [rows[0], rows[1], 0 * rows[2]] if name.startswith("bias_hh") else rows

    return by_gate(spec, ops, p, change)


@convention("transposed recurrent weight", *GATES, by="Keras, NumPy code that writes h @ U")
def transposed(spec: Any) -> Iterator[Variant]:
    """Gate by gate: seen where h has as many features as a gate, or x"""
    for weight in ("weight_hh", "weight_ih"):
        yield with_weights(f"{weight} is transposed, gate by gate", _turned(weight))


def _turned(weight: str) -> Callable[[Any, Namespace, Tree], Tree]:
    def change(ops: Namespace) -> Callable[[str, list[Any]], list[Any]]:
        def each(name: str, rows: list[Any]) -> list[Any]:
            square = rows[0].ndim == 2 and rows[0].shape[0] == rows[0].shape[1]
            return [ops.swapaxes(r, 0, 1) for r in rows] if name.startswith(weight) and square else rows

        return each

    return lambda spec, ops, p: by_gate(spec, ops, p, change(ops))


@convention("bias of the forget gate", LSTM, LSTMCell, by="Keras with unit_forget_bias, TensorFlow's forget_bias=1")
def forgetting(spec: Any) -> Iterator[Variant]:
    """1 is added to what the forget gate adds up."""

    def change(name: str, rows: list[Any]) -> list[Any]:
        return [rows[0], rows[1] + 1.0, *rows[2:]] if name.startswith("bias_ih") else rows

    if spec.bias:
        yield with_weights("1 is added to its forget gate", lambda spec, ops, p: by_gate(spec, ops, p, change))


class HardSigmoid:
    """A namespace whose σ is min(max(0.2 x + 0.5, 0), 1)."""

    def __init__(self, ops: Namespace) -> None:
        self.ops = ops

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ops, name)

    def sigmoid(self, x: Any) -> Any:
        """σ(x) = min(max(0.2 x + 0.5, 0), 1)"""
        return self.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@convention("activation of the gates", GRU, GRUCell, LSTM, LSTMCell, by="Keras before version 2.3: hard_sigmoid")
def hard(spec: Any) -> Iterator[Variant]:
    """min(max(0.2 x + 0.5, 0), 1)"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(spec)](spec, HardSigmoid(ops), p, x, run)

    yield Variant("its gates are min(max(0.2 x + 0.5, 0), 1)", formula)


@convention("nonlinearity of an RNN", RNN, RNNCell, by="layers whose default is the other one")
def nonlinearity(spec: Any) -> Iterator[Variant]:
    """tanh or ReLU"""
    yield from with_options(spec, nonlinearity="relu" if spec.nonlinearity == "tanh" else "tanh")


@convention("reverse direction in its own order", GRU, LSTM, RNN, by="Keras' go_backwards=True")
def backwards(spec: Any) -> Iterator[Variant]:
    """The reverse direction's outputs stand in the order in which it reads."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        y, *states = FORMULAS[type(spec)](spec, ops, p, x, run)
        half = y.shape[2] // 2
        turned = y[:, np.arange(y.shape[1])[::-1]]
        return (ops.concat([y[:, :, :half], turned[:, :, half:]], axis=2), *states)

    if spec.bidirectional and spec.num_layers == 1:
        yield Variant("its reverse direction's outputs stand in the order in which it reads", formula)
