"""nn.MultiheadAttention called with a graph's values, and the encoding of places, which torch.nn lacks."""

from __future__ import annotations

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
            return self.by_hand(query, key, value, masks, later, padded)
        if masks:
            total = self.total(query, key, masks, later, padded)
            later, padded = total.expand(len(query), self.num_heads, *total.shape[2:]).flatten(0, 1), None
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

    def later(self, query: Tensor) -> Tensor | None:
        """True above the diagonal."""
        size = query.shape[1]
        return torch.ones(size, size, dtype=torch.bool, device=query.device).triu(1) if self.causal else None

    def padded(self, key: Tensor, lengths: Tensor | None = None) -> Tensor | None:
        """True from lengths[n] on."""
        if lengths is None:
            return None
        return torch.arange(key.shape[1], device=key.device) >= lengths[:, None]

    def total(
        self, query: Tensor, key: Tensor, masks: list[Tensor], later: Tensor | None, padded: Tensor | None
    ) -> Tensor:
        """The sum of all masks as floats, (1 or N, 1 or H, T, S)"""
        hidden = [later, None if padded is None else padded[:, None, None]]
        total = query.new_zeros(1, 1, query.shape[1], key.shape[1])
        for mask in (*masks, *(each for each in hidden if each is not None)):
            total = total.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else total + mask
        return total

    def by_hand(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        masks: list[Tensor],
        later: Tensor | None,
        padded: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """(y, weights), written out"""
        separate = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        weights = separate if self.in_proj_weight is None else self.in_proj_weight.chunk(3)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        sides = ((query, None), (key, self.bias_k), (value, self.bias_v))
        q, k, v = (
            self.heads(functional.linear(source, w, b), more, added=part > 0)
            for part, ((source, more), w, b) in enumerate(zip(sides, weights, biases, strict=True))
        )
        hidden = self.total(query, key, masks, later, padded)
        scores = q @ k.mT / self.head_dim**0.5 + functional.pad(hidden, (0, k.shape[2] - key.shape[1]))
        unseen = (scores == -torch.inf).all(-1, keepdim=True)
        attention = self.thinned(scores.masked_fill(unseen, 0.0).softmax(-1).masked_fill(unseen, 0.0))
        joined = (attention @ v).transpose(1, 2).flatten(2)
        y = functional.linear(joined, self.out_proj.weight, self.out_proj.bias)
        return y, attention.mean(1) if self.average_weights else attention

    def heads(self, made: Tensor, more: Tensor | None, *, added: bool) -> Tensor:
        """(N, H, places, d) of a projection (N, places, E); keys and values with the places that are `added`."""
        if more is not None:
            made = torch.cat([made, more.expand(len(made), 1, -1)], 1)
        if added and self.add_zero_attn:
            made = functional.pad(made, (0, 0, 0, 1))
        return made.reshape(len(made), -1, self.num_heads, self.head_dim).transpose(1, 2)

    def thinned(self, attention: Tensor) -> Tensor:
        """D: the weights, some of them dropped"""
        return functional.dropout(attention, self.dropout, self.training)


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
        run = self.by_hand if self.training and self.dropout else super().attend
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
