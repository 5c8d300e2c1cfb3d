"""Layers that read a sequence step by step and remember: RNN, GRU and LSTM, stacked, in one or both directions."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, InstanceOf

from isograd.core.base.description import Count, Fraction, Int, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.initializers import Fans, Initializer, Uniform, Weight
from isograd.core.base.limits import STACKED
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.sequence import check_steps

if TYPE_CHECKING:
    from isograd.core.graph.values import Value

Law = InstanceOf[Initializer] | None
Size = Annotated[Int, Field(ge=0)]


class Place(NamedTuple):
    """One layer of the stack in one direction: the number of its inputs, and how torch ends its weights' names."""

    layer: int
    reverse: bool
    features: int
    suffix: str


@describes("layer", abstract=True)
class Recurrent(Layer):
    """A stack of `num_layers` recurrences, each reading what the one below returns, with dropout in between

    x (N, T, F) → y (N, T, D·H), and the final states (N, num_layers·D, H), D = 2 if bidirectional, else 1. States are
    batch first (torch has them (num_layers·D, N, H)); layer 0 forward, layer 0 reverse, layer 1 forward, ….
    Weights as in torch: weight_ih_l0 (gates·H, F), weight_hh_l0 (gates·H, H), bias_ih_l0, bias_hh_l0 (gates·H,), and
    …_reverse. All of them start from U(−1/√H, 1/√H) unless weight_init=, recurrent_init=, bias_init= say otherwise.

    Call it on (x), (x, state), and with lengths=: whole numbers (N,), 1…T. Steps from a sample's length on are
    padding: they change neither state nor gradients, y is 0 there, and the reverse direction starts at the last step
    before them. Without a state it starts from 0.
    """

    hidden_size: Count = field(kw_only=False)
    num_layers: Annotated[Count, Field(le=STACKED)] = 1
    bias: bool = True
    bidirectional: bool = False
    dropout: Fraction = 0.0
    weight_init: Law = None
    recurrent_init: Law = None
    bias_init: Law = None

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 3

    def __post_init__(self) -> None:
        if self.dropout and self.num_layers == 1:
            raise SpecError(
                repr(self),
                wanted="num_layers=2 or more: dropout stands between layers",
                got="num_layers=1",
                fix="drop dropout=, or put ig.Dropout behind this layer",
            )

    def __call__(self, *values: Any, lengths: Value | None = None) -> Any:
        """(y, h_n) for graph values x, or x and the state; an LSTM takes and gives (h, c) as its state."""
        flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
        y, *final = super().__call__(*flat, *([] if lengths is None else [lengths]))
        return y, final[0] if self.states == 1 else tuple(final)

    @property
    def calls(self) -> int:
        return self.num_layers * self.directions

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Features of h: of one direction at one step."""
        return self.hidden_size

    def state_sizes(self) -> tuple[int, ...]:
        """Features of each state: h, and for an LSTM c."""
        return (self.output_size, self.hidden_size)[: self.states]

    def given(self, *x: Shape) -> tuple[bool, bool]:
        """Whether there is a state, and whether there are lengths, among inputs of these shapes."""
        lengths = len(x) > 1 and x[-1] == ()
        return len(x) - lengths > 1, lengths

    def places(self, features: int) -> list[Place]:
        """The recurrences of the stack, in the order of their states."""
        above = self.directions * self.output_size
        return [
            Place(layer, reverse, above if layer else features, f"_l{layer}{'_reverse' * reverse}")
            for layer in range(self.num_layers)
            for reverse in (False, True)[: self.directions]
        ]

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return {len(x) - 1: range(1, x[0][0] + 1)} if self.given(*x)[1] else {}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_steps(x[0])
        wanted = [(self.num_layers * self.directions, size) for size in self.state_sizes()]
        state, lengths = self.given(*x)
        if list(x[1:]) != wanted * state + [()] * lengths:
            states = " and ".join(map(shape_text, wanted))
            raise Misfit(
                f"x, after it a state {states} or none, and lengths (N,) or none",
                " and ".join(map(shape_text, x)),
                "a state has one row for each layer and direction, batch first; lengths=ig.Input(())",
            )
        return ((x[0][0], self.directions * self.output_size), *wanted)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        declared: dict[str, Weight] = {}
        for place in self.places(x[0][-1]):
            made = recurrent_weights(
                self, place.features, self.output_size, (self.weight_init, self.recurrent_init, self.bias_init)
            )
            declared |= {f"{name}{place.suffix}": weight for name, weight in made.items()}
        return declared


def recurrent_weights(spec: Any, features: int, output_size: int, laws: tuple[Law, Law, Law]) -> dict[str, Weight]:
    """weight_ih, weight_hh and, if asked for, bias_ih, bias_hh of one recurrence; the gates stand below each other."""
    rows, bound = spec.gates * spec.hidden_size, spec.hidden_size**-0.5
    law_ih, law_hh, law_b = (Uniform(low=-bound, high=bound) if law is None else law for law in laws)
    from_x, from_h = Fans(features, spec.hidden_size), Fans(output_size, spec.hidden_size)
    made = {
        "weight_ih": Weight((rows, features), law_ih, from_x),
        "weight_hh": Weight((rows, output_size), law_hh, from_h),
    }
    if spec.bias:
        made |= {"bias_ih": Weight((rows,), law_b, from_x), "bias_hh": Weight((rows,), law_b, from_h)}
    return made


@describes("layer")
class RNN(Recurrent):
    """hₜ = φ(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh),   φ = tanh or relu          (Elman 1990)"""

    __doc__ = f"{__doc__}\n\n{Recurrent.__doc__}"

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    gates: ClassVar[int] = 1


@describes("layer")
class GRU(Recurrent):
    """rₜ = σ(W_ir xₜ + b_ir + W_hr hₜ₋₁ + b_hr)        zₜ = σ(W_iz xₜ + b_iz + W_hz hₜ₋₁ + b_hz)
    nₜ = tanh(W_in xₜ + b_in + rₜ ⊙ (W_hn hₜ₋₁ + b_hn))        hₜ = (1 − zₜ) ⊙ nₜ + zₜ ⊙ hₜ₋₁

    reset="after" (cuDNN, torch): the reset gate acts after the product, as above. reset="before" (Cho et al. 2014,
    the book, Weidman 2019): nₜ = tanh(W_in xₜ + b_in + W_hn (rₜ ⊙ hₜ₋₁) + b_hn). In both, z is the share of the *old*
    state. The gates stand in the weights in the order r, z, n.
    """

    __doc__ = f"{__doc__}\n\n{Recurrent.__doc__}"

    reset: Literal["after", "before"] = "after"
    gates: ClassVar[int] = 3


@describes("layer")
class LSTM(Recurrent):
    """iₜ, fₜ, oₜ = σ(…)        gₜ = tanh(…)        each of W_i· xₜ + b_i· + W_h· hₜ₋₁ + b_h·
    cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ        hₜ = oₜ ⊙ tanh(cₜ)

    The state is (h, c). The gates stand in the weights in the order i, f, g, o. With proj_size=P > 0 the output is
    projected, hₜ = W_hr (oₜ ⊙ tanh(cₜ)), weight_hr_l0 (P, H), so that h has P features and c keeps H (Sak et al. 2014).
    """

    __doc__ = f"{__doc__}\n\n{Recurrent.__doc__}"

    proj_size: Size = 0
    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.proj_size >= self.hidden_size:
            raise SpecError(
                repr(self),
                wanted=f"proj_size below hidden_size={self.hidden_size}",
                got=f"{self.proj_size}",
                fix="a smaller proj_size, or 0 for none",
            )

    @property
    def output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def weights(self, *x: Shape) -> dict[str, Weight]:
        declared = super().weights(*x)
        if not self.proj_size:
            return declared
        law = self.recurrent_init or Uniform(low=-(self.hidden_size**-0.5), high=self.hidden_size**-0.5)
        projection = Weight((self.proj_size, self.hidden_size), law, Fans(self.hidden_size, self.proj_size))
        return declared | {f"weight_hr{place.suffix}": projection for place in self.places(x[0][-1])}
