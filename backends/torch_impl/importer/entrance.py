"""`from_torch`: a module and an example of what it takes become a model and its weights."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

import torch
from torch import nn

from isograd.backends.torch_impl.importer.exporting import Example, example_of, exported
from isograd.backends.torch_impl.importer.modes import both
from isograd.backends.torch_impl.importer.plan import Census, Norms, Place
from isograd.backends.torch_impl.importer.reading import Reader
from isograd.backends.torch_impl.importer.writing import Held, Writer
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.types import State
from isograd.core.graph.model import Model

SHOWN = 12  # operations, and places of each, in an error
PLACES = 2


@dataclass(frozen=True)
class ImportReport:
    """The operations of a module: how many of each, and which of them no layer computes."""

    module: str
    operations: Mapping[str, int]
    lacking: Mapping[tuple[str, str], list[Place]]

    @property
    def passed(self) -> bool:
        """Whether it can be imported."""
        return not self.lacking

    def __str__(self) -> str:
        total = f"{self.module}: {sum(self.operations.values())} operations of {len(self.operations)} kinds, both modes"
        rows = [f"  {count:5}  {name}" for name, count in sorted(self.operations.items(), key=lambda kind: -kind[1])]
        said = _lacking(self.lacking)
        return "\n".join([total, *rows, *(["no layer computes", *said] if said else ["each has a layer"])])


@overload
def from_torch(
    module: nn.Module,
    example_inputs: Any,
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    report: Literal[False] = False,
) -> tuple[Model, State]: ...
@overload
def from_torch(
    module: nn.Module, example_inputs: Any, *, example_kwargs: Mapping[str, Any] | None = None, report: Literal[True]
) -> ImportReport: ...
def from_torch(
    module: nn.Module, example_inputs: Any, *, example_kwargs: Mapping[str, Any] | None = None, report: bool = False
) -> Any:
    """(model, weights) of any PyTorch module, through torch.export; with `report` the census of its operations.

    `example_inputs` (a tensor, or a tuple of what `module(…)` takes) and `example_kwargs` fix the shapes; axis 0 of
    every tensor is the batch, which may have any size afterwards. Nodes are named by the module's own paths
    (layer3.0.conv2), weights and buffers as in its `state_dict`, one that has several names under all of them;
    frozen parameters become buffers. Outputs come flat, in the order of the module's own structure; None and numbers
    among them are left out, and so are numbers among the inputs: the model holds those of the example.

    Raises SpecError, which names module and line, for an operation that no layer computes, and for what a graph would
    lose silently: backwards and hooks of one's own, branches on values, draws from Python's generators, buffers that
    forward changes, autocast, another graph in evaluation than in training.
    """
    if not isinstance(module, nn.Module):
        raise SpecError("from_torch(module)", wanted="an nn.Module", got=shown(module), fix="give the module itself")
    example = example_of(example_inputs, without_cache(module, example_inputs, example_kwargs))
    dtype = _dtype(module, example)
    states, held = _states(module), dict[str, torch.Tensor]()
    for path, values in _named(module):
        held.setdefault(states[path], values)
    census, norms, readers, plans = Census(), Norms(), [], []
    for training in (True, False):
        program = exported(module, example, training=training)
        reader = Reader(module, program, states, held, dtype, census, training=training, norms=norms)
        plans.append(reader.plan())
        readers.append(reader)
    name = type(module).__name__
    if report:
        return ImportReport(name, dict(census.found), dict(census.lacking))
    if census.lacking:
        kinds = len(census.lacking)
        raise SpecError(
            f"from_torch({name})",
            wanted="operations that a layer computes",
            got="\n".join([f"{kinds} that none does:", *_lacking(census.lacking)]),
            fix="import the part without them, or say them with others; report=True lists all operations",
        )
    if not plans[0].outputs:
        fix = "return what it computes"
        raise SpecError(f"from_torch({name})", wanted="a tensor among the outputs", got="no tensor", fix=fix)
    kept = {
        path: Held(values, readers[0].form_of(values), isinstance(values, nn.Parameter) and values.requires_grad)
        for path, values in held.items()
    }
    return Writer(module, both(plans[0], plans[1], name), readers[0].inputs, kept, states).model()


def without_cache(module: nn.Module, args: Any, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Caches of keys and values are no outputs of a model that computes all places at once."""
    given, names = dict(kwargs or {}), list(inspect.signature(module.forward).parameters)
    count = len(args) if isinstance(args, (tuple, list)) else 1
    if "use_cache" in names[count:] and "use_cache" not in given:
        warnings.warn(f"{type(module).__name__} is imported with use_cache=False", stacklevel=3)
        given["use_cache"] = False
    return given


def _dtype(module: nn.Module, example: Example) -> torch.dtype:
    """The one floating dtype of weights and inputs."""
    name = f"from_torch({type(module).__name__})"
    weights = {v.dtype: path for path, v in reversed(_named(module)) if v.is_floating_point() or v.is_complex()}
    if len(weights) > 1 or not set(weights) <= {torch.float32, torch.float64}:
        got = ", ".join(f"{path} in {dtype}" for dtype, path in weights.items())
        raise SpecError(name, wanted="weights of one dtype, float32 or float64", got=got, fix="module.float()")
    inputs = {v.dtype for v in example.tensors if v.is_floating_point() or v.is_complex()}
    dtype = next(iter(weights), next(iter(inputs), torch.get_default_dtype()))
    if not inputs <= {dtype} or dtype not in (torch.float32, torch.float64):
        wanted = f"inputs in {dtype}, as its weights are" if weights else "inputs of one dtype, float32 or float64"
        got = ", ".join(sorted(map(str, inputs)))
        raise SpecError(name, wanted=wanted, got=got, fix=f"x.to({dtype})" if weights else "x.float()")
    return dtype


def _states(module: nn.Module) -> dict[str, str]:
    """{every path of a parameter or buffer: the first path of the same one}"""
    first: dict[int, str] = {}
    return {path: first.setdefault(id(values), path) for path, values in _named(module)}


def _named(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Every parameter and buffer under every path that it has."""
    return [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]


def _lacking(lacking: Mapping[tuple[str, str], list[Place]]) -> list[str]:
    rows = []
    for (name, why), places in list(lacking.items())[:SHOWN]:
        at = "; ".join(map(str, places[:PLACES])) + (
            f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
        )
        rows.append(f"    {name} ({why}) at {at}")
    return rows + ([f"    and {len(lacking) - SHOWN} more"] if len(lacking) > SHOWN else [])
