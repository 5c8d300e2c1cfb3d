"""Which weights and inputs of a layer lead to some of its outputs alone: where no loss asks for these, as in PyTorch,
they have no gradient, rather than one of zeros that a decay would still add to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from isograd.core.base.table import Table
from isograd.core.graph.nodes import Node
from isograd.core.layers import LSTM, MultiheadAttention

Unled: TypeAlias = tuple[tuple[str, ...], tuple[int, ...]]
"""(beginnings of weights' names, positions of inputs)"""

UNREACHED = Table("numpy_impl/unreached")


@UNREACHED.implements(MultiheadAttention)
def of_attention(spec: MultiheadAttention, node: Node, reached: Sequence[bool]) -> Unled:
    """Without y, of the shares alone: what makes the values, where it makes nothing else, and what joins the heads."""
    if reached[0]:
        return (), ()
    sources = sum(len(shape) == 2 for shape in node.in_shapes)
    return ("v_proj_weight", "bias_v", "out_proj"), (2,) if sources == 3 else ()


@UNREACHED.implements(LSTM)
def of_lstm(spec: LSTM, node: Node, reached: Sequence[bool]) -> Unled:
    """Of the cells of a single step alone: the projection of the last layer."""
    steps = node.in_shapes[0][0]
    return () if any(reached[:2]) or steps > 1 else (f"weight_hr_l{spec.num_layers - 1}",), ()


def as_reached(node: Node, reached: Sequence[bool], dx: Any, own: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """(dx, gradients of the weights) of a node, less those that nothing led back to."""
    if all(reached) or type(node.layer) not in UNREACHED:
        return dx, own
    names, inputs = UNREACHED[type(node.layer)](node.layer, node, reached)
    if isinstance(dx, tuple):
        dx = tuple(None if k in inputs else each for k, each in enumerate(dx))
    return dx, {name: values for name, values in own.items() if not name.startswith(names)}
