"""What the tests of stages share: a model and its batch, and an engine that is wrong in one thing, on either side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.parity.report import ParityReport

RNG = np.random.default_rng(11)
MODEL = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(3)], input_shape=(5,))
X, Y = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 3))


class Other(NumpyBackend):
    """NumPy's engine under another name, for methods that are overwritten."""

    def __init__(self, **tables: Any) -> None:
        changed = {name: getattr(STANDARD, name).overlaid(entries) for name, entries in tables.items()}
        super().__init__(replace(STANDARD, **changed), name="wrong")


def sides(engine: Any, first: bool) -> tuple[Any, Any]:
    return (engine, "torch") if first else ("torch", engine)


def told(report: ParityReport, stage: str) -> list[tuple[str, str, str, str | None]]:
    """(dtype, path, what, guilty) of the culprits of a stage."""
    return [(c.dtype, c.path, c.what, c.guilty) for c in report.culprits if c.stage == stage]


BOTH = pytest.mark.parametrize("first", [True, False], ids=["left", "right"])
