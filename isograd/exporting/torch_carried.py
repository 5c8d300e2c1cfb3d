"""What torch.nn lacks and an exported module needs: each piece stands in the source that uses it, as it stands here."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from isograd.backends.torch_impl.attention import added_mask, attend_written_out, sinusoids
from isograd.backends.torch_impl.exact import cosine_similarity
from isograd.backends.torch_impl.modules import BookDropout
from isograd.backends.torch_impl.recurrent import reset_first_step


def last_step(x: Tensor, lengths: Tensor) -> Tensor:
    """(N, T, E) → (N, E): step lengths[n] − 1 of row n"""
    return x[torch.arange(len(x), device=x.device), lengths - 1]


def first(x: Tensor, k: int, dim: int, largest: bool) -> tuple[Tensor, Tensor]:
    """What torch.topk gives, sorted; of equal entries those that come first"""
    values, indices = x.sort(dim=dim, descending=largest, stable=True)
    return values.narrow(dim, 0, k), indices.narrow(dim, 0, k)


def pad_each_axis(x: Tensor, padding: tuple[int, ...], mode: str) -> Tensor:
    """F.pad, axis by axis: its other modes than "constant" take 2 to 5 axes, of which up to two are not padded"""
    for k in range(len(padding) // 2):
        rows = x.movedim(-1 - k, -1)
        padded = F.pad(rows.reshape(1, -1, rows.shape[-1]), padding[2 * k : 2 * k + 2], mode)
        x = padded.reshape(*rows.shape[:-1], -1).movedim(-1, -1 - k)
    return x


def stochastic_depth(x: Tensor, p: float, mode: str, training: bool) -> Tensor:
    """Whole samples (mode "row"), or the batch, become 0 with probability p, the others are scaled by 1/(1−p)"""
    ones = x.new_ones(len(x) if mode == "row" else 1, *[1] * (x.ndim - 1))
    return x * F.dropout(ones, p, training)


def causal_mask(x: Tensor) -> Tensor:
    """(N, T, E) → (T, T), True at what is later and hidden"""
    return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)


def padding_mask(x: Tensor, lengths: Tensor) -> Tensor:
    """(N, T, E) → (N, T), True from step lengths[n] on"""
    return torch.arange(x.shape[1], device=x.device) >= lengths[:, None]


def run_padded(stack: nn.Module, x: Tensor, lengths: Tensor, state: Any = None) -> Any:
    """A recurrent stack on rows of which only the first lengths[n] steps count: y is 0 behind them"""
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    y, state = stack(packed, state)
    return pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0], state


def without_weights(module: nn.Module, *names: str) -> nn.Module:
    """The module with nothing of its own under these names, for `with_weights`"""
    for name in names:
        above, _, last = name.rpartition(".")
        part = module.get_submodule(above)
        delattr(part, last)
        part.register_buffer(last, torch.empty(0), persistent=False)
        if last == "num_batches_tracked":  # a BatchNorm's own way to load asks for it
            vars(part)["_load_from_state_dict"] = partial(nn.Module._load_from_state_dict, part)
    return module


def with_weights(module: nn.Module, weights: dict[str, Tensor]) -> Callable[..., Any]:
    """The module, computing with these weights in place of its own"""
    return lambda *args, **options: functional_call(module, weights, args, options, tie_weights=False)


class ResetFirstGRU(nn.GRU):
    """nn.GRU's weights with the reset gate before the product: n = tanh(W x + U (r ⊙ h))"""

    def forward(self, x: Any, state: Tensor | None = None) -> tuple[Any, Tensor]:
        if isinstance(x, nn.utils.rnn.PackedSequence):
            padded, lengths = pad_packed_sequence(x, batch_first=True)
            y, last = self.run(padded, state, lengths.to(padded.device))
            return pack_padded_sequence(y, lengths, batch_first=True, enforce_sorted=False), last
        return self.run(x, state, None)

    def run(self, x: Tensor, state: Tensor | None, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        directions = 2 if self.bidirectional else 1
        if state is None:
            state = x.new_zeros(self.num_layers * directions, len(x), self.hidden_size)
        last = []
        for layer in range(self.num_layers):
            if layer:
                x = F.dropout(x, self.dropout, self.training)
            outputs = []
            for place in range(layer * directions, (layer + 1) * directions):
                y, h = self.scan(place, x, state[place], lengths, reverse=place % directions == 1)
                outputs.append(y)
                last.append(h)
            x = torch.cat(outputs, 2)
        return x, torch.stack(last)

    def scan(self, place: int, x: Tensor, h: Tensor, lengths: Tensor | None, reverse: bool) -> tuple[Tensor, Tensor]:
        weights: list[Any] = [*self.all_weights[place], None, None]
        w, u, b, c = weights[:4]
        steps: list[Any] = [None] * x.shape[1]
        for t in reversed(range(len(steps))) if reverse else range(len(steps)):
            new = reset_first_step(x[:, t], h, w, u, b, c)
            alive = torch.ones_like(h[:, :1], dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
            h, steps[t] = torch.where(alive, new, h), torch.where(alive, new, 0.0)
        return torch.stack(steps, 1), h


class ResetFirstGRUCell(nn.GRUCell):
    """nn.GRUCell's weights with the reset gate before the product"""

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        start = x.new_zeros(len(x), self.hidden_size) if h is None else h
        return reset_first_step(x, start, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


PIECES: dict[str, Any] = {
    piece.__name__: piece
    for piece in (
        causal_mask,
        padding_mask,
        added_mask,
        attend_written_out,
        sinusoids,
        last_step,
        run_padded,
        first,
        pad_each_axis,
        stochastic_depth,
        cosine_similarity,
        without_weights,
        with_weights,
        BookDropout,
        reset_first_step,
        ResetFirstGRU,
        ResetFirstGRUCell,
    )
}

IMPORTS = {
    "json": "import json",
    "sha256": "from hashlib import sha256",
    "Path": "from pathlib import Path",
    "Callable": "from collections.abc import Callable",
    "partial": "from functools import partial",
    "log": "from math import log",
    "Any": "from typing import Any",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor, nn",
    "nn": "from torch import Tensor, nn",
    "functional_call": "from torch.func import functional_call",
    "pack_padded_sequence": "from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence",
}


def names_in(text: str) -> set[str]:
    """The names that a source reads."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def carried_for(text: str) -> list[str]:
    """The sources of the pieces that the text uses, and that these use, in the order of the table."""
    wanted, waiting = set[str](), [text]
    while waiting:
        for name in names_in(waiting.pop()) & (PIECES.keys() - wanted):
            wanted.add(name)
            waiting.append(source(name))
    return [source(name) for name in PIECES if name in wanted]


def source(name: str) -> str:
    """As it stands in its file, with torch.nn.functional under one name."""
    text = inspect.getsource(PIECES[name])
    return re.sub(r"\bfunctional\.", "F.", re.sub(r"  # type: ignore\[[\w-]+\]", "", text)).rstrip()


def with_imports(text: str) -> str:
    """The source with the import lines that it needs in front."""
    used = names_in(text)
    lines = sorted(
        {line for name, line in IMPORTS.items() if name in used}, key=lambda line: (line[:4] == "from", line)
    )
    groups = [[line for line in lines if ("torch" in line) == installed] for installed in (False, True)]
    return "\n\n".join(["\n".join(group) for group in groups if group]) + "\n\n\n" + text
