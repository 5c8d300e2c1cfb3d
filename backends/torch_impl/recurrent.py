"""torch.nn's recurrent modules as isograd calls them: states batch first, lengths as packed sequences, flat outputs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from isograd.backends.torch_impl.modules import Masked
from isograd.core.layers.recurrent import Recurrent

State = tuple[Tensor, ...]


@contextmanager
def told_of_projections() -> Iterator[None]:
    """PyTorch warns once that oneDNN has no projections and that it takes its own code: that is as it should be."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="LSTM with projections")
        yield


if TYPE_CHECKING:
    Base = nn.RNNBase
else:
    Base = object


class BatchFirst(Base):
    """Beside nn.RNN, nn.GRU or nn.LSTM: forward(x, *state, lengths) → (y, *final state)

    States are (N, num_layers·D, size) outside, with their first two axes swapped inside, as torch wants them.
    """

    def forward(self, x: Tensor, *rest: Tensor) -> State:
        lengths = rest[-1] if rest and rest[-1].dim() == 1 else None
        state = tuple(s.transpose(0, 1).contiguous() for s in rest if s.dim() == 3)
        with told_of_projections() if self.proj_size else nullcontext():
            y, final = self.stack(x, state, lengths)
        return (y, *(s.transpose(0, 1) for s in final))

    def stack(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """All layers, as torch.nn runs them."""
        hx: Any = (state if len(state) > 1 else state[0]) if state else None
        run: Any = super().forward
        if lengths is None:
            y, final = run(x, hx)
        else:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            y, final = run(packed, hx)
            y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
        return y, final if isinstance(final, tuple) else (final,)


class RNN(BatchFirst, nn.RNN): ...  # type: ignore[misc]


class GRU(BatchFirst, nn.GRU): ...  # type: ignore[misc]


class LSTM(BatchFirst, nn.LSTM): ...  # type: ignore[misc]


class LayerByLayer(BatchFirst, Masked):
    """A stack whose layers are run one by one, so that what is dropped between them can be given from outside."""

    mode: str
    num_layers: int
    hidden_size: int
    proj_size: int
    bias: bool
    bidirectional: bool
    dropout: float
    _all_weights: list[list[str]]

    def stack(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        directions = 2 if self.bidirectional else 1
        finals: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                x = self.dropped(x, layer)
            here = tuple(s[layer * directions : (layer + 1) * directions] for s in state)
            x, final = self.one_layer(layer, x, here, lengths)
            finals.append(final)
        return x, tuple(torch.cat(column) for column in zip(*finals, strict=True))

    def dropped(self, x: Tensor, layer: int) -> Tensor:
        """x with entries dropped by the mask of this layer; by PyTorch's generator where the node has no path."""
        if not self.path:
            return functional.dropout(x, self.dropout)
        return x * self.kept(tuple(x.shape), self.dropout, x, purpose=f"dropout below layer {layer}")

    def weights_of(self, layer: int) -> list[Tensor]:
        return [getattr(self, name) for names in self._places(layer) for name in names]

    def _places(self, layer: int) -> list[list[str]]:
        """The names of a layer's weights, one list for each direction."""
        directions = 2 if self.bidirectional else 1
        return self._all_weights[layer * directions : (layer + 1) * directions]

    def one_layer(self, layer: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """One layer by torch's own function for it."""
        function: Any = {"LSTM": torch.lstm, "GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}[
            self.mode
        ]
        rest = (self.weights_of(layer), self.bias, 1, 0.0, False, self.bidirectional)
        state = state or self.zeros(x)
        hx = state if len(state) > 1 else state[0]
        if lengths is None:
            y, *final = function(x, hx, *rest, True)
            return y, tuple(final)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        order, back = packed.sorted_indices, packed.unsorted_indices
        sorted_state = tuple(s[:, order] for s in state)
        data, *final = function(
            packed.data, packed.batch_sizes, sorted_state if len(state) > 1 else sorted_state[0], *rest
        )
        y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
        return y, tuple(s[:, back] for s in final)

    def zeros(self, x: Tensor) -> State:
        """The state that a layer starts from where none is given."""
        directions = 2 if self.bidirectional else 1
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: 2 if self.mode == "LSTM" else 1]
        return tuple(x.new_zeros(directions, len(x), size) for size in sizes)


class LayeredRNN(LayerByLayer, nn.RNN): ...  # type: ignore[misc]


class LayeredGRU(LayerByLayer, nn.GRU): ...  # type: ignore[misc]


class LayeredLSTM(LayerByLayer, nn.LSTM): ...  # type: ignore[misc]


class ResetFirstGRU(LayeredGRU):
    """nn.GRU's weights with the reset gate before the product, which torch.nn has not: step by step"""

    def one_layer(self, layer: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        (start,) = state or self.zeros(x)
        outputs, finals = [], []
        for direction, names in enumerate(self._places(layer)):
            weights = [getattr(self, name) for name in names]
            y, final = self.scan(weights, x.flip(1) if direction else x, start[direction], lengths, bool(direction))
            outputs.append(y.flip(1) if direction else y)
            finals.append(final)
        return torch.cat(outputs, 2), (torch.stack(finals),)

    def scan(
        self, weights: list[Tensor], x: Tensor, h: Tensor, lengths: Tensor | None, reverse: bool
    ) -> tuple[Tensor, Tensor]:
        w, u, *biases = weights
        b, c = biases or (None, None)
        steps = []
        for t, x_t in enumerate(x.unbind(1)):
            new = reset_first_step(x_t, h, w, u, b, c)
            if lengths is None:
                h = new
                steps.append(h)
            else:
                alive = ((x.shape[1] - 1 - t if reverse else t) < lengths)[:, None]
                h = torch.where(alive, new, h)
                steps.append(torch.where(alive, new, 0.0))
        return torch.stack(steps, 1), h


def reset_first_step(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor | None, c: Tensor | None) -> Tensor:
    """One step of a GRU whose reset gate acts on h itself"""
    hidden = h.shape[1]
    ar, az, an = functional.linear(x, w, b).chunk(3, 1)
    br, bz = functional.linear(h, u[: 2 * hidden], None if c is None else c[: 2 * hidden]).chunk(2, 1)
    r, z = torch.sigmoid(ar + br), torch.sigmoid(az + bz)
    n = torch.tanh(an + functional.linear(r * h, u[2 * hidden :], None if c is None else c[2 * hidden :]))
    return (1 - z) * n + z * h


class LSTMCell(nn.LSTMCell):
    """nn.LSTMCell, its state as two arguments"""

    def forward(self, x: Tensor, *state: Tensor) -> State:  # type: ignore[override]
        return super().forward(x, state or None)  # type: ignore[arg-type]


class ResetFirstGRUCell(nn.GRUCell):
    """nn.GRUCell's weights with the reset gate before the product"""

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        start = x.new_zeros(len(x), self.hidden_size) if h is None else h
        return reset_first_step(x, start, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


def stack_of(kind: Any, s: Recurrent, features: int, path: str = "", **more: Any) -> nn.Module:
    """A module of this kind with the description's options; `path` names the masks that it is to take."""
    made: Any = kind(
        features,
        s.hidden_size,
        s.num_layers,
        bias=s.bias,
        batch_first=True,
        dropout=s.dropout,
        bidirectional=s.bidirectional,
        **more,
    )
    if path:
        made.path = path
    return made  # type: ignore[no-any-return]
