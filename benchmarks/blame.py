"""What blame costs: python benchmarks/blame.py [EXPERIMENT ...] [--rounds N]

For every recipe of every built-in experiment, on a batch as it is trained on: the time of `check_parity` of an
engine with one planted fault, over the time of the same without. The two take turns; faults are one wrong entry of
one node's output, or of one weight's gradient, in the first, the middle and the last node that has such.
Experiments whose data is not here are named and left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from table import Row, markdown
from timing import Block, interleaved

from isograd.core.base.errors import IsogradError
from isograd.core.engine import registry
from isograd.core.graph.composite import Composite
from isograd.core.parity import pair
from isograd.core.parity.report import ParityReport
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
    """Which kind of layer errs, and in what: its output, or its first weight's gradient."""

    layer: Any
    what: str

    def __str__(self) -> str:
        return f"{self.what} of {type(self.layer).__name__}"

    def hits(self, model: Composite) -> bool:
        """Whether this is the layer alone, as the node stage builds it."""
        nodes = model.graph(*model.input_shapes).nodes
        return len(nodes) == 1 and nodes[0].layer == self.layer


class Faulty:
    """The NumPy engine, with the fault wherever its layer is computed by itself."""

    name = "faulty"

    def __init__(self, fault: Fault | None) -> None:
        self.engine, self.fault = registry.get_backend("numpy"), fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def build(self, model: Composite, state: Any, **options: Any) -> Any:
        net = self.engine.build(model, state, **options)
        fault = self.fault
        if fault is not None and fault.hits(model):
            forward, backward = net.forward, net.backward
            if fault.what == "output":
                net.forward = lambda *x, **given: _first(forward(*x, **given))  # type: ignore[method-assign]
            else:
                net.backward = lambda *dy: _gradient(*backward(*dy))  # type: ignore[method-assign]
        return net


def _first(outputs: Any) -> Any:
    return (spoiled(outputs[0]), *outputs[1:]) if isinstance(outputs, tuple) else spoiled(outputs)


def _gradient(dx: Any, dw: Any) -> Any:
    path = next(iter(dw))
    return dx, {**dw, path: spoiled(dw[path])}


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
    return list(dict.fromkeys(Fault(*entry) for entry in chosen))


def checked(run: Callable[[], ParityReport], fault: Fault | None) -> ParityReport:
    """`run`, whose engine "numpy" has the fault."""
    known = registry.get_backend
    with patch.object(pair, "get_backend", lambda name: Faulty(fault) if name == "numpy" else known(name)):
        return run()


def rows_of(name: str, rounds: int) -> list[Row]:
    """A row for every recipe and fault of an experiment; SystemExit where a fault is not caught, or torch is blamed."""
    options = Options()
    prepared, recipes = find(name).prepare(options, "numpy")
    rows = []
    for key, recipe in recipes.items():
        run = partial(parity_of, recipe, prepared, options)
        for fault in faults(recipe.model):
            culprit = checked(run, fault).culprit
            if culprit is None or culprit.guilty == "torch":
                raise SystemExit(f"{name} {key}, {fault}: blamed is {culprit and culprit.guilty}")
            blocks: dict[str, Block] = {
                label: partial(_do, run, planted) for label, planted in (("with", fault), ("without", None))
            }
            seconds = interleaved(blocks, rounds=rounds, warm_ups=0)
            measured = f"{seconds['with']:.2f} / {seconds['without']:.2f} s; blamed: {culprit.guilty or 'nobody'}"
            ratio = seconds["with"] / seconds["without"]
            rows.append(Row(f"{name} {key}", str(fault), ratio, AT_MOST, None, measured, f"{COMMAND} {name}"))
            print(f"{name} {key}, {fault}: {ratio:.2f} ({measured})", file=sys.stderr, flush=True)
    return rows


def _do(run: Callable[[], ParityReport], fault: Fault | None) -> None:
    checked(run, fault)


COMMAND = "python benchmarks/blame.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", default=built_in())
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.experiments:
        try:
            rows += rows_of(name, given.rounds)
        except IsogradError as error:
            print(f"{name} left out: {error}", file=sys.stderr)
    print(markdown(rows))


if __name__ == "__main__":
    main()
