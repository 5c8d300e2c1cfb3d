"""What a module draws at random, taken from isograd's own streams, whatever code asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from isograd.backends.torch_impl.randomness import generators
from isograd.core import layers as core
from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Shape
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.layers.base import Layer

aten = torch.ops.aten
IN_PLACE = (aten.bernoulli_.float, aten.bernoulli_.Tensor)
DROPOUTS = (core.Dropout, core.Dropout1d, core.Dropout2d, core.Dropout3d, core.AlphaDropout)


@dataclass(frozen=True)
class Draw:
    """One draw of a node, as isograd's engines make it."""

    path: str
    purpose: str = "dropout"
    by_row: bool = True
    time_first: bool = False  # PyTorch draws (T, N, …) where isograd draws (N, T, …)
    heads: int = 0  # PyTorch may draw (N·heads, …) where isograd draws (N, heads, …)
    axes: int = 0  # PyTorch may draw (1, N, …) where isograd draws that many axes; 0: as many as PyTorch

    def uniform(self, run: Run, shape: Shape) -> Array:
        """U[0, 1) of the shape that PyTorch asks for."""
        of = run.at(self.path)
        if self.time_first:
            return of.random((shape[1], shape[0], *shape[2:]), self.purpose).swapaxes(0, 1)
        if self.heads and len(shape) == 3:
            return of.random((shape[0] // self.heads, self.heads, *shape[1:]), self.purpose).reshape(shape)
        front = len(shape) - self.axes if self.axes else 0
        return of.random(shape[front:], self.purpose, by_row=self.by_row).reshape(shape)


def draws_of(model: Composite, *shapes: Shape, prefix: str = "") -> Iterator[Draw]:
    """The draws of a model in training, in the order of its nodes."""
    for node in model.graph(*shapes).nodes:
        path = f"{prefix}{node.name}"
        if isinstance(node.layer, Composite):
            yield from draws_of(node.layer, *node.in_shapes, prefix=f"{path}.")
        else:
            yield from _drawn_by(node.layer, path, node.in_shapes)


def _drawn_by(layer: Layer, path: str, shapes: Sequence[Shape]) -> Iterator[Draw]:
    """None where nothing, or everything, is dropped: PyTorch does not ask then, but for whole paths."""
    match layer:
        case core.StochasticDepth(p=p) if p > 0:
            yield Draw(path, by_row=layer.mode == "row")
        case core.RReLU():
            yield Draw(path, "slopes")
        case core.RNN() | core.GRU() | core.LSTM() if layer.dropout > 0:
            for k in range(1, layer.num_layers):
                yield Draw(path, f"dropout below layer {k}", time_first=True)
        case core.ScaledDotProductAttention(dropout=p) if 0 < p < 1:
            yield Draw(path, axes=1 + len(shapes[0]))
        case core.MultiheadAttention(dropout=p) if 0 < p < 1:
            yield Draw(path, heads=layer.num_heads)
        case _ if isinstance(layer, DROPOUTS) and 0 < layer.p < 1:
            yield Draw(path)


class SharedDraws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside, every Bernoulli draw is 1 where u ≥ 1 − p, u of isograd's streams: all of PyTorch's dropouts are such.
    The slopes of RReLU are lower + (upper − lower) u.

    They are those of `draws` in turn; without them the k-th is a stream of its own, "draw k", so that two modules that
    draw in the same order draw the same. SpecError for a draw more than `draws` has.

    Every draw takes a number from PyTorch's generator as well, and is known by the state that it finds it in: what is
    computed again in a backward (torch.utils.checkpoint) finds the same states, and draws the same.
    """

    def __init__(self, run: Run, draws: Sequence[Draw] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.run, self.draws, self.count = run, draws, 0
        self.known: dict[bytes, Draw] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return self.answered(function, args, dict(kwargs or {}))

    def answered(self, function: Any, args: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """What the function makes, or what stands for its draw."""
        if function in IN_PLACE:
            noise, p = args[0], args[1] if len(args) > 1 else given.get("p", 0.5)
            return noise.copy_(self._kept(noise, p))
        if function is aten.rrelu_with_noise.default and any(args[4:]):
            return self._sloped(*args[:4])
        if function is aten.bernoulli.default:
            return self._kept(args[0], args[0]).to(args[0].dtype)
        if function is aten.bernoulli.p:
            return self._kept(args[0], args[1]).to(args[0].dtype)
        return function(*args, **given)

    def _sloped(self, x: Tensor, noise: Tensor, lower: float, upper: float) -> Tensor:
        """x ⊙ noise: slopes of U[lower, upper) where x ≤ 0, else 1"""
        slopes = lower + (upper - lower) * self._uniform(x)
        y: Tensor = x * noise.copy_(torch.where(x > 0, 1.0, slopes))
        return y

    def _kept(self, noise: Tensor, p: Any) -> Tensor:
        """True with probability p"""
        kept: Tensor = self._uniform(noise) >= 1 - p
        return kept

    def _uniform(self, like: Tensor) -> Tensor:
        """The draw that is made now, float64"""
        draw = self._drawn_at(generators(like.device)[-1], like.device)
        return torch.from_numpy(draw.uniform(self.run, tuple(like.shape)).copy()).to(like.device)

    def _drawn_at(self, generator: torch.Generator, device: torch.device) -> Draw:
        """The draw that was made in the generator's state; where none was, the next."""
        state = generator.get_state().numpy().tobytes()
        torch.rand((), device=device)
        if state not in self.known:
            self.known[state] = self._next()
        return self.known[state]

    def _next(self) -> Draw:
        k, self.count = self.count, self.count + 1
        if self.draws is None:
            return Draw(f"draw {k}")
        if k >= len(self.draws):
            raise SpecError(
                "the module's forward",
                wanted=f"as many draws at random as the model has: {len(self.draws)}",
                got="more",
                fix="compare a module with its own import, or set p=0 in both",
            )
        return self.draws[k]


class DrawnAgain(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside, around a backward, what is computed again draws what the forward drew that `last` is the record of."""

    def __init__(self, last: Callable[[], SharedDraws | None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.last = last

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        draws, given = self.last(), dict(kwargs or {})
        return function(*args, **given) if draws is None else draws.answered(function, args, given)
