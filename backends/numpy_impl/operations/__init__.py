"""The from-scratch operations; file names mirror `core/layers/`. Importing the folder fills the table."""

from isograd.backends.numpy_impl.operations import (
    activations,
    attention,
    cells,
    combine,
    conv,
    dropout,
    embedding,
    linear,
    norm,
    pool,
    recurrent,
    resize,
    sequence,
    shape,
)
from isograd.backends.numpy_impl.operations.registry import OPERATIONS

__all__ = [
    "OPERATIONS",
    "activations",
    "attention",
    "cells",
    "combine",
    "conv",
    "dropout",
    "embedding",
    "linear",
    "norm",
    "pool",
    "recurrent",
    "resize",
    "sequence",
    "shape",
]
