"""Formulas of RNN, GRU and LSTM: the cell's step, again and again, layer upon layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Tree
from isograd.core.engine.context import Run
from isograd.core.layers import GRU, LSTM, RNN
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.formulas.cells import State, gru_step, lstm_step, rnn_step, zeros
from isograd.core.parity.formulas.dropout import thinned
from isograd.core.parity.formulas.table import formula, terms_formula
from isograd.core.parity.matching import largest

Step = Callable[[Any, Namespace, Tree, Any, State], State]
STEPS: dict[type[Recurrent], Step] = {RNN: rnn_step, GRU: gru_step, LSTM: lstm_step}


@formula(RNN, GRU, LSTM)
def recurrent(spec: Recurrent, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
    """Every layer reads what the one below returned, in training thinned by dropout; (y, final states)"""
    lengths = x[-1] if len(x) > 1 and x[-1].ndim == 1 else None
    given = x[1 : len(x) - (lengths is not None)]
    y = x[0]
    finals: list[State] = []
    for layer in range(spec.num_layers):
        if layer and run.training and spec.dropout:
            y = thinned(ops, y, run.random(tuple(y.shape), f"dropout below layer {layer}"), spec.dropout)
        outputs = []
        for suffix in (f"_l{layer}", f"_l{layer}_reverse") if spec.bidirectional else (f"_l{layer}",):
            own = {name.removesuffix(suffix): w for name, w in p.items() if name.endswith(suffix)}
            if given:
                state: State = tuple(s[:, len(finals)] for s in given)
            else:
                state = started(spec, ops, own, y)
            seen, state = over_time(spec, ops, own, y, state, lengths, reverse=suffix.endswith("reverse"))
            outputs.append(seen)
            finals.append(state)
        y = ops.concat(outputs, axis=2)
    return (y, *(ops.stack(states, axis=1) for states in zip(*finals, strict=True)))


@terms_formula(RNN, GRU, LSTM)
def recurrent_terms(
    spec: Recurrent, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run, dy: tuple[Any, ...]
) -> dict[str, Any]:
    """Slopes of gates are σ (1 − σ) and 1 − tanh²: of sure gates nothing is left; max |dy| as if all of them were 1

    Through each layer above, its largest |weight_ih|; dweight_ih of the first by the largest |x|.
    """
    terms: dict[str, Any] = {}
    reaches = max(largest(each) for each in dy)
    for layer in reversed(range(spec.num_layers)):
        own = {name: values for name, values in p.items() if name.partition("_l")[2].partition("_")[0] == f"{layer}"}
        terms |= {f"d{name}": reaches * np.ones_like(values) for name, values in own.items()}
        entering = {name: values for name, values in own.items() if name.startswith("weight_ih")}
        if not layer:
            terms |= {f"d{name}": reaches * largest(x[0]) * np.ones_like(values) for name, values in entering.items()}
        reaches *= max(largest(values) for values in entering.values())
    return terms | {"dx": reaches * np.ones_like(x[0])}


def started(spec: Recurrent, ops: Namespace, p: Tree, x: Any) -> State:
    """Zeros (N, features of h), and for an LSTM (N, features of c): as many as weight_hh reads, and hidden_size"""
    h = zeros(ops, x, p["weight_hh"].shape[1])
    return (h, zeros(ops, x, spec.hidden_size)) if isinstance(spec, LSTM) else (h,)


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
