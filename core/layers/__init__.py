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
from isograd.core.layers.attention import MultiheadAttention, PositionalEncoding
from isograd.core.layers.base import Layer
from isograd.core.layers.cells import GRUCell, LSTMCell, RNNCell
from isograd.core.layers.combine import Add, Concat, MatMul, Multiply, Subtract
from isograd.core.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d
from isograd.core.layers.dropout import Dropout, Dropout2d
from isograd.core.layers.embedding import Embedding, OneHot
from isograd.core.layers.linear import Linear
from isograd.core.layers.norm import BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm
from isograd.core.layers.pool import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    MaxPool1d,
    MaxPool2d,
)
from isograd.core.layers.recurrent import GRU, LSTM, RNN
from isograd.core.layers.resize import Upsample, ZeroPad2d
from isograd.core.layers.sequence import LastStep
from isograd.core.layers.shape import Flatten, Identity, Reshape

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "Add",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Concat",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GroupNorm",
    "Identity",
    "InstanceNorm2d",
    "LSTMCell",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MatMul",
    "MaxPool1d",
    "MaxPool2d",
    "MultiheadAttention",
    "Multiply",
    "OneHot",
    "PositionalEncoding",
    "RNNCell",
    "ReLU",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Subtract",
    "Tanh",
    "Upsample",
    "ZeroPad2d",
]
