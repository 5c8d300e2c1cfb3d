"""A model's graph as it is taken apart: nodes that read each other by key, and come together again as a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from isograd.core import layers as L
from isograd.core.base.forms import Form
from isograd.core.graph.model import Model
from isograd.core.graph.nodes import Stored
from isograd.core.graph.record import as_entry
from isograd.core.graph.values import Input, Value, apply
from isograd.core.layers.base import Layer
from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.feeds import Feed

Place = tuple[str, int]
"""(the key of what makes a value, which of its outputs it is)"""


@dataclass(frozen=True)
class Start:
    """An input."""

    form: Form
    feed: Feed


@dataclass(frozen=True)
class Call:
    """A layer on values; calls of one `owner` share its weights. `given`: its weights that are values."""

    layer: Layer
    owner: str
    reads: tuple[Place, ...]
    given: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True)
class Sketch:
    """Inputs, entries and calls by key, calls in order of execution; and which values are the outputs."""

    starts: Mapping[str, Start]
    entries: Mapping[str, Stored]
    calls: Mapping[str, Call]
    outputs: tuple[Place, ...]
    evaluation: tuple[int, ...] | None = None

    @classmethod
    def of(cls, drawn: Drawn) -> Sketch:
        graph = drawn.model.graph(*drawn.model.input_shapes)
        places: list[Place] = [(name, 0) for name in graph.input_names]
        places += [(entry.path, 0) for entry in graph.entries]
        for node in graph.nodes:
            places += [(node.name, k) for k in range(len(node.writes))]
        forms = zip(graph.input_names, graph.input_forms, strict=True)
        starts = {name: Start(form, drawn.feeds.get(name, Feed())) for name, form in forms}
        calls = {
            node.name: Call(
                node.layer,
                node.owner,
                tuple(places[slot] for slot in node.reads),
                tuple((weight, places[slot]) for weight, slot in node.given),
            )
            for node in graph.nodes
        }
        outputs = tuple(places[slot] for slot in graph.outputs)
        return cls(starts, {entry.path: entry for entry in graph.entries}, calls, outputs, graph.evaluation)

    def needed(self) -> set[str]:
        """The keys of what leads to an output."""
        found: set[str] = set()
        waiting = [key for key, _ in self.outputs]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                call = self.calls.get(key)
                waiting += [k for k, _ in (*call.reads, *(place for _, place in call.given))] if call else []
        return found

    def built(self) -> tuple[Model, dict[str, Feed]]:
        """(the model of what leads to the outputs, what its inputs are fed with); raises what building raises."""
        needed = self.needed()
        starts = {key: start for key, start in self.starts.items() if key in needed}
        values: dict[Place, Value] = {}
        for key, start in starts.items():
            batch = start.form.batch_first
            values[key, 0] = (
                Input(start.form.shape, name=key, kind=start.form.kind) if batch else Input.of(start.form, name=key)
            )
        values |= {(key, 0): as_entry(entry) for key, entry in self.entries.items() if key in needed}
        inputs: list[Value] = [values[key, 0] for key in starts]
        kept: list[Value] = []
        if not inputs:  # what no input feeds still needs rows
            inputs = kept = [Input((), name="rows")]
        layers: dict[str, Layer] = {}
        for key, call in self.calls.items():
            if key in needed:
                layer = layers.setdefault(call.owner, call.layer)
                sources = [values[place] for place in call.reads]
                made = apply(layer, sources, {name: values[place] for name, place in call.given})
                values |= {(key, k): v for k, v in enumerate(made if isinstance(made, tuple) else (made,))}
        outputs = [values[place] for place in self.outputs]
        if all(value.call is None for value in outputs):
            outputs = [L.Identity()(outputs[0]), *outputs[1:]]
        model = Model(inputs=inputs, outputs=outputs, evaluation=self.evaluation, kept=kept)
        return model, {key: start.feed for key, start in starts.items()}

    def with_call(self, key: str, call: Call) -> Sketch:
        """Another call in its place; a layer that is shared changes wherever it is called."""
        calls = {
            k: replace(c, layer=call.layer) if c.owner == call.owner and k != key else c for k, c in self.calls.items()
        }
        return replace(self, calls=calls | {key: call})

    def with_start(self, place: Place, start: Start) -> Sketch:
        """An input in place of a value."""
        key = f"in_{place[0]}_{place[1]}".replace("#", "_").replace(".", "_")
        return replace(self, starts={**self.starts, key: start}).read_instead(place, (key, 0))

    def read_instead(self, old: Place, new: Place) -> Sketch:
        """Whoever reads `old` reads `new`."""

        def moved(places: tuple[Place, ...]) -> tuple[Place, ...]:
            return tuple(new if place == old else place for place in places)

        calls = {
            key: replace(
                call,
                reads=moved(call.reads),
                given=tuple((name, new if place == old else place) for name, place in call.given),
            )
            for key, call in self.calls.items()
        }
        return replace(self, calls=calls, outputs=moved(self.outputs))

    def forms(self, model: Model) -> dict[Place, Form]:
        """The form of every value, of the model that was built of it: what it does not need is not among them."""
        graph = model.graph(*model.input_shapes)
        return {(n.name, k): form for n in graph.nodes for k, form in enumerate(n.out_forms)}
