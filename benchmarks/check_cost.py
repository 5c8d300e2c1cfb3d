"""What a check costs: python benchmarks/check_cost.py [--rounds N] [--kinds mlp cnn] [--steps 0 40]

The time of `check_parity`, less a second, over its bound: 40 plain steps of both engines with the same batch, in each
dtype, and 2.5 times the optimizer steps that are asked for. Deeper and deeper models, larger and larger batches, of two
engines that are right and of one that is wrong: in a node's output, in its gradient, in the walk through the graph, in
the optimizer's step. Then how it grows: log(time) over log(depth), and over log(batch), between the two largest.
Processor time, one thread; checks and plain steps take turns; medians.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from time import process_time
from typing import Any

import numpy as np
from blame import Fault, spoiled
from machine import machine
from table import Row, markdown
from threadpoolctl import threadpool_limits
from timing import interleaved, timed

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend

COMMAND = "python benchmarks/check_cost.py"
STEPS, OPTIMIZER_STEPS, SECOND = 40, 2.5, 1.0
DEPTHS, BATCH = (2, 8, 32), 32
BATCHES, DEPTH = (16, 128, 512), 4
GROWS = 1.1  # 1 is linear
PLAIN = 4  # steps in a block
LOSS, OPTIMIZER = ig.CrossEntropyLoss(), ig.SGD(0.01, momentum=0.9)


class WrongWalk(NumpyBackend):
    """NumPy's engine, wrong in a gradient of models of several nodes alone."""

    def __init__(self) -> None:
        super().__init__(name="faulty")

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        net = super().build(model, state, **options)
        if len(model.graph(*model.input_shapes).nodes) > 1:
            right = net.backward
            net.backward = lambda *dy: _spoilt(*right(*dy))  # type: ignore[method-assign]
        return net


class WrongStep(NumpyBackend):
    """NumPy's engine, wrong in a weight after a step."""

    def __init__(self) -> None:
        super().__init__(name="faulty")

    def build(self, model: Any, state: Any, **options: Any) -> Any:
        net = super().build(model, state, **options)
        made = net.learner

        def learner(*given: Any, **more: Any) -> Any:
            found = made(*given, **more)
            right = found.step

            def step(*batch: Any) -> float:
                loss: float = right(*batch)
                held = net.state_dict()
                first = next(iter(held))
                net.load_state_dict({**held, first: spoiled(held[first])})
                return loss

            found.step = step
            return found

        net.learner = learner  # type: ignore[method-assign]
        return net


def _spoilt(dx: Any, dw: Any) -> Any:
    first = next(iter(dw))
    return dx, {**dw, first: spoiled(dw[first])}


ENGINES: Mapping[str, Callable[[], NumpyBackend]] = {
    "right": NumpyBackend,
    "output": Fault(ig.ReLU, "output").engine,
    "gradient": Fault(ig.Linear, "gradient").engine,
    "walk": WrongWalk,
    "step": WrongStep,
}


def mlp(depth: int) -> ig.Sequential:
    layers = [layer for _ in range(depth) for layer in (ig.Linear(64), ig.ReLU())]
    return ig.Sequential([*layers, ig.Linear(10)], input_shape=(64,))


def cnn(depth: int) -> ig.Sequential:
    layers = [layer for _ in range(depth) for layer in (ig.Conv2d(8, 3, padding=1), ig.ReLU())]
    return ig.Sequential([*layers, ig.Flatten(), ig.Linear(10)], input_shape=(3, 8, 8))


MODELS = {"mlp": mlp, "cnn": cnn}


@dataclass(frozen=True)
class Measured:
    """Seconds of a check, and of one plain step of both engines in both dtypes."""

    check: float
    plain: float
    steps: int

    @property
    def bound(self) -> float:
        return (STEPS + OPTIMIZER_STEPS * self.steps) * self.plain

    @property
    def ratio(self) -> float:
        return max(self.check - SECOND, 0.0) / self.bound


def measured(kind: str, depth: int, batch: int, engine: str, steps: int, rounds: int) -> Measured:
    """SystemExit where the check does not find what is planted, or finds what is not."""
    model, rng = MODELS[kind](depth), np.random.default_rng(0)
    x, y = rng.normal(size=(batch, *model.input_shapes[0])), rng.integers(0, 10, batch)
    asked: dict[str, Any] = {"optimizer": OPTIMIZER, "steps": steps} if steps else {}
    check = partial(ig.check_parity, model, x, y, loss=LOSS, backends=(ENGINES[engine](), "torch"), **asked)
    if check().passed != (engine == "right" or (engine == "step" and not steps)):
        raise SystemExit(f"{kind} {depth} deep, {batch} samples, {engine}: {check()}")
    blocks = {"check": timed(check, process_time)}
    for backend in ("numpy", "torch"):
        for dtype in ("float64", "float32"):
            net = ig.build(model, backend=backend, seed=0, dtype=dtype)
            step = partial(net.learner((LOSS,), OPTIMIZER).step, (x.astype(dtype),), (y,), OPTIMIZER.lr)
            blocks[f"{backend} {dtype}"] = timed(partial(several, step), process_time)
    seconds = interleaved(blocks, rounds=rounds, warm_ups=1)
    return Measured(seconds.pop("check"), sum(seconds.values()) / PLAIN, steps)


def several(step: Callable[[], float]) -> None:
    for _ in range(PLAIN):
        step()


def rows_of(kind: str, engine: str, steps: int, rounds: int) -> list[Row]:
    """A row for every depth and batch, and two for how the time grows."""
    rows: list[Row] = []
    deep, large = [(depth, BATCH) for depth in DEPTHS], [(DEPTH, batch) for batch in BATCHES]
    found = {size: measured(kind, *size, engine, steps, rounds) for size in (*deep, *large)}
    for (depth, batch), one in found.items():
        name = f"{kind}, {depth} deep, {batch} samples, {steps} steps"
        told = f"{one.check:.2f} s; {1e3 * one.plain:.1f} ms a plain step of both in both dtypes"
        rows.append(Row(name, engine, one.ratio, 1.0, None, told, COMMAND))
        print(f"{name}, {engine}: {one.ratio:.2f} ({told})", file=sys.stderr, flush=True)
    for what, sizes in (("depth", deep), ("batch", large)):
        (*_, small), (*_, more) = ((*size, found[size].check) for size in sizes[-2:])
        places = [size[what == "batch"] for size in sizes[-2:]]
        power = log(more / small) / log(places[1] / places[0])
        told = f"from {places[0]} to {places[1]}: {small:.2f} s, {more:.2f} s"
        rows.append(Row(f"{kind}, {steps} steps", f"{engine}, power of {what}", power, GROWS, None, told, COMMAND))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--engines", nargs="*", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--steps", nargs="*", type=int, default=[0, 40])
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        asked = [(kind, engine, steps) for kind in given.kinds for engine in given.engines for steps in given.steps]
        rows = [row for each in asked if each[1:] != ("step", 0) for row in rows_of(*each, given.rounds)]
    print(f"{machine()}\n\n{markdown(rows)}")


if __name__ == "__main__":
    main()
