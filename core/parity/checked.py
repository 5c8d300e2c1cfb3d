"""What a check was of, as digests, and how it was asked: what a certificate says of the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.types import Array, Arrays
from isograd.core.graph.composite import Composite

DESCRIBED = ("optimizer", "clip", "schedule")  # what is asked for by a description


@dataclass(frozen=True)
class Checked:
    """What a check was of, as digests, and how it was asked; none of the arrays themselves."""

    sha256: Mapping[str, str]  # of "description", "weights", "data"
    asked: Mapping[str, Any]  # as JSON holds it

    @classmethod
    def of(
        cls,
        model: Composite,
        weights: Mapping[str, Array],
        data: tuple[Arrays, Arrays],
        losses: Sequence[Description | None],
        **asked: Any,
    ) -> Checked:
        """`data`: inputs and targets; `asked`: the other arguments of `check_parity`."""
        told = {name: value.to_dict() if isinstance(value, Description) else value for name, value in asked.items()}
        told["loss"] = [loss and loss.to_dict() for loss in losses]
        return cls(digests(model, weights, *data), told)


def digests(model: Composite, weights: Mapping[str, Array], inputs: Arrays, targets: Arrays) -> dict[str, str]:
    """SHA-256 of a description, its weights and its data, of the numbers whatever their dtype is."""
    return {
        "description": sha256(model.to_json().encode()).hexdigest(),
        "weights": digest(weights),
        "data": digest(named_data(inputs, targets)),
    }


def named_data(inputs: Arrays, targets: Arrays) -> dict[str, Array]:
    """{"x": …, "x1": …, "y": …}: the names of arrays in a file of data."""
    return {f"{name}{k or ''}": v for name, values in (("x", inputs), ("y", targets)) for k, v in enumerate(values)}


def digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of arrays by name: of each its kind, its shape and its numbers, which float64 and int64 hold.

    >>> digest({"x": np.ones(2, np.float32)}) == digest({"x": np.ones(2)}), digest({"x": np.ones(2, int)})[:8]
    (True, '136593fe')
    """
    made = sha256()
    for name in sorted(arrays):
        values = np.asarray(arrays[name])
        wide = "<f8" if values.dtype.kind == "f" else "<i8"
        made.update(f"{name} {wide} {values.shape}\n".encode())
        made.update(np.ascontiguousarray(values, wide).data)
    return made.hexdigest()
