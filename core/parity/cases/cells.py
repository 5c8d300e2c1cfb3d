"""Cases of one step of a recurrence."""

from __future__ import annotations

from typing import Any

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case
from isograd.core.parity.cases.recurrent import FEATURES, SCALE, UNITS


def cells(kind: Any, **options: Any) -> list[Case]:
    states = ((UNITS,),) * kind.states
    more = f" ({', '.join(map(str, options.values()))})" if options else ""
    return [
        Case(kind(UNITS, **options), ((FEATURES,), *states), f"from a state{more}", scale=SCALE),
        Case(kind(UNITS, **options), ((FEATURES,),), f"from zero{more}", batch=1, scale=SCALE),
        Case(kind(UNITS, bias=False, **options), ((FEATURES,), *states), f"no bias{more}", scale=SCALE),
    ]


CASES: dict[type[Description], list[Case]] = {
    L.RNNCell: [*cells(L.RNNCell), *cells(L.RNNCell, nonlinearity="relu")],
    L.GRUCell: [*cells(L.GRUCell), *cells(L.GRUCell, reset="before")],
    L.LSTMCell: cells(L.LSTMCell),
}
