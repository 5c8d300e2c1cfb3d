"""Stacks of transformer layers, and the whole Transformer: encoder and decoder, under torch's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, fields
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, InstanceOf

from isograd.core.base.description import Count, Fraction, Positive, describes
from isograd.core.base.initializers import XavierUniform
from isograd.core.base.limits import STACKED
from isograd.core.graph.transformer import (
    Sequences,
    TransformerBlock,
    TransformerDecoderBlock,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)
from isograd.core.graph.values import Value
from isograd.core.layers import LayerNorm
from isograd.core.layers.base import Layer

T = TypeVar("T", bound=Layer)
Number = Annotated[Count, Field(le=STACKED)]


def named(layer: T, name: str) -> T:
    """A layer with the same options, under this name."""
    return type(layer)(**{f.name: getattr(layer, f.name) for f in fields(layer)} | {"name": name})


@describes("layer", abstract=True)
class Stack(Sequences):
    """The same layer several times, each with weights of its own, and a normalisation at the end."""

    norm: InstanceOf[Layer] | None = None

    def __post_init__(self) -> None:
        self.check_extent()

    @property
    def stacked(self) -> tuple[TransformerBlock, int]:
        """The layer, and how many times it is there."""
        raise NotImplementedError

    @property
    def heads(self) -> int:
        return self.stacked[0].num_heads

    @property
    def parts(self) -> list[Layer]:
        layer, times = self.stacked
        return [*[layer] * times, *([] if self.norm is None else [self.norm])]

    def _joined(self, sources: Sequence[Value], masks: Sequence[Value], lengths: Sequence[Value]) -> Value:
        (x, *memory), (layer, times) = sources, self.stacked
        for k in range(times):
            x = named(layer, f"layers.{k}")(x, *memory, *masks, *lengths)
        return x if self.norm is None else named(self.norm, "norm")(x)


@describes("layer")
class TransformerEncoder(Stack):
    """y = norm(fₖ(… f₁(x))),   f: `encoder_layer`, `num_layers` times          x (N, T, E) → y alike

    Call it on (x), with mask=, src_key_padding_mask= and lengths=, which every layer is given, as
    TransformerEncoderLayer takes them; norm=None leaves the end as it is. Weights are those of
    torch.nn.TransformerEncoder: layers.0.self_attn.…, norm.…. Each layer is drawn by itself (torch's are copies, all
    alike at first).
    """

    encoder_layer: InstanceOf[TransformerEncoderLayer] | InstanceOf[TransformerDecoderBlock] = field(kw_only=False)
    num_layers: Number = field(kw_only=False)

    @property
    def stacked(self) -> tuple[TransformerBlock, int]:
        return self.encoder_layer, self.num_layers

    def __call__(
        self,
        *values: Value,
        mask: Value | None = None,
        src_key_padding_mask: Value | None = None,
        lengths: Value | None = None,
    ) -> Any:
        return self._called(values, [(mask, src_key_padding_mask)], lengths)


@describes("layer")
class TransformerDecoder(Stack):
    """y = norm(fₖ(… f₁(tgt, memory), memory)),   f: `decoder_layer`, `num_layers` times

    Call it on (tgt, memory): tgt (N, T, E), memory (N, S, E) → y (N, T, E), with the masks of
    TransformerDecoderLayer, which every layer is given. Weights are those of torch.nn.TransformerDecoder:
    layers.0.self_attn.…, norm.…; each layer is drawn by itself (torch's are copies, all alike at first).
    """

    decoder_layer: InstanceOf[TransformerDecoderLayer] = field(kw_only=False)
    num_layers: Number = field(kw_only=False)
    sequences: ClassVar[tuple[str, ...]] = TransformerDecoderLayer.sequences
    masks: ClassVar[tuple[str, ...]] = TransformerDecoderLayer.masks
    ends: ClassVar[tuple[str, ...]] = ()
    fix: ClassVar[str] = TransformerDecoderLayer.fix
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 4

    @property
    def stacked(self) -> tuple[TransformerBlock, int]:
        return self.decoder_layer, self.num_layers

    def __call__(
        self,
        *values: Value,
        tgt_mask: Value | None = None,
        memory_mask: Value | None = None,
        tgt_key_padding_mask: Value | None = None,
        memory_key_padding_mask: Value | None = None,
    ) -> Any:
        return self._called(values, [(tgt_mask, tgt_key_padding_mask), (memory_mask, memory_key_padding_mask)])


@describes("layer")
class Transformer(Sequences):
    """y = decoder(tgt, encoder(src))          (Vaswani et al. 2017)          src (N, S, E), tgt (N, T, E) → y (N, T, E)

    Call it on (src, tgt), with src_mask= (S, S), tgt_mask= (T, T), memory_mask= (T, S), each as MultiheadAttention
    takes an attn_mask, and src_key_padding_mask= (N, S), tgt_key_padding_mask= (N, T), memory_key_padding_mask=
    (N, S). causal=True is what torch calls tgt_is_causal with its mask. Both stacks end with a LayerNorm;
    custom_encoder and custom_decoder stand in place of them. Weights are those of torch.nn.Transformer:
    encoder.layers.0.self_attn.…, encoder.norm.…, decoder.layers.0.multihead_attn.…. As in torch all matrices are drawn
    by XavierUniform (those of the custom ones by their own laws, where torch draws them again).
    """

    num_heads: Count = field(kw_only=False, default=8)
    num_encoder_layers: Number = 6
    num_decoder_layers: Number = 6
    dim_feedforward: Count = 2048
    dropout: Fraction = 0.1
    activation: Literal["relu", "gelu"] = "relu"
    custom_encoder: InstanceOf[TransformerEncoder] | None = None
    custom_decoder: InstanceOf[TransformerDecoder] | None = None
    layer_norm_eps: Positive = 1e-5
    norm_first: bool = False
    bias: bool = True
    causal: bool = False

    sequences: ClassVar[tuple[str, ...]] = ("src", "tgt")
    masks: ClassVar[tuple[str, ...]] = ("src_mask", "tgt_mask", "memory_mask")
    ends: ClassVar[tuple[str, ...]] = ()
    fix: ClassVar[str] = "ig.Model(inputs=[src, tgt], outputs={}(src, tgt))"
    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 5

    def __post_init__(self) -> None:
        self.check_extent()

    @property
    def heads(self) -> int:
        return self.num_heads

    @property
    def parts(self) -> list[Layer]:
        return [self.encoder, self.decoder]

    @property
    def encoder(self) -> TransformerEncoder:
        layer = TransformerEncoderLayer(self.num_heads, **self._options())
        stack = TransformerEncoder(layer, self.num_encoder_layers, norm=self._norm())
        return named(self.custom_encoder or stack, "encoder")

    @property
    def decoder(self) -> TransformerDecoder:
        layer = TransformerDecoderLayer(self.num_heads, causal=self.causal, **self._options())
        stack = TransformerDecoder(layer, self.num_decoder_layers, norm=self._norm())
        return named(self.custom_decoder or stack, "decoder")

    def _norm(self) -> LayerNorm:
        return LayerNorm(eps=self.layer_norm_eps, bias=self.bias)

    def _options(self) -> dict[str, Any]:
        """Of the layers of both stacks."""
        names = ("dim_feedforward", "dropout", "activation", "layer_norm_eps", "norm_first", "bias")
        return {"weight_init": XavierUniform(), **{name: getattr(self, name) for name in names}}

    def __call__(
        self,
        *values: Value,
        src_mask: Value | None = None,
        tgt_mask: Value | None = None,
        memory_mask: Value | None = None,
        src_key_padding_mask: Value | None = None,
        tgt_key_padding_mask: Value | None = None,
        memory_key_padding_mask: Value | None = None,
    ) -> Any:
        pairs = [
            (src_mask, src_key_padding_mask),
            (tgt_mask, tgt_key_padding_mask),
            (memory_mask, memory_key_padding_mask),
        ]
        return self._called(values, pairs)

    def _joined(self, sources: Sequence[Value], masks: Sequence[Value], lengths: Sequence[Value]) -> Value:
        src, tgt = sources
        return self.decoder(tgt, self.encoder(src, *masks[:1]), *masks[1:])  # type: ignore[no-any-return]
