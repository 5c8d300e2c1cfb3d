"""A check drawn from a seed: a graph, its batch, sometimes a loss and an optimizer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from isograd.core import layers as L
from isograd.core.base.forms import Form
from isograd.core.base.randomness import generator
from isograd.core.engine.rows import Fewest
from isograd.core.graph.values import Value
from isograd.core.graph.weights import declared
from isograd.core.learning.adaptive import Muon
from isograd.core.parity.cases import CLIPPING_CASES, LOSS_CASES, OPTIMIZER_CASES, LossCase
from isograd.fuzzing.drawn import Drawn, Taught
from isograd.fuzzing.feeds import drawn_state
from isograd.fuzzing.growing import REFUSED, Growing

LOSSES = [case for cases in LOSS_CASES.values() for case in cases if case.targets != "too long"]
FEW_UNITS = 100
OPTIMIZERS = [[c.optimizer for c in cases if c.units < FEW_UNITS] for cases in OPTIMIZER_CASES.values()]
CLIPPINGS = [case.clip for cases in CLIPPING_CASES.values() for case in cases]
ROWS, MANY_ROWS = (1, 2, 3, 4, 5, 7), (33, 65, 130, 257, 600)
STEPS, NODES, FEW_NODES = 3, 12, 3
STARTS = ((4,), (6,), (3, 4), (5, 6), (2, 5, 6), (3, 7, 7), (2, 3, 4, 3))


def drawn(seed: int, number: int = 0) -> Drawn:
    """The `number`-th check of this seed: the same wherever and whenever it is drawn."""
    for attempt in range(1000):
        rng = generator(seed, "fuzz", f"{number}", attempt)
        try:
            found = _drawn(rng, seed * 1_000_003 + number)
            drawn_state(found.model, found.seed)
            _ = found.inputs
        except REFUSED:
            continue
        return found
    raise RuntimeError(f"nothing could be drawn of seed {seed}, number {number}")


def _drawn(rng: np.random.Generator, seed: int) -> Drawn:
    large = bool(rng.random() < 0.12)
    rows = int(rng.choice(MANY_ROWS if large else ROWS))
    graph = Growing(rng, rows, large=large)
    graph.enter(Form.of_sample(STARTS[rng.integers(len(STARTS))]))
    wanted = int(rng.integers(1, (FEW_NODES if large else NODES) + 1))
    for _ in range(20 * wanted):
        wanted -= graph.grow()
        if wanted <= 0:
            break
    taught = _taught(rng, graph) if rng.random() < 0.4 else None
    outputs = graph.ends(int(rng.integers(1, 4)))
    if taught is not None:
        end, case = taught
        outputs = [value for value in outputs if value is not end]
        place = int(rng.integers(0, len(outputs) + 1))
        outputs.insert(place, end)
    evaluation = None
    if taught is None and len(outputs) > 1 and rng.random() < 0.2:
        evaluation = [int(rng.integers(len(outputs)))]
    model = graph.model(outputs, evaluation)
    rows = max(rows, Fewest(model).rows)
    feeds = {
        name: graph.feeds[id(value)]
        for name, value in zip(model.graph(*model.input_shapes).input_names, graph.inputs, strict=True)
    }
    made = Drawn(model, rows, seed, feeds)
    if taught is None or not model.batch_first:
        return made
    training = _training(rng, case, place)
    if isinstance(training.optimizer, Muon) and any(len(w.shape) != 2 for w in declared(model)[0].values()):
        training = replace(training, optimizer=None, clip=None)  # it is for matrices alone
    return replace(made, taught=training)


def _taught(rng: np.random.Generator, graph: Growing) -> tuple[Value, LossCase] | None:
    """(what a loss is about, a case of that loss), where the graph has a value that can be made so."""
    case = LOSSES[rng.integers(len(LOSSES))]
    pool = [v for v in graph.values if v.form.kind == "float" and v.form.batch_first]
    if not pool or case.loss.reduction == "none" or prod(case.shape[1:]) > FEW_UNITS:
        return None
    value = graph.reshaped(pool[-1], case.shape[1:])
    if case.predictions == "unit":
        value = graph.call(L.Sigmoid(), [value])[0]
    elif case.predictions != "values" or case.targets == "one of several":  # variances
        value = graph.call(L.Softplus(), [value])[0]
    return (value, case) if value.call is not None else (graph.call(L.Identity(), [value])[0], case)


def _training(rng: np.random.Generator, case: LossCase, output: int) -> Taught:
    steps = int(rng.integers(1, STEPS + 1))
    if rng.random() < 0.4:
        return Taught(case.loss, case.targets, output)
    clip = CLIPPINGS[rng.integers(len(CLIPPINGS))] if rng.random() < 0.3 else None
    kind = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
    return Taught(case.loss, case.targets, output, kind[rng.integers(len(kind))], clip, steps)
