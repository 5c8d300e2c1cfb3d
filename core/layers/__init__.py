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
from isograd.core.layers.attention import MultiheadAttention, PositionalEncoding, ScaledDotProductAttention
from isograd.core.layers.base import Layer
from isograd.core.layers.cells import GRUCell, LSTMCell, RNNCell
from isograd.core.layers.combine import Add, Concat, MatMul, Multiply, Subtract
from isograd.core.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d
from isograd.core.layers.dropout import Dropout, Dropout2d
from isograd.core.layers.einsum import Einsum
from isograd.core.layers.elementwise import Clamp, Number, Unary
from isograd.core.layers.embedding import Embedding, OneHot
from isograd.core.layers.linear import Linear
from isograd.core.layers.norm import BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm
from isograd.core.layers.ordering import ArgMax, ArgMin, ArgSort, MaxDim, MinDim, Sort, TopK
from isograd.core.layers.pairs import Binary, Compare, Logic, MaskedFill, Where
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
from isograd.core.layers.reductions import CumProd, CumSum, Reduce
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
    "ArgMax",
    "ArgMin",
    "ArgSort",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Binary",
    "Clamp",
    "Compare",
    "Concat",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CumProd",
    "CumSum",
    "Dropout",
    "Dropout2d",
    "Einsum",
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
    "Logic",
    "MaskedFill",
    "MatMul",
    "MaxDim",
    "MaxPool1d",
    "MaxPool2d",
    "MinDim",
    "MultiheadAttention",
    "Multiply",
    "Number",
    "OneHot",
    "PositionalEncoding",
    "RNNCell",
    "ReLU",
    "Reduce",
    "Reshape",
    "ScaledDotProductAttention",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Sort",
    "Subtract",
    "Tanh",
    "TopK",
    "Unary",
    "Upsample",
    "Where",
    "ZeroPad2d",
]
