"""The few types that every room speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array of values (floats of the network's dtype, or integer class labels)."""

Shape: TypeAlias = tuple[int, ...]
"""The shape of one sample: the batch axis N in front of it is implied everywhere."""

State: TypeAlias = dict[str, Array]
"""Arrays by dotted path, in torch's `state_dict` names and layouts: {"0.weight": (out, in), …}."""

Arrays: TypeAlias = tuple[Array, ...]

MaybeArrays: TypeAlias = tuple[Array | None, ...]
"""Input gradients: None for an input of whole numbers, which has none."""

Dtypes: TypeAlias = tuple[np.dtype[Any], ...]
"""One for each input of a model: the network's float dtype, or int64 where whole numbers are counted with."""

Tree: TypeAlias = Mapping[str, Any]
"""A state as nested mappings, {"0": {"weight": …}}: what a node's operation sees of the weights."""

Backward: TypeAlias = Callable[..., tuple[Any, Any]]
"""dy (one for each output) ↦ (dx, {weight name: gradient})."""

FLOATS: dict[str, np.dtype[np.floating]] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}


def shape_text(shape: Shape) -> str:
    """A sample's shape as it is printed, with its batch axis.

    >>> shape_text((3, 28, 28))
    '(N, 3, 28, 28)'
    >>> shape_text(())
    '(N,)'
    """
    return "(" + ", ".join(["N", *map(str, shape)]) + ("," if not shape else "") + ")"
