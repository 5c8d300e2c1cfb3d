"""The walk over an imported graph: python benchmarks/walk.py [NAME of a torchvision classifier] [SIZE]

A step of forward and backward on the NumPy engine, and the same walk with operations that compute nothing: what the
graph itself costs. One thread, float32, batch 4; both take turns, medians.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torchvision
from machine import machine
from timing import interleaved, timed

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD

ROUNDS = 7
NOTHING = np.zeros(())


def idle(spec: Any, p: Any, *x: Any, run: Any) -> Any:
    """Every output is a number, and so is every gradient."""
    outputs = (NOTHING,) * COUNTS.get(type(spec), 1)

    def backward(*dy: Any) -> Any:
        return (NOTHING,) * len(x), {name: NOTHING for name in p if not name.startswith(("running", "num"))}

    return outputs if len(outputs) > 1 else NOTHING, backward


COUNTS: dict[type, int] = {}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "efficientnet_b3"
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    torch.set_num_threads(1)
    module = torchvision.models.get_model(name, weights=None)
    model, weights = ig.from_torch(module, torch.zeros(2, 3, size, size))
    nodes = model.graph(*model.input_shapes).nodes
    COUNTS.update({type(node.layer): len(node.writes) for node in nodes})
    table = STANDARD.operations.overlaid({type(node.layer): idle for node in nodes})
    x = np.random.default_rng(0).normal(size=(4, 3, size, size)).astype(np.float32)
    real = ig.build(model, weights=weights)
    walk = ig.build(model, weights=weights, backend=NumpyBackend(replace(STANDARD, operations=table), name="idle"))
    dy = np.ones_like(real.forward(x))

    def step() -> None:
        real.forward(x, training=True)
        real.backward(dy)

    def only_walked() -> None:
        walk.compute((x,), True)[1](NOTHING)

    seconds = interleaved({"step": timed(step), "walk": timed(only_walked)}, rounds=ROUNDS)
    print(machine())
    share = seconds["walk"] / seconds["step"]
    print(f"{name}, {len(nodes)} nodes, 4 images of {size}x{size}: the walk takes {share:.1%} of a step")


if __name__ == "__main__":
    main()
