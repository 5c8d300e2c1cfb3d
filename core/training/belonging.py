"""Whether a state belongs to a trainer: asked before anything is restored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from isograd.core.base.description import from_dict
from isograd.core.base.errors import SpecError, WeightsError
from isograd.core.base.types import State
from isograd.core.engine.carry import CARRIED, Carrying
from isograd.core.learning.optimizers import Optimizer

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


def check_memory(memory: State, optimizer: Optimizer, weights: State, carrying: Carrying | None) -> None:
    """WeightsError unless each array of a learner's memory is a slot of a weight, or a state that is carried."""
    carried = carrying.shapes if carrying is not None else ()
    wanted = {f"{slot}/{path}": values.shape for slot in optimizer.slots for path, values in weights.items()}
    for name, values in memory.items():
        held = name.startswith(CARRIED)
        shape = dict(enumerate(carried)).get(int(name.removeprefix(CARRIED))) if held else wanted.get(name)
        if shape is None or (values.shape[1:] if held else values.shape) != shape:
            raise WeightsError(
                f"restore(state): memory/{name}",
                wanted="none" if shape is None else f"shape {shape}",
                got=f"shape {values.shape}",
                fix="restore what trainer.state() gave",
            )
