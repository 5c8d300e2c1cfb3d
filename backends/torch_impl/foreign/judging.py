"""A module held against its imported form: every node, end to end, optimizer steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from isograd.backends.torch_impl.foreign.calling import Calling, as_tensors, copied, tensors_in, with_gradients
from isograd.backends.torch_impl.foreign.casting import casts_inside
from isograd.backends.torch_impl.foreign.engine import ModuleEngine
from isograd.backends.torch_impl.foreign.options import told_apart
from isograd.backends.torch_impl.importer.entrance import from_torch, without_cache
from isograd.core.base.errors import shortened
from isograd.core.base.types import Array
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.parity.check import check_parity, kinds_of
from isograd.core.parity.report import NotJudged, ParityReport
from isograd.core.parity.verdict import Culprit

NARROW = "float32"
"""What is judged where a module does not compute in what is asked for."""


@with_gradients
def check_module(
    module: nn.Module,
    x: Any,
    y: Any = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    model: Composite | None = None,
    weights: Mapping[str, Array] | None = None,
    backends: Sequence[str | Backend] = ("numpy",),
    dtypes: str | Sequence[str] = ("float64", "float32"),
    **asked: Any,
) -> ParityReport:
    """`check_parity` of the module's import, or of `model` with `weights`, on `backends` and on the module itself.

    `x` is what the module takes: arrays or tensors, one or a tuple, batch first; `kwargs` what it takes by name.
    """
    args, named = as_tensors((x if isinstance(x, tuple) else (x,), dict(kwargs or {})), module)
    named = without_cache(module, args, named)
    if model is None:
        model, weights = from_torch(module, args, example_kwargs=named)
    elif weights is None:
        weights = {path: values.detach().cpu().numpy() for path, values in module.state_dict().items()}
    calling = Calling(args, named)
    engine = ModuleEngine(module, calling, model)
    inputs = tuple(tensor.detach().cpu().numpy() for tensor in calling.tensors)
    kinds = kinds_of(dtypes)
    fixed = {kind: why for kind in dict.fromkeys((*kinds, NARROW)) if (why := _holds_to_its_own(module, calling, kind))}
    judged = [kind for kind in kinds if kind not in fixed] or [kind for kind in (NARROW,) if kind not in fixed]
    asked["dtypes"] = judged or kinds
    report = check_parity(model, inputs, y, weights=weights, backends=(*backends, engine), **asked)
    if judged:
        report.not_judged += [
            NotJudged(engine.name, "node", kind, 1, why) for kind, why in fixed.items() if kind in kinds
        ]
    report.title = f"{type(module).__name__} as it is, against a model of it\n{report.title}"
    report.culprits = [_explained(culprit, engine) for culprit in report.culprits]
    return report


def _holds_to_its_own(module: nn.Module, calling: Calling, kind: str) -> str:
    """Why the module does not compute in this dtype, or not in it alone, when its weights are; "" where it does."""
    dtype = getattr(torch, kind)
    made = copied(module).to(dtype).eval()
    given = [x.to(dtype) if x.is_floating_point() else x for x in calling.tensors]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outputs = tensors_in(calling(made, given))
    except RuntimeError as error:
        return f"the module raises in it: {shortened(' '.join(str(error).split()), 80)}"
    other = next((y.dtype for y in outputs if y.is_floating_point() and y.dtype != dtype), None)
    if other is not None:
        return f"the module computes in {other}, whatever its weights are"
    casts = casts_inside(made, lambda: calling(made, given)) if kind != NARROW else ""
    return f"the module {casts}" if casts else ""


def _explained(culprit: Culprit, engine: ModuleEngine) -> Culprit:
    """Where the model's layer and the module's part say different things of themselves, that is why."""
    nodes = {node.name: node.layer for node in engine.model.graph(*engine.model.input_shapes).nodes}
    layer = nodes.get(culprit.path) if culprit.stage == "node" else None
    part = None if layer is None else engine.part(layer)
    because = "" if layer is None or part is None else told_apart(culprit.path, layer, part)
    return replace(culprit, because=because, guilty=None, source=None) if because else culprit
