"""Definitions of the layers that have no room of their own beside this file."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, exp, expm1, fsum, inf, log, log1p, pi, prod, sqrt, tanh
from typing import Any

from isograd.core import layers as core
from isograd.core.base.types import Array, Arrays, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.definitions.table import Index, defines


def logistic(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def softplus(x: float) -> float:
    return max(x, 0.0) + log1p(exp(-abs(x)))


def _gelu(spec: Any, x: float) -> float:
    if spec.approximate == "none":
        return x * (1 + erf(x / sqrt(2))) / 2
    return x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2


ELEMENTWISE: dict[type, Callable[[Any, float], float]] = {
    core.Identity: lambda s, x: x,
    core.Sigmoid: lambda s, x: logistic(x),
    core.Tanh: lambda s, x: tanh(x),
    core.ReLU: lambda s, x: max(x, 0.0),
    core.LeakyReLU: lambda s, x: x if x > 0 else s.negative_slope * x,
    core.ELU: lambda s, x: x if x > 0 else s.alpha * expm1(x),
    core.GELU: _gelu,
    core.SiLU: lambda s, x: x * logistic(x),
    core.Softplus: lambda s, x: x if s.beta * x > s.threshold else softplus(s.beta * x) / s.beta,
}


@defines(*ELEMENTWISE)
def elementwise(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return ELEMENTWISE[type(spec)](spec, float(x[0][i]))


@defines(core.Linear)
def linear(spec: core.Linear, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    row, weights = x[0][i[:-1]], p["weight"][i[-1]]
    products = [float(w) * float(v) for w, v in zip(weights, row, strict=True)]
    return fsum([*products, float(p["bias"][i[-1]])] if spec.bias else products)


@defines(core.Flatten, core.Reshape)
def moved(spec: Any, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    """The entry at the same place in reading order of the sample."""
    ((shape,),) = ([spec.out_shapes(x[0].shape[1:])],)
    place = 0
    for k, size in zip(i[1:], shape[0], strict=True):
        place = place * size + k
    return float(x[0][i[0]].ravel()[place])


@defines(core.Dropout)
def dropout(spec: core.Dropout, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    keep, value = 1 - spec.p, float(x[0][i])
    if not run.training:
        return value * keep if spec.scale == "inference" else value
    if run.random(x[0].shape)[i] < spec.p:
        return 0.0
    return value if spec.scale == "inference" else value / keep


def _line(x: Array, dim: int, i: Index) -> list[float]:
    """The entries of x along `dim` through index i."""
    place: list[Any] = list(i)
    place[dim] = slice(None)
    return [float(v) for v in x[tuple(place)]]


def log_softmax_at(line: list[float], value: float) -> float:
    top = max(line)
    return value - top - log(fsum(exp(v - top) for v in line))


@defines(core.Softmax)
def softmax(spec: core.Softmax, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return exp(log_softmax_at(_line(x[0], spec.dim, i), float(x[0][i])))


@defines(core.LogSoftmax)
def log_softmax(spec: core.LogSoftmax, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return log_softmax_at(_line(x[0], spec.dim, i), float(x[0][i]))


def _at(x: Array, i: Index) -> float:
    """x[i], an axis of length 1 standing for every index."""
    return float(x[tuple(0 if size == 1 else k for k, size in zip(i, x.shape, strict=True))])


@defines(core.Add)
def add(spec: core.Add, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return fsum(_at(value, i) for value in x)


@defines(core.Subtract)
def subtract(spec: core.Subtract, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return _at(x[0], i) - _at(x[1], i)


@defines(core.Multiply)
def multiply(spec: core.Multiply, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    return prod(_at(value, i) for value in x)


@defines(core.MatMul)
def matmul(spec: core.MatMul, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    *rest, row, column = i
    a, b = x[0][tuple(rest)], x[1][tuple(rest)]
    return fsum(float(a[row, k]) * float(b[k, column]) for k in range(a.shape[1]))


@defines(core.Concat)
def concat(spec: core.Concat, p: Tree, x: Arrays, i: Index, run: Run) -> float:
    axis = spec.dim % x[0].ndim
    place = list(i)
    for value in x:
        if place[axis] < value.shape[axis]:
            return float(value[tuple(place)])
        place[axis] -= value.shape[axis]
    return inf
