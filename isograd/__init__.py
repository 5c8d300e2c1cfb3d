"""Write a model once. Run it from scratch in NumPy or in PyTorch. Prove that both compute the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isograd import _checkout  # noqa: F401
from isograd import datasets as data
from isograd import later as _later
from isograd import progress as _progress
from isograd.core import layers as _layers
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
from isograd.core.engine.evaluating import LossGradients, loss_gradients
from isograd.core.engine.protocol import Backend, Learner, Network
from isograd.core.engine.registry import backend_names, build, get_backend
from isograd.core.graph.entries import Buffer, Parameter
from isograd.core.graph.files import load, save
from isograd.core.graph.model import Model
from isograd.core.graph.residual import Residual
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerDecoderBlock, TransformerDecoderLayer, TransformerEncoderLayer
from isograd.core.graph.transformer_stacks import Transformer, TransformerDecoder, TransformerEncoder
from isograd.core.graph.values import Input, Value
from isograd.core.layers import *  # noqa: F403
from isograd.core.learning.adaptive import ASGD, Adadelta, Adafactor, Adamax, Muon, NAdam, RAdam, Rprop
from isograd.core.learning.class_metrics import AUC, F1, Precision, Recall, TopKAccuracy, confusion_matrix
from isograd.core.learning.combined import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from isograd.core.learning.cycles import CyclicLR, OneCycleLR
from isograd.core.learning.likelihoods import BCELoss, CTCLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from isograd.core.learning.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from isograd.core.learning.margins import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
)
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
from isograd.core.learning.own_metrics import FunctionMetric, metric
from isograd.core.learning.schedule_functions import schedule_function
from isograd.core.learning.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
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
from isograd.core.learning.searching import LBFGS
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.learning.weighted import WeightedLoss
from isograd.core.training.callbacks import Callback
from isograd.core.training.history import Epoch, History
from isograd.core.training.progress import drawn_by as _drawn_by
from isograd.core.training.state import TrainerState
from isograd.core.training.trainer import Trainer
from isograd.core.training.watching import StopFit
from isograd.optional import RENAMED as _RENAMED
from isograd.optional import require as _require

if TYPE_CHECKING:
    from isograd.later import *  # noqa: F403

__version__ = "0.1.0"

if not TYPE_CHECKING:  # a type checker knows every name from above, and no other

    def __getattr__(name: str) -> Any:
        """A name that is loaded when it is first asked for."""
        for place, names in _later.PLACES.items():
            if name in names:
                module = _require(place, extra="torch", purpose=f"ig.{name}")
                found = module if place == f"{__name__}.{name}" else getattr(module, name)
                return globals().setdefault(name, found)
        hint = f": {_RENAMED[name]}" if name in _RENAMED else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_drawn_by(_progress.bar)

__all__ = [
    "ASGD",
    "AUC",
    "F1",
    "LBFGS",
    "MAE",
    "MSE",
    "R2",
    "RMSE",
    "SGD",
    "Accuracy",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ArrayDataset",
    "Augmented",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Backend",
    "BackendError",
    "Bits",
    "Buffer",
    "CTCLoss",
    "Callback",
    "ChainedScheduler",
    "Changing",
    "ClipNorm",
    "ClipValue",
    "Clipping",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CosineDecay",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "CyclicLR",
    "DataError",
    "Dataset",
    "EarlyStopping",
    "Epoch",
    "ExponentialDecay",
    "ExponentialLR",
    "FileError",
    "FixedLR",
    "FunctionMetric",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "History",
    "HuberLoss",
    "Input",
    "IsogradError",
    "KLDivLoss",
    "L1Loss",
    "LambdaLR",
    "Learner",
    "LinearDecay",
    "LinearLR",
    "Loss",
    "LossGradients",
    "MSELoss",
    "Mapped",
    "MarginRankingLoss",
    "Metric",
    "Model",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MultiStepLR",
    "Muon",
    "NAdam",
    "NLLLoss",
    "Nats",
    "Network",
    "NonFiniteError",
    "OneCycleLR",
    "Optimizer",
    "Parameter",
    "PoissonNLLLoss",
    "PolynomialLR",
    "Precision",
    "RAdam",
    "RMSprop",
    "Recall",
    "Reconstructed",
    "ReduceLROnPlateau",
    "Residual",
    "Rowed",
    "Rprop",
    "SampleDataset",
    "Scaling",
    "Schedule",
    "Sequential",
    "SequentialLR",
    "ShapeError",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "SpecError",
    "Splits",
    "Standardizer",
    "StepDecay",
    "StepLR",
    "StopFit",
    "Streams",
    "Subset",
    "TopKAccuracy",
    "Trainer",
    "TrainerState",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderBlock",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginLoss",
    "Value",
    "WarmUp",
    "WeightedLoss",
    "WeightsError",
    "Windows",
    "__version__",
    "backend_names",
    "build",
    "confusion_matrix",
    "data",
    "encode_labels",
    "get_backend",
    "init",
    "load",
    "loss_gradients",
    "metric",
    "one_hot",
    "save",
    "schedule_function",
    "split",
    "standardize",
    "whole",
]
__all__ += _layers.__all__
__all__ += _later.__all__
