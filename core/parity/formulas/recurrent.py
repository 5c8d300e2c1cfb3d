"""Formulas of RNN, GRU and LSTM: the cell's step, again and again, layer upon layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import GRU, LSTM, RNN
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.formulas.cells import State, gru_step, lstm_step, rnn_step, zeros
from isograd.core.parity.formulas.dropout import thinned
from isograd.core.parity.formulas.table import formula

Step = Callable[[Any, Namespace, Tree, Any, State], State]
STEPS: dict[type[Recurrent], Step] = {RNN: rnn_step, GRU: gru_step, LSTM: lstm_step}


@formula(RNN, GRU, LSTM)
def recurrent(spec: Recurrent, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Every layer reads what the one below returned, in training thinned by dropout; (y, final states)"""
    has_state, has_lengths = spec.given(*(tuple(v.shape[1:]) for v in x))
    lengths = x[-1] if has_lengths else None
    y = x[0]
    finals: list[State] = []
    for layer in range(spec.num_layers):
        if layer and run.training and spec.dropout:
            y = thinned(ops, y, run.random(tuple(y.shape), f"dropout below layer {layer}"), spec.dropout)
        outputs = []
        for suffix in (f"_l{layer}", f"_l{layer}_reverse")[: spec.directions]:
            if has_state:
                state = tuple(s[:, len(finals)] for s in x[1 : 1 + spec.states])
            else:
                state = tuple(zeros(ops, y, size) for size in spec.state_sizes())
            own = {name.removesuffix(suffix): w for name, w in p.items() if name.endswith(suffix)}
            seen, state = over_time(spec, ops, own, y, state, lengths, reverse=suffix.endswith("reverse"))
            outputs.append(seen)
            finals.append(state)
        y = ops.concat(outputs, axis=2)
    return (y, *(ops.stack(states, axis=1) for states in zip(*finals, strict=True)))


def over_time(
    spec: Recurrent, ops: Namespace, p: Tree, x: Any, state: State, lengths: Any, *, reverse: bool
) -> tuple[Any, State]:
    """h of every step in reading order, and the state at the end; at padding h is 0 and the state stays"""
    steps = x.shape[1]
    seen: dict[int, Any] = {}
    for t in reversed(range(steps)) if reverse else range(steps):
        new = STEPS[type(spec)](spec, ops, p, x[:, t], state)
        if lengths is None:
            seen[t], state = new[0], new
        else:
            alive = (lengths > t)[:, None]
            seen[t] = ops.where(alive, new[0], 0.0)
            state = tuple(ops.where(alive, after, before) for after, before in zip(new, state, strict=True))
    return ops.stack([seen[t] for t in range(steps)], axis=1), state
