"""One step of a recurrence: what the recurrent layers repeat over time."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar, Literal

from isograd.core.base.description import Count, describes
from isograd.core.base.initializers import Weight
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.recurrent import Law, recurrent_weights


@describes("layer", abstract=True)
class Cell(Layer):
    """x (N, F), state (N, H) → new state (N, H); without a state it starts from 0

    weight_ih (gates·H, F), weight_hh (gates·H, H), bias_ih, bias_hh (gates·H,), all at first U(−1/√H, 1/√H).
    """

    hidden_size: Count = field(kw_only=False)
    bias: bool = True
    weight_init: Law = None
    recurrent_init: Law = None
    bias_init: Law = None

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 2

    def __call__(self, *values: Any) -> Any:
        """The new state for graph values x, or x and the state; an LSTM cell takes and gives (h, c)."""
        return super().__call__(*(v for value in values for v in (value if isinstance(value, tuple) else (value,))))

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        states = [(self.hidden_size,)] * self.states
        if len(x[0]) != 1 or list(x[1:]) not in ([], states):
            raise Misfit(
                f"x (N, F), and after it a state {' and '.join(map(shape_text, states))} or none",
                " and ".join(map(shape_text, x)),
                f"give one step and its state; for a whole sequence, ig.{type(self).__name__.removesuffix('Cell')}",
            )
        return tuple(states)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        laws = (self.weight_init, self.recurrent_init, self.bias_init)
        return recurrent_weights(self, x[0][-1], self.hidden_size, laws)


@describes("layer")
class RNNCell(Cell):
    """h' = φ(W_ih x + b_ih + W_hh h + b_hh),   φ = tanh or relu          x (N, F), h (N, H) → h' (N, H)"""

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    gates: ClassVar[int] = 1


@describes("layer")
class GRUCell(Cell):
    """r, z = σ(…)        n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))        h' = (1 − z) ⊙ n + z ⊙ h

    x (N, F), h (N, H) → h' (N, H). reset="before": n = tanh(W_in x + b_in + W_hn (r ⊙ h) + b_hn), as in `GRU`.
    """

    reset: Literal["after", "before"] = "after"
    gates: ClassVar[int] = 3


@describes("layer")
class LSTMCell(Cell):
    """i, f, o = σ(…)        g = tanh(…)        c' = f ⊙ c + i ⊙ g        h' = o ⊙ tanh(c')

    x (N, F), (h, c) (N, H) each → (h', c')
    """

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 3
