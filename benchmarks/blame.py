"""What blame costs: python benchmarks/blame.py [EXPERIMENT ...] [--rounds N]

For every recipe of every built-in experiment, on a batch as it is trained on: the time of `check_parity` of an
engine with one planted fault, over the time of the same without. Processor time, one thread; the two take turns.
Faults are one wrong entry of every output, or of every first weight's gradient, of one kind of layer, in all stages;
the kinds are those of the first, the middle and the last node that has such.
Experiments whose data is not here are named and left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import process_time
from typing import Any

import numpy as np
from table import Row, markdown
from threadpoolctl import threadpool_limits
from timing import interleaved, timed

from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.base.errors import IsogradError
from isograd.core.graph.composite import Composite
from isograd.experiments.experiment import Options
from isograd.experiments.finding import built_in, find
from isograd.reports.comparing import parity_of

AT_MOST = 2.0
OFF = 1.5  # what the wrong entry is multiplied by, and moved


def spoiled(values: Any) -> Any:
    """A copy with one wrong entry, in the middle."""
    wrong = np.array(values, order="C")
    wrong.reshape(-1)[wrong.size // 2] += OFF * (1 + abs(wrong.reshape(-1)[wrong.size // 2]))
    return wrong


@dataclass(frozen=True)
class Fault:
    """Which kind of layer errs, wherever it stands, and in what: its output, or its first weight's gradient."""

    kind: type[Any]
    what: str

    def __str__(self) -> str:
        return f"{self.what} of {self.kind.__name__}"

    def engine(self) -> NumpyBackend:
        """The NumPy engine with the fault."""
        right = STANDARD.operations[self.kind]

        def wrong(spec: Any, p: Any, *x: Any, run: Any) -> Any:
            y, backward, *buffers = right(spec, p, *x, run=run)
            if self.what == "output":
                return (_first(y), backward, *buffers)
            return (y, lambda *dy: _gradient(*backward(*dy)), *buffers)

        operations = STANDARD.operations.overlaid({self.kind: wrong})
        return NumpyBackend(replace(STANDARD, operations=operations), name="faulty")


def _first(outputs: Any) -> Any:
    return (spoiled(outputs[0]), *outputs[1:]) if isinstance(outputs, tuple) else spoiled(outputs)


def _gradient(dx: Any, dw: Any) -> Any:
    """The first weight's, which may stand in a folder of the layer's own."""
    name = next(iter(dw))
    own = dw[name]
    return dx, {**dw, name: _gradient(None, own)[1] if isinstance(own, dict) else spoiled(own)}


def leaves(model: Composite, *shapes: Any) -> Iterator[tuple[Any, bool]]:
    """(layer, whether it has weights) of every node that is no graph itself."""
    for node in model.graph(*(shapes or model.input_shapes)).nodes:
        if isinstance(node.layer, Composite):
            yield from leaves(node.layer, *node.in_shapes)
        else:
            yield node.layer, bool(node.layer.weights(*node.in_shapes))


def faults(model: Composite) -> list[Fault]:
    """An output and a gradient in the first, the middle and the last node that has them."""
    layers = list(leaves(model))
    trained = [layer for layer, has_weights in layers if has_weights]
    chosen = [(layer, "gradient") for layer in (trained[0], trained[len(trained) // 2], trained[-1])]
    chosen += [(layers[k][0], "output") for k in (0, len(layers) // 2, len(layers) - 1)]
    return list(dict.fromkeys(Fault(type(layer), what) for layer, what in chosen))


def rows_of(name: str, rounds: int) -> list[Row]:
    """A row for every recipe and fault of an experiment; SystemExit where a fault is not caught, or torch is blamed."""
    options = Options()
    prepared, recipes = find(name).prepare(options, "numpy")
    rows = []
    for key, recipe in recipes.items():
        run = partial(parity_of, recipe, prepared, options)
        for fault in faults(recipe.model):
            faulty = partial(run, backends=(fault.engine(), "torch"))
            culprit = faulty().culprit
            if culprit is None or culprit.guilty == "torch":
                raise SystemExit(f"{name} {key}, {fault}: blamed is {culprit and culprit.guilty}")
            blocks = {"with": timed(faulty, process_time), "without": timed(run, process_time)}
            seconds = interleaved(blocks, rounds=rounds, warm_ups=0)
            measured = f"{seconds['with']:.2f} / {seconds['without']:.2f} s; blamed: {culprit.guilty or 'nobody'}"
            ratio = seconds["with"] / seconds["without"]
            rows.append(Row(f"{name} {key}", str(fault), ratio, AT_MOST, None, measured, f"{COMMAND} {name}"))
            print(f"{name} {key}, {fault}: {ratio:.2f} ({measured})", file=sys.stderr, flush=True)
    return rows


COMMAND = "python benchmarks/blame.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", default=built_in())
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.experiments:
        try:
            with threadpool_limits(limits=1):
                rows += rows_of(name, given.rounds)
        except IsogradError as error:
            print(f"{name} left out: {error}", file=sys.stderr)
    print(markdown(rows))


if __name__ == "__main__":
    main()
