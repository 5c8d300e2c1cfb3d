"""Whether a state belongs to a trainer: asked before anything is restored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from isograd.core.base.description import from_dict
from isograd.core.base.errors import SpecError
from isograd.core.engine.protocol import Network
from isograd.core.learning.losses import Losses
from isograd.core.learning.metrics import Metric
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule

PLACES = {
    "seed": "ig.build(…, seed={})",
    "dtype": "ig.build(…, dtype={})",
    "model": "ig.build of the state's own model",
}


def written(value: Any) -> str:
    """A value of a record as a user writes it: a description where it stands for one."""
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return repr(from_dict(value)) if isinstance(value, dict) else repr(value)


def described(
    net: Network,
    losses: Losses,
    optimizer: Optimizer,
    schedule: Schedule,
    clip: Clipping | None,
    metrics: Sequence[Metric],
    carry: str | None,
) -> dict[str, Any]:
    """What is trained, and how, as plain values."""
    told = [None if loss is None else loss.to_dict() for loss in losses]
    return {
        "model": net.model.to_dict(),
        "loss": told[0] if len(told) == 1 else told,
        "optimizer": optimizer.to_dict(),
        "schedule": schedule.to_dict(),
        "clip": None if clip is None else clip.to_dict(),
        "metrics": [metric.to_dict() for metric in metrics],
        "carry": carry,
        "seed": net.seed,
        "dtype": net.dtype.name,
    }


def check_described(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> None:
    """SpecError unless the trainer's training, `got`, is described as the state's."""
    for name, theirs in wanted.items():
        ours = got[name]
        if json.dumps(theirs, sort_keys=True) == json.dumps(ours, sort_keys=True):
            continue
        large = name == "model"  # too long to print
        told = "the model that it was taken of" if large else f"{name}={written(theirs)}, which it was taken with"
        raise SpecError(
            "restore(state)",
            wanted=told,
            got="another model" if large else f"{name}={written(ours)}",
            fix=PLACES.get(name, f"ig.Trainer(…, {name}={{}})").format(written(theirs) if not large else "")
            + ", or net.load_state_dict(…) for the weights alone",
        )
