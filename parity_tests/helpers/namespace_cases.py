"""Small cases of every function and operator of the array namespace, each with the reason why it exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Shape


@dataclass(frozen=True)
class FunctionCase:
    """A function of (ops, *arrays) that calls `name`, on arrays of these shapes drawn from N(0, 1)."""

    name: str
    function: Callable[..., Any]
    shapes: tuple[Shape, ...]
    why: str
    draw: str = "normal"  # or "positive": in 0.5 … 1.5; "ties": whole numbers −1, 0, 1

    @property
    def title(self) -> str:
        return f"{self.name}: {self.why}"

    def arrays(self, dtype: str = "float64") -> list[Array]:
        rng = generator(0, "namespace case", self.title)
        drawn = {
            "normal": lambda shape: rng.normal(size=shape),
            "positive": lambda shape: rng.uniform(0.5, 1.5, size=shape),
            "ties": lambda shape: rng.integers(-1, 2, size=shape),
        }[self.draw]
        return [np.asarray(drawn(shape), dtype) for shape in self.shapes]


C = FunctionCase
ROWS = np.array([[0, 2], [2, 2]])
FLAGS = np.array([True, False, True])


def _reductions(name: str) -> list[FunctionCase]:
    def call(**options: Any) -> Callable[..., Any]:
        return lambda ops, x: getattr(ops, name)(x, **options)

    return [
        C(name, call(), ((3, 4),), "everything: one number"),
        C(name, call(axis=1), ((3, 4),), "one axis"),
        C(name, call(axis=-1, keepdims=True), ((3, 4),), "one axis, kept, counted from the end"),
        C(name, call(axis=(0, -1)), ((2, 3, 4),), "axes that do not lie side by side"),
        C(name, call(axis=(2, 0), keepdims=True), ((2, 3, 4),), "several axes, kept, not in order"),
        C(name, call(axis=0), ((3,),), "a vector"),
        C(name, call(keepdims=True), ((2, 5),), "everything, kept"),
    ]


OPERATORS = [
    C("add", lambda ops, a, b: a + b, ((3, 4), (3, 4)), "two of one shape"),
    C("add", lambda ops, a, b: a + b, ((2, 3, 1), (3, 4)), "both broadcast, one along a new axis"),
    C("add", lambda ops, a, b: a + b, ((2, 3), ()), "a single number as an array"),
    C("add", lambda ops, a: 1.5 + a + 2, ((3,),), "numbers on both sides"),
    C("add", lambda ops, a: a + a * a + a, ((3,),), "one value used several times"),
    C("subtract", lambda ops, a, b: a - b, ((3, 1), (1, 4)), "both broadcast"),
    C("subtract", lambda ops, a: 1 - (a - 2), ((3,),), "numbers on both sides"),
    C("multiply", lambda ops, a, b: a * b, ((2, 3), (3,)), "one broadcast"),
    C("multiply", lambda ops, a: 2 * a * 3.5, ((3,),), "numbers on both sides"),
    C("divide", lambda ops, a, b: a / b, ((2, 3), (3,)), "one broadcast", "positive"),
    C("divide", lambda ops, a: 2 / a / 4, ((3,),), "numbers on both sides", "positive"),
    C("power", lambda ops, a, b: a**b, ((2, 3), (3,)), "both have gradients", "positive"),
    C("power", lambda ops, a: a**3, ((5,),), "a whole power of negative values"),
    C("power", lambda ops, a: a**2 + a**1 + a**0, ((5,),), "at 0 and to the power 0", "ties"),
    C("power", lambda ops, a: a**-0.5, ((5,),), "a negative power", "positive"),
    C("power", lambda ops, a: 2**a, ((5,),), "a number to the power of an array"),
    C("power", lambda ops, a, b: (a * 0) ** b, ((3,), (3,)), "zero to a power: no gradient to the power", "positive"),
    C("power", lambda ops, a, b: a ** (b * 0), ((3,), (3,)), "to an array of zeros", "positive"),
    C("negative", lambda ops, a: -a, ((2, 3),), "plain"),
    C("matmul", lambda ops, a, b: a @ b, ((2, 3), (3, 4)), "two matrices"),
    C("matmul", lambda ops, a, b: a @ b, ((5, 2, 3), (5, 3, 4)), "a batch of them"),
    C("matmul", lambda ops, a, b: a @ b, ((5, 2, 3), (3, 4)), "a batch times one matrix"),
    C("matmul", lambda ops, a, b: a @ b, ((2, 1, 2, 3), (5, 3, 4)), "batches that broadcast on both sides"),
    C("matmul", lambda ops, a, b: a @ b, ((3,), (3,)), "two vectors"),
    C("matmul", lambda ops, a, b: a @ b, ((4, 2, 3), (3,)), "a batch times a vector"),
    C("matmul", lambda ops, a, b: a @ b, ((3,), (4, 3, 2)), "a vector times a batch"),
    C("index", lambda ops, x: x[1], ((3, 4),), "a whole number"),
    C("index", lambda ops, x: x[-1, 2], ((3, 4),), "one entry"),
    C("index", lambda ops, x: x[1:, ::2], ((3, 5),), "slices, one with a step"),
    C("index", lambda ops, x: x[:, None, ..., 1], ((3, 2, 4),), "a new axis and an ellipsis"),
    C("index", lambda ops, x: [row * k for k, row in enumerate(x)][-1], ((3, 4),), "taken row by row"),
    C("index", lambda ops, x: x[ROWS], ((3, 4),), "an array that names an entry three times"),
    C("index", lambda ops, x: x[:, ROWS], ((2, 3, 4),), "an array behind a slice"),
    C("index", lambda ops, x: x[np.arange(3), ROWS[:, :1]], ((3, 4),), "two arrays that broadcast"),
    C("index", lambda ops, x: x[FLAGS], ((3, 2),), "a mask"),
    C("index", lambda ops, x: x[1:] * x[:-1], ((4, 2),), "two slices that overlap"),
]

ELEMENTWISE = [
    C("exp", lambda ops, x: ops.exp(x), ((2, 3),), "plain"),
    C("expm1", lambda ops, x: ops.expm1(x * 1e-3), ((5,),), "near 0"),
    C("log", lambda ops, x: ops.log(x), ((5,),), "plain", "positive"),
    C("log1p", lambda ops, x: ops.log1p(x * 1e-3), ((5,),), "near 0"),
    C("sqrt", lambda ops, x: ops.sqrt(x), ((5,),), "plain", "positive"),
    C("sin", lambda ops, x: ops.sin(x), ((5,),), "plain"),
    C("cos", lambda ops, x: ops.cos(x), ((5,),), "plain"),
    C("tanh", lambda ops, x: ops.tanh(x), ((5,),), "plain"),
    C("sigmoid", lambda ops, x: ops.sigmoid(x), ((5,),), "plain"),
    C("sigmoid", lambda ops, x: ops.sigmoid(1000 * x), ((5,),), "far out: exp overflows"),
    C("erf", lambda ops, x: ops.erf(x), ((5,),), "plain"),
    C("abs", lambda ops, x: ops.abs(x), ((5,),), "both sides of 0"),
    C("abs", lambda ops, x: ops.abs(x), ((9,),), "at 0", "ties"),
    C("floor", lambda ops, x: ops.floor(3 * x) + x, ((5,),), "both sides of 0"),
    C("atan2", lambda ops, a, b: ops.atan2(a, b), ((4, 3), (3,)), "one broadcast, every quarter"),
    C("atan2", lambda ops, a, b: ops.atan2(a, b), ((9,), (9,)), "no angle at 0, 0", "ties"),
    C("atan2", lambda ops, x: ops.atan2(x, 1.0) + ops.atan2(2.0, x), ((5,),), "numbers on both sides"),
    C("maximum", lambda ops, a, b: ops.maximum(a, b), ((2, 3), (3,)), "one broadcast"),
    C("maximum", lambda ops, a, b: ops.maximum(a, b), ((9,), (9,)), "equal ones share", "ties"),
    C("maximum", lambda ops, x: ops.maximum(x, 0.25) + ops.maximum(0, x), ((5,),), "numbers on both sides"),
    C("minimum", lambda ops, a, b: ops.minimum(a, b), ((2, 3), (3,)), "one broadcast"),
    C("minimum", lambda ops, a, b: ops.minimum(a, b), ((9,), (9,)), "equal ones share", "ties"),
    C("minimum", lambda ops, x: ops.minimum(x, 0.25) + ops.minimum(0, x), ((5,),), "numbers on both sides"),
    C("clip", lambda ops, x: ops.clip(x, -0.5, 0.5), ((9,),), "within and beyond"),
    C("clip", lambda ops, x: ops.clip(x, -1.0, 0.5), ((9,),), "an end that is hit: still within", "ties"),
    C("where", lambda ops, a, b: ops.where(a > b, a, 2 * b), ((3, 4), (4,)), "one broadcast, a mask of values"),
    C("where", lambda ops, x: ops.where(x >= 0, x, 0.0), ((5,),), "a number where the mask is False"),
    C("where", lambda ops, x: ops.where(x < 0, 1.0, x), ((5,),), "a number where the mask is True"),
    C("where", lambda ops, x: ops.where(FLAGS, x, x * x), ((2, 3),), "a mask that is known beforehand"),
    C("where", lambda ops, x: ops.where(x == 0, 3 * x, ops.where(x != 1, x, -x)), ((9,),), "equal and unequal", "ties"),
    C("where", lambda ops, x: ops.where(x <= 0, x, 3 * x), ((9,),), "at the border of the mask", "ties"),
]

MOVING = [
    C("reshape", lambda ops, x: ops.reshape(x, (4, -1)), ((2, 3, 2),), "one axis inferred"),
    C("reshape", lambda ops, x: ops.reshape(x, ()), ((1, 1),), "to a number"),
    C("permute_dims", lambda ops, x: ops.permute_dims(x, (2, 0, 1)), ((2, 3, 4),), "a cycle: not its own inverse"),
    C("permute_dims", lambda ops, x: ops.permute_dims(x, (0, -1, 1)), ((2, 3, 4),), "counted from the end"),
    C("swapaxes", lambda ops, x: ops.swapaxes(x, -1, 0), ((2, 3, 4),), "first and last"),
    C("broadcast_to", lambda ops, x: ops.broadcast_to(x, (2, 3, 4)), ((3, 1),), "a new axis and a repeated one"),
    C("concat", lambda ops, a, b: ops.concat([a, b]), ((2, 3), (1, 3)), "along the first axis"),
    C("concat", lambda ops, a, b: ops.concat([a, b, a], axis=-1), ((2, 3), (2, 1)), "one of them twice, last axis"),
    C("stack", lambda ops, a, b: ops.stack([a, b]), ((2, 3), (2, 3)), "a new first axis"),
    C("stack", lambda ops, a, b: ops.stack([a, b, a], axis=-1), ((2, 3), (2, 3)), "one of them twice, a new last axis"),
    C("pad", lambda ops, x: ops.pad(x, ((1, 0), (0, 2))), ((2, 3),), "sides that differ"),
    C("pad", lambda ops, x: ops.pad(x, ((0, 0), (1, 1)), value=-2.0), ((2, 3),), "a value that shows"),
    C("zeros_like", lambda ops, x: ops.zeros_like(x) + x, ((2, 3),), "added to"),
    C("ones_like", lambda ops, x: ops.ones_like(x) * x, ((2, 3),), "multiplied by"),
    C("constant", lambda ops, x: x @ ops.constant(np.arange(6).reshape(3, 2), x), ((2, 3),), "whole numbers as floats"),
    C("constant", lambda ops, x: ops.constant(2.5, x) * x, ((2, 3),), "one number"),
    C("stop_gradient", lambda ops, x: ops.stop_gradient(x) * x, ((5,),), "one factor counts as a constant"),
]

NAMESPACE_CASES = [
    *OPERATORS,
    *ELEMENTWISE,
    *MOVING,
    *_reductions("sum"),
    *_reductions("mean"),
    *_reductions("max"),
    C("max", lambda ops, x: ops.max(x, axis=(0, 2)), ((3, 2, 3),), "equal ones: the first in reading order", "ties"),
    C("max", lambda ops, x: ops.max(x, axis=(2, 0)), ((3, 2, 3),), "equal ones, axes out of order", "ties"),
    C("max", lambda ops, x: ops.max(x), ((3, 3),), "equal ones everywhere: the first alone", "ties"),
]
