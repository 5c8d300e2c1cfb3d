"""One line a node: how what the torch engine's modules compute reads in a plain forward().

By the class of the module that the engine's own table makes. A module of torch.nn is made in __init__ and called; what
the engine wraps in a module of its own is written as the expression, or the carried function, that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from isograd.backends.torch_impl import attention, modules, movers, recurrent, tensors
from isograd.core.base.forms import Form, Rows
from isograd.core.graph.nodes import Node
from isograd.exporting.torch_modules import base_of, value_text

LIKE = "self._like"
"""A buffer of no axes that is not in the state_dict: it has the dtype of the module and its device."""


@dataclass(frozen=True)
class Line:
    """A call: the expression, the pattern of what it is assigned to, and what is done to an output that is read."""

    text: str
    target: str = ""
    then: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spoken:
    """What a line is written from: the engine's module, the node, the names of its inputs, and where the module is."""

    made: Any
    node: Node
    x: tuple[str, ...]
    here: str
    given: dict[str, str] = field(default_factory=dict)

    @property
    def all(self) -> str:
        return ", ".join(self.x)

    def rank(self, k: int = 0) -> int:
        return len(self.node.in_forms[k].axes)

    def option(self, name: str) -> str:
        return value_text(getattr(self.made, name))


INFIX: dict[Any, str] = {
    torch.add: "+",
    torch.sub: "-",
    torch.mul: "*",
    torch.div: "/",
    torch.matmul: "@",
    torch.pow: "**",
    torch.eq: "==",
    torch.ne: "!=",
    torch.lt: "<",
    torch.le: "<=",
    torch.gt: ">",
    torch.ge: ">=",
    torch.bitwise_and: "&",
    torch.bitwise_or: "|",
    torch.bitwise_xor: "^",
}
PREFIX: dict[Any, str] = {torch.neg: "-", torch.bitwise_not: "~"}
NAMES: dict[Any, str] = {torch.linalg.vector_norm: "torch.linalg.vector_norm"}
BY_DEFAULT = {"keepdim": False, "descending": False, "dim": None}
"""Options that torch's functions have these values of where they are not said."""


def function(which: Any, given: tuple[str, ...], options: dict[str, Any]) -> str:
    """function(given, options), as an operator or a method where people write it so."""
    if isinstance(which, partial):
        first = tuple(map(value_text, which.args))
        return function(which.func, (*first, *given), {**which.keywords, **options})
    other = options.get("other")
    operands = [*given, *([value_text(other)] if "other" in options else [])]
    if which in INFIX and len(operands) == 2 and options.keys() <= {"other"}:
        return f" {INFIX[which]} ".join(operands)
    if which in PREFIX:
        return f"{PREFIX[which]}{given[0]}"
    said = {k: v for k, v in options.items() if BY_DEFAULT.get(k, ...) != v}
    if "keepdim" in said and options.get("dim", ...) is None:
        said["dim"] = None
    named = [f"{k}={value_text(v)}" for k, v in said.items()]
    if which in METHODS or getattr(Tensor, which.__name__, None) is which:
        return f"{given[0]}.{which.__name__}({', '.join([*given[1:], *named])})"
    return f"{NAMES.get(which, f'torch.{which.__name__}')}({', '.join([*given, *named])})"


METHODS = {torch.permute, torch.cumsum, torch.cumprod, torch.argmax, torch.argmin, torch.sort, torch.argsort}
METHODS |= {torch.max, torch.min, torch.amax, torch.amin, torch.any, torch.all, torch.sum, torch.mean, torch.var, torch.std}
METHODS |= {torch.flip, torch.roll, torch.repeat_interleave, torch.tril, torch.triu, torch.clamp, torch.masked_fill}
"""Functions that are written as methods of their first value."""


def unflattened(s: Spoken) -> Line:
    """N, as −1 where no other axis is inferred."""
    x, shape = s.x[0], s.made.shape
    rows = f"{x}.shape[0]" if min(shape, default=1) < 1 else "-1"
    return Line(f"{x}.reshape({', '.join([rows, *map(str, shape)])})")


def applied(s: Spoken) -> Line:
    if s.made.function is torch.select:
        dim, index = s.made.arguments
        return Line(f"{s.x[0]}[{':, ' * (dim % s.rank())}{index}]")
    return Line(function(s.made.function, (*s.x, *map(value_text, s.made.arguments)), s.made.options))


def elementwise(s: Spoken) -> Line:
    return Line(f" {INFIX[s.made.function]} ".join(s.x))


def with_number(s: Spoken) -> Line:
    which, number = s.made.function, value_text(s.made.number)
    plain = which in INFIX
    if s.made.number < 0 and which is torch.pow:
        number = f"({number})"
    if s.made.reverse:
        return Line(function(which, (number if plain else f"{s.x[0]}.new_tensor({number})", s.x[0]), {}))
    return Line(function(which, (s.x[0], f"{s.x[0]}.new_tensor({number})" if s.made.as_tensor else number), {}))


def product(s: Spoken) -> Line:
    """From the last axis to the first, so that the numbers of the others stay."""
    rank, keep = s.rank(), ", keepdim=True" if s.made.keepdim else ""
    dims = range(rank) if s.made.dims is None else sorted({dim % rank for dim in s.made.dims})
    return Line(s.x[0] + "".join(f".prod({dim}{keep})" for dim in reversed(dims)))


def logsumexp(s: Spoken) -> Line:
    dims = tuple(range(s.rank())) if s.made.dims is None else s.made.dims
    return Line(f"{s.x[0]}.logsumexp({value_text(dims)}{', keepdim=True' if s.made.keepdim else ''})")


def sliced(s: Spoken) -> Line:
    key = s.made.key
    start, stop, step = (key.start or "", "" if key.stop is None else key.stop, "" if key.step == 1 else f":{key.step}")
    return Line(f"{s.x[0]}[{':, ' * (s.made.dim % s.rank())}{start}:{stop}{step}]")


def slice_scattered(s: Spoken) -> Line:
    key = s.made.key
    return Line(f"torch.slice_scatter({s.all}, {s.made.dim}, {key.start}, {key.stop}, {key.step})")


def parts(s: Spoken) -> Line:
    spec, x = s.made.spec, s.x[0]
    target = ", ".join(["{}"] * len(s.node.writes)) + ("," if len(s.node.writes) == 1 else "")
    if spec.squeeze:
        return Line(f"{x}.unbind({spec.dim})", target)
    if not isinstance(spec.sizes[0], str):
        equal = len(set(spec.sizes)) == 1 and spec.sizes[0]
        return Line(f"{x}.split({spec.sizes[0] if equal else list(spec.sizes)}, dim={spec.dim})", target)
    rows = f"{x}.shape[{spec.dim}]"
    count = sum(spec.shares)
    return Line(f"{x}.split([{', '.join(f'{k} * {rows} // {count}' for k in spec.shares)}], dim={spec.dim})", target)


def sizes(s: Spoken) -> str:
    """Every axis; of those that grow, so many times the rows of the last input, or −1 where there is none."""
    given = s.x[s.made.count :]
    rows = f"{given[0]}.shape[0]" if given else ""

    def size(axis: Any) -> str:
        if not isinstance(axis, Rows):
            return str(axis)
        return "-1" if not rows else rows if axis.times == 1 else f"{axis.times} * {rows}"

    return ", ".join(map(size, s.made.form.axes))


def dtype(form: Form) -> str:
    return {"integer": "torch.int64", "boolean": "torch.bool"}.get(form.kind, f"{LIKE}.dtype")


def filled(s: Spoken) -> Line:
    value = s.made.value
    shape = sizes(s)
    shape = f"({shape},)" if len(s.made.form.axes) == 1 else f"({shape})"
    return Line(f"torch.full({shape}, {value_text(value)}, dtype={dtype(s.made.form)}, device={LIKE}.device)")


def counted(s: Spoken) -> Line:
    spec = s.made.spec
    stop = sizes(s) if isinstance(spec.stop, str) else spec.stop
    start = f"{spec.start}, " if spec.start != 0 or spec.step != 1 else ""
    step = f", {spec.step}" if spec.step != 1 else ""
    return Line(f"torch.arange({start}{stop}{step}, dtype={dtype(s.made.form)}, device={LIKE}.device)")


def cast(s: Spoken) -> Line:
    kind = s.made.form.kind
    return Line(f"{s.x[0]}.{ {'integer': 'long()', 'boolean': 'bool()'}.get(kind, f'to({LIKE}.dtype)')}")


def padded(s: Spoken) -> Line:
    p = s.made
    if p.mode == "constant":
        value = f", value={value_text(p.value)}" if p.value else ""
        return Line(f"F.pad({s.x[0]}, {value_text(p.padding)}{value})")
    plain = p.axes in (1, 2, 3) and s.rank() - p.axes in (1, 2)
    return Line(f"{'F.pad' if plain else 'pad_each_axis'}({s.x[0]}, {value_text(p.padding)}, {value_text(p.mode)})")


def along(s: Spoken) -> Line:
    """Of a source what the index names: PyTorch differentiates by sources of the index's shape alone."""
    x, index, *source = s.x
    of = [y if s.node.in_forms[1].axes == s.node.in_forms[2].axes else f"{y}[tuple(map(slice, {index}.shape))]" for y in source]
    return Line(f"{x}.{s.made.function.__name__}({', '.join([str(s.made.spec.dim), index, *of])})")


def key(s: Spoken, indices: tuple[str, ...], everything: str) -> list[str]:
    """What stands for each axis up to the last that is indexed."""
    named = dict(zip((dim % s.rank() for dim in s.made.spec.at), indices, strict=True))
    return [named.get(axis, everything) for axis in range(max(named) + 1)]


def indexed(s: Spoken) -> Line:
    return Line(f"{s.x[0]}[{', '.join(key(s, s.x[1:], ':'))}]")


def index_written(s: Spoken) -> Line:
    places = ", ".join(key(s, s.x[2:], "None"))
    more = ", True" if s.made.accumulate else ""
    return Line(f"torch.ops.aten.index_put({s.x[0]}, [{places}], {s.x[1]}{more})")


def last_step(s: Spoken) -> Line:
    return Line(f"{s.x[0]}[:, -1]" if len(s.x) == 1 else f"last_step({s.all})")


def antialiased(s: Spoken) -> Line:
    names = ("size", "scale_factor", "mode", "align_corners")
    told = [f"{n}={s.option(n)}" for n in names if getattr(s.made, n) not in (None, False)]
    across = ".mT" if s.made.lying else ""
    return Line(f"F.interpolate({s.x[0]}{across}, {', '.join(told)}, antialias=True){across}")


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
    query, keys, values = s.x[:3] if len(s.x) > 2 else (s.x[0],) * 3
    lengths = s.x[3 if len(s.x) > 2 else 1 :]
    told = [f"key_padding_mask=padding_mask({keys}, {lengths[0]})"] if lengths else []
    if s.made.causal:
        told += [f"attn_mask=causal_mask({query})", "is_causal=True"]
    if s.made.need_weights:
        return Line(f"{s.here}({', '.join([query, keys, values, *told])})")
    return Line(f"{s.here}({', '.join([query, keys, values, *told, 'need_weights=False'])})", "{}, _")


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
    tensors.Applied: applied,
    tensors.Divided: lambda s: Line(function(s.made.function, s.x, {})),
    tensors.WithNumber: with_number,
    tensors.First: lambda s: Line(f"first({s.x[0]}, {s.made.k}, dim={s.made.dim}, largest={s.made.largest})"),
    tensors.Product: product,
    tensors.LogSumExp: logsumexp,
    modules.Elementwise: elementwise,
    modules.Joined: lambda s: Line(f"torch.cat([{s.all}], dim={s.made.dim})"),
    modules.Unflattened: unflattened,
    modules.GlobalMean: lambda s: Line(f"{s.x[0]}.flatten(2).mean(2)"),
    modules.OneHot: lambda s: Line(f"F.one_hot({s.x[0]}, {s.made.classes}).to({LIKE}.dtype)"),
    modules.LastStep: last_step,
    modules.Hardsigmoid: lambda s: Line(f"F.relu6({s.x[0]} + 3) / 6"),
    modules.Antialiased: antialiased,
    modules.BookDropout: called,
    modules.StochasticDepth: lambda s: Line(
        f"stochastic_depth({s.x[0]}, {s.made.p}, {value_text(s.made.mode)}, self.training)"
    ),
    movers.Sliced: sliced,
    movers.SliceScattered: slice_scattered,
    movers.Parts: parts,
    movers.Stacked: lambda s: Line(f"torch.stack([{s.all}], dim={s.made.dim})"),
    movers.Viewed: lambda s: Line(f"{s.x[0]}.reshape({sizes(s) or '()'})"),
    movers.Expanded: lambda s: Line(f"{s.x[0]}.expand({sizes(s) or '()'})"),
    movers.Repeated: lambda s: Line(f"{s.x[0]}.repeat({sizes(s)})"),
    movers.Filled: filled,
    movers.Counted: counted,
    movers.CastTo: cast,
    movers.Padded: padded,
    movers.Along: along,
    movers.Indexed: indexed,
    movers.IndexWritten: index_written,
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
