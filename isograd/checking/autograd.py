"""A `torch.autograd.Function` as an `Operation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isograd.checking.calling import parameters, parts
from isograd.checking.ran import Instance, Ran, guarded
from isograd.checking.spelling import found_among
from isograd.core.base.types import Array, Arrays


class Recorded:
    """Its `apply` gets the inputs, then the weights, in the order of forward's parameters; PyTorch calls backward."""

    has_mode = False

    def __init__(self, mine: Any) -> None:
        self.mine = mine
        self.spelt: dict[str, str] = {}
        self.names = [p.name for p in parameters(mine.forward) if p.name != "ctx"]

    def begin(self, state: Mapping[str, Array], inputs: Arrays, *, transposed: bool) -> Instance:
        turned = {name for name, values in state.items() if transposed and values.ndim == 2}
        left, order = list(state), []
        for parameter in self.names[len(inputs) :]:
            name = next((w for w in left if found_among([parameter], w)), left[0] if left else None)
            if name is not None:
                left.remove(name)
                order.append(name)
                self.spelt[name] = parameter
        return Applied(self.mine, {name: state[name] for name in order}, turned)


class Applied:
    """One call after another of a Function with these weights."""

    def __init__(self, mine: Any, weights: Mapping[str, Array], turned: set[str]) -> None:
        self.mine, self.weights, self.turned = mine, weights, turned

    def run(self, inputs: Arrays, dys: Arrays, *, training: bool) -> Ran:
        import torch

        ran = Ran()
        given = [v.T if name in self.turned else v for name, v in self.weights.items()]
        leaves = [torch.tensor(np.ascontiguousarray(v), requires_grad=v.dtype.kind == "f") for v in (*inputs, *given)]
        with guarded(ran, "forward"):
            ys = parts(self.mine.apply(*leaves))
            ran.values |= {f"y{k or ''}": y.detach().numpy() for k, y in enumerate(ys)}
        if ran.raised:
            return ran
        with guarded(ran, "backward"):
            moved = [leaf for leaf in leaves if leaf.requires_grad]
            ends = [(y, torch.from_numpy(dy.copy())) for y, dy in zip(ys, dys, strict=False) if y.requires_grad]
            found = torch.autograd.grad([y for y, _ in ends], moved, [dy for _, dy in ends], allow_unused=True)
            by_leaf = {id(leaf): g for leaf, g in zip(moved, found, strict=True)}
            names = [f"dx{k or ''}" for k in range(len(inputs))] + [f"d{name}" for name in self.weights]
            for what, leaf in zip(names, leaves, strict=True):
                g = by_leaf.get(id(leaf))
                if g is not None:
                    values = g.detach().numpy()
                    ran.values[what] = values.T if what[1:] in self.turned else values
        return ran
