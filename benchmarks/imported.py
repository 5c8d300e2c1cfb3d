"""An imported classifier of torchvision: python benchmarks/imported.py [NAME] [SIZE] [BATCH]

How long the import takes; what the walk over the graph costs: the same step with operations that compute nothing, both
taking turns; and how far a forward and its backward raise the peak memory on the NumPy engine and in PyTorch, each in a
process of its own. One thread, float32, medians.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from machine import machine
from memory import peak, resident
from timing import interleaved, timed

import isograd as ig
from isograd.core.graph.model import Model

ROUNDS, STEPS = 7, 3
CLASSES = 1000
NOTHING = np.zeros(())


def images(batch: int, size: int) -> Any:
    return np.random.default_rng(0).normal(size=(batch, 3, size, size)).astype(np.float32)


def module_of(name: str) -> Any:
    import torch
    import torchvision

    torch.set_num_threads(1)
    return torchvision.models.get_model(name, weights=None)


def walk_share(model: Model, weights: Any, x: Any) -> float:
    """What the walk takes of a step."""
    from isograd.backends.numpy_impl import NumpyBackend
    from isograd.backends.numpy_impl.tables import STANDARD

    nodes = model.graph(*model.input_shapes).nodes
    outputs = {type(node.layer): len(node.writes) for node in nodes}

    def idle(spec: Any, p: Any, *x: Any, run: Any) -> Any:
        """Every output is a number, and so is every gradient."""
        y = (NOTHING,) * outputs[type(spec)]
        grads = {name: NOTHING for name in p if not name.startswith(("running", "num"))}
        return y if len(y) > 1 else NOTHING, lambda *dy: ((NOTHING,) * len(x), grads)

    table = STANDARD.operations.overlaid({type(node.layer): idle for node in nodes})
    real = ig.build(model, weights=weights)
    walk = ig.build(model, weights=weights, backend=NumpyBackend(replace(STANDARD, operations=table), name="idle"))
    dy = np.ones_like(real.forward(x, training=True))

    def step() -> None:
        real.forward(x, training=True)
        real.backward(dy)

    seconds = interleaved(
        {"step": timed(step), "walk": timed(lambda: walk.compute((x,), True)[1](NOTHING))}, rounds=ROUNDS
    )
    return seconds["walk"] / seconds["step"]


def growth(side: str, name: str, file: str, batch: int, size: int) -> float:
    """MiB by which some steps of forward and backward raise this process's peak."""
    x, dy = images(batch, size), np.ones((batch, CLASSES), np.float32)
    step: Callable[[], Any]
    if side == "numpy":
        model, weights = ig.load(file)
        net = ig.build(model, weights=weights)
        before = resident()

        def step() -> None:
            net.forward(x, training=True)
            net.backward(dy)

    else:
        import torch

        module, given = module_of(name), torch.tensor(x, requires_grad=True)
        before = resident()

        def step() -> None:
            module.zero_grad()
            module(given).backward(torch.tensor(dy))

    for _ in range(STEPS):
        step()
    return peak() - before


def main() -> None:
    asked = sys.argv[1:]
    if asked[:1] == ["--grow"]:
        side, name, file, batch, size = asked[1:]
        print(growth(side, name, file, int(batch), int(size)))
        return
    name, size, batch = (*asked, *("resnet50", "224", "4")[len(asked) :])
    import torch

    module, x = module_of(name), images(int(batch), int(size))
    ig.from_torch(torch.nn.Linear(2, 2), torch.zeros(2, 2))  # what torch.export loads when it is first used
    started = perf_counter()
    model, weights = ig.from_torch(module, torch.from_numpy(x))
    taken = perf_counter() - started
    nodes = len(model.graph(*model.input_shapes).nodes)
    print(machine())
    print(f"{name}, {nodes} nodes, {batch} images of {size}x{size}: imported in {taken:.1f} s")
    print(f"  the walk takes {walk_share(model, weights, x):.1%} of a step")
    with TemporaryDirectory() as folder:
        file = str(ig.save(Path(folder) / "model.safetensors", model, weights))
        grown = [
            float(subprocess.check_output([sys.executable, __file__, "--grow", side, name, file, batch, size]))
            for side in ("numpy", "torch")
        ]
    print(f"  forward and backward raise the peak by {grown[0]:.0f} MiB, in PyTorch by {grown[1]:.0f} MiB", end=": ")
    print(f"{grown[0] / grown[1]:.2f}")


if __name__ == "__main__":
    main()
