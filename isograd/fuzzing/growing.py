"""A graph that grows node by node: layers from the table of cases, on values that it has or that are made to fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from isograd.core import layers as L
from isograd.core.base.errors import IsogradError
from isograd.core.base.forms import Form, Rows
from isograd.core.base.initializers import Uniform
from isograd.core.base.types import Shape
from isograd.core.graph.entries import Buffer, Entry, Parameter
from isograd.core.graph.model import Model
from isograd.core.graph.values import Input, Value, apply
from isograd.core.layers.base import Layer, Misfit
from isograd.core.parity.cases import CASES, Case
from isograd.fuzzing.families import FAMILIES, attention, recurrent
from isograd.fuzzing.feeds import Feed
from isograd.fuzzing.options import SMALL, again, varied

KINDS = list(CASES)
LARGE = [case for cases in CASES.values() for case in cases if case.large]
ENTRIES = 40_000
"""Values of one output, and weights of one layer, in a graph that is not drawn for large sizes."""
MOST = 300_000
REFUSED = (IsogradError, Misfit, ValueError)
"""What a layer, a graph or a size says that does not fit: then something else is drawn."""
INNER = 4
"""Nodes of a model inside a model, at most."""


class Growing:
    """Values, the calls that made them, and what its inputs are fed with."""

    def __init__(self, rng: np.random.Generator, rows: int, *, large: bool = False, levels: int = 0) -> None:
        self.rng, self.rows, self.large, self.levels = rng, rows, large, levels
        self.values: list[Value] = []
        self.inputs: list[Value] = []
        self.entries: list[Entry] = []
        self.feeds: dict[int, Feed] = {}
        self.read: set[int] = set()
        self.calls: list[tuple[Layer, tuple[Value, ...]]] = []

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def enter(self, form: Form, feed: Feed = Feed(), *, computed: bool = True) -> Value:  # noqa: B008
        """A new entrance of this form: an input, a parameter or a buffer; `computed`: whether others may read it."""
        rows = [axis for axis, size in enumerate(form.axes) if isinstance(size, Rows)]
        made: Value
        if not rows:
            name = f"entry_{len(self.entries)}"
            if form.kind == "float":
                low, high = (min(feed.among), max(feed.among)) if feed.among else (-1.0, 1.0)
                made = Parameter(form.axes, name=name, init=Uniform(low=low, high=high))  # type: ignore[arg-type]
            else:
                span = (min(feed.among), max(feed.among) + 1) if feed.among else (0, 2)
                law = Uniform(low=float(span[0]), high=float(span[1]))
                made = Buffer(form.axes, name=name, kind=form.kind, init=law)  # type: ignore[arg-type]
            assert isinstance(made, Entry)
            self.entries.append(made)
            return made
        if len(rows) == 1 and rows != [0] and form.axes[rows[0]] == Rows():
            shape = tuple(size for size in form.axes if not isinstance(size, Rows))
            inside = self.enter(Form.of_sample(shape, form.kind), feed, computed=computed)
            order = [*range(1, rows[0] + 1), 0, *range(rows[0] + 1, len(form.axes))]
            return self.call(L.Permute(tuple(order)), [inside])[0]
        if rows != [0]:
            raise ValueError(f"no batch of samples: {form}")
        made = Input.of(form) if form.axes[0] != Rows() else Input(form.shape, kind=form.kind)
        self.inputs.append(made)
        self.feeds[id(made)] = feed
        if computed and form.kind == "float":
            self.values.append(made)
        return made

    def call(self, layer: Layer, sources: Sequence[Value]) -> tuple[Value, ...]:
        """Apply a layer; raises an IsogradError where it does not fit, ValueError where it is too large."""
        made = apply(layer, sources)
        outputs = made if isinstance(made, tuple) else (made,)
        most = MOST if self.large else ENTRIES
        shapes = [value.shape for value in sources]
        weights = {**layer.weights(*shapes), **layer.buffers(*shapes)}
        sizes = [prod(value.form.sizes(self.rows)) for value in outputs]
        if max([*sizes, *(prod(w.shape) for w in weights.values())], default=0) > most or 0 in sizes:
            raise ValueError(f"too large: {layer!r}")
        self.values += outputs
        self.read.update(map(id, sources))
        self.calls.append((layer, tuple(sources)))
        return outputs

    def grow(self) -> bool:
        """One node more, and what makes its inputs fit; False where what was drawn does not fit."""
        if self.calls and self.chance(0.1):
            return self.tried(self._again)
        if self.levels == 0 and self.chance(0.08):
            return self.tried(self._nested)
        try:
            case = self._of_a_family() if self.chance(0.12) else self._case()
        except REFUSED:
            return False
        layer = varied(self.rng, case.layer) if self.chance(0.6) else again(case.layer)
        free = not case.among and self.values and self.chance(0.5)
        return self.tried(lambda: self.call(layer, self._any(layer, case) if free else self._fitting(layer, case))) or (
            self.tried(lambda: self.call(again(case.layer), self._fitting(case.layer, case)))
        )

    def tried(self, grown: Callable[[], object]) -> bool:
        """Whether `grown()` fits; what it made before it was refused is gone."""
        state = len(self.values), len(self.inputs), len(self.entries), len(self.calls), set(self.read)
        try:
            grown()
        except REFUSED:
            values, inputs, entries, calls, self.read = state
            del self.values[values:], self.inputs[inputs:], self.entries[entries:], self.calls[calls:]
            return False
        return True

    def _of_a_family(self) -> Case:
        """A layer whose options are drawn densely, on shapes drawn with it."""
        drawn = [draw for draw, _ in FAMILIES.values()]
        place = int(self.rng.integers(len(drawn) + 2))
        if place < len(drawn):
            layer, shape = drawn[place](self.rng)
            return Case(layer, (shape,), "drawn")
        layer, shapes, _ = (attention if place == len(drawn) else recurrent)(self.rng)
        return Case(layer, shapes, "drawn")

    def _case(self) -> Case:
        kind = KINDS[self.rng.integers(len(KINDS))]
        cases = [case for case in CASES[kind] if self.large or not case.large]
        if self.large and self.chance(0.4):
            return LARGE[self.rng.integers(len(LARGE))]
        return cases[self.rng.integers(len(cases))]

    def _any(self, layer: Layer, case: Case) -> list[Value]:
        """Values of the graph as they come, where the case has what is computed with; alike where there are several."""
        found: list[Value] = []
        counted = layer.integer_inputs(*case.shapes)
        for place, form in enumerate(case.forms):
            if form.kind != "float" or place in counted:
                found.append(self._counted(form, case, counted.get(place)))
                continue
            alike = [v for v in self.values if found and v.form == found[0].form]
            pool = alike if alike and self.chance(0.7) else [v for v in self.values if v.form.kind == "float"]
            found.append(self._one(pool) if pool else self.enter(form))
        return found

    def _one(self, pool: Sequence[Value]) -> Value:
        """One of these, the last more often: graphs grow deep."""
        return pool[-1] if self.chance(0.4) else pool[int(self.rng.integers(len(pool)))]

    def _counted(self, form: Form, case: Case, known: range | None) -> Value:
        """A value of whole numbers or booleans: those that a layer counts with come straight from an input."""
        alike = [v for v in self.values if v.form == form and form.kind == "boolean"]
        if alike and self.chance(0.5):
            return self._one(alike)
        allowed = case.values if known is None else known[:SMALL]
        plain = form.kind == "boolean" or (form.kind == "float" and known is not None)  # the model knows what fits
        among = () if plain else tuple(float(v) for v in allowed)
        return self.enter(form, Feed(among=among), computed=False)

    def _fitting(self, layer: Layer, case: Case) -> list[Value]:
        """Values of the case's own forms."""
        counted = layer.integer_inputs(*case.shapes)
        return [
            self._counted(form, case, counted.get(place))
            if form.kind != "float" or place in counted
            else self.like(form, case)
            for place, form in enumerate(case.forms)
        ]

    def like(self, form: Form, case: Case) -> Value:
        """A value of this form: one that is there, one that is made to fit, or a new input."""
        feed = Feed(case.scale if np.isfinite(case.scale) else 1.0, case.among)
        alike = [v for v in self.values if v.form == form]
        pool = [v for v in self.values if v.form.kind == "float" and v.form.batch_first]
        if alike and self.chance(0.6):
            value = self._one(alike)
        elif not form.batch_first or not pool or (len(self.inputs) < 4 and self.chance(0.3)):
            return self.enter(form, feed)
        else:
            value = self.reshaped(self._one(pool), form.shape)
        if case.among:
            value = self.call(L.Clamp(min=min(case.among), max=max(case.among)), [value])[0]
        return value

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """The same numbers, or a Linear of them, on other axes."""
        if value.shape == shape:
            return value
        if prod(value.shape) != prod(shape):
            if len(value.shape) != 1:
                value = self.call(L.Flatten() if value.shape else L.Reshape((1,)), [value])[0]
            value = self.call(L.Linear(prod(shape)), [value])[0]
        return value if value.shape == shape else self.call(L.Reshape(shape), [value])[0]

    def _again(self) -> None:
        """A layer called once more, on values like those before: it shares its weights."""
        known = [call for call in self.calls if call[0].weights(*(v.shape for v in call[1]))] or self.calls
        layer, sources = known[self.rng.integers(len(known))]
        entered = {id(value) for value in self.inputs}
        again = [
            source
            if id(source) in entered
            else self._one([v for v in self.values if v.form == source.form] or [source])
            for source in sources
        ]
        self.call(layer, again)

    def _nested(self) -> None:
        """A model of a few nodes, on a value of this one."""
        pool = [v for v in self.values if v.form.kind == "float" and v.form.batch_first]
        start = self._one(pool)
        inner = Growing(self.rng, self.rows, levels=self.levels + 1)
        inner.enter(start.form)
        for _ in range(int(self.rng.integers(1, INNER + 1))):
            inner.grow()
        ends = inner.ends(2)
        model = inner.model(ends)
        given = [inner.feeds[id(value)] for value in inner.inputs[1:]]
        forms = model.input_forms[1:]
        counted = model.integer_inputs(*model.input_shapes)
        others = [
            self.enter(form, feed, computed=k not in counted)
            for k, (form, feed) in enumerate(zip(forms, given, strict=True), 1)
        ]
        self.call(model, [start, *others])

    def ends(self, most: int) -> list[Value]:
        """Values that nothing reads; of more than `most` the rest become one."""
        made = [v for v in self.values if id(v) not in self.read and v.call is not None]
        if not made:
            made = [self.call(L.Identity(), [self.values[0]])[0]]
        foldable = [v for v in made if v.form.kind == "float" and v.form.batch_first]
        kept = [v for v in made if v not in foldable][:1] if self.levels == 0 else []
        while len(foldable) > most:
            flat = [
                v if len(v.shape) == 1 else self.call(L.Flatten() if v.shape else L.Reshape((1,)), [v])[0]
                for v in (foldable.pop(0), foldable.pop(0))
            ]
            foldable.append(self.call(L.Concat(dim=1), flat)[0])
        return [*foldable, *kept] or made[:1]

    def model(self, outputs: Sequence[Value], evaluation: Sequence[int] | None = None) -> Model:
        """The model of these outputs, its inputs those that they need."""
        needed: set[int] = set()
        waiting = list(outputs)
        while waiting:
            value = waiting.pop()
            if id(value) not in needed:
                needed.add(id(value))
                waiting += value.call.sources if value.call else ()
        self.inputs = [value for value in self.inputs if id(value) in needed] or self.inputs[:1]
        kept = self.inputs if not any(id(value) in needed for value in self.inputs) else []
        return Model(inputs=self.inputs, outputs=outputs, evaluation=evaluation, kept=kept)
