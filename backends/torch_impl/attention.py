"""nn.MultiheadAttention called with a graph's values, and the encoding of places, which torch.nn lacks."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from isograd.backends.torch_impl.modules import Masked
from isograd.core.base.types import Shape
from isograd.core.layers import MultiheadAttention, PositionalEncoding, ScaledDotProductAttention


class Attention(nn.MultiheadAttention):
    """(x) or (query, key, value), after them masks (N, H, T, S) and lengths (N,) → y, or (y, weights)"""

    def __init__(self, s: MultiheadAttention, *x: Shape) -> None:
        sources = [shape for shape in x if len(shape) == 2]
        query, key, value = sources if len(sources) > 1 else sources * 3
        super().__init__(
            query[-1],
            s.num_heads,
            s.dropout,
            s.bias,
            s.add_bias_kv,
            s.add_zero_attn,
            kdim=key[-1],
            vdim=value[-1],
            batch_first=True,
        )
        self.causal, self.need_weights, self.average_weights = s.causal, s.need_weights, s.average_attn_weights

    def forward(self, *x: Tensor) -> Any:  # type: ignore[override]
        sources, masks, lengths = ([values for values in x if values.dim() == axes] for axes in (3, 4, 1))
        query, key, value = sources if len(sources) > 1 else sources * 3
        y, weights = self.attend(query, key, value, masks, self.later(query), self.padded(key, *lengths))
        return (y, weights) if self.need_weights else y

    def attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        masks: list[Tensor],
        later: Tensor | None,
        padded: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """(y, weights or None); `later` (T, T), `padded` (N, S) and masks of booleans are True at what is hidden."""
        if masks and self.need_weights:  # where a place sees nothing torch's softmax would give NaN
            return self.written_out(query, key, value, masks, later, padded)
        if masks:
            total = added_mask(query, key, *masks, *hiding(later, padded))
            later, padded = total.expand(len(query), self.num_heads, -1, -1).flatten(0, 1), None
        return super().forward(
            query,
            key,
            value,
            key_padding_mask=padded,
            need_weights=self.need_weights,
            attn_mask=later,
            average_attn_weights=self.average_weights,
            is_causal=self.causal and not masks and self.bias_k is None and not self.add_zero_attn,
        )

    def written_out(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        masks: list[Tensor],
        later: Tensor | None,
        padded: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """(y, weights)"""
        mask = added_mask(query, key, *masks, *hiding(later, padded))
        return attend_written_out(self, query, key, value, mask, self.thinned, self.average_weights)

    def later(self, query: Tensor) -> Tensor | None:
        """True above the diagonal."""
        size = query.shape[1]
        return torch.ones(size, size, dtype=torch.bool, device=query.device).triu(1) if self.causal else None

    def padded(self, key: Tensor, lengths: Tensor | None = None) -> Tensor | None:
        """True from lengths[n] on."""
        if lengths is None:
            return None
        return torch.arange(key.shape[1], device=key.device) >= lengths[:, None]

    def thinned(self, attention: Tensor) -> Tensor:
        """D: the weights, some of them dropped"""
        return functional.dropout(attention, self.dropout, self.training)


def hiding(later: Tensor | None, padded: Tensor | None) -> list[Tensor]:
    """Those that there are, on axes that broadcast to (N, H, T, S)."""
    return ([] if later is None else [later]) + ([] if padded is None else [padded[:, None, None]])


def added_mask(query: Tensor, key: Tensor, *masks: Tensor) -> Tensor:
    """The sum of masks that broadcast to (N, H, T, S): floats as they are, of booleans −∞ where they are True"""
    total = query.new_zeros(1, 1, query.shape[1], key.shape[1])
    for mask in masks:
        total = total.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else total + mask
    return total


def attend_written_out(
    module: nn.MultiheadAttention,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    drop: Callable[[Tensor], Tensor],
    average: bool = True,
) -> tuple[Tensor, Tensor]:
    """What the module computes, (y, weights): where a place sees nothing its weights are 0, not NaN"""
    more = (None, module.bias_k, module.bias_v)
    separate = (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)
    weights = separate if module.in_proj_weight is None else module.in_proj_weight.chunk(3)
    biases = (None, None, None) if module.in_proj_bias is None else module.in_proj_bias.chunk(3)
    sides: list[Tensor] = []
    for source, w, b, added in zip((query, key, value), weights, biases, more, strict=True):
        made = functional.linear(source, w, b)
        if added is not None:
            made = torch.cat([made, added.expand(len(made), 1, -1)], 1)
        if sides and module.add_zero_attn:
            made = functional.pad(made, (0, 0, 0, 1))
        sides.append(made.reshape(len(made), -1, module.num_heads, module.head_dim).transpose(1, 2))
    q, k, v = sides
    scores = q @ k.mT / module.head_dim**0.5 + functional.pad(mask, (0, k.shape[2] - mask.shape[3]))
    unseen = (scores == -torch.inf).all(-1, keepdim=True)
    attention = drop(scores.masked_fill(unseen, 0.0).softmax(-1).masked_fill(unseen, 0.0))
    joined = (attention @ v).transpose(1, 2).flatten(2)
    y = functional.linear(joined, module.out_proj.weight, module.out_proj.bias)
    return y, attention.mean(1) if average else attention


class GivenMaskAttention(Masked, Attention):
    """Attention whose dropout takes its masks from isograd's own streams."""

    def __init__(self, s: MultiheadAttention, path: str, *x: Shape) -> None:
        super().__init__(s, *x)
        self.path = path

    def attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        masks: list[Tensor],
        later: Tensor | None,
        padded: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        run = self.written_out if self.training and self.dropout else super().attend
        return run(query, key, value, masks, later, padded)

    def thinned(self, attention: Tensor) -> Tensor:
        if not (self.training and self.dropout):
            return attention
        return attention * self.kept(tuple(attention.shape), self.dropout, attention)


class ScaledDotProduct(nn.Module):
    """functional.scaled_dot_product_attention of (q, k, v) or (q, k, v, mask)"""

    def __init__(self, s: ScaledDotProductAttention) -> None:
        super().__init__()
        self.spec, self.dropout = s, s.dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        s, dropout = self.spec, self.dropout if self.training else 0.0
        return functional.scaled_dot_product_attention(
            q, k, v, mask, dropout, is_causal=s.causal, scale=s.scale, enable_gqa=s.enable_gqa
        )

    def extra_repr(self) -> str:
        return repr(self.spec)


class GivenMaskScaledDotProduct(Masked, ScaledDotProduct):
    """The same, its dropout with masks from isograd's own streams."""

    def __init__(self, s: ScaledDotProductAttention, path: str) -> None:
        super().__init__(s)
        self.path = path

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        if not self.training:
            return super().forward(q, k, v, mask)
        if self.spec.enable_gqa:
            k, v = (values.repeat_interleave(q.shape[-3] // values.shape[-3], -3) for values in (k, v))
        scale = q.shape[-1] ** -0.5 if self.spec.scale is None else self.spec.scale
        scores = q @ k.mT * scale
        if self.spec.causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.masked_fill(later, -torch.inf)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
        unseen = (scores == -torch.inf).all(-1, keepdim=True)
        attention = scores.masked_fill(unseen, 0.0).softmax(-1).masked_fill(unseen, 0.0)
        attention = attention + torch.zeros_like(v[..., :1, :1])  # as many as there are of v
        return attention * self.kept(tuple(attention.shape), self.dropout, attention) @ v


class Positions(nn.Module):
    """x + P, the sinusoids or a weight (T, E)"""

    def __init__(self, s: PositionalEncoding, x: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(x).normal_(0, 0.02)) if s.learned else None
        self.table = sinusoids(*x)  # no buffer: where a layer is called again, each call has a table of its own

    def forward(self, x: Tensor) -> Tensor:
        if self.weight is not None:
            return x + self.weight
        self.table = self.table.to(x)
        return x + self.table


def sinusoids(steps: int, width: int) -> Tensor:
    """(T, E), float64: sines in the even columns, cosines in the odd ones."""
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-log(10000) / width))
    angles = torch.arange(steps, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
