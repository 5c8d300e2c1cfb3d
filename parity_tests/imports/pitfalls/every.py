"""All of them, entered, and each that is imported right made once a process."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

import isograd as ig
from imports.comparing import in_floats, moved
from imports.pitfalls import (
    draws,
    gradients,
    modes,
    nonlinear,
    norms,
    numbers,
    options,
    sequences,
    sharing,
    structures,
    writes,
)
from imports.pitfalls.table import REFUSED, RIGHT
from isograd.core.base.types import Arrays, State
from isograd.core.graph.composite import Composite

__all__ = ["REFUSED", "RIGHT", "arrays_for", "imported"]
THEMES = (draws, gradients, modes, nonlinear, norms, numbers, options, sequences, sharing, structures, writes)


@cache
def imported(name: str, dtype: str) -> tuple[nn.Module, Composite, State]:
    """(module, model, weights), its parameters moved away from constants."""
    pitfall = RIGHT[name]
    module = moved(pitfall.module()).to(getattr(torch, dtype))
    args, kwargs = in_floats((pitfall.example(pitfall.rows), dict(pitfall.keywords(pitfall.rows))), dtype)
    model, weights = ig.from_torch(module, args, example_kwargs=kwargs)
    return module, model, weights


def arrays_for(name: str, rows: int) -> Arrays:
    """A batch of the module's inputs, as the model takes it."""
    pitfall = RIGHT[name]
    leaves = pytree.tree_leaves((pitfall.called(rows), dict(pitfall.keywords(rows))))
    return tuple(leaf.numpy() for leaf in leaves if isinstance(leaf, Tensor))
