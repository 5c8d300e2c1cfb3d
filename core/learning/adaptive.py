"""More optimizers of torch.optim: of averages and signs, entry by entry, and two that see a weight whole.

`w` is a weight, `g` its gradient (−g with maximize), η the learning rate, t the step, counted from 1.
"""

from __future__ import annotations

from dataclasses import field, replace
from math import inf, sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from isograd.core.base.description import Count, Finite, Fraction, NonNegative, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape
from isograd.core.learning.optimizers import Betas, Optimizer, Slot, as_pair, divided

Signs = Annotated[tuple[NonNegative, NonNegative], BeforeValidator(as_pair)]
Epsilons = Annotated[tuple[NonNegative | None, NonNegative], BeforeValidator(as_pair)]


def _three(value: object) -> object:
    """JSON has lists where Python has tuples."""
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError("three numbers")
    return tuple(value)


Coefficients = Annotated[tuple[Finite, Finite, Finite], BeforeValidator(_three)]
ENTRIES = 2.0**40  # that a weight has at most: a sum of squares over it is no more than so many times the largest


@describes("optimizer")
class Adadelta(Optimizer):
    """s ← rho·s + (1−rho)·g²;   Δ = g·√(a + eps)/√(s + eps);   a ← rho·a + (1−rho)·Δ²;   w ← w − η·Δ    (Zeiler 2012)

    g ← g + weight_decay·w before. Slots: square_avg (s) and acc_delta (a), both 0 at first. eps stands inside both
    roots. The paper has no η, which is lr=1.0 as in torch; Keras' default is 0.001.
    """

    lr: NonNegative = field(kw_only=False, default=1.0)
    rho: Fraction = 0.9
    eps: NonNegative = 1e-6
    weight_decay: NonNegative = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square_avg", "acc_delta")


@describes("optimizer")
class Adamax(Optimizer):
    """m ← β₁m + (1−β₁)g;   u ← max(β₂u, |g| + eps);   w ← w − η/(1−β₁ᵗ)·m/u    (Kingma & Ba 2015, Alg. 2)

    g ← g + weight_decay·w before. Slots: exp_avg (m), exp_inf (u). eps is added to |g| inside the maximum, as in
    torch; the paper has none, Keras adds it to u.
    """

    lr: NonNegative = field(kw_only=False, default=0.002)
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def reach(self, lr: float, g: float, w: float) -> float:
        """u ≤ d + eps and |Δw| ≤ η·(d/eps)/(1−β₁),   d = g + λw"""
        d = g + self.weight_decay * w
        return d + self.eps + max(1.0, lr) * divided(divided(d, self.eps), 1 - self.betas[0])


@describes("optimizer")
class NAdam(Optimizer):
    """m ← β₁m + (1−β₁)g;   v ← β₂v + (1−β₂)g²;   μₜ = β₁(1 − ½·0.96^(t·momentum_decay));   πₜ = μ₁⋯μₜ

    w ← w − η·((1−μₜ)/(1−πₜ)·g + μₜ₊₁/(1−πₜ·μₜ₊₁)·m)/(√(v/(1−β₂ᵗ)) + eps)    (Dozat 2016)
    Decay: g ← g + weight_decay·w before; decoupled_weight_decay: w ← w − η·weight_decay·w instead.
    Slots: exp_avg (m), exp_avg_sq (v), mu_product (π, one number). Keras fixes momentum_decay, 0.004 here, as well.
    """

    lr: NonNegative = field(kw_only=False, default=0.002)
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    momentum_decay: NonNegative = 4e-3
    decoupled_weight_decay: bool = False
    entrywise: ClassVar[bool] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def memory(self, shape: Shape) -> dict[str, Slot]:
        return {**super().memory(shape), "mu_product": Slot((), 1.0)}

    def reach(self, lr: float, g: float, w: float) -> float:
        """d², v̂ ≤ d²/(1−β₂) and |Δw| ≤ 2η·(d/eps)/(1−β₁) + ηλw,   d = g + λw"""
        decay = self.weight_decay * w
        d = g + decay
        step = 2 * divided(divided(d, self.eps), 1 - self.betas[0])
        return divided(d * d, 1 - self.betas[1]) + max(1.0, lr) * (step + decay)


@describes("optimizer")
class RAdam(Optimizer):
    """m ← β₁m + (1−β₁)g;   v ← β₂v + (1−β₂)g²;   ρₜ = ρ − 2tβ₂ᵗ/(1−β₂ᵗ),   ρ = 2/(1−β₂) − 1;   m̂ = m/(1−β₁ᵗ)

    ρₜ > 5: w ← w − η·m̂·r·√(1−β₂ᵗ)/(√v + eps),   r = √((ρₜ−4)(ρₜ−2)ρ/((ρ−4)(ρ−2)ρₜ));   else w ← w − η·m̂
    Decay: g ← g + weight_decay·w before; decoupled_weight_decay: w ← w − η·weight_decay·w instead. (Liu et al. 2020,
    who use the variance where ρₜ > 4 in the paper, and where it is 5 or more in their code: torch where it is above 5.)
    eps is added to √v before the correction of its bias. Slots: exp_avg (m), exp_avg_sq (v).
    """

    lr: NonNegative = field(kw_only=False, default=0.001)
    betas: Betas = (0.9, 0.999)
    eps: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    decoupled_weight_decay: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def rectified(self, t: int) -> float | None:
        """r at step t; None where the variance is not to be trusted yet"""
        keep = self.betas[1]
        longest = 2 / (1 - keep) - 1
        length = longest - 2 * t * keep**t / (1 - keep**t)
        if length <= 5:
            return None
        return sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))

    def reach(self, lr: float, g: float, w: float) -> float:
        """d² and |Δw| ≤ η·(d + d/eps)/(1−β₁) + ηλw,   d = g + λw"""
        decay = self.weight_decay * w
        d = g + decay
        step = divided(d + divided(d, self.eps), 1 - self.betas[0])
        return d * d + max(1.0, lr) * (step + decay)


@describes("optimizer")
class ASGD(Optimizer):
    """w ← w − ηₜ·lambd·w − ηₜ·g;   a ← a + μₜ(w − a) (a = w while μₜ = 1)    (Polyak & Juditsky 1992)

    η₁ = η and ηₜ₊₁ = η/(1 + lambd·η·t)^alpha;   μ₁ = 1 and μₜ₊₁ = 1/max(1, t − t0);   g ← g + weight_decay·w before.
    A step's rate is the one that the step before left, so that a schedule is felt a step later, as in torch.
    Slots: ax (a, the average), eta and mu (one number each). torch rounds eta and mu to float32 whatever the weights
    are; here they have the weights' dtype.
    """

    lr: NonNegative = field(kw_only=False, default=0.01)
    lambd: NonNegative = 1e-4
    alpha: NonNegative = 0.75
    t0: Finite = 1e6
    weight_decay: NonNegative = 0.0
    entrywise: ClassVar[bool] = False

    def memory(self, shape: Shape) -> dict[str, Slot]:
        return {"ax": Slot(shape), "eta": Slot((), self.lr), "mu": Slot((), 1.0)}

    def after(self, t: int, lr: float) -> tuple[float, float]:
        """(eta, mu) that step t leaves to the next."""
        return float(lr / (1 + self.lambd * lr * t) ** self.alpha), 1 / max(1.0, t - self.t0)

    def reach(self, lr: float, g: float, w: float) -> float:
        """|Δw| ≤ η(λw + d),   d = g + weight_decay·w; an average is no larger than what it is of"""
        d = g + self.weight_decay * w
        return max(1.0, lr) * (d + self.lambd * w)


@describes("optimizer")
class Rprop(Optimizer):
    """The sign of g alone: Δ ← min(max(Δ·k, low), high);   w ← w − sign(g)·Δ    (Riedmiller & Braun 1993)

    k = etas[1] where g has the sign that it had, etas[0] where it turned (then g counts as 0, in this step and as what
    it had in the next), 1 where either is 0. Δ is η at first; (low, high) = step_sizes. Later rates, and so schedules,
    change nothing. For whole batches: of small ones the signs are noise. Slots: prev (g), step_size (Δ).
    SpecError unless 0 < etas[0] < 1 < etas[1] and step_sizes are in order.
    """

    lr: NonNegative = field(kw_only=False, default=0.01)
    etas: Signs = (0.5, 1.2)
    step_sizes: Signs = (1e-6, 50.0)

    def __post_init__(self) -> None:
        (down, up), (low, high) = self.etas, self.step_sizes
        if not 0 < down < 1 < up or low > high:
            raise SpecError(
                repr(self),
                wanted="0 < etas[0] < 1 < etas[1], and step_sizes in order",
                got=f"etas={self.etas}, step_sizes={self.step_sizes}",
                fix="Rprop(etas=(0.5, 1.2), step_sizes=(1e-6, 50.0))",
            )

    def memory(self, shape: Shape) -> dict[str, Slot]:
        return {"prev": Slot(shape), "step_size": Slot(shape, self.lr)}

    def reach(self, lr: float, g: float, w: float) -> float:
        """Δ·k before it is kept within its bounds"""
        return max(lr, self.step_sizes[1]) * self.etas[1]


@describes("optimizer")
class Adafactor(Optimizer):
    """Adam's second moment by its rows and columns alone    (Shazeer & Stern 2018)

    b = t^beta2_decay;   α = max(eps₂, rms(w))·min(η, 1/√t);   w ← w − η·weight_decay·w;   w ← w − α·u/max(1, rms(u)/d)
    Two axes or more: r ← r + b(mean of g² along the last axis − r), c likewise along the one before it;
    v = r·c/max(mean of r, eps₁). One or none: v ← v + b(g² − v). u = g/max(√v, eps₁). rms(w) is of w before its decay.
    eps = (eps₁, eps₂); eps₁ None: the distance from 1 to the next number of the weights' dtype.
    Slots: row_var (…, n, 1) and col_var (…, 1, m), or variance. As in torch, where eps₁ stands after the factors and η
    bounds the relative step; the paper adds eps₁ to g² and fixes η at 0.01.
    """

    lr: NonNegative = field(kw_only=False, default=0.01)
    beta2_decay: Annotated[float, Field(le=0, allow_inf_nan=False)] = -0.8
    eps: Epsilons = (None, 1e-3)
    d: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    weight_decay: NonNegative = 0.0
    entrywise: ClassVar[bool] = False

    def memory(self, shape: Shape) -> dict[str, Slot]:
        if len(shape) < 2:
            return {"variance": Slot(shape)}
        return {"row_var": Slot((*shape[:-1], 1)), "col_var": Slot((*shape[:-2], 1, shape[-1]))}

    def of_dtype(self, dtype: str) -> Adafactor:
        tiny, least = self.eps
        return replace(self, eps=(float(np.finfo(dtype).eps), least)) if tiny is None else self

    def reach(self, lr: float, g: float, w: float) -> float:
        """Σ g², Σ w², g⁴ of factors that are multiplied, Σ u² ≤ Σ (g/eps₁)² and |Δw| ≤ η·(max(eps₂, w)·g/eps₁ + λw)

        eps₁ None: that of float32 in Σ u² (in float64 g⁴ is larger), that of float64 in |Δw|.
        """
        tiny, least = self.eps
        u = divided(g, 2.0**-23 if tiny is None else tiny)
        sums = ENTRIES * (g * g + w * w + u * u)
        step = max(least, w) * divided(g, 2.0**-52 if tiny is None else tiny)
        return sums + g * g * g * g + max(1.0, lr) * (step + self.weight_decay * w)


@describes("optimizer")
class Muon(Optimizer):
    """b ← momentum·b + (1−momentum)·g;   u = b (nesterov: momentum·b + (1−momentum)·g);   w ← w − η·weight_decay·w

    w ← w − η·k·o,   o = u made nearly orthogonal (Newton–Schulz): x = u/max(‖u‖₂, eps), then ns_steps times
    x ← a·x + (b·xxᵀ + c·(xxᵀ)²)x with ns_coefficients (a, b, c). For matrices (n, m): SpecError for any other weight.
    k = √max(1, n/m) ("original", the default), 0.2·√max(n, m) ("match_rms_adamw") or √(n/m) ("spectral_unclamped").
    Slot: momentum_buffer (b). torch computes the iteration in bfloat16; here it has the weights' dtype.
    (Jordan 2024; his first code averages no gradients: b ← momentum·b + g.)
    """

    lr: NonNegative = field(kw_only=False, default=0.001)
    weight_decay: NonNegative = 0.1
    momentum: Fraction = 0.95
    nesterov: bool = True
    ns_coefficients: Coefficients = (3.4445, -4.775, 2.0315)
    eps: NonNegative = 1e-7
    ns_steps: Annotated[Count, Field(lt=100)] = 5
    adjust_lr_fn: Literal["original", "match_rms_adamw", "spectral_unclamped"] | None = None
    entrywise: ClassVar[bool] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum_buffer",)

    def memory(self, shape: Shape) -> dict[str, Slot]:
        if len(shape) != 2:
            raise SpecError(
                repr(self),
                wanted="a model whose weights are all matrices",
                got=f"a weight of shape {shape}",
                fix="bias=False, or ig.AdamW()",
            )
        return super().memory(shape)

    def adjusted(self, shape: Shape) -> float:
        """k, for a matrix of this shape"""
        n, m = shape
        if self.adjust_lr_fn == "match_rms_adamw":
            return 0.2 * sqrt(max(n, m))
        return sqrt(n / m) if self.adjust_lr_fn == "spectral_unclamped" else sqrt(max(1.0, n / m))

    def reach(self, lr: float, g: float, w: float) -> float:
        """Σ g² and |Δw| ≤ η(k·σ + λw), σ the largest singular value that the iteration makes of those up to 1"""
        sigma = 1.0
        for _ in range(self.ns_steps):
            sigma = self._largest(sigma)
        decay = self.weight_decay * w
        return ENTRIES * g * g + max(1.0, lr) * (sqrt(ENTRIES) * sigma * (1 + 1e-3) + decay)

    def _largest(self, sigma: float) -> float:
        """max |a·x + b·x³ + c·x⁵| over 0 ≤ x ≤ sigma: at its end, or where a + 3b·x² + 5c·x⁴ = 0"""
        a, b, c = self.ns_coefficients
        if sigma > 1e30:
            return inf
        root = 9 * b * b - 20 * a * c
        squares = [(-3 * b + sign * sqrt(root)) / (10 * c) for sign in (1, -1) if root >= 0 and c]
        squares += [-a / (3 * b)] if not c and b else []
        places = [sigma, *(sqrt(square) for square in squares if 0 < square < sigma * sigma)]
        return max(abs(x * (a + x * x * (b + c * x * x))) for x in places)
