"""`ig.check_parity`: of a model between engines, of a PyTorch module against its import."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import Array
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule
from isograd.core.parity import check
from isograd.core.parity.report import ParityReport
from isograd.optional import require

if TYPE_CHECKING:
    from torch import nn
    from typing_extensions import TypeIs


def check_parity(
    model: Composite | nn.Module,
    x: Any,
    y: Any = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    clip: Clipping | None = None,
    schedule: Schedule | None = None,
    steps: int = 20,
    batch_size: int | None = None,
    weights: Mapping[str, Array] | None = None,
    backends: Sequence[str | Backend] | None = None,
    dtypes: str | Sequence[str] = ("float64", "float32"),
    seed: int = 0,
    kwargs: Mapping[str, Any] | None = None,
    against: Composite | None = None,
) -> ParityReport:
    """Do all engines compute the same thing for `model` on the batch (x, y)? The first is held against each other.

    Stages: every node alone; every loss alone, on what the model predicts; everything end to end, with a random dy,
    and through the loss where one is given; clipping alone, on gradients of the model; a schedule's rates for `steps`
    positions from the optimizer's lr; with an optimizer, `steps` locked steps and a free run at its lr, over batches
    of `batch_size` in turn (default: all of x). The report's `passed` is the verdict; its text names the first
    culprit and which side a third witness finds wrong. `backends` are "numpy" and "torch" unless they are named.

    A PyTorch module is an engine of its own: it runs as it is, its code and its hooks, whole and part by part, and
    the NumPy engine (or `backends`) computes what `ig.from_torch` makes of it, or the model `against` it that was
    written by hand, with the module's weights or `weights`. x is what the module takes, batch first, and
    `kwargs` what it takes by name; losses and optimizers are isograd's. Masks of dropout are the same.

    Raises where model, batch, loss or weights do not fit each other, or fewer than two engines or no dtype are named;
    for what is no description, no engine, or no number of steps or samples; for a module as `ig.from_torch` does.
    """
    asked: dict[str, Any] = {
        "loss": loss,
        "optimizer": optimizer,
        "clip": clip,
        "schedule": schedule,
        "steps": steps,
        "batch_size": batch_size,
        "weights": weights,
        "dtypes": dtypes,
        "seed": seed,
    }
    if _is_module(model):
        foreign = require("isograd.backends.torch_impl.foreign.judging", extra="torch", purpose="check_parity(module)")
        named = ("numpy",) if backends is None else backends
        report: ParityReport = foreign.check_module(model, x, y, kwargs=kwargs, model=against, backends=named, **asked)
        return report
    for name, given in (("kwargs", kwargs), ("against", against)):
        if given is not None:
            wanted, fix = "an nn.Module as the first argument", f"drop {name}="
            raise SpecError(f"check_parity({name}=…)", wanted=wanted, got=shown(model), fix=fix)
    return check.check_parity(model, x, y, backends=("numpy", "torch") if backends is None else backends, **asked)


def _is_module(model: Any) -> TypeIs[nn.Module]:
    """Whether it is a PyTorch module: there is none where PyTorch has not been imported."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)
