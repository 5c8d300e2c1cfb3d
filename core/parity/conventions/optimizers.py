"""Optimizers and clipping: rate, epsilon, decay, the count of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.errors import IsogradError
from isograd.core.learning.adaptive import ASGD, Adadelta, Adamax, NAdam, RAdam
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, Optimizer, RMSprop
from isograd.core.parity.conventions.table import Variant, convention
from isograd.core.parity.formulas import CLIPPING_FORMULAS, OPTIMIZER_FORMULAS
from isograd.core.parity.formulas.optimizers import Slots, Step, both_decays, uphill

COUNTING = (Adam, AdamW, Adamax, NAdam, RAdam, Adagrad)
DECAYING = (SGD, Adagrad, RMSprop, Adam, AdamW, Adadelta, Adamax, NAdam, RAdam, ASGD)


def as_optimizer(spec: Optimizer, said: str = "", **options: Any) -> Iterator[Variant]:
    """The optimizer with other options, where it takes them."""
    try:
        other = replace(spec, **options)
    except IsogradError:
        return
    if other != spec:
        told = said or ", ".join(f"{name}={value!r}" for name, value in options.items())
        yield Variant(told, lambda spec, *given: OPTIMIZER_FORMULAS[type(other)](other, *given))


@convention("rate inside or outside of the momentum", SGD, by="scikit-learn, Caffe, the book (Weidman 2019): inside")
def velocity(spec: SGD) -> Iterator[Variant]:
    """v ← μv + g, w ← w − ηv, or v ← μv + ηg, w ← w − v"""
    if spec.momentum:
        yield from as_optimizer(spec, velocity="step" if spec.velocity == "gradient" else "gradient")


@convention("first velocity", SGD, by="code that starts from v = 0: v = (1 − dampening)·g at the first step as well")
def dampened(spec: SGD) -> Iterator[Variant]:
    """v = (1 − τ) g at t = 1; and the moving mean, τ = μ"""

    def formula(spec: SGD, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        slots = {**slots, "momentum_buffer": ops.zeros_like(w)} if t == 1 else slots
        return OPTIMIZER_FORMULAS[SGD](spec, ops, lr, max(t, 2), w, g, slots)  # type: ignore[no-any-return]

    def mean(spec: SGD, *given: Any) -> Step:
        return formula(replace(spec, dampening=spec.momentum), *given)

    if spec.momentum and spec.velocity == "gradient":
        yield Variant("its dampening acts at the first step as well", formula)
        if not spec.nesterov:
            yield Variant("its velocity is the moving mean of the gradients", mean)


@convention("Nesterov's momentum", SGD, by="Keras, torch: nesterov=True")
def nesterov(spec: SGD) -> Iterator[Variant]:
    """w ← w − η(g + μv)"""
    if spec.momentum:
        yield from as_optimizer(spec, nesterov=not spec.nesterov)


def adams(root: Callable[[Namespace, Any, float, float], Any], corrected: bool = True) -> Callable[..., Step]:
    """Adam's formula with root(ops, v, 1 − β₂ᵗ, ε) in place of √v̂ + ε"""

    def formula(spec: Adam, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        w, g = both_decays(spec, spec.decoupled, lr, w, g)
        zeros, (b1, b2) = ops.zeros_like(w), spec.betas
        m = b1 * slots.get("exp_avg", zeros) + (1 - b1) * g
        v = b2 * slots.get("exp_avg_sq", zeros) + (1 - b2) * g**2
        new = {"exp_avg": m, "exp_avg_sq": v}
        if spec.amsgrad:
            v = new["max_exp_avg_sq"] = ops.maximum(v, slots.get("max_exp_avg_sq", zeros))
        first, second = (1 - b1**t, 1 - b2**t) if corrected else (1.0, 1.0)
        return w - lr * (m / first) / root(ops, v, second, spec.eps), new

    return formula


@convention(
    "place of Adam's epsilon", Adam, AdamW, by="TensorFlow, scikit-learn: before the correction; Chainer: inside"
)
def epsilon(spec: Adam) -> Iterator[Variant]:
    """√(v̂ + ε), or (√v + ε)/√(1 − β₂ᵗ)"""
    yield Variant("its eps stands inside the root", adams(lambda ops, v, c, eps: ops.sqrt(v / c + eps)))
    before = adams(lambda ops, v, c, eps: (ops.sqrt(v) + eps) / c**0.5)
    yield Variant("its eps stands before the correction of the bias", before)


@convention("correction of the bias", Adam, AdamW, by="BERT's AdamW: none")
def uncorrected(spec: Adam) -> Iterator[Variant]:
    """m and v as they are"""
    plain = adams(lambda ops, v, c, eps: ops.sqrt(v) + eps, corrected=False)
    yield Variant("it does not correct the bias", plain)


@convention("place of epsilon", RMSprop, Adagrad, by="TensorFlow: inside the root")
def inside(spec: Any) -> Iterator[Variant]:
    """√(s + ε)"""

    def adagrad(spec: Adagrad, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        g = uphill(spec, g) + spec.weight_decay * w
        total = (slots["sum"] if t > 1 else spec.initial_accumulator_value) + g**2
        return w - lr / (1 + (t - 1) * spec.lr_decay) * g / ops.sqrt(total + spec.eps), {"sum": total}

    formula = adagrad if isinstance(spec, Adagrad) else rmsprops(inside=True, rate=False)
    yield Variant("its eps stands inside the root", formula)


def rmsprops(*, inside: bool, rate: bool) -> Callable[..., Step]:
    """RMSprop's formula with ε inside the root, or with η inside the momentum"""

    def formula(spec: RMSprop, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        g = uphill(spec, g) + spec.weight_decay * w
        zeros = ops.zeros_like(w)
        new = {"square_avg": spec.alpha * slots.get("square_avg", zeros) + (1 - spec.alpha) * g**2}
        spread = new["square_avg"]
        if spec.centered:
            new["grad_avg"] = spec.alpha * slots.get("grad_avg", zeros) + (1 - spec.alpha) * g
            spread = spread - new["grad_avg"] ** 2
        step = g / (ops.sqrt(spread + spec.eps) if inside else ops.sqrt(spread) + spec.eps)
        if not spec.momentum:
            return w - lr * step, new
        before = spec.momentum * slots.get("momentum_buffer", zeros)
        new["momentum_buffer"] = before + (lr * step if rate else step)
        return w - (new["momentum_buffer"] if rate else lr * new["momentum_buffer"]), new

    return formula


@convention("rate inside RMSprop's momentum", RMSprop, by="TensorFlow, Keras")
def rate(spec: RMSprop) -> Iterator[Variant]:
    """b ← μb + ηg/a, w ← w − b"""
    if spec.momentum:
        yield Variant("its rate stands inside the momentum", rmsprops(inside=False, rate=True))


@convention("weight decay coupled or decoupled", *DECAYING, by="Loshchilov & Hutter 2019, AdamW of each library")
def decay(spec: Any) -> Iterator[Variant]:
    """g ← g + λw, or w ← w − ηλw; or w ← w − λw, whatever the rate"""
    if not spec.weight_decay:
        return
    bare = replace(spec, weight_decay=0.0)
    rule = OPTIMIZER_FORMULAS[type(spec)]

    def coupled(spec: Any, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        return rule(bare, ops, lr, t, w, g + (-1 if spec.maximize else 1) * spec.weight_decay * w, slots)  # type: ignore[no-any-return]

    def decoupled(spec: Any, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        return rule(bare, ops, lr, t, w - lr * spec.weight_decay * w, g, slots)  # type: ignore[no-any-return]

    def without_rate(spec: Any, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        return rule(bare, ops, lr, t, w - spec.weight_decay * w, g, slots)  # type: ignore[no-any-return]

    def afterwards(spec: Any, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        new, held = rule(bare, ops, lr, t, w, g, slots)
        return new - lr * spec.weight_decay * new, held

    yield Variant("its weight decay is decoupled", decoupled)
    yield Variant("its weight decay is coupled", coupled)
    yield Variant("its weight decay is not multiplied by the rate", without_rate)
    yield Variant("its weight decay acts after the step", afterwards)


@convention("count of steps", *COUNTING, by="code that counts from 0, or counts before and after the update")
def counted(spec: Any) -> Iterator[Variant]:
    """t + 1"""
    rule = OPTIMIZER_FORMULAS[type(spec)]

    def later(spec: Any, ops: Namespace, lr: float, t: int, w: Any, g: Any, slots: Slots) -> Step:
        starts = {name: slot.start for name, slot in spec.memory(tuple(w.shape)).items()}
        return rule(spec, ops, lr, t + 1, w, g, {**starts, **slots})  # type: ignore[no-any-return]

    yield Variant("it counts one step more", later)


@convention("start of Adagrad's sum", Adagrad, by="TensorFlow, Keras: 0.1")
def start(spec: Adagrad) -> Iterator[Variant]:
    """initial_accumulator_value"""
    for value in (0.1, 0.0):
        yield from as_optimizer(spec, initial_accumulator_value=value)


@convention("clipping before or after the decay", *DECAYING, by="TensorFlow 1's minimize with a regularization loss")
def clipped(spec: Any) -> Iterator[Variant]:
    """The gradients are clipped with λw in them."""

    def late(clip: Any, ops: Namespace, spec: Any, w: Mapping[str, Any], g: Mapping[str, Any]) -> Any:
        decayed = {path: g[path] + spec.weight_decay * w[path] for path in g}
        return CLIPPING_FORMULAS[type(clip)](clip, ops, decayed)

    bare = replace(spec, weight_decay=0.0)
    if spec.weight_decay and not getattr(spec, "decoupled", getattr(spec, "decoupled_weight_decay", False)):
        yield Variant(
            "gradients are clipped after weight decay is added",
            lambda spec, *given: OPTIMIZER_FORMULAS[type(spec)](bare, *given),
            clipped=late,
        )


@convention("norm that is clipped", ClipNorm, by="Keras' clipnorm: each gradient by its own; JAX: without 1e-6")
def norm(spec: ClipNorm) -> Iterator[Variant]:
    """Each gradient by its own norm; or max_norm/‖g‖ without 1e-6"""

    def each(spec: ClipNorm, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
        rule = CLIPPING_FORMULAS[ClipNorm]
        return {path: rule(spec, ops, {path: g})[path] for path, g in grads.items()}

    def exact(spec: ClipNorm, ops: Namespace, grads: Mapping[str, Any]) -> dict[str, Any]:
        size = ops.sqrt(sum(ops.sum(g * g) for g in grads.values()))
        return {path: g * spec.max_norm / ops.maximum(size, spec.max_norm) for path, g in grads.items()}

    yield Variant("each gradient is clipped by its own norm", each)
    yield Variant("its norm has no 1e-6 added", exact)
