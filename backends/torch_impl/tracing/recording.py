"""The trace of a module: a copy of it runs as it is, and then moved by one unit in the last place, and in float64."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.foreign.calling import Calling, as_tensors, with_gradients
from isograd.backends.torch_impl.foreign.draws import Draw, draws_of
from isograd.backends.torch_impl.importer.entrance import from_torch
from isograd.backends.torch_impl.importer.places import told
from isograd.backends.torch_impl.tracing.hooks import Watched
from isograd.backends.torch_impl.tracing.running import Asked, ModuleRun, array
from isograd.core.base.errors import DataError, IsogradError, SpecError, shown
from isograd.core.base.numbers import whole_number
from isograd.core.base.types import Arrays
from isograd.core.data.dataset import as_arrays
from isograd.core.engine.pairing import packed, places_of
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.matching import largest
from isograd.core.parity.stages.rounding import FAR, NEAR
from isograd.core.parity.traces.entry import TRAINING, Key
from isograd.core.parity.traces.measuring import Runs, measured
from isograd.core.parity.traces.origin import Origin, digest
from isograd.core.parity.traces.recording import trained
from isograd.core.parity.traces.trace import Trace

Masks = Literal["paths", "order"]
DTYPES: dict[torch.dtype, np.dtype[np.floating]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


@with_gradients
def record_module(
    module: nn.Module,
    inputs: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    targets: Any = None,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    steps: int = 0,
    sketches: bool = False,
    seed: int = 0,
    masks: Masks = "paths",
) -> Trace:
    """The trace of a module on what it takes: every part under its path, outputs in the order of their structure."""
    steps = trained(optimizer, steps, loss, targets)
    if masks not in get_args(Masks):
        wanted = " or ".join(map(repr, get_args(Masks)))
        raise SpecError("record(masks=…)", wanted=wanted, got=shown(masks), fix='masks="paths"')
    seed = whole_number(seed, f"record(seed={shown(seed)})", fix="seed=0")
    args, named = as_tensors((inputs if isinstance(inputs, tuple) else (inputs,), dict(kwargs or {})), module)
    calling = Calling(args, named)
    dtype = _dtype(module, calling)
    losses = () if loss is None else tuple(loss) if isinstance(loss, (tuple, list)) else (loss,)
    goals = () if targets is None else as_arrays(targets)
    asked = Asked(calling, losses, goals, optimizer, steps, seed)
    y, watched = _first(module, asked)
    asked.targets = goals = _checked_targets(losses, y, goals)
    if masks == "paths":
        asked.draws = _draws(module, calling, watched)
    run = ModuleRun(module, asked)
    near = [run.moved(*nudge) for nudge in NEAR]
    if dtype == np.float32:
        near.append(run.exactly())
    sizes: dict[tuple[str, str], float] = {}
    runs = Runs(lambda: _sized(run, sizes), near, [run.moved(*nudge) for nudge in FAR])
    entries, repeats = measured(runs, dtype, lambda key: _peers(sizes, key), sketches=sketches)
    origin = Origin(
        kind="module",
        engine=type(module).__name__,
        model=type(module).__name__,
        dtype=dtype.name,
        seed=seed,
        inputs=digest(array(x) for x in calling.tensors),
        targets=digest(_rounded(goals, dtype)) if losses else "",
        loss=", ".join(map(repr, losses)),
        optimizer="" if optimizer is None else repr(optimizer),
        rule="" if optimizer is None else optimizer.to_json(),
        steps=steps,
        masks="" if not watched.draws.count else "order" if asked.draws is None else "paths",
        repeats=repeats,
        outputs=tuple(watched.places),
    )
    return Trace(origin, watched.nodes(), entries)


def _first(module: nn.Module, asked: Asked) -> tuple[tuple[Tensor, ...], Watched]:
    """(outputs, what the parts made) of a first run; SpecError where the module refuses the inputs."""
    run = ModuleRun(module, asked)
    try:
        return run.seen()
    except IsogradError:
        raise
    except Exception as error:
        name, fix = f"record({type(module).__name__})", "record(module, x), or (x1, x2); what it takes by name: kwargs="
        raise SpecError(name, wanted="inputs that the module takes", got=told(error), fix=fix) from error


def _dtype(module: nn.Module, calling: Calling) -> np.dtype[np.floating]:
    """The one floating dtype of weights and inputs."""
    name = f"record({type(module).__name__})"
    held = [*module.parameters(), *module.buffers(), *calling.tensors]
    if not calling.tensors:
        raise SpecError(name, wanted="a tensor at least among the inputs", got="none", fix="record(module, x)")
    found = sorted({str(v.dtype) for v in held if v.is_floating_point() or v.is_complex()})
    kinds = {v.dtype for v in held if v.is_floating_point() or v.is_complex()} or {torch.get_default_dtype()}
    if len(kinds) > 1 or not kinds <= set(DTYPES):
        wanted = "weights and inputs of one dtype, float32 or float64"
        raise SpecError(name, wanted=wanted, got=", ".join(found), fix="module.float(), x.float()")
    return DTYPES[kinds.pop()]


def _checked_targets(losses: Losses, y: Sequence[Tensor], targets: Arrays) -> Arrays:
    """One array for each loss; raises unless there is one loss (or None) for each output, and targets fit."""
    if not losses:
        return targets
    wrong = next((each for each in losses if each is not None and not isinstance(each, Loss)), None)
    if wrong is not None:
        raise SpecError("record(loss=…)", wanted="a loss description", got=shown(wrong), fix="loss=ig.MSELoss()")
    places = places_of(losses, len(y))
    chosen = [(at, spec) for at, spec in zip(places, losses, strict=True) if spec is not None]
    if places[-1].stop != len(y) or not chosen:
        wanted = f"one for each of the module's {len(y)} outputs (None: not trained on)"
        raise SpecError("record(loss=…)", wanted=wanted, got=f"{len(losses)}", fix="loss=(ig.MSELoss(), None)")
    for _, spec in chosen:
        if spec.reduction == "none":
            raise SpecError(
                repr(spec), wanted="a loss that is one number", got='reduction="none"', fix='reduction="mean"'
            )
    targets = packed(losses, targets, len(y[0]))
    if len(targets) != len(chosen):
        wanted = f"{len(chosen)} arrays, one for each loss"
        raise DataError("record(targets=…)", wanted=wanted, got=f"{len(targets)}", fix="targets=(y1, y2)")
    for (at, spec), target in zip(chosen, targets, strict=True):
        shape = tuple(y[at[0]].shape[1:])
        spec.check(shape if len(at) == 1 else (len(at), *shape), target)
    return targets


def _draws(module: nn.Module, calling: Calling, watched: Watched) -> list[Draw] | None:
    """The draws of the module's import, so that both have the same masks; None where it draws none or is no graph."""
    count = watched.draws.count
    dropouts = watched.dropouts()
    if not count or dropouts is not None:
        return [Draw(path) for path in dropouts or ()] or None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, _ = from_torch(module, calling.args, example_kwargs=calling.kwargs)
    except Exception:  # a module need not be one that can be imported
        return None
    found = list(draws_of(model, *model.input_shapes))
    return found if len(found) == count else None


def _sized(run: ModuleRun, sizes: dict[tuple[str, str], float]) -> Any:
    """What the run yields; `sizes` is told the largest gradient of each part's own weights."""
    for key, values in run():
        section, path, what = key
        if section == TRAINING and what.startswith("gradient"):
            place = path.rpartition(".")[0], what
            sizes[place] = max(sizes.get(place, 0.0), largest(values))
        yield key, values


def _peers(sizes: Mapping[tuple[str, str], float], key: Key) -> float:
    """Of a gradient that is rounding alone, as that of a bias before a normalisation: the largest of the same part."""
    return sizes.get((key[1].rpartition(".")[0], key[2]), 0.0)


def _rounded(targets: Arrays, dtype: np.dtype[np.floating]) -> Arrays:
    return tuple(v.astype(dtype) if v.dtype.kind == "f" else v for v in targets)
