"""Optimizer and gradient-clipping descriptions, named as in torch.optim.

`w` is a weight, `g` its gradient, η the learning rate, t the step, counted from 1.
"""

from __future__ import annotations

from dataclasses import field
from math import inf
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from isograd.core.base.description import Description, Finite, NonNegative, Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape

Beta = Annotated[float, Field(ge=0, lt=1)]
ZERO = 1e-37  # what is smaller may be rounded to nothing in float32


def as_pair(value: object) -> object:
    """JSON has lists where Python has tuples."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError("two numbers")
    return tuple(value)


Betas = Annotated[tuple[Beta, Beta], BeforeValidator(as_pair)]


class Slot(NamedTuple):
    """An array that is remembered for a weight: its shape, and what every entry is before the first step."""

    shape: Shape
    start: float = 0.0


@describes("optimizer", abstract=True)
class Optimizer(Description):
    """How a gradient changes a weight. `slots` names the arrays of a weight's shape that it remembers for each.

    `maximize`: the loss is to grow: g ← −g before anything else. `entrywise`: whether an entry of the weight and of
    its slots depends on no other; where it is False, a rule sees the whole weight in its own shape.
    """

    lr: NonNegative = field(kw_only=False)
    maximize: bool = False
    entrywise: ClassVar[bool] = True
    searches: ClassVar[bool] = False  # whether a step asks again for loss and gradients, of all weights together

    @property
    def slots(self) -> tuple[str, ...]:
        return ()

    def memory(self, shape: Shape) -> dict[str, Slot]:
        """All that is remembered for a weight of this shape; SpecError for one that it cannot train."""
        return {name: Slot(shape) for name in self.slots}

    def of_dtype(self, dtype: str) -> Optimizer:
        """The same, with what depends on the weights' dtype written out: as it is judged in a wider one."""
        return self

    def reach(self, lr: float, g: float, w: float) -> float:
        """A bound of every number that a step computes, |Δw| among them, from gradients of at most g, weights of at
        most w and rates of at most lr, so far; inf where there is none.
        """
        return inf


def divided(value: float, by: float) -> float:
    """value/by; inf where `by` may be nothing once it is rounded"""
    return value / by if by > ZERO else inf


@describes("optimizer")
class SGD(Optimizer):
    """g ← g + weight_decay·w;   v ← momentum·v + (1−dampening)·g (v = g at t = 1);   w ← w − η·v

    nesterov: w ← w − η·(g + momentum·v). Without momentum w ← w − η·g.
    velocity="gradient" (torch): η stands outside the velocity, as above.
    velocity="step" (the book, Weidman 2019; scikit-learn): v ← momentum·v + (1−dampening)·η·g from v = 0;   w ← w − v
    (nesterov: w ← w − (η·g + momentum·v)). The two agree until η changes.
    """

    lr: NonNegative = field(kw_only=False, default=0.001)
    momentum: NonNegative = 0.0
    dampening: Finite = 0.0
    weight_decay: NonNegative = 0.0
    nesterov: bool = False
    velocity: Literal["gradient", "step"] = "gradient"

    def __post_init__(self) -> None:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise SpecError(
                repr(self),
                wanted="momentum > 0 and dampening 0 with nesterov=True",
                got=f"momentum={self.momentum}, dampening={self.dampening}",
                fix="SGD(lr, momentum=0.9, nesterov=True)",
            )

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum_buffer",) if self.momentum else ()

    def reach(self, lr: float, g: float, w: float) -> float:
        """|v| ≤ max(1, |1−τ|)·d/(1−μ),   d = g + λw;   |Δw| ≤ η(d + |v|)"""
        d = g + self.weight_decay * w
        v = divided(d * max(1.0, abs(1 - self.dampening)), 1 - self.momentum)
        return max(1.0, lr) * (d + v)


@describes("optimizer")
class Adagrad(Optimizer):
    """g ← g + weight_decay·w;   s ← s + g²;   w ← w − η/(1 + (t−1)·lr_decay) · g/(√s + eps)   (Duchi et al. 2011)"""

    lr: NonNegative = field(kw_only=False, default=0.01)
    lr_decay: NonNegative = 0.0
    weight_decay: NonNegative = 0.0
    initial_accumulator_value: NonNegative = 0.0
    eps: NonNegative = 1e-10

    @property
    def slots(self) -> tuple[str, ...]:
        return ("sum",)

    def memory(self, shape: Shape) -> dict[str, Slot]:
        return {"sum": Slot(shape, self.initial_accumulator_value)}

    def reach(self, lr: float, g: float, w: float) -> float:
        """d² and |Δw| ≤ η·d/eps,   d = g + λw"""
        d = g + self.weight_decay * w
        return d * d + max(1.0, lr) * divided(d, self.eps)


@describes("optimizer")
class RMSprop(Optimizer):
    """g ← g + weight_decay·w;   s ← alpha·s + (1−alpha)·g²;   a = √s (centered: √(s − ḡ²)) + eps

    ḡ ← alpha·ḡ + (1−alpha)·g.  w ← w − η·g/a;  with momentum b ← momentum·b + g/a;  w ← w − η·b.
    eps stands outside the root, as in torch (TensorFlow puts it inside).
    """

    lr: NonNegative = field(kw_only=False, default=0.01)
    alpha: Beta = 0.99
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    momentum: NonNegative = 0.0
    centered: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square_avg", *(["momentum_buffer"] if self.momentum else []), *(["grad_avg"] if self.centered else []))

    def reach(self, lr: float, g: float, w: float) -> float:
        """d² and |Δw| ≤ η·(d/eps)/(1−μ),   d = g + λw; centered, rounding may leave s − ḡ² below 0: no bound"""
        d = g + self.weight_decay * w
        step = divided(divided(d, self.eps), 1 - self.momentum)
        return inf if self.centered else d * d + max(1.0, lr) * step


@describes("optimizer")
class Adam(Optimizer):
    """m ← β₁m + (1−β₁)g;   v ← β₂v + (1−β₂)g²;   w ← w − η·m̂/(√v̂ + eps),   ·̂ = ·/(1−βᵗ)

    g ← g + weight_decay·w before (L2, not decoupled). amsgrad: v̂ takes the largest v so far.
    eps stands outside the root and after bias correction (Kingma & Ba 2015, Alg. 1; torch);
    scikit-learn puts it before.
    """

    lr: NonNegative = field(kw_only=False, default=0.001)
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    amsgrad: bool = False
    decoupled: ClassVar[bool] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if self.amsgrad else []))

    def reach(self, lr: float, g: float, w: float) -> float:
        """d², v̂ ≤ d²/(1−β₂) and |Δw| ≤ η·(d/eps)/(1−β₁) + ηλw,   d = g + λw (AdamW: g)"""
        decay = self.weight_decay * w
        d = g if self.decoupled else g + decay
        step = divided(divided(d, self.eps), 1 - self.betas[0])
        return divided(d * d, 1 - self.betas[1]) + max(1.0, lr) * (step + decay)


@describes("optimizer")
class AdamW(Adam):
    """Adam, with w ← w − η·weight_decay·w instead of L2 in the gradient    (Loshchilov & Hutter 2019)"""

    weight_decay: NonNegative = 0.01
    decoupled: ClassVar[bool] = True


@describes("clipping", abstract=True)
class Clipping(Description):
    """What is done to the gradients before a step."""


@describes("clipping")
class ClipValue(Clipping):
    """g ← min(max(g, −limit), limit), entry by entry"""

    limit: Positive = field(kw_only=False)


@describes("clipping")
class ClipNorm(Clipping):
    """g ← g · min(1, max_norm / (‖g‖₂ + 1e-6)), the norm taken over all weights together (torch's formula)"""

    max_norm: Positive = field(kw_only=False)
