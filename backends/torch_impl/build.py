"""From a model's graph to an nn.Module that a PyTorch user would recognise."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from isograd.backends.torch_impl.layers import GIVEN_MASKS, LAYERS
from isograd.core.base.errors import BackendError
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Graph, Node
from isograd.core.graph.sequential import Sequential

RESERVED = ("training", "graph")  # attributes of every module, of a GraphModule


class GraphModule(nn.Module):
    """Named children applied along a graph: the values of slots, node by node."""

    def __init__(self, graph: Graph, children: dict[str, nn.Module]) -> None:
        super().__init__()
        self.graph = graph
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, *x: Tensor) -> Any:
        values: list[Any] = [*x, *[None] * (self.graph.slots - len(x))]
        for node in self.graph.nodes:
            y = self._modules[node.name](*(values[k] for k in node.reads))  # type: ignore[misc]
            for slot, value in zip(node.writes, y if isinstance(y, tuple) else (y,), strict=True):
                values[slot] = value
        outputs = tuple(values[slot] for slot in self.graph.outputs)
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
        if hasattr(nn.Sequential, node.name) or node.name in RESERVED:
            raise BackendError(
                f"{path}{node.name}",
                wanted="a name that torch.nn.Module leaves free",
                got=repr(node.name),
                fix="rename the layer: name=",
            )
        children[node.name] = child
    plain = all(len(node.writes) == 1 and node.name == node.owner for node in graph.nodes)
    if isinstance(model, Sequential) and plain:
        sequence = nn.Sequential()
        for name, child in children.items():
            sequence.add_module(name, child)
        return sequence
    return GraphModule(graph, children)


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
