"""Write a model once. Run it from scratch in NumPy or in PyTorch. Prove that both compute the same thing."""

from isograd.core import initializers as init
from isograd.core.backend import backend_names, build, get_backend
from isograd.core.data.dataset import ArrayDataset, Dataset, SampleDataset
from isograd.core.data.prepare import Splits, Standardizer, one_hot, split, standardize
from isograd.core.errors import (
    BackendError,
    DataError,
    FileError,
    IsogradError,
    NonFiniteError,
    ShapeError,
    SpecError,
    WeightsError,
)
from isograd.core.files import load, save
from isograd.core.graph import Input
from isograd.core.layers import (
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
    ELU,
    Flatten,
    GELU,
    GlobalAvgPool,
    GroupNorm,
    Identity,
    InstanceNorm2d,
    LayerNorm,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MatMul,
    MaxPool1d,
    MaxPool2d,
    Multiply,
    ReLU,
    Reshape,
    SiLU,
    Sigmoid,
    Softmax,
    Softplus,
    Subtract,
    Tanh,
    Upsample,
    ZeroPad2d,
)
from isograd.core.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, MSELoss, NLLLoss
from isograd.core.metrics import MAE, R2, RMSE, Accuracy
from isograd.core.model import Model
from isograd.core.optimizers import SGD, Adagrad, Adam, AdamW, ClipNorm, ClipValue, RMSprop
from isograd.core.residual import Residual
from isograd.core.schedules import ConstantLR, CosineDecay, ExponentialDecay, LinearDecay, StepDecay, WarmUp
from isograd.core.sequential import Sequential
from isograd.core.training.callbacks import Callback, EarlyStopping, StopFit
from isograd.core.training.history import History
from isograd.core.training.trainer import Trainer

__version__ = "0.1.0"
