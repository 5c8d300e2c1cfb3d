"""How weights are laid out, and by what their gradients are divided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from isograd.core.base.arrays import Namespace
from isograd.core.base.types import Array, Tree
from isograd.core.layers import (
    Bilinear,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    Embedding,
    Linear,
)
from isograd.core.layers.conv import Filters
from isograd.core.parity.conventions.table import Variant, convention, with_weights
from isograd.core.parity.formulas import FORMULAS

FILTERS = (Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
LAYERS = tuple(FORMULAS)


def mirrored(ops: Namespace, w: Any, first: int) -> Any:
    """w backwards along every axis from `first` on"""
    for axis in range(first, w.ndim):
        w = w[(*[slice(None)] * axis, np.arange(w.shape[axis])[::-1])]
    return w


@convention("transposed weight", Linear, Bilinear, by="Keras, JAX, NumPy code that writes x @ W")
def transposed(spec: Any) -> Iterator[Variant]:
    """A weight of as many rows as columns does not show which is which."""

    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        return {**p, "weight": ops.swapaxes(p["weight"], -1, -2)}

    yield with_weights("its weight is transposed", read)


@convention("flipped kernel", *FILTERS, by="scipy.signal.convolve, Theano: convolution, not cross-correlation")
def flipped(spec: Filters) -> Iterator[Variant]:
    """w[o,c,u,v] reads w[o,c,−u,−v]."""
    yield with_weights("its kernel is flipped", lambda spec, ops, p: {**p, "weight": mirrored(ops, p["weight"], 2)})


@convention("order of the kernel's axes", *FILTERS, by="Caffe of older versions, code with (width, height)")
def turned(spec: Filters) -> Iterator[Variant]:
    """w[o,c,u,v] reads w[o,c,v,u]: seen where the kernel is square."""
    if spec.axes == 2:
        yield with_weights(
            "its kernel's height and width are swapped",
            lambda spec, ops, p: {**p, "weight": ops.swapaxes(p["weight"], 2, 3)},
        )


@convention("order of the weight's channels", *FILTERS, by="TensorFlow's transposed convolutions")
def exchanged(spec: Filters) -> Iterator[Variant]:
    """w[o,c,…] reads w[c,o,…]: seen where there are as many filters as channels."""
    yield with_weights(
        "its weight's input and output channels are swapped",
        lambda spec, ops, p: {**p, "weight": ops.swapaxes(p["weight"], 0, 1)},
    )


@convention("scaled embedding", Embedding, by="Vaswani et al. 2017, tensor2tensor")
def scaled(spec: Embedding) -> Iterator[Variant]:
    """y = √E · W[x]"""

    def read(spec: Any, ops: Namespace, p: Tree) -> Tree:
        return {**p, "weight": p["weight"] * float(p["weight"].shape[1]) ** 0.5}

    yield with_weights("its rows are scaled by the root of their length", read)


def of_weights(factor: float, what: str) -> float:
    return 1.0 if what.startswith("dx") else factor


@convention("factor of weight gradients", *LAYERS, by="code that averages the gradients of weights over the batch")
def averaged(spec: Any) -> Iterator[Variant]:
    """1/N, N and for sequences 1/T"""

    def rows(what: str, x: Sequence[Array]) -> float:
        return of_weights(1 / len(x[0]), what)

    def steps(what: str, x: Sequence[Array]) -> float:
        return of_weights(1 / x[0].shape[1], what)

    yield Variant("its weights' gradients are divided by the batch size", share=rows)
    yield Variant("its weights' gradients are multiplied by the batch size", share=lambda what, x: 1 / rows(what, x))
    if "T" in (type(spec).__doc__ or "").partition("\n")[0]:
        yield Variant("its weights' gradients are divided by the number of steps", share=steps)
