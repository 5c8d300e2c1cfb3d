"""The example of a self-test: inputs, a dy for each output, what is computed of them, and how far rounding takes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from isograd.core.base.forms import Form
from isograd.core.base.randomness import generator, random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.engine.batches import check_inputs
from isograd.core.engine.protocol import options_when_compared
from isograd.core.engine.registry import get_backend
from isograd.core.engine.rows import Fewest
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import ANY
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, allowed_by, nudged, nudged_given
from isograd.core.parity.stages.end_to_end import BUFFER, Whole
from isograd.exporting.carried.selftest import MODES, apart, measured

SEED = 0
ROWS = 2
FEW = range(2)
"""What an input of whole numbers gets of which no layer says what it takes: places that every axis has."""


def example_inputs(model: Composite, given: Any, dtype: np.dtype[np.floating]) -> Arrays:
    """The inputs that were given, one array or several, checked; or numbers drawn for them, N(0, 1) where floats."""
    if given is None:
        rng = generator(SEED, "example")
        rows, known = max(ROWS, Fewest(model).rows), model.integer_inputs(*model.input_shapes)
        inputs: Sequence[Any] = [drawn(rng, form, known.get(k), rows) for k, form in enumerate(model.input_forms)]
    else:
        inputs = given if isinstance(given, (tuple, list)) else (given,)
    arrays = check_inputs(model, inputs)
    Fewest(model).check(model.rows(arrays))
    return tuple(map(np.array, arrays, model.input_dtypes(dtype)))


def drawn(rng: np.random.Generator, form: Form, known: range | None, rows: int) -> Array:
    sizes = form.sizes(rows)
    if form.kind == "boolean":
        return rng.random(sizes) < 0.5
    if known is not None or form.kind == "integer":
        allowed = FEW if known is None or known == ANY else known
        return rng.integers(allowed.start, allowed.stop, sizes)
    return rng.normal(size=sizes)


@dataclass(frozen=True)
class Example:
    """A model, its weights, and one example."""

    model: Composite
    weights: State
    inputs: Arrays
    dtype: str

    def dys(self, mode: str) -> Arrays:
        """A random dy for each output of a mode."""
        graph, rows = self.model.graph(*self.model.input_shapes), self.model.rows(self.inputs)
        forms = [graph.forms[slot] for slot in graph.outputs_in(mode == "training")]
        shapes = [form.sizes(rows) for form in forms]
        return tuple(random_upstream(s, SEED, f"model/{k}", FLOATS[self.dtype]) for k, s in enumerate(shapes))

    def by(self, net: Any, modes: Sequence[str]) -> State:
        """What a network makes of it."""
        found: State = {}
        for mode in modes:
            found |= measured(net, self.inputs, self.dys(mode), mode)
        return found

    def by_engine(self, name: str, modes: Sequence[str], *, moved: bool = False) -> State:
        """What an engine makes of it; `moved`: with inputs and weights moved by one unit in the last place."""
        backend = get_backend(name)
        weights = {path: nudged(v) for path, v in self.weights.items()} if moved else self.weights
        shared = options_when_compared(backend)
        net = backend.build(self.model, dict(weights), seed=SEED, dtype=FLOATS[self.dtype], **shared)
        inputs = tuple(map(nudged_given, self.inputs)) if moved else self.inputs
        return Example(self.model, self.weights, inputs, self.dtype).by(net, modes)

    def errors(self, made: State, truth: State) -> dict[str, float | None]:
        """{array: its error}; None for one that is missing, or of another shape.

        In training a larger one is told as a share of what was added up: a bias before a normalisation has a gradient
        of nothing but rounding.
        """
        whole = Whole(self.model, self.weights, self.inputs, (), (), SEED)
        added = whole.added(get_backend("numpy"))
        found: dict[str, float | None] = {}
        for name in {**truth, **made}:
            error = apart(made[name], truth[name]) if name in made and name in truth else np.inf
            mode, _, what = name.partition("/")
            if isfinite(error) and error > self.least and mode == MODES[1]:
                error = apart(made[name], truth[name], added(key_of(what)))
            found[name] = error if isfinite(error) else None
        return found

    @property
    def least(self) -> float:
        """The error that needs no explanation."""
        return max(TOLERANCE["node", self.dtype], NOISE_FACTOR * float(np.finfo(self.dtype).eps))

    def limits(self, found: Mapping[str, Array], modes: Sequence[str]) -> dict[str, float]:
        """The largest error of each array that rounding explains, by how far an engine is from itself when moved."""
        least = self.least
        moved = self.by_engine("numpy", modes, moved=True)
        noise = {name: apart(moved[name], values) if name in moved else 0.0 for name, values in found.items()}
        return {name: max(least, allowed_by(size)) if np.isfinite(size) else least for name, size in noise.items()}


def key_of(what: str) -> tuple[str, str]:
    """The key by which core/parity knows an array: dw/0.weight, dx.1, state/0.running_mean, output.0"""
    kind, _, path = what.partition("/")
    if kind in ("dw", "state"):
        return path, "gradient" if kind == "dw" else BUFFER
    kind, _, place = what.partition(".")
    return "input" if kind == "dx" else "model", f"{kind}{place.removeprefix('0')}"


@contextmanager
def executed(source: str, name: str) -> Iterator[ModuleType]:
    """The module that a source makes, known by a name of its own while it is in use."""
    made = ModuleType(name)
    made.__file__ = f"{name}.py"
    sys.modules[name] = made
    try:
        exec(compile(source, made.__file__, "exec"), vars(made))
        yield made
    finally:
        del sys.modules[name]
