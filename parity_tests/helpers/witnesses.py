"""Two witnesses of gradients: a layer's formula, differentiated by the NumPy engine's record and by PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from isograd.backends.numpy_impl.autodiff import Tensor, gradients, plain
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.backends.torch_impl.namespace import TENSORS
from isograd.core.base.tree import nest
from isograd.core.base.types import Array
from isograd.core.engine.context import Run
from isograd.core.parity.formulas import computed
from isograd.core.parity.stages.trial import Trial


def by_record(trial: Trial) -> dict[str, Array]:
    """Outputs and gradients of the layer's formula, differentiated by the NumPy engine's own record."""
    x = [Tensor(value) if value.dtype.kind == "f" else value for value in trial.inputs]
    p = {name: Tensor(value) if name in weights_of(trial) else value for name, value in trial.state.items()}
    y = computed(trial.layer, RECORDING, nest(p), tuple(x), run_of(trial))
    sources = by_name(trial, x, p)
    found = gradients(y, list(sources.values()), trial.upstream())
    return outputs([plain(value) for value in y]) | dict(zip(sources, found, strict=True))


def by_autograd(trial: Trial) -> dict[str, Array]:
    """The same formula on tensors, differentiated by PyTorch."""
    x = [torch.tensor(value, requires_grad=value.dtype.kind == "f") for value in trial.inputs]
    p = {name: torch.tensor(value, requires_grad=name in weights_of(trial)) for name, value in trial.state.items()}
    y = computed(trial.layer, TENSORS, nest(p), tuple(x), run_of(trial))
    sources = by_name(trial, x, p)
    found: Sequence[torch.Tensor] = [torch.zeros_like(source) for source in sources.values()]
    moved = [(v, torch.from_numpy(dy)) for v, dy in zip(y, trial.upstream(), strict=True) if depends(v)]
    if moved:
        ends, dy = zip(*moved, strict=True)
        found = torch.autograd.grad(ends, list(sources.values()), dy, allow_unused=True, materialize_grads=True)
    return outputs([value.detach().numpy() if torch.is_tensor(value) else value for value in y]) | {
        k: g.numpy() for k, g in zip(sources, found, strict=True)
    }


def depends(value: Any) -> bool:
    """Whether an output has a gradient: one that is counted or made of nothing has none."""
    return torch.is_tensor(value) and value.requires_grad


def run_of(trial: Trial) -> Run:
    model = trial.model
    return Run(trial.training, trial.seed, 0, model.graph(*model.input_shapes).nodes[0].name)


def weights_of(trial: Trial) -> list[str]:
    return list(trial.layer.weights(*(value.shape[1:] for value in trial.inputs)))


def outputs(y: Sequence[Array]) -> dict[str, Array]:
    return {f"output{k or ''}": value for k, value in enumerate(y)}


def by_name(trial: Trial, x: Sequence[Any], p: dict[str, Any]) -> dict[str, Any]:
    """What has a gradient (whole numbers have none), under the names that the parity engine gives the gradients."""
    floats = {f"dx{k or ''}": x[k] for k, value in enumerate(trial.inputs) if value.dtype.kind == "f"}
    return floats | {f"d{name}": p[name] for name in weights_of(trial)}
