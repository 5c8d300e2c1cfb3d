"""From a model's graph to an nn.Module that a PyTorch user would recognise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from isograd.backends.torch_impl.layers import GIVEN_MASKS, LAYERS
from isograd.core.base.errors import BackendError
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node, Stored
from isograd.core.graph.sequential import Sequential

RESERVED = ("training", "graph")  # attributes of every module, of a GraphModule


class Free(nn.Module):
    """Holds what stands under its name: modules, weights and buffers that no layer owns."""

    def extra_repr(self) -> str:
        return ", ".join([*self._parameters, *self._buffers])


class GraphModule(nn.Module):
    """Named modules applied along a graph: the values of slots, node by node."""

    def __init__(self, graph: Graph, children: dict[str, nn.Module]) -> None:
        super().__init__()
        self.graph = graph
        for path, child in sorted(children.items(), key=lambda item: item[0].count(".")):
            self._place(path, child)
        for entry in graph.entries:
            *folders, name = entry.path.split(".")
            holder = self._folder(folders)
            if entry.trained:
                holder.register_parameter(name, nn.Parameter(torch.zeros(entry.weight.shape)))
            else:
                dtype = torch.int64 if entry.weight.integers else None
                holder.register_buffer(name, torch.zeros(entry.weight.shape, dtype=dtype))
        for node in graph.nodes:
            self._hand_over(node)

    def _folder(self, names: Sequence[str]) -> nn.Module:
        """The module that stands under these names, made where there is none."""
        here: nn.Module = self
        for name in names:
            if name not in here._modules:
                here.add_module(name, Free())
            here = here._modules[name]  # type: ignore[assignment]
        return here

    def _place(self, path: str, child: nn.Module) -> None:
        *folders, name = path.split(".")
        self._folder(folders).add_module(name, child)

    def _hand_over(self, node: Node) -> None:
        """Let a node's module hold the parameters among the graph's entries that are given to it."""
        for name, slot in node.given:
            if self._is_parameter(slot):
                *folders, last = name.split(".")
                held = self.get_submodule(".".join([node.name, *folders]))
                entry = self.graph.entries[slot - len(self.graph.input_forms)]
                held._parameters[last] = self._entry(entry)  # type: ignore[assignment]

    def _is_parameter(self, slot: int) -> bool:
        """Whether a parameter stands in the slot: whom it is given to holds it, and need not be handed it."""
        k = slot - len(self.graph.input_forms)
        return 0 <= k < len(self.graph.entries) and self.graph.entries[k].trained

    def _entry(self, entry: Stored) -> Tensor:
        """What stands in the entry's slot."""
        *folders, name = entry.path.split(".")
        holder = self._at(folders)
        values = holder._parameters[name] if entry.trained else holder._buffers[name]
        assert values is not None
        return values != 0 if entry.form.kind == "boolean" else values

    def _at(self, names: Sequence[str]) -> nn.Module:
        here: nn.Module = self
        for name in names:
            here = here._modules[name]  # type: ignore[assignment]
        return here

    def forward(self, *x: Tensor) -> Any:
        graph = self.graph
        entries = map(self._entry, graph.entries)
        values: list[Any] = [*x, *entries, *[None] * (graph.slots - len(x) - len(graph.entries))]
        for node in graph.nodes_in(self.training):
            module, inputs = self._at(node.name.split(".")), tuple(values[k] for k in node.reads)
            given = {name: values[slot] for name, slot in node.given if not self._is_parameter(slot)}
            y = functional_call(module, given, inputs, tie_weights=False) if given else module(*inputs)
            for slot, value in zip(node.writes, y if isinstance(y, tuple) else (y,), strict=True):
                values[slot] = value
        outputs = tuple(values[slot] for slot in graph.outputs_in(self.training))
        return outputs[0] if len(outputs) == 1 else outputs


def module_of(
    model: Composite, shapes: tuple[tuple[int, ...], ...], *, shared_randomness: bool, path: str = ""
) -> nn.Module:
    """nn.Sequential for a plain Sequential, a GraphModule for every other graph.

    A layer called again gets a module of its own that holds the same parameters (or, for dropout, its own
    masks); only the first call's names stand in isograd's state_dict.
    """
    graph = model.graph(*shapes)
    children: dict[str, nn.Module] = {}
    for node in graph.nodes:
        child = _child(node, f"{path}{node.name}", shared_randomness)
        if node.name != node.owner:
            _share_parameters(children[node.owner], child)
        _check_free(path, node.name, "layer")
        children[node.name] = child
    for entry in graph.entries:
        _check_free(path, entry.path, "value")
    plain = all(len(node.writes) == 1 and node.name == node.owner for node in graph.nodes)
    if isinstance(model, Sequential) and plain:
        sequence = nn.Sequential()
        for name, child in children.items():
            sequence.add_module(name, child)
        return sequence
    return GraphModule(graph, children)


def _check_free(path: str, name: str, what: str) -> None:
    """BackendError where a module has an attribute of this name, or of a part of it."""
    taken = next((n for n in name.split(".") if hasattr(nn.Sequential, n) or n in RESERVED), None)
    if taken is not None:
        raise BackendError(
            f"{path}{name}",
            wanted="a name that torch.nn.Module leaves free",
            got=repr(taken),
            fix=f"rename the {what}: name=",
        )


def _child(node: Node, path: str, shared_randomness: bool) -> nn.Module:
    if isinstance(node.layer, Composite):
        return module_of(node.layer, node.in_shapes, shared_randomness=shared_randomness, path=f"{path}.")
    kind = type(node.layer)
    masked = shared_randomness and kind in GIVEN_MASKS and getattr(node.layer, "dropout", 1.0) > 0
    made: nn.Module = (
        GIVEN_MASKS[kind](node.layer, path, *node.in_shapes) if masked else LAYERS[kind](node.layer, *node.in_shapes)
    )
    return made


def _share_parameters(first: nn.Module, again: nn.Module) -> None:
    """Let `again` hold the very parameters and buffers of `first`, module by module."""
    for one, other in zip(first.modules(), again.modules(), strict=True):
        other._parameters = one._parameters
        other._buffers = one._buffers
