"""Cases of the recurrent layers: every combination of what changes their computation.

Inputs are small, or tanh would saturate: its derivative 1 − h² is then a difference of nearly equal numbers.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.types import Shape
from isograd.core.parity.cases.kinds import Case

FEATURES, UNITS, SCALE = 3, 2, 0.3


def of(layer: Any, why: str, *, steps: int = 4, state: bool = False, lengths: bool = False, batch: int = 3) -> Case:
    """A case of a recurrent layer, with a state and with lengths if asked for."""
    rows = layer.num_layers * layer.directions
    states = [(rows, size) for size in layer.state_sizes()] if state else []
    shapes: list[Shape] = [(steps, FEATURES), *states, *([()] if lengths else [])]
    return Case(layer, tuple(shapes), why, batch=batch, scale=SCALE)


def combinations(kind: Any, **options: Any) -> list[Case]:
    """1 to 3 layers, both directions, bias or none, state or none, lengths or none, one step or more, batch of one."""
    made = []
    choices = product([1, 2, 3], [False, True], [True, False], [False, True], [False, True], [4, 1], [3, 1])
    for layers, both, bias, state, lengths, steps, batch in choices:
        layer = kind(UNITS, num_layers=layers, bidirectional=both, bias=bias, **options)
        words = [f"{layers} layers", "both directions" * both, "no bias" * (not bias), "from a state" * state]
        words += ["lengths" * lengths, f"{steps} steps", f"batch of {batch}", *(str(v) for v in options.values())]
        made.append(of(layer, ", ".join(filter(None, words)), steps=steps, state=state, lengths=lengths, batch=batch))
    return made


def chosen(kind: Any, **options: Any) -> list[Case]:
    """The few that show every feature once, for what is too slow to be done for all combinations."""
    more = f" ({', '.join(map(str, options.values()))})" if options else ""
    return [
        of(kind(UNITS, **options), f"one layer{more}", state=True),
        of(kind(UNITS, **options), f"one step{more}", state=True, steps=1),
        of(kind(UNITS, bias=False, **options), f"no bias, no state{more}"),
        of(kind(UNITS, **options), f"lengths{more}", lengths=True),
        of(kind(UNITS, bidirectional=True, **options), f"both directions, lengths{more}", state=True, lengths=True),
        of(kind(UNITS, num_layers=2, bidirectional=True, **options), f"two layers, both directions{more}", state=True),
        of(kind(UNITS, num_layers=3, **options), f"three layers, one step, batch of one{more}", steps=1, batch=1),
        of(
            kind(UNITS, num_layers=3, bidirectional=True, dropout=0.4, **options),
            f"dropout between layers{more}",
            state=True,
            lengths=True,
        ),
        of(kind(UNITS, num_layers=2, dropout=0.4, **options), f"dropout between layers, no padding{more}"),
        of(kind(UNITS, num_layers=2, bidirectional=True, dropout=1.0, **options), f"everything dropped{more}"),
    ]


CASES: dict[type[Description], list[Case]] = {
    L.RNN: [*chosen(L.RNN), *chosen(L.RNN, nonlinearity="relu")],
    L.GRU: [*chosen(L.GRU), *chosen(L.GRU, reset="before")],
    L.LSTM: [*chosen(L.LSTM), *chosen(L.LSTM, proj_size=1)],
}

COMBINATIONS: list[Case] = [
    *combinations(L.RNN),
    *combinations(L.RNN, nonlinearity="relu"),
    *combinations(L.GRU),
    *combinations(L.GRU, reset="before"),
    *combinations(L.LSTM),
    *combinations(L.LSTM, proj_size=1),
]
