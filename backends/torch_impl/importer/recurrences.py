"""Recurrent operations: states stand time first in PyTorch, batch first here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.layers.base import Misfit

TURNED = (1, 0, 2)  # (layers, N, H) ↔ (N, layers, H)


@operation("lstm.input")
def lstm(b: Any, a: Any) -> Any:
    return _stack(b, a, core.LSTM, a.hx)


@operation("gru.input")
def gru(b: Any, a: Any) -> Any:
    return _stack(b, a, core.GRU, [a.hx])


@operation("rnn_tanh.input")
def rnn_tanh(b: Any, a: Any) -> Any:
    return _stack(b, a, core.RNN, [a.hx])


@operation("rnn_relu.input")
def rnn_relu(b: Any, a: Any) -> Any:
    return _stack(b, a, core.RNN, [a.hx], nonlinearity="relu")


def _stack(b: Any, a: Any, kind: Any, states: Sequence[Any], **options: Any) -> Any:
    ways = ["", "_reverse"] if a.bidirectional else [""]
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if a.has_biases else [])]
    projects = len(a.params) == a.num_layers * len(ways) * (len(names) + 1)
    names += ["weight_hr"] if projects else []
    keys = [f"{name}_l{k}{way}" for k in range(a.num_layers) for way in ways for name in names]
    if len(keys) != len(a.params):
        raise Misfit(f"{len(keys)} weights", f"{len(a.params)}", "")
    weights = dict(zip(keys, a.params, strict=True))
    hidden = b.form(b.ref(weights["weight_ih_l0"])).axes[0] // kind.gates
    if projects:
        options["proj_size"] = b.form(b.ref(weights["weight_hh_l0"])).axes[1]
    dropout = a.dropout if a.train and a.num_layers > 1 else 0.0
    layer = kind(
        hidden, num_layers=a.num_layers, bidirectional=a.bidirectional, bias=a.has_biases, dropout=dropout, **options
    )
    x = a.input if a.batch_first else b.apply(core.Permute(TURNED), a.input)
    y, *ends = b.apply(layer, x, *(b.apply(core.Permute(TURNED), state) for state in states), weights=weights)
    return [y if a.batch_first else b.apply(core.Permute(TURNED), y), *(_turned(b, end) for end in ends)]


def _turned(b: Any, end: Any) -> Any:
    return b.apply(core.Permute(TURNED), end)
