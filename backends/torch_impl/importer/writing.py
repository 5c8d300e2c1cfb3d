"""From a plan to a Model: nodes named by the module's paths, weights by its state_dict."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from isograd.backends.torch_impl.importer.modes import Both
from isograd.backends.torch_impl.importer.plan import Fixed, Given, Out, Ref, State, Step
from isograd.core.base.forms import Form
from isograd.core.base.types import Array
from isograd.core.base.types import State as Arrays
from isograd.core.graph.entries import Buffer, Entry, Parameter
from isograd.core.graph.model import Model
from isograd.core.graph.names import kind_name
from isograd.core.graph.values import Input, Value, apply
from isograd.core.graph.weights import declared
from isograd.core.layers.base import Layer


@dataclass(frozen=True)
class Held:
    """A parameter or buffer of the module."""

    values: Tensor
    form: Form
    trained: bool


class Writer:
    """Names what a plan holds, and builds the Model."""

    def __init__(
        self,
        module: nn.Module,
        both: Both,
        inputs: list[tuple[str, Form]],
        held: Mapping[str, Held],
        states: Mapping[str, str],
    ) -> None:
        self.tied = {name: path for name, path in states.items() if name != path}
        self.plan, self.both, self.inputs, self.held = both.plan, both, inputs, held
        self.parts = dict(module.named_modules(remove_duplicate=False))
        self.owners = self._owners()
        owned = {id(step) for step in self.owners}
        self.alone = self._alone(owned)
        self.taken = {*self.parts, *states, *(name for name, _ in inputs)}
        self.layers: dict[tuple[str, str], Layer] = {}
        self.arrays: Arrays = {}

    def _owners(self) -> dict[Step, str]:
        """{step: path} of the steps whose weights all stand under the path of their module, and nowhere else."""
        natural: dict[Step, str] = {}
        users: dict[str, set[str]] = {}
        for step in self.plan.steps:
            paths = {name: ref.path for name, ref in step.weights.items() if isinstance(ref, State)}
            own = all(path == f"{step.place.module}.{name}" for name, path in paths.items())
            frozen = any(not self.held[path].trained for name, path in paths.items() if name in _weights(step))
            if own and len(paths) == len(step.weights) > 0 and step.place.module and not frozen:
                natural[step] = step.place.module
            for path in (*paths.values(), *(ref.path for ref in step.inputs if isinstance(ref, State))):
                reader = f"{natural[step]} {step.layer.to_json()}" if step in natural else f"step {id(step)}"
                users.setdefault(path, set()).add(reader)
        for ref in self.plan.outputs:
            if isinstance(ref, State):
                users.setdefault(ref.path, set()).add("outputs")
        return {
            step: path
            for step, path in natural.items()
            if all(len(users[ref.path]) == 1 for ref in step.weights.values() if isinstance(ref, State))
        }

    def _alone(self, owned: set[int]) -> set[str]:
        """The paths of modules without parts whose steps are all one layer without weights: they give it its name."""
        layers: dict[str, set[str]] = {}
        for step in self.plan.steps:
            weighs = id(step) in owned or bool(step.weights)
            layers.setdefault(step.place.module, set()).add("weights" if weighs else step.layer.to_json())
        return {
            path
            for path, kinds in layers.items()
            if path and len(kinds) == 1 and kinds != {"weights"} and not list(self.parts[path].children())
        }

    def layer_of(self, step: Step) -> Layer:
        """The step's layer under its name: the same object where the module's part is called again."""
        path = self.owners.get(step) or (step.place.module if step.place.module in self.alone else None)
        key = (path or "", step.layer.to_json())
        if path is not None and key in self.layers:
            return self.layers[key]
        if path is None or any(other == path for other, _ in self.layers):
            path = self._free(step.place.module, kind_name(step.layer))
        made = copy.copy(step.layer)
        object.__setattr__(made, "name", path)
        self.layers[key] = made
        return made

    def _free(self, module: str, kind: str) -> str:
        """A name below the module's path that nobody has."""
        base, k = f"{module}.{kind}" if module else kind, 0
        while (name := f"{base}_{k}" if k else base) in self.taken:
            k += 1
        self.taken.add(name)
        return name

    def model(self) -> tuple[Model, Arrays]:
        """(model, weights by path)"""
        inputs = [Input(form.shape, name=self._input_name(name), kind=form.kind) for name, form in self.inputs]
        belongs = {f"{path}." for path in self.owners.values()}
        entries = {
            path: self._entry(path, held)
            for path, held in self.held.items()
            if f"{path.rpartition('.')[0]}." not in belongs or not self._is_of_a_layer(path)
        }
        made: dict[Step, Any] = {}
        fixed: dict[int, Entry] = {}

        def value(ref: Ref) -> Value:
            match ref:
                case Given(index):
                    return inputs[index]
                case State(path):
                    return entries[path]
                case Fixed():
                    return fixed.setdefault(id(ref), fixed.get(id(ref)) or self._constant(ref))
                case Out(step, index):
                    outs = made[step]
                    found: Value = outs[index] if isinstance(outs, tuple) else outs
                    return found

        for step in self.plan.steps:
            given = {} if step in self.owners else {name: value(ref) for name, ref in step.weights.items()}
            made[step] = apply(self.layer_of(step), [value(ref) for ref in step.inputs], given)
        outputs = [value(ref) for ref in self.plan.outputs]
        kept = [*inputs, *entries.values(), *fixed.values()]
        model = Model(inputs=inputs, outputs=outputs, kept=kept, evaluation=self.both.evaluation, tied=self.tied)
        return model, self._weights(model)

    def _input_name(self, name: str) -> str:
        while name in self.parts:
            name = f"{name}_"
        return name

    def _is_of_a_layer(self, path: str) -> bool:
        owner, _, name = path.rpartition(".")
        return any(
            name in {**_weights(step), **_buffers(step)} for step, place in self.owners.items() if place == owner
        )

    def _entry(self, path: str, held: Held) -> Entry:
        shape: Any = held.form.axes
        return Parameter(shape, name=path) if held.trained else Buffer(shape, name=path, kind=held.form.kind)

    def _constant(self, ref: Fixed) -> Entry:
        values = np.asarray(ref.values.detach().cpu())
        kind: Any = {"f": "float", "b": "boolean"}.get(values.dtype.kind, "integer")
        name = self._free(ref.place.module, "constant")
        self.arrays[name] = values
        return Buffer(values.shape, name=name, kind=kind)

    def _weights(self, model: Model) -> Arrays:
        weights, buffers = declared(model)
        found: Arrays = {}
        for path, weight in {**weights, **buffers}.items():
            if path in self.held:
                found[path] = as_array(self.held[path].values)
            else:  # a constant, or a count of batches that the module does not keep
                found[path] = self.arrays.get(path, np.zeros(weight.shape, np.int64))
            if weight.integers:
                found[path] = found[path].astype(np.int64)
        return found


def as_array(values: Tensor) -> Array:
    """A copy of the tensor as NumPy has it."""
    found: Array = values.detach().cpu().numpy().copy()
    return found


def _weights(step: Step) -> dict[str, Any]:
    return step.layer.weights(*(step_form.shape for step_form in step.in_forms))


def _buffers(step: Step) -> dict[str, Any]:
    return step.layer.buffers(*(step_form.shape for step_form in step.in_forms))
