"""Definitions of the recurrent layers and cells: one sample, one step, one unit at a time."""

from __future__ import annotations

from math import fsum, tanh
from typing import Any

from isograd.core import layers as core
from isograd.core.base.types import Arrays, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.definitions.layers import logistic
from isograd.core.parity.definitions.table import Index, defines

Vector = list[float]


def _row(p: Tree, name: str, bias: str, k: int, v: Vector) -> float:
    """Entry k of W v + b."""
    products = [float(w) * e for w, e in zip(p[name][k], v, strict=True)]
    return fsum([*products, float(p[bias][k])] if bias in p else products)


def rnn_step(spec: Any, p: Tree, x: Vector, state: tuple[Vector]) -> tuple[Vector]:
    (h,) = state
    sums = [
        _row(p, "weight_ih", "bias_ih", k, x) + _row(p, "weight_hh", "bias_hh", k, h) for k in range(spec.hidden_size)
    ]
    return ([tanh(a) if spec.nonlinearity == "tanh" else max(a, 0.0) for a in sums],)


def gru_step(spec: Any, p: Tree, x: Vector, state: tuple[Vector]) -> tuple[Vector]:
    (h,), size = state, spec.hidden_size

    def from_x(k: int) -> float:
        return _row(p, "weight_ih", "bias_ih", k, x)

    def from_h(k: int, v: Vector) -> float:
        return _row(p, "weight_hh", "bias_hh", k, v)

    r = [logistic(from_x(k) + from_h(k, h)) for k in range(size)]
    z = [logistic(from_x(size + k) + from_h(size + k, h)) for k in range(size)]
    if spec.reset == "after":
        inner = [r[k] * from_h(2 * size + k, h) for k in range(size)]
    else:
        kept = [r[k] * h[k] for k in range(size)]
        inner = [from_h(2 * size + k, kept) for k in range(size)]
    n = [tanh(from_x(2 * size + k) + inner[k]) for k in range(size)]
    return ([(1 - z[k]) * n[k] + z[k] * h[k] for k in range(size)],)


def lstm_step(spec: Any, p: Tree, x: Vector, state: tuple[Vector, Vector]) -> tuple[Vector, Vector]:
    (h, c), size = state, spec.hidden_size

    def gate(number: int, k: int) -> float:
        row = number * size + k
        return _row(p, "weight_ih", "bias_ih", row, x) + _row(p, "weight_hh", "bias_hh", row, h)

    new = [logistic(gate(1, k)) * c[k] + logistic(gate(0, k)) * tanh(gate(2, k)) for k in range(size)]
    out = [logistic(gate(3, k)) * tanh(new[k]) for k in range(size)]
    if "weight_hr" in p:
        out = [fsum(float(w) * v for w, v in zip(line, out, strict=True)) for line in p["weight_hr"]]
    return out, new


STEPS: dict[type, Any] = {
    core.RNN: rnn_step,
    core.RNNCell: rnn_step,
    core.GRU: gru_step,
    core.GRUCell: gru_step,
    core.LSTM: lstm_step,
    core.LSTMCell: lstm_step,
}


@defines(core.RNNCell, core.GRUCell, core.LSTMCell)
def cell(spec: Any, p: Tree, x: Arrays, i: Index, run: Run, output: int = 0) -> float:
    n, unit = i
    zero = [0.0] * spec.hidden_size
    state = tuple(v[n].tolist() for v in x[1:]) or (zero,) * spec.states
    found: Vector = STEPS[type(spec)](spec, p, x[0][n].tolist(), state)[output]
    return found[unit]


@defines(core.RNN, core.GRU, core.LSTM)
def recurrent(spec: Any, p: Tree, x: Arrays, i: Index, run: Run, output: int = 0) -> float:
    n, row, unit = i
    outputs, finals = unrolled(spec, p, x, n, run)
    return outputs[row][unit] if output == 0 else finals[row][output - 1][unit]


def unrolled(spec: Any, p: Tree, x: Arrays, n: int, run: Run) -> tuple[list[Vector], list[tuple[Vector, ...]]]:
    """(y of every step, final state of every layer and direction) of sample n."""
    has_state, has_lengths = spec.given(*(v.shape[1:] for v in x))
    steps = x[0].shape[1]
    length = int(x[-1][n]) if has_lengths else steps
    below: list[Vector] = x[0][n, :length].tolist()
    finals: list[tuple[Vector, ...]] = []
    for layer in range(spec.num_layers):
        if layer and run.training and spec.dropout:
            below = _dropped(spec, below, layer, n, len(x[0]), steps, run)
        both: list[list[Vector]] = []
        for reverse in range(spec.directions):
            suffix = f"_l{layer}" + "_reverse" * reverse
            own = {name.removesuffix(suffix): v for name, v in p.items() if name.endswith(suffix)}
            k = len(finals)
            state = (
                tuple(s[n, k].tolist() for s in x[1 : 1 + spec.states])
                if has_state
                else tuple([0.0] * size for size in spec.state_sizes())
            )
            seen = []
            for step in reversed(below) if reverse else below:
                state = STEPS[type(spec)](spec, own, step, state)
                seen.append(state[0])
            both.append(seen[::-1] if reverse else seen)
            finals.append(state)
        below = [[v for part in parts for v in part] for parts in zip(*both, strict=True)]
    nothing = [0.0] * len(below[0])
    return below + [nothing] * (steps - length), finals


def _dropped(spec: Any, h: list[Vector], layer: int, n: int, rows: int, steps: int, run: Run) -> list[Vector]:
    uniform = run.random((rows, steps, len(h[0])), f"dropout below layer {layer}")[n]
    return [
        [0.0 if uniform[t, k] < spec.dropout else v / (1 - spec.dropout) for k, v in enumerate(step)]
        for t, step in enumerate(h)
    ]
