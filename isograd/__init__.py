"""Write a model once. Run it from scratch in NumPy or in PyTorch. Prove that both compute the same thing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isograd import _checkout  # noqa: F401
from isograd import datasets as data
from isograd import progress as _progress
from isograd.core.base import initializers as init
from isograd.core.base.errors import (
    BackendError,
    DataError,
    FileError,
    IsogradError,
    NonFiniteError,
    ShapeError,
    SpecError,
    WeightsError,
)
from isograd.core.data.dataset import ArrayDataset, Changing, Dataset, Rowed, SampleDataset, Subset, whole
from isograd.core.data.pixels import Augmented, Mapped, Reconstructed, Scaling
from isograd.core.data.prepare import Splits, Standardizer, encode_labels, one_hot, split, standardize
from isograd.core.data.streams import Streams, Windows
from isograd.core.engine.protocol import Backend, Learner, Network
from isograd.core.engine.registry import backend_names, build, get_backend
from isograd.core.graph.entries import Buffer, Parameter
from isograd.core.graph.files import load, save
from isograd.core.graph.model import Model
from isograd.core.graph.residual import Residual
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerDecoderBlock, TransformerEncoderLayer
from isograd.core.graph.values import Input, Value
from isograd.core.layers import (
    ELU,
    GELU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    Add,
    Arange,
    AvgPool1d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Cast,
    Col2im,
    Concat,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    Dropout,
    Dropout2d,
    Embedding,
    Expand,
    Flatten,
    Flip,
    Full,
    Gather,
    GlobalAvgPool,
    GroupNorm,
    GRUCell,
    Identity,
    Im2col,
    Index,
    IndexPut,
    IndexSelect,
    InstanceNorm2d,
    LastStep,
    LayerNorm,
    LeakyReLU,
    Linear,
    LogSoftmax,
    LSTMCell,
    MatMul,
    MaxPool1d,
    MaxPool2d,
    MultiheadAttention,
    Multiply,
    OneHot,
    Pad,
    Permute,
    PositionalEncoding,
    ReLU,
    Repeat,
    RepeatInterleave,
    Reshape,
    RNNCell,
    Roll,
    Scatter,
    ScatterAdd,
    Select,
    SelectScatter,
    Sigmoid,
    SiLU,
    Slice,
    SliceScatter,
    Softmax,
    Softplus,
    Split,
    Stack,
    StopGradient,
    Subtract,
    Tanh,
    Tril,
    Triu,
    Unfold,
    Upsample,
    View,
    ZeroPad2d,
)
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, Loss, MSELoss, NLLLoss
from isograd.core.learning.metrics import MAE, MSE, R2, RMSE, Accuracy, Bits, Metric, Nats
from isograd.core.learning.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    ClipNorm,
    Clipping,
    ClipValue,
    Optimizer,
    RMSprop,
)
from isograd.core.learning.schedules import (
    CosineDecay,
    ExponentialDecay,
    FixedLR,
    LinearDecay,
    Schedule,
    StepDecay,
    WarmUp,
)
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.callbacks import Callback
from isograd.core.training.history import Epoch, History
from isograd.core.training.progress import drawn_by as _drawn_by
from isograd.core.training.state import TrainerState
from isograd.core.training.trainer import Trainer
from isograd.core.training.watching import StopFit

if TYPE_CHECKING:  # what is loaded when it is first asked for
    from isograd import experiments, text
    from isograd.core.graph.custom_decorator import custom
    from isograd.core.parity.check import check_parity
    from isograd.core.parity.gradients import check_gradients
    from isograd.experiments import Experiment, Options, Prepared, Recipe
    from isograd.text import Vocabulary, generate

__version__ = "0.1.0"

_LATER = {  # the same names by the module that holds them: most training needs none
    "isograd.core.graph.custom_decorator": ["custom"],
    "isograd.core.parity.check": ["check_parity"],
    "isograd.core.parity.gradients": ["check_gradients"],
    "isograd.experiments": ["Experiment", "Options", "Prepared", "Recipe", "experiments"],
    "isograd.text": ["Vocabulary", "generate", "text"],
}

_RENAMED = {"ConstantLR": "it is ig.FixedLR now, since torch's ConstantLR is another schedule"}


if not TYPE_CHECKING:  # a type checker knows every name from above, and no other

    def __getattr__(name: str) -> Any:
        """A name that is loaded when it is first asked for."""
        for place, names in _LATER.items():
            if name in names:
                module = import_module(place)
                found = module if place == f"{__name__}.{name}" else getattr(module, name)
                return globals().setdefault(name, found)
        hint = f": {_RENAMED[name]}" if name in _RENAMED else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_drawn_by(_progress.bar)

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MAE",
    "MSE",
    "R2",
    "RMSE",
    "RNN",
    "SGD",
    "Accuracy",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "Add",
    "Arange",
    "ArrayDataset",
    "Augmented",
    "AvgPool1d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "Backend",
    "BackendError",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bits",
    "Buffer",
    "Callback",
    "Cast",
    "Changing",
    "ClipNorm",
    "ClipValue",
    "Clipping",
    "Col2im",
    "Concat",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CosineDecay",
    "CrossEntropyLoss",
    "DataError",
    "Dataset",
    "Dropout",
    "Dropout2d",
    "EarlyStopping",
    "Embedding",
    "Epoch",
    "Expand",
    "Experiment",
    "ExponentialDecay",
    "FileError",
    "FixedLR",
    "Flatten",
    "Flip",
    "Full",
    "GRUCell",
    "Gather",
    "GlobalAvgPool",
    "GroupNorm",
    "History",
    "HuberLoss",
    "Identity",
    "Im2col",
    "Index",
    "IndexPut",
    "IndexSelect",
    "Input",
    "InstanceNorm2d",
    "IsogradError",
    "L1Loss",
    "LSTMCell",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Learner",
    "Linear",
    "LinearDecay",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "Mapped",
    "MatMul",
    "MaxPool1d",
    "MaxPool2d",
    "Metric",
    "Model",
    "MultiheadAttention",
    "Multiply",
    "NLLLoss",
    "Nats",
    "Network",
    "NonFiniteError",
    "OneHot",
    "Optimizer",
    "Options",
    "Pad",
    "Parameter",
    "Permute",
    "PositionalEncoding",
    "Prepared",
    "RMSprop",
    "RNNCell",
    "ReLU",
    "Recipe",
    "Reconstructed",
    "Repeat",
    "RepeatInterleave",
    "Reshape",
    "Residual",
    "Roll",
    "Rowed",
    "SampleDataset",
    "Scaling",
    "Scatter",
    "ScatterAdd",
    "Schedule",
    "Select",
    "SelectScatter",
    "Sequential",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Slice",
    "SliceScatter",
    "Softmax",
    "Softplus",
    "SpecError",
    "Split",
    "Splits",
    "Stack",
    "Standardizer",
    "StepDecay",
    "StopFit",
    "StopGradient",
    "Streams",
    "Subset",
    "Subtract",
    "Tanh",
    "Trainer",
    "TrainerState",
    "TransformerDecoderBlock",
    "TransformerEncoderLayer",
    "Tril",
    "Triu",
    "Unfold",
    "Upsample",
    "Value",
    "View",
    "Vocabulary",
    "WarmUp",
    "WeightsError",
    "Windows",
    "ZeroPad2d",
    "__version__",
    "backend_names",
    "build",
    "check_gradients",
    "check_parity",
    "custom",
    "data",
    "encode_labels",
    "experiments",
    "generate",
    "get_backend",
    "init",
    "load",
    "one_hot",
    "save",
    "split",
    "standardize",
    "text",
    "whole",
]
