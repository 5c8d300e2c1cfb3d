"""Transformer blocks: graphs of attention, normalisation and two linear layers, under torch's names."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar, Literal, NamedTuple

from isograd.core.base.description import Count, Fraction, Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Shape
from isograd.core.graph.composite import Composite
from isograd.core.graph.names import name_layers
from isograd.core.graph.nodes import Graph
from isograd.core.graph.resolve import calls_between, resolve
from isograd.core.graph.values import Input, Value
from isograd.core.layers import GELU, Add, Dropout, LayerNorm, Linear, MultiheadAttention, ReLU
from isograd.core.layers.base import Layer


class Form(NamedTuple):
    """What the blocks differ in."""

    dim_feedforward: int
    activation: Layer
    norm_first: bool
    causal: bool


@describes("layer", abstract=True)
class TransformerBlock(Composite):
    """Self-attention, then the same small network at every place, each with its input added and normalised.

    Call it on (x) or (x, lengths=…): x (N, T, E) → y alike; lengths whole numbers (N,), 1…T. Names and layouts of
    the weights are those of torch.nn.TransformerEncoderLayer: self_attn.…, linear1.…, linear2.…, norm1.…, norm2.….
    """

    num_heads: Count = field(kw_only=False)
    dropout: Fraction = 0.1
    layer_norm_eps: Positive = 1e-5
    bias: bool = True
    max_inputs: ClassVar[int | None] = 2

    @property
    def calls(self) -> int:
        return 11

    @property
    def levels(self) -> int:
        return 1

    def form(self, width: int) -> Form:
        """How this block is built for values of `width` features."""
        raise NotImplementedError

    def __call__(self, *values: Value, lengths: Value | None = None) -> Any:
        return super().__call__(*values, *([] if lengths is None else [lengths]))

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        raise SpecError(
            repr(self),
            wanted="a model around it, which says what comes in",
            got=f"a {type(self).__name__} by itself",
            fix=f"ig.Sequential([{self!r}], input_shape=(25, 64))",
        )

    def graph(self, *x: Shape) -> Graph:
        if x not in self.memo:
            self.memo[x] = self._resolve(*x)
        graph: Graph = self.memo[x]
        return graph

    def _resolve(self, shape: Shape, *lengths: Shape) -> Graph:
        causal = self.form(1).causal
        attention = MultiheadAttention(
            self.num_heads, bias=self.bias, dropout=self.dropout, causal=causal, name="self_attn"
        )
        attention.checked_shapes(shape, *lengths)
        form, start, ends = self.form(shape[1]), Input(shape), [Input(size) for size in lengths]

        def dropped(h: Value, name: str) -> Any:
            return Dropout(self.dropout, name=name)(h) if self.dropout else h

        def attended(h: Value) -> Any:
            return dropped(attention(h, *ends), "dropout1")

        def transformed(h: Value) -> Any:
            h = form.activation(Linear(form.dim_feedforward, bias=self.bias, name="linear1")(h))
            return dropped(Linear(shape[1], bias=self.bias, name="linear2")(dropped(h, "dropout")), "dropout2")

        x: Value = start
        for k, branch in enumerate((attended, transformed), 1):
            norm, add = LayerNorm(eps=self.layer_norm_eps, bias=self.bias, name=f"norm{k}"), Add(name=f"add{k}")
            x = add(x, branch(norm(x))) if form.norm_first else norm(add(x, branch(x)))
        where = type(self).__name__
        names = name_layers([call.layer for call in calls_between([start, *ends], [x], where)[0]], where)
        return resolve([start, *ends], ["input", "lengths"][: 1 + len(ends)], [x], names, where)


@describes("layer")
class TransformerEncoderLayer(TransformerBlock):
    """norm_first=False (Vaswani et al. 2017): h = norm1(x + D(attention(x))),   y = norm2(h + D(f(h)))
    norm_first=True: h = x + D(attention(norm1(x))),   y = h + D(f(norm2(h)))
    f(h) = linear2(D(activation(linear1(h)))),   D: dropout, also on the attention's weights

    x (N, T, E) → y alike; with `lengths=` no place attends to what is padding. GELU is the exact one (erf). Weights
    are those of torch.nn.TransformerEncoderLayer; causal=True is what torch calls src_mask above the diagonal.
    """

    dim_feedforward: Count = 2048
    activation: Literal["relu", "gelu"] = "relu"
    norm_first: bool = False
    causal: bool = False

    def form(self, width: int) -> Form:
        activation = (GELU if self.activation == "gelu" else ReLU)(name="activation")
        return Form(self.dim_feedforward, activation, self.norm_first, self.causal)


@describes("layer")
class TransformerDecoderBlock(TransformerBlock):
    """h = x + D(attention(norm1(x))),   y = h + D(linear2(D(gelu(linear1(norm2(h))))))          x (N, T, E) → y alike

    The block of a decoder-only language model (GPT): causal, normalised first, four times as wide in the middle
    unless dim_feedforward says otherwise. It is TransformerEncoderLayer with these options, and has its weights.
    """

    dim_feedforward: Count | None = None

    def form(self, width: int) -> Form:
        return Form(self.dim_feedforward or 4 * width, GELU(name="activation"), True, True)
