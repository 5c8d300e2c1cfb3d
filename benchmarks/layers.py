"""Single layers of the NumPy engine: python benchmarks/layers.py COMMIT [NAME ...], beside COMMIT's and PyTorch's

Depthwise convolutions as in MobileNetV2 and EfficientNet-B0, and BatchNorm: forward (of BatchNorm in evaluation too),
backward, and of convolutions the weight gradient alone. One process for each side, one thread; they take turns, block
by block, after all have computed the same. A figure is the ratio of the medians of the processor's time. NAME is a
layer's, or the beginning of some.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGTERM, signal
from time import process_time
from typing import Any

import numpy as np
from against import HERE, Worker, worktree
from contenders import require_equal_losses
from machine import machine
from table import Row, markdown
from timing import interleaved
from workloads import Array

import isograd as ig

Work = dict[str, Callable[[], Any]]
"""What is timed: name ↦ what runs it once."""

BLOCK = 20e-3  # seconds of the quickest work that a block should hold
ROUNDS = 15


@dataclass(frozen=True)
class Single:
    """A layer on a batch of samples of one shape."""

    layer: ig.Conv2d | ig.BatchNorm1d | ig.BatchNorm2d
    shape: tuple[int, ...]
    batch: int

    def drawn(self) -> tuple[Array, dict[str, Array]]:
        """(x, weights and buffers)"""
        draw = np.random.default_rng(0)
        model = ig.Sequential([self.layer], input_shape=self.shape)
        state = {name.removeprefix("0."): v for name, v in ig.build(model, dtype="float32").state_dict().items()}
        return draw.standard_normal((self.batch, *self.shape), np.float32), state


def depthwise(channels: int, size: int, kernel: int, stride: int, batch: int) -> tuple[str, Single]:
    layer = ig.Conv2d(channels, kernel, stride=stride, padding=kernel // 2, groups=channels, bias=False)
    return f"depthwise_{channels}x{size}_k{kernel}_s{stride}", Single(layer, (channels, size, size), batch)


def norm(batch: int, *shape: int) -> tuple[str, Single]:
    layer = ig.BatchNorm2d() if len(shape) == 3 else ig.BatchNorm1d()
    return f"batchnorm_{'x'.join(map(str, shape))}", Single(layer, shape, batch)


LAYERS = dict(
    [
        depthwise(32, 112, 3, 1, batch=4),
        depthwise(96, 112, 3, 2, batch=4),
        depthwise(144, 56, 3, 1, batch=4),
        depthwise(144, 56, 5, 2, batch=4),
        depthwise(192, 28, 3, 1, batch=8),
        depthwise(240, 28, 5, 1, batch=8),
        depthwise(384, 14, 3, 1, batch=8),
        depthwise(480, 14, 5, 1, batch=8),
        depthwise(576, 14, 3, 2, batch=8),
        depthwise(672, 14, 5, 2, batch=8),
        depthwise(960, 7, 3, 1, batch=16),
        depthwise(1152, 7, 5, 1, batch=16),
        norm(4, 32, 112, 112),
        norm(4, 144, 56, 56),
        norm(8, 192, 28, 28),
        norm(8, 384, 14, 14),
        norm(16, 960, 7, 7),
        norm(8, 512, 4, 4),
        norm(8, 960, 2, 2),
        norm(32, 64, 100),
        norm(256, 1024),
        norm(60, 100),
    ]
)


def in_numpy(single: Single) -> Work:
    """The operation itself, without a network around it."""
    from isograd.backends.numpy_impl.context import NodeRun
    from isograd.backends.numpy_impl.memory import keep_freed_memory
    from isograd.backends.numpy_impl.operations import OPERATIONS

    keep_freed_memory()
    x, state = single.drawn()
    operation, layer = OPERATIONS[type(single.layer)], single.layer
    dy = np.cos(np.arange(operation(layer, state, x, run=NodeRun())[0].size, dtype=np.float32))

    def run(training: bool, needs_dx: bool = True) -> Any:
        return operation(layer, state, x, run=NodeRun(training, needs_dx=needs_dx))

    y, back, *_ = run(training=True)
    dy = dy.reshape(y.shape)
    work: Work = {"forward": lambda: run(training=True)[0], "backward": lambda: back(dy)[0]}
    if isinstance(layer, ig.Conv2d):
        to_dw = run(training=True, needs_dx=False)[1]
        return {**work, "dw": lambda: to_dw(dy)[1]["weight"]}
    return {**work, "evaluation": lambda: run(training=False)[0]}


def in_torch(single: Single) -> Work:
    """PyTorch's function."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    drawn, state = single.drawn()
    layer, x = single.layer, torch.from_numpy(drawn).requires_grad_()
    w = {name: torch.from_numpy(values) for name, values in state.items()}
    weights = [w[name].requires_grad_() for name in ("weight", "bias") if name in w]

    def run(training: bool) -> Any:
        if isinstance(layer, ig.Conv2d):
            return functional.conv2d(x, *weights, None, layer.stride, layer.padding, 1, layer.groups)
        moving = [w[name].clone() for name in ("running_mean", "running_var")]
        return functional.batch_norm(x, *moving, *weights, training)

    def plainly(training: bool) -> Any:
        with torch.no_grad():
            return run(training)

    y = run(training=True)
    dy = torch.cos(torch.arange(y.numel(), dtype=torch.float32)).reshape(y.shape)
    work: Work = {
        "forward": lambda: plainly(training=True),
        "backward": lambda: torch.autograd.grad(y, [x, *weights], dy, retain_graph=True)[0],
    }
    if isinstance(layer, ig.Conv2d):
        return {**work, "dw": lambda: torch.autograd.grad(y, weights, dy, retain_graph=True)[0]}
    return {**work, "evaluation": lambda: plainly(training=False)}


def serve(root: str, name: str) -> None:
    """A worker: to "sums" what it computes, to a name of work the seconds of one run of it."""
    if not Path(ig.__file__).is_relative_to(root):
        raise SystemExit(f"{ig.__file__} is not the isograd of {root}")
    library, _, layer = name.rpartition(" ")
    work = (in_torch if library else in_numpy)(LAYERS[layer])
    times: dict[str, int] = {}
    for order in map(str.strip, sys.stdin):
        if order == "sums":
            answer: Any = {kind: [float(abs(run()).sum())] for kind, run in work.items()}
        else:
            if order not in times:
                started = process_time()
                work[order]()
                times[order] = 1 + int(BLOCK / max(process_time() - started, 1e-6))
            started = process_time()
            for _ in range(times[order]):
                work[order]()
            answer = (process_time() - started) / times[order]
        print(json.dumps(answer), flush=True)


def rows_of(name: str, old: Path, command: str) -> list[Row]:
    rows = []
    sides = {"new": (HERE, name), "old": (old, name), "torch": (HERE, f"torch {name}")}
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(*told, __file__)) for side, told in sides.items()}
        sums = {side: worker.ask("sums") for side, worker in workers.items()}
        for kind in sums["new"]:
            require_equal_losses(f"{name} {kind}", {side: told[kind] for side, told in sums.items()})
            taken = interleaved({side: partial(w.ask, kind) for side, w in workers.items()}, rounds=ROUNDS)
            for other in ("old", "torch"):
                measured = f"{taken['new'] * 1e3:.2f} / {taken[other] * 1e3:.2f} ms, {ROUNDS} blocks"
                limit = 0.5 if other == "old" else None
                ratio = f"{kind}, new / {other}"
                rows.append(Row(name, ratio, taken["new"] / taken[other], limit, None, measured, command))
    return rows


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["--work", root, name]:
            serve(root, name)
            return
        case []:
            raise SystemExit(__doc__)
    commit, *wanted = arguments
    names = [name for name in LAYERS if not wanted or name.startswith(tuple(wanted))]
    if not names:
        raise SystemExit(f"unknown: {', '.join(wanted)}; there are {', '.join(LAYERS)}")
    signal(SIGTERM, lambda *_: sys.exit(1))  # so that the worktree is removed then, too
    rows = []
    with worktree(commit) as old:
        for name in names:
            found = rows_of(name, old, f"python benchmarks/layers.py {commit}")
            print(f"{name}: {', '.join(f'{row.ratio} {row.figure:.2f}' for row in found)}", file=sys.stderr, flush=True)
            rows += found
    print(f"{machine()}\n\n{markdown(rows)}")


if __name__ == "__main__":
    main(sys.argv[1:])
