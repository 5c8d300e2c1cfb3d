"""The states that wait for the next batch, on the network's device and cut off from the graph that made them."""

from __future__ import annotations

import numpy as np
import torch

from isograd.backends.torch_impl.loader import Tensors
from isograd.core.base.types import Arrays
from isograd.core.engine.carry import Carrying


class CarriedState:
    """What `carrying` says, with tensors: zeros at first."""

    def __init__(self, carrying: Carrying, dtype: torch.dtype, device: torch.device) -> None:
        self.carrying, self.dtype, self.device = carrying, dtype, device
        self.held: Tensors = ()

    def restore(self, held: Arrays) -> None:
        """Take over states that were held as arrays."""
        self.held = tuple(torch.from_numpy(np.array(h)).to(self.device, self.dtype) for h in held)

    def fed(self, x: Tensors) -> Tensors:
        """The data's inputs and, after them, a state for each of their rows."""
        rows = len(x[0])
        self.carrying.check_rows(rows, len(self.held[0]) if self.held else None)
        if not self.held:
            return (*x, *(torch.zeros(rows, *s, dtype=self.dtype, device=self.device) for s in self.carrying.shapes))
        return (*x, *(h.repeat(rows, *[1] * (h.dim() - 1)) if self.mean else h for h in self.held))

    def keep(self, outputs: Tensors) -> None:
        """Take over the last outputs of a batch; `detach` ends backpropagation here."""
        last = [h.detach() for h in outputs[-len(self.carrying.shapes) :]]
        self.held = tuple(h.mean(0, keepdim=True) if self.mean else h for h in last)

    @property
    def mean(self) -> bool:
        return self.carrying.how == "mean"
