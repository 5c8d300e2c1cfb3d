"""Write a model once. Run it from scratch in NumPy or in PyTorch. Prove that both compute the same thing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isograd import _checkout  # noqa: F401
from isograd import datasets as data
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
from isograd.core.data.dataset import ArrayDataset, Dataset, SampleDataset, Subset, whole
from isograd.core.data.pixels import Augmented, Mapped, Reconstructed, Scaling
from isograd.core.data.prepare import Splits, Standardizer, one_hot, split, standardize
from isograd.core.data.streams import Streams, Windows
from isograd.core.engine.registry import backend_names, build, get_backend
from isograd.core.graph.files import load, save
from isograd.core.graph.model import Model
from isograd.core.graph.residual import Residual
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerDecoderBlock, TransformerEncoderLayer
from isograd.core.graph.values import Input
from isograd.core.layers import (
    ELU,
    GELU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    Add,
    AvgPool1d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    Dropout,
    Dropout2d,
    Embedding,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    GRUCell,
    Identity,
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
    PositionalEncoding,
    ReLU,
    Reshape,
    RNNCell,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Subtract,
    Tanh,
    Upsample,
    ZeroPad2d,
)
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, MSELoss, NLLLoss
from isograd.core.learning.metrics import MAE, MSE, R2, RMSE, Accuracy, Bits, Nats
from isograd.core.learning.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.learning.schedules import ConstantLR, CosineDecay, ExponentialDecay, LinearDecay, StepDecay, WarmUp
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.callbacks import Callback
from isograd.core.training.history import History
from isograd.core.training.state import TrainerState
from isograd.core.training.watching import StopFit
from isograd.trainer import Trainer

if TYPE_CHECKING:
    from isograd import text
    from isograd.core.graph.custom_decorator import custom
    from isograd.core.parity.check import check_parity
    from isograd.core.parity.gradients import check_gradients
    from isograd.text import Vocabulary, generate

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The parity engine, custom functions and text are loaded when first asked for: most training needs none."""
    if name == "custom":
        from isograd.core.graph.custom_decorator import custom

        return custom
    if name == "check_parity":
        from isograd.core.parity.check import check_parity

        return check_parity
    if name in ("Vocabulary", "generate", "text"):
        module = import_module("isograd.text")
        return module if name == "text" else getattr(module, name)
    if name == "check_gradients":
        from isograd.core.parity.gradients import check_gradients

        return check_gradients
    raise AttributeError(f"module 'isograd' has no attribute {name!r}")


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
    "ArrayDataset",
    "Augmented",
    "AvgPool1d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BackendError",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bits",
    "Callback",
    "ClipNorm",
    "ClipValue",
    "Concat",
    "ConstantLR",
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
    "ExponentialDecay",
    "FileError",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GroupNorm",
    "History",
    "HuberLoss",
    "Identity",
    "Input",
    "InstanceNorm2d",
    "IsogradError",
    "L1Loss",
    "LSTMCell",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LinearDecay",
    "LogSoftmax",
    "MSELoss",
    "Mapped",
    "MatMul",
    "MaxPool1d",
    "MaxPool2d",
    "Model",
    "MultiheadAttention",
    "Multiply",
    "NLLLoss",
    "Nats",
    "NonFiniteError",
    "OneHot",
    "PositionalEncoding",
    "RMSprop",
    "RNNCell",
    "ReLU",
    "Reconstructed",
    "Reshape",
    "Residual",
    "SampleDataset",
    "Scaling",
    "Sequential",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpecError",
    "Splits",
    "Standardizer",
    "StepDecay",
    "StopFit",
    "Streams",
    "Subset",
    "Subtract",
    "Tanh",
    "Trainer",
    "TrainerState",
    "TransformerDecoderBlock",
    "TransformerEncoderLayer",
    "Upsample",
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
