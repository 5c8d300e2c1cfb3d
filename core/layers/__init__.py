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
from isograd.core.layers.axes import Expand, Flip, Permute, Repeat, RepeatInterleave, Roll, Tril, Triu, View
from isograd.core.layers.base import Layer
from isograd.core.layers.cells import GRUCell, LSTMCell, RNNCell
from isograd.core.layers.columns import Col2im, Im2col
from isograd.core.layers.combine import Add, Concat, MatMul, Multiply, Subtract
from isograd.core.layers.constants import Arange, Cast, Full, StopGradient
from isograd.core.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d
from isograd.core.layers.dropout import Dropout, Dropout2d
from isograd.core.layers.embedding import Embedding, OneHot
from isograd.core.layers.indexing import Gather, Index, IndexPut, IndexSelect, Scatter, ScatterAdd
from isograd.core.layers.linear import Linear
from isograd.core.layers.norm import BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm
from isograd.core.layers.padding import Pad
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
from isograd.core.layers.slices import Select, SelectScatter, Slice, SliceScatter, Split, Stack, Unfold

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "Add",
    "Arange",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Cast",
    "Col2im",
    "Concat",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Expand",
    "Flatten",
    "Flip",
    "Full",
    "GRUCell",
    "Gather",
    "GlobalAvgPool",
    "GroupNorm",
    "Identity",
    "Im2col",
    "Index",
    "IndexPut",
    "IndexSelect",
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
    "Pad",
    "Permute",
    "PositionalEncoding",
    "RNNCell",
    "ReLU",
    "Repeat",
    "RepeatInterleave",
    "Reshape",
    "Roll",
    "Scatter",
    "ScatterAdd",
    "Select",
    "SelectScatter",
    "SiLU",
    "Sigmoid",
    "Slice",
    "SliceScatter",
    "Softmax",
    "Softplus",
    "Split",
    "Stack",
    "StopGradient",
    "Subtract",
    "Tanh",
    "Tril",
    "Triu",
    "Unfold",
    "Upsample",
    "View",
    "ZeroPad2d",
]
