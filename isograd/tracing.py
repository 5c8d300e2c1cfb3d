"""`record`: a trace of whatever computes, a network of ours or any nn.Module."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from isograd.core.base.atomic import as_path
from isograd.core.base.errors import SpecError, shown
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.traces.recording import record_network
from isograd.core.parity.traces.trace import Trace

NETWORK = ("model", "forward", "backward", "activations", "state_dict", "learner")


def record(
    net_or_module: Any,
    inputs: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    targets: Any = None,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    steps: int = 0,
    path: str | Path | None = None,
    sketches: bool = False,
    seed: int = 0,
    masks: Literal["paths", "order"] | None = None,
) -> Trace:
    """What a run of a network, or of an nn.Module, computes, as a value to keep and to compare: `ig.diff(a, b)`.

    In order: weights and buffers at the start; every node's outputs in evaluation, then in training, each under its
    path (the second call of a shared layer under "path#2"); the buffers that training leaves; gradients of weights and
    inputs for a random dy, from the end backwards; with `loss` and `targets` its value and gradients; with `optimizer`
    and `steps` that many steps on this batch, each with loss, weights and slots. Every entry holds its noise floor as
    well, how far the run is from itself when inputs and weights move by one unit in the last place, and what it is far
    from here, beside kinks, so that `ig.diff` runs nothing: a record takes about ten runs.

    `seed` keys the random dy and the dropout masks, which are isograd's own whatever computes: equal in all engines
    and modules. They are keyed by the paths of nodes, as those of an import are; with masks="order" a module's are
    keyed by the order in which it draws, for two modules whose parts have other names. `kwargs` are what a module's
    forward takes by name. `sketches` keeps a few hundred numbers in place of each larger array: for many steps or
    large models. `path` writes the trace there, too. A copy runs: net or module, its weights, buffers, gradients, modes
    and generators, stay as they are.

    Raises SpecError, ShapeError, DataError where inputs, targets, loss or training do not fit, and FileError where no
    file can be written.
    """
    place = None if path is None else as_path(path, "record")
    asked: dict[str, Any] = {"targets": targets, "loss": loss, "optimizer": optimizer, "steps": steps}
    asked |= {"sketches": sketches, "seed": seed}
    trace: Trace
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(net_or_module, torch.nn.Module):
        from isograd.backends.torch_impl.tracing.recording import record_module

        trace = record_module(net_or_module, inputs, kwargs=kwargs, masks=masks or "paths", **asked)
    else:
        _check_network(net_or_module, kwargs=kwargs, masks=masks)
        trace = record_network(net_or_module, inputs, **asked)
    if place is not None:
        trace.save(place)
    return trace


def _check_network(net: object, **of_modules: object) -> None:
    if isinstance(net, type) or not all(hasattr(net, name) for name in NETWORK):
        fix = "ig.record(ig.build(model), x)"
        raise SpecError("record(net)", wanted="a network, or an nn.Module", got=shown(net), fix=fix)
    for name, given in of_modules.items():
        if given is not None:
            wanted, fix = "an nn.Module as the first argument", f"drop {name}="
            raise SpecError(f"record({name}=…)", wanted=wanted, got=shown(given), fix=fix)
