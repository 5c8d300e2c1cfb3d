"""Layer descriptions, one file a family; `backends/numpy_impl/operations/` mirrors the file names."""

from isograd.core.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from isograd.core.layers.base import Layer
from isograd.core.layers.combine import Add, Concat, MatMul, Multiply, Subtract
from isograd.core.layers.dropout import Dropout
from isograd.core.layers.linear import Linear
from isograd.core.layers.shape import Flatten, Identity, Reshape

__all__ = [
    "ELU",
    "GELU",
    "Add",
    "Concat",
    "Dropout",
    "Flatten",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MatMul",
    "Multiply",
    "ReLU",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Subtract",
    "Tanh",
]
