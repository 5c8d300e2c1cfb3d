"""The model with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from isograd.core.base.types import Array, Arrays, Backward, State
from isograd.exporting.carried.run import Run
from isograd.exporting.carried.trees import Weights, flat, nested


class Network:
    """The model with its weights: `forward`, and `backward` for the last forward.

    Random numbers (dropout) are keyed by `seed`, the node's name and `step`: set net.step to the number of the batch.
    """

    inputs: ClassVar[tuple[tuple[str, tuple[int | None, ...], str], ...]]
    """(name, axes, dtype) of each input; None: an axis that grows with the batch, "float": the network's own dtype"""
    tied: ClassVar[dict[str, str]] = {}
    """{another name: name} of weights that have several"""
    of_training: ClassVar[tuple[str, ...]] = ()
    """Weights that evaluation does not read: their gradients are 0 there"""

    def __init__(self, weights: Mapping[str, Array], *, dtype: Any = "float32", seed: int = 0) -> None:
        self.dtype, self.seed, self.step = np.dtype(dtype), seed, 0
        own = {name: values for name, values in weights.items() if name not in self.tied}
        self.state = {
            name: np.array(v, self.dtype if v.dtype.kind == "f" else None, order="C") for name, v in own.items()
        }
        self.weights = nested(self.state)
        self._backward: Backward | None = None

    def compute(self, p: Weights, *x: Array, run: Run) -> tuple[Any, ...]:
        """(y, backward, {buffer: its new value}): a line for each node."""
        raise NotImplementedError

    def forward(self, *x: Any, training: bool = False) -> Any:
        """y, or a tuple of outputs. In training mode dropout drops, and buffers (running means) move on."""
        run = Run(self.dtype, training, self.seed, self.step)
        y, self._backward, *moved = self.compute(self.weights, *self._checked(x), run=run)
        for name, values in flat(*moved).items() if moved else ():
            self.state[name][...] = values
        return tuple(np.array(v, order="C") for v in y) if isinstance(y, tuple) else np.array(y, order="C")

    def backward(self, *dy: Any) -> tuple[Any, State]:
        """(dx, {weight: gradient}) of the last forward, for ∂L/∂y of each output"""
        if self._backward is None:
            raise ValueError("backward: forward first")
        dx, dw = self._backward(*(np.array(v, self.dtype) for v in dy))
        found = {name: np.array(v) for name, v in flat(dw).items()}
        found |= {name: np.zeros_like(self.state[name]) for name in self.of_training if name not in found}
        own = tuple(None if v is None else np.array(v) for v in (dx if isinstance(dx, tuple) else (dx,)))
        return own if isinstance(dx, tuple) else own[0], found

    def state_dict(self) -> State:
        """Copies of weights and buffers, by PyTorch's names and in its layouts."""
        every = {**{name: name for name in self.state}, **self.tied}
        return {name: self.state[own].copy() for name, own in every.items()}

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        """Take over weights and buffers; ValueError, and nothing changed, where names or shapes are others."""
        given = {self.tied.get(name, name): np.asarray(values) for name, values in weights.items()}
        if {name: v.shape for name, v in given.items()} != {name: v.shape for name, v in self.state.items()}:
            raise ValueError("load_state_dict: names or shapes are not those of this model")
        for name, values in self.state.items():
            values[...] = given[name]

    def _checked(self, x: tuple[Any, ...]) -> Arrays:
        """Copies of the inputs in their dtypes; ValueError where their axes are others than the model's."""
        if len(x) != len(self.inputs):
            raise ValueError(f"forward: {len(self.inputs)} inputs, not {len(x)}")
        found = []
        for values, (name, axes, dtype) in zip(x, self.inputs, strict=True):
            array = np.array(values, self.dtype if dtype == "float" else dtype)
            if array.ndim != len(axes) or any(n not in (None, size) for n, size in zip(axes, array.shape, strict=True)):
                raise ValueError(f"forward: {name} of shape {axes}, None for any size; not {array.shape}")
            array.flags.writeable = False
            found.append(array)
        return tuple(found)
