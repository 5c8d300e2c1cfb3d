"""Transformer blocks: graphs of attention, normalisation and two linear layers, under torch's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from math import inf
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import InstanceOf

from isograd.core.base.description import Count, Fraction, Positive, describes
from isograd.core.base.errors import SpecError
from isograd.core.base.initializers import Initializer
from isograd.core.base.types import Shape, shape_text
from isograd.core.graph.composite import Composite
from isograd.core.graph.names import name_layers
from isograd.core.graph.nodes import Graph
from isograd.core.graph.resolve import calls_between, resolve
from isograd.core.graph.values import Input, Value
from isograd.core.layers import GELU, Add, Dropout, Full, LayerNorm, Linear, MaskedFill, MultiheadAttention, ReLU
from isograd.core.layers.attention import divided, placed_masks
from isograd.core.layers.base import Layer, Misfit

Law = InstanceOf[Initializer] | None
Pair = tuple[Value | None, Value | None]
"""A mask of torch's for an attention, and one for the padding of its keys."""


class Build(NamedTuple):
    """What the blocks differ in."""

    dim_feedforward: int
    activation: Layer
    norm_first: bool
    causal: bool


@describes("layer", abstract=True)
class Sequences(Composite):
    """A graph that reads one sequence or two, masks (N, 1 or H, T or 1, S) of floats in a fixed order, and lengths.

    What torch calls a mask becomes one of these by nodes around it: `_called`.
    """

    sequences: ClassVar[tuple[str, ...]] = ("input",)
    masks: ClassVar[tuple[str, ...]] = ("mask",)
    ends: ClassVar[tuple[str, ...]] = ("lengths",)
    fix: ClassVar[str] = "ig.Sequential([{}], input_shape=(25, 64))"
    max_inputs: ClassVar[int | None] = 3

    @property
    def heads(self) -> int:
        """In how many heads attention is cut."""
        raise NotImplementedError

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        raise SpecError(
            repr(self),
            wanted="a model around it, which says what comes in",
            got=f"a {type(self).__name__} by itself",
            fix=self.fix.format(repr(self)),
        )

    def _called(self, values: Sequence[Value], pairs: Sequence[Pair], lengths: Value | None = None) -> Any:
        """Apply it, each pair of masks in one; before the last that is given all are, those of nothing as zeros."""
        made: list[Value | None] = [self._mask(values[0], pair) if any_of(pair) else None for pair in pairs]
        while made and made[-1] is None:
            made.pop()
        masks = [self._mask(values[0], (None, None)) if mask is None else mask for mask in made]
        return Composite.__call__(self, *values, *masks, *([] if lengths is None else [lengths]))

    def _mask(self, x: Value, pair: Pair) -> Value:
        """What both add to the scores, (N, …): −∞ where booleans are True, and floats as they are."""
        total: Value = Full(("N", 1, 1, 1), 0.0)(x)
        for mask in placed_masks(self, self.heads, *pair):
            total = MaskedFill(-inf)(total, mask) if mask.form.kind == "boolean" else total + mask
        return total

    def graph(self, *x: Shape) -> Graph:
        if x not in self.memo:
            self.memo[x] = self._resolve(*x)
        graph: Graph = self.memo[x]
        return graph

    def _resolve(self, *x: Shape) -> Graph:
        kinds = divided(x)
        known = (self.sequences, self.masks, self.ends)
        labels = [label for each, shapes in zip(known, kinds, strict=True) for label in each[: len(shapes)]]
        if x != kinds[0] + kinds[1] + kinds[2] or len(kinds[0]) != len(known[0]) or len(labels) != len(x):
            raise self._unfit(x)
        starts = [Input(shape) for shape in x]
        first, last = len(kinds[0]), len(x) - len(kinds[2])
        y = self._joined(starts[:first], starts[first:last], starts[last:])
        where = type(self).__name__
        names = name_layers([call.layer for call in calls_between(starts, [y], where)[0]], where)
        return resolve(starts, labels, [y], names, where)

    def _unfit(self, x: tuple[Shape, ...]) -> Misfit:
        ends = ", then lengths (N,)" * len(self.ends)
        return Misfit(
            f"{' and '.join(self.sequences)} (N, T, E), after them masks (N, num_heads, T, S){ends}",
            " and ".join(map(shape_text, x)),
            "give masks by their names, as torch has them",
        )

    def _joined(self, sources: Sequence[Value], masks: Sequence[Value], lengths: Sequence[Value]) -> Value:
        """The output for these values."""
        raise NotImplementedError


def any_of(pair: Pair) -> bool:
    return any(mask is not None for mask in pair)


@describes("layer", abstract=True)
class TransformerBlock(Sequences):
    """Attention, then the same small network at every place, each with its input added and normalised.

    Call it on (x), with src_mask=, src_key_padding_mask= and lengths= where there are such (MultiheadAttention tells
    what masks may be): x (N, T, E) → y alike; lengths whole numbers (N,), 1…T. Names and layouts of the weights are
    those of torch.nn.TransformerEncoderLayer: self_attn.…, linear1.…, linear2.…, norm1.…, norm2.….
    weight_init=None: the laws of MultiheadAttention and Linear, else this one of all their matrices.
    """

    num_heads: Count = field(kw_only=False)
    dropout: Fraction = 0.1
    layer_norm_eps: Positive = 1e-5
    bias: bool = True
    weight_init: Law = None

    @property
    def heads(self) -> int:
        return self.num_heads

    @property
    def calls(self) -> int:
        return 11

    @property
    def levels(self) -> int:
        return 1

    def build(self, width: int) -> Build:
        """How this block is built for values of `width` features."""
        raise NotImplementedError

    def __call__(
        self,
        *values: Value,
        src_mask: Value | None = None,
        src_key_padding_mask: Value | None = None,
        lengths: Value | None = None,
    ) -> Any:
        return self._called(values, [(src_mask, src_key_padding_mask)], lengths)

    def _attention(self, name: str, *, causal: bool) -> MultiheadAttention:
        laws: Any = (
            {} if self.weight_init is None else {"in_proj_init": self.weight_init, "out_proj_init": self.weight_init}
        )
        return MultiheadAttention(
            self.num_heads, bias=self.bias, dropout=self.dropout, causal=causal, name=name, **laws
        )

    def _dropped(self, h: Value, name: str) -> Any:
        return Dropout(self.dropout, name=name)(h) if self.dropout else h

    def _transformed(self, h: Value, last: str) -> Any:
        """linear2(D(activation(linear1(h)))), and what is dropped of it"""
        (width,), laws = h.shape[1:], {} if self.weight_init is None else {"weight_init": self.weight_init}
        build = self.build(width)
        h = build.activation(Linear(build.dim_feedforward, bias=self.bias, name="linear1", **laws)(h))
        h = Linear(width, bias=self.bias, name="linear2", **laws)(self._dropped(h, "dropout"))
        return self._dropped(h, last)

    def _around(self, x: Value, branches: Sequence[Callable[[Value], Any]]) -> Value:
        """Each branch with its input added, normalised before or after."""
        first = self.build(x.shape[1]).norm_first
        for k, branch in enumerate(branches, 1):
            norm, add = LayerNorm(eps=self.layer_norm_eps, bias=self.bias, name=f"norm{k}"), Add(name=f"add{k}")
            x = add(x, branch(norm(x))) if first else norm(add(x, branch(x)))
        return x

    def _joined(self, sources: Sequence[Value], masks: Sequence[Value], lengths: Sequence[Value]) -> Value:
        attention = self._attention("self_attn", causal=self.build(1).causal)
        attention.checked_forms(*(value.form for value in (*sources, *masks, *lengths)))

        def attended(h: Value) -> Any:
            return self._dropped(attention(h, *masks, *lengths), "dropout1")

        return self._around(sources[0], [attended, lambda h: self._transformed(h, "dropout2")])


@describes("layer", abstract=True)
class TransformerLayer(TransformerBlock):
    """The options of torch's two layers."""

    dim_feedforward: Count = 2048
    activation: Literal["relu", "gelu"] = "relu"
    norm_first: bool = False
    causal: bool = False

    def build(self, width: int) -> Build:
        activation = (GELU if self.activation == "gelu" else ReLU)(name="activation")
        return Build(self.dim_feedforward, activation, self.norm_first, self.causal)


@describes("layer")
class TransformerEncoderLayer(TransformerLayer):
    """norm_first=False (Vaswani et al. 2017): h = norm1(x + D(attention(x))),   y = norm2(h + D(f(h)))
    norm_first=True: h = x + D(attention(norm1(x))),   y = h + D(f(norm2(h)))
    f(h) = linear2(D(activation(linear1(h)))),   D: dropout, also on the attention's weights

    x (N, T, E) → y alike; with `lengths=` or src_key_padding_mask= (N, T) no place attends to what is padding, with
    src_mask= (T, T), (N, T, T) or (N·H, T, T) to what it hides. GELU is the exact one (erf). Weights are those of
    torch.nn.TransformerEncoderLayer; causal=True is what torch calls src_mask above the diagonal. A place that may
    attend to nothing attends to nothing, as in MultiheadAttention (torch's fused forms give NaN).
    """


@describes("layer")
class TransformerDecoderBlock(TransformerBlock):
    """h = x + D(attention(norm1(x))),   y = h + D(linear2(D(gelu(linear1(norm2(h))))))          x (N, T, E) → y alike

    The block of a decoder-only language model (GPT): causal, normalised first, four times as wide in the middle
    unless dim_feedforward says otherwise. It is TransformerEncoderLayer with these options, and has its weights.
    """

    dim_feedforward: Count | None = None

    def build(self, width: int) -> Build:
        return Build(self.dim_feedforward or 4 * width, GELU(name="activation"), True, True)


@describes("layer")
class TransformerDecoderLayer(TransformerLayer):
    """norm_first=False (Vaswani et al. 2017): h = norm1(x + D(attention(x))),   g = norm2(h + D(attention(h, memory))),
    y = norm3(g + D(f(g)));   norm_first=True: h = x + D(attention(norm1(x))),   g = h + D(attention(norm2(h), memory)),
    y = g + D(f(norm3(g)))          f as in TransformerEncoderLayer, and all its options

    Call it on (tgt, memory): tgt (N, T, E), memory (N, S, E) → y (N, T, E). tgt_mask= (T, T), (N, T, T) or
    (N·H, T, T), tgt_key_padding_mask= (N, T), memory_mask= (T, S) and the like, memory_key_padding_mask= (N, S): as
    MultiheadAttention's. causal=True is what torch calls tgt_is_causal with its mask. Weights are those of
    torch.nn.TransformerDecoderLayer: self_attn.…, multihead_attn.…, linear1.…, linear2.…, norm1.…, norm2.…, norm3.….
    """

    sequences: ClassVar[tuple[str, ...]] = ("tgt", "memory")
    masks: ClassVar[tuple[str, ...]] = ("tgt_mask", "memory_mask")
    ends: ClassVar[tuple[str, ...]] = ()
    fix: ClassVar[str] = "ig.Model(inputs=[tgt, memory], outputs={}(tgt, memory))"
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 4

    @property
    def calls(self) -> int:
        return 15

    def __call__(  # type: ignore[override]
        self,
        *values: Value,
        tgt_mask: Value | None = None,
        memory_mask: Value | None = None,
        tgt_key_padding_mask: Value | None = None,
        memory_key_padding_mask: Value | None = None,
    ) -> Any:
        pairs = [(tgt_mask, tgt_key_padding_mask), (memory_mask, memory_key_padding_mask)]
        return self._called(values, pairs)

    def _joined(self, sources: Sequence[Value], masks: Sequence[Value], lengths: Sequence[Value]) -> Value:
        (tgt, memory), own, across = sources, masks[:1], masks[1:]
        if tgt.shape[1:] != memory.shape[1:]:
            raise Misfit(
                f"memory as wide as tgt: (N, S, {tgt.shape[-1]})",
                shape_text(memory.shape),
                "ig.Linear before one of them",
            )
        attention, second = (
            self._attention("self_attn", causal=self.causal),
            self._attention("multihead_attn", causal=False),
        )
        attention.checked_forms(*(value.form for value in (tgt, *own)))
        second.checked_forms(*(value.form for value in (tgt, memory, memory, *across)))

        def attended(h: Value) -> Any:
            return self._dropped(attention(h, *own), "dropout1")

        def crossed(h: Value) -> Any:
            return self._dropped(second(h, memory, memory, *across), "dropout2")

        return self._around(tgt, [attended, crossed, lambda h: self._transformed(h, "dropout3")])
