"""One line a node: how what the torch engine's modules compute reads in a plain forward().

By the class of the module that the engine's own table makes. A module of torch.nn is made in __init__ and called; what
the engine wraps in a module of its own is written as the expression, or the carried function, that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from isograd.backends.torch_impl import attention, exact, modules, movers, recurrent, tensors
from isograd.exporting import torch_tensors as lines
from isograd.exporting.torch_modules import base_of, value_text
from isograd.exporting.torch_words import LIKE, Line, Spoken, function


def last_step(s: Spoken) -> Line:
    return Line(f"{s.x[0]}[:, -1]" if len(s.x) == 1 else f"last_step({s.all})")


def embedding_bag(s: Spoken) -> Line:
    weights = f", per_sample_weights={s.x[1]}" if len(s.x) > 1 else ""
    return Line(f"{s.here}({s.x[0]}{weights})")


def antialiased(s: Spoken) -> Line:
    names = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")
    told = [f"{n}={s.option(n)}" for n in names if getattr(s.made, n) not in (None, False)]
    across = ".mT" if s.made.lying else ""
    return Line(f"F.interpolate({s.x[0]}{across}, {', '.join(told)}, antialias=True){across}")


def celu(s: Spoken) -> Line:
    x, alpha = s.x[0], s.made.alpha
    return Line(f"torch.where({x} > 0, {x}, {alpha} * torch.expm1(torch.where({x} > 0, 0.0, {x}) / {alpha}))")


def stack(s: Spoken) -> Line:
    """A recurrent stack: torch's states have their first two axes the other way round."""
    forms = s.node.in_forms
    states = [x for x, form in zip(s.x[1:], forms[1:], strict=True) if len(form.axes) == 3]
    lengths = [x for x, form in zip(s.x[1:], forms[1:], strict=True) if len(form.axes) == 1]
    turned = [f"{x}.transpose(0, 1).contiguous()" for x in states]
    state = f"({', '.join(turned)})" if len(turned) > 1 else "".join(turned)
    several = len(s.node.writes) > 2
    target = "{}, ({}, {})" if several else "{}, {}"
    then = ("", *["{}.transpose(0, 1)"] * (len(s.node.writes) - 1))
    if lengths:
        return Line(f"run_padded({', '.join([s.here, s.x[0], *lengths, *([state] if state else [])])})", target, then)
    return Line(f"{s.here}({', '.join([s.x[0], *([state] if state else [])])})", target, then)


def lstm_cell(s: Spoken) -> Line:
    state = f", ({', '.join(s.x[1:])})" if len(s.x) > 1 else ""
    return Line(f"{s.here}({s.x[0]}{state})")


def attended(s: Spoken) -> Line:
    ranks = [len(form.axes) for form in s.node.in_forms]
    sources, masks, lengths = ([x for x, rank in zip(s.x, ranks, strict=True) if rank == k] for k in (3, 4, 1))
    query, key, value = sources if len(sources) > 1 else sources * 3
    padded = [f"padding_mask({key}, {each})" for each in lengths]
    later = [f"causal_mask({query})"] if s.made.causal else []
    total = f"added_mask({', '.join([query, key, *masks, *later, *(f'{each}[:, None, None]' for each in padded)])})"
    each = [] if s.made.average_weights else ["average_attn_weights=False"]
    if masks and s.made.need_weights:
        drop = f"lambda a: F.dropout(a, {s.made.dropout}, self.training)" if s.made.dropout else "lambda a: a"
        every = [s.here, query, key, value, total, drop, *(["average=False"] if each else [])]
        return Line(f"attend_written_out({', '.join(every)})")
    if masks:
        told = [f"attn_mask={total}.expand(len({query}), {s.made.num_heads}, -1, -1).flatten(0, 1)"]
    else:
        plain = s.made.bias_k is None and not s.made.add_zero_attn
        told = [f"key_padding_mask={mask}" for mask in padded] + [f"attn_mask={mask}" for mask in later]
        told += ["is_causal=True"] if later and plain else []
    if s.made.need_weights:
        return Line(f"{s.here}({', '.join([query, key, value, *told, *each])})")
    return Line(f"{s.here}({', '.join([query, key, value, *told, 'need_weights=False'])})", "{}, _")


def scaled_dot_product(s: Spoken) -> Line:
    spec = s.made.spec
    told = [f"dropout_p={s.made.dropout} if self.training else 0.0"] if s.made.dropout else []
    told += ["is_causal=True"] if spec.causal else []
    told += [f"scale={spec.scale!r}"] if spec.scale is not None else []
    told += ["enable_gqa=True"] if spec.enable_gqa else []
    return Line(f"F.scaled_dot_product_attention({', '.join([*s.x, *told])})")


def positions(s: Spoken) -> Line:
    if s.made.weight is not None:
        return Line(f"{s.x[0]} + {s.given.get('weight', f'{s.here}.weight')}")
    steps, width = s.node.in_forms[0].axes[-2:]
    return Line(f"{s.x[0]} + sinusoids({steps}, {width}).to({s.x[0]})")


def called(s: Spoken) -> Line:
    """A module of torch.nn; what is padded unevenly is padded before it."""
    for hook in s.made._forward_pre_hooks.values():
        mode = "" if hook.mode == "constant" else f", {value_text(hook.mode)}"
        return Line(f"{s.here}(F.pad({s.x[0]}, {value_text(tuple(hook.sides))}{mode}))")
    return Line(f"{s.here}({s.all})")


Writer = Callable[[Spoken], Line]
LINES: dict[type[nn.Module], Writer] = {
    tensors.Applied: lines.applied,
    tensors.Divided: lambda s: Line(function(s.made.function, s.x, {})),
    tensors.WithNumber: lines.with_number,
    tensors.First: lambda s: Line(f"first({s.x[0]}, {s.made.k}, dim={s.made.dim}, largest={s.made.largest})"),
    tensors.Product: lines.product,
    tensors.LogSumExp: lines.logsumexp,
    modules.Elementwise: lines.elementwise,
    modules.Joined: lambda s: Line(f"torch.cat([{s.all}], dim={s.made.dim})"),
    modules.Unflattened: lines.unflattened,
    modules.GlobalMean: lambda s: Line(f"{s.x[0]}.flatten(2).mean(2)"),
    modules.OneHot: lambda s: Line(f"F.one_hot({s.x[0]}, {s.made.classes}).to({LIKE}.dtype)"),
    modules.EmbeddingBag: embedding_bag,
    modules.LastStep: last_step,
    modules.Hardsigmoid: lambda s: Line(f"F.relu6({s.x[0]} + 3) / 6"),
    exact.CELU: celu,
    exact.CosineSimilarity: lambda s: Line(f"cosine_similarity({s.all}, {s.made.dim}, {s.made.eps})"),
    modules.Antialiased: antialiased,
    modules.BookDropout: called,
    modules.StochasticDepth: lambda s: Line(
        f"stochastic_depth({s.x[0]}, {s.made.p}, {value_text(s.made.mode)}, self.training)"
    ),
    movers.Sliced: lines.sliced,
    movers.SliceScattered: lines.slice_scattered,
    movers.Parts: lines.parts,
    movers.Stacked: lambda s: Line(f"torch.stack([{s.all}], dim={s.made.dim})"),
    movers.Viewed: lambda s: Line(f"{s.x[0]}.reshape({lines.sizes(s) or '()'})"),
    movers.Expanded: lambda s: Line(f"{s.x[0]}.expand({lines.sizes(s) or '()'})"),
    movers.Repeated: lambda s: Line(f"{s.x[0]}.repeat({lines.sizes(s)})"),
    movers.Filled: lines.filled,
    movers.Counted: lines.counted,
    movers.CastTo: lines.cast,
    movers.Padded: lines.padded,
    movers.Along: lines.along,
    movers.Indexed: lines.indexed,
    movers.IndexWritten: lines.index_written,
    movers.Unpooled: lines.unpooled,
    recurrent.RNN: stack,
    recurrent.GRU: stack,
    recurrent.LSTM: stack,
    recurrent.ResetFirstGRU: stack,
    recurrent.LSTMCell: lstm_cell,
    recurrent.ResetFirstGRUCell: called,
    attention.Attention: attended,
    attention.ScaledDotProduct: scaled_dot_product,
    attention.Positions: positions,
}

CARRIED_CLASSES: dict[type[nn.Module], str] = {
    modules.BookDropout: "BookDropout",
    recurrent.ResetFirstGRU: "ResetFirstGRU",
    recurrent.ResetFirstGRUCell: "ResetFirstGRUCell",
}
"""Classes of the engine's that the source has under these names."""


def writer_of(made: nn.Module) -> Writer | None:
    """What writes the line of such a module; None where nothing does."""
    if type(made) is base_of(made):
        return called
    return LINES.get(type(made))


def with_given(s: Spoken, own: set[str]) -> Line | None:
    """The function of a layer whose weights are values; `own` are those that stand under its name all the same.

    None where torch has it as a module alone.
    """
    made = s.made
    if made._forward_pre_hooks or "weight" not in s.given or (own | s.given.keys()) - {"weight", "bias"}:
        return None
    bias = s.given.get("bias") or (f"{s.here}.bias" if "bias" in own else "")
    weights = ", ".join(filter(None, (s.x[0], s.given["weight"], bias)))
    if type(made) is nn.Linear:
        return Line(f"F.linear({weights})")
    if type(made) is nn.Embedding:
        more = "" if made.padding_idx is None else f", padding_idx={made.padding_idx}"
        more += ", scale_grad_by_freq=True" if made.scale_grad_by_freq else ""
        return Line(f"F.embedding({weights}{more})")
    if type(made) in (nn.Conv1d, nn.Conv2d, nn.Conv3d) and made.padding_mode == "zeros":
        names = ("stride", "padding", "dilation", "groups")
        default = nn.Conv1d(1, 1, 1, device="meta")
        more = "".join(
            f", {name}={value_text(getattr(made, name), name)}"
            for name in names
            if set(_as_tuple(getattr(made, name))) != set(_as_tuple(getattr(default, name)))
        )
        return Line(f"F.{type(made).__name__.lower()}({weights}{more})")
    if isinstance(made, attention.Positions):
        return positions(s)
    return None


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
