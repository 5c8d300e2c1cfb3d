"""RNN, GRU and LSTM: a stack of scans, layer upon layer, in one or both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.gru import gru_scan
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.backends.numpy_impl.operations.scans import Scanned, lstm_scan, rnn_scan
from isograd.core.base.types import Array, Arrays, Backward, State, Tree
from isograd.core.layers import GRU, LSTM, RNN
from isograd.core.layers.recurrent import Recurrent

Scan = Callable[[Any, State, Array, Arrays, Array | None], Scanned]


@implements(RNN)
def rnn(spec: RNN, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is an `rnn_scan`."""
    return stacked(rnn_scan, spec, p, *x, run=run)


@implements(GRU)
def gru(spec: GRU, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is a `gru_scan`."""
    return stacked(gru_scan, spec, p, *x, run=run)


@implements(LSTM)
def lstm(spec: LSTM, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """Every layer and direction is an `lstm_scan`."""
    return stacked(lstm_scan, spec, p, *x, run=run)


def stacked(scan: Scan, spec: Recurrent, p: Tree, *x: Array, run: NodeRun) -> tuple[Arrays, Backward]:
    """y, final states = layers one upon the other, each a scan forward and, if asked for, one in reverse

    Between layers, in training: h ⊙ m,   m = [u ≥ p]/(1−p). The reverse direction scans time turned round; with
    lengths it meets the padding first, and passes it in its initial state.
    Inside, features stand first, then time, then the batch, as scans want them.
    """
    steps = x[0].shape[1]
    has_state, has_lengths = spec.given(*(v.shape[1:] for v in x))
    alive = np.arange(steps)[:, None] < x[-1] if has_lengths else None
    state = x[1 : 1 + spec.states] if has_state else zero_state(spec, x[0])
    h = zero_at_padding(np.ascontiguousarray(x[0].transpose(2, 1, 0)), alive)
    places = list(enumerate(spec.places(len(h))))
    layers = [places[k : k + spec.directions] for k in range(0, len(places), spec.directions)]
    masks: list[Array | None] = []
    finals, backs = [], []
    for layer in layers:
        masks.append(mask_below(spec, layer[0][1].layer, h, run))
        below = h if masks[-1] is None else h * masks[-1]
        outputs = []
        for k, place in layer:
            own = {name.removesuffix(place.suffix): v for name, v in p.items() if name.endswith(place.suffix)}
            turn = slice(None, None, -1 if place.reverse else 1)
            initial = tuple(s[:, k].T for s in state)
            (out, final), back = scan(spec, own, below[:, turn], initial, None if alive is None else alive[turn])
            outputs.append(out[:, turn])
            finals.append(final)
            backs.append(back)
        h = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def backward(dy: Array, *dfinal: Array) -> tuple[Any, State]:
        dh = zero_at_padding(np.ascontiguousarray(dy.transpose(2, 1, 0)), alive)
        grads: State = {}
        dstate = [np.empty_like(d) for d in dfinal]
        wanted = [run.needs_dx, *[True] * (spec.num_layers - 1)]
        for layer, mask, needs_dx in zip(reversed(layers), reversed(masks), reversed(wanted), strict=True):
            shares: list[Any] = []
            for (k, place), part in zip(layer, np.split(dh, spec.directions), strict=True):
                turn = slice(None, None, -1 if place.reverse else 1)
                dx, d_initial, own = backs[k](part[:, turn], tuple(d[:, k].T for d in dfinal), needs_dx)
                grads |= {f"{name}{place.suffix}": g for name, g in own.items()}
                for d, found in zip(dstate, d_initial, strict=True):
                    d[:, k] = found.T
                shares.append(dx[:, turn] if dx is not None else None)
            if needs_dx:
                dh = shares[0] if len(shares) == 1 else shares[0] + shares[1]
                dh = dh if mask is None else dh * mask
        if not run.needs_dx:
            return None, grads
        dx = dh.transpose(2, 1, 0)
        several = (dx, *dstate[: len(dstate) * has_state], *[None] * has_lengths)
        return several if len(several) > 1 else dx, grads

    y = zero_at_padding(h, alive).transpose(2, 1, 0)
    return (y, *(np.stack([final[s].T for final in finals], axis=1) for s in range(spec.states))), backward


def zero_state(spec: Recurrent, x: Array) -> Arrays:
    """Every state at 0, (N, num_layers·D, size)"""
    rows = spec.num_layers * spec.directions
    return tuple(np.zeros((len(x), rows, size), x.dtype) for size in spec.state_sizes())


def zero_at_padding(h: Array, alive: Array | None) -> Array:
    """h (H, T, N) with zeros, whatever stood there, where a column is not alive."""
    return h if alive is None else np.where(alive, h, h.dtype.type(0))


def mask_below(spec: Recurrent, layer: int, h: Array, run: NodeRun) -> Array | None:
    """What the inputs of a layer are multiplied by: dropout, in training, below every layer but the first."""
    if not (layer and run.training and spec.dropout):
        return None
    size, steps, rows = h.shape
    uniform = run.random((rows, steps, size), f"dropout below layer {layer}")
    scale = 1 / (1 - spec.dropout) if spec.dropout < 1 else 0.0
    kept: Array = (uniform >= spec.dropout) * h.dtype.type(scale)
    return kept.transpose(2, 1, 0)
