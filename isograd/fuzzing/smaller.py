"""Smaller checks than a given one: each a step in which it can shrink."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from isograd.core.base.description import default_of
from isograd.core.base.errors import IsogradError
from isograd.core.base.forms import Form
from isograd.core.graph.composite import Composite
from isograd.core.layers.base import Layer, Misfit
from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.feeds import Feed
from isograd.fuzzing.options import again
from isograd.fuzzing.sketch import Call, Sketch, Start


def smaller(drawn: Drawn) -> Iterator[Drawn]:
    """Simpler checks, those that take away most first; some may not fit together, and raise when they are built."""
    yield from _without_training(drawn)
    yield from _of_the_graph(drawn)
    if len(drawn.dtypes) > 1:
        yield from (replace(drawn, dtypes=(dtype,)) for dtype in drawn.dtypes)
    for rows in dict.fromkeys((1, 2, 3, drawn.rows // 2, drawn.rows - 1)):
        if 0 < rows < drawn.rows:
            yield replace(drawn, rows=rows)
    for name, feed in drawn.feeds.items():
        if feed != Feed():
            yield replace(drawn, feeds={**drawn.feeds, name: Feed()})


def _without_training(drawn: Drawn) -> Iterator[Drawn]:
    taught = drawn.taught
    if taught is None:
        return
    yield replace(drawn, taught=None)
    if taught.optimizer is not None:
        yield replace(drawn, taught=replace(taught, optimizer=None, clip=None, steps=1))
        for steps in range(1, taught.steps):
            yield replace(drawn, taught=replace(taught, steps=steps))
    if taught.clip is not None:
        yield replace(drawn, taught=replace(taught, clip=None))


def _of_the_graph(drawn: Drawn) -> Iterator[Drawn]:
    sketch = Sketch.of(drawn)
    for changed in chain(_outputs(sketch, drawn), _cuts(sketch, drawn), _nodes(sketch, drawn), _sizes(sketch)):
        try:
            model, feeds = changed.built()
        except (IsogradError, Misfit, ValueError, KeyError, TypeError):
            continue
        taught = drawn.taught
        if taught is not None:
            place = sketch.outputs[taught.output]
            at = changed.outputs.index(place) if place in changed.outputs else 0
            taught = replace(taught, output=at)
        yield replace(drawn, model=model, feeds=feeds, taught=taught)


def _outputs(sketch: Sketch, drawn: Drawn) -> Iterator[Sketch]:
    """One output alone, one fewer; without training any value as the only one, the first first."""
    if sketch.evaluation is not None:
        yield replace(sketch, evaluation=None)
    if len(sketch.outputs) > 1:
        yield from (replace(sketch, outputs=(place,), evaluation=None) for place in sketch.outputs)
        for k in range(len(sketch.outputs)):
            yield replace(sketch, outputs=sketch.outputs[:k] + sketch.outputs[k + 1 :], evaluation=None)
    if drawn.taught is None:
        counts = sketch.forms(drawn.model)
        for key in list(sketch.calls)[:-1]:
            yield replace(sketch, outputs=tuple(place for place in counts if place[0] == key), evaluation=None)


def _cuts(sketch: Sketch, drawn: Drawn) -> Iterator[Sketch]:
    """An input in place of a computed value, the last first."""
    for place, form in reversed(sketch.forms(drawn.model).items()):
        if form.kind == "float" and form.batch_first and place not in sketch.outputs:
            yield sketch.with_start(place, Start(form, Feed()))


def _nodes(sketch: Sketch, drawn: Drawn) -> Iterator[Sketch]:
    """A node left out, where it keeps its input's form; its own layers in its place; a layer no longer shared; simpler
    options."""
    graph = drawn.model.graph(*drawn.model.input_shapes)
    for node in graph.nodes:
        call = sketch.calls[node.name]
        for place, form in zip(call.reads, node.in_forms, strict=True):
            if form == node.out_forms[0]:
                yield sketch.read_instead((node.name, 0), place)
        if len(call.reads) > node.layer.min_inputs:
            yield sketch.with_call(node.name, replace(call, reads=call.reads[:-1]))
        if node.name != node.owner:
            own = node.name.replace("#", "_")
            calls = {**sketch.calls, node.name: replace(call, owner=own, layer=again(node.layer))}
            yield replace(sketch, calls=calls)
        if isinstance(node.layer, Composite):
            yield _inlined(sketch, node.name, node.in_shapes)
        else:
            yield from (
                sketch.with_call(node.name, replace(call, layer=layer)) for layer in simpler_options(node.layer)
            )


def _inlined(sketch: Sketch, name: str, shapes: tuple[Any, ...]) -> Sketch:
    """The nodes of a model inside the model, in its place."""
    call = sketch.calls[name]
    assert isinstance(call.layer, Composite)
    graph = call.layer.graph(*shapes)
    prefix = name.replace("#", "_").replace(".", "_")
    places = [*call.reads, *((f"{prefix}_{entry.path}", 0) for entry in graph.entries)]
    entries = {f"{prefix}_{entry.path}": replace(entry, path=f"{prefix}_{entry.path}") for entry in graph.entries}
    inner: dict[str, Call] = {}
    for node in graph.nodes:
        key = f"{prefix}_{node.name}".replace("#", "_").replace(".", "_")
        inner[key] = Call(
            node.layer,
            f"{prefix}_{node.owner}",
            tuple(places[slot] for slot in node.reads),
            tuple((weight, places[slot]) for weight, slot in node.given),
        )
        places += [(key, k) for k in range(len(node.writes))]
    calls = {k: v for key, each in sketch.calls.items() for k, v in (inner.items() if key == name else [(key, each)])}
    made = replace(sketch, entries={**sketch.entries, **entries}, calls=calls)
    for k, slot in enumerate(graph.outputs):
        made = made.read_instead((name, k), places[slot])
    return made


def _sizes(sketch: Sketch) -> Iterator[Sketch]:
    """Each axis of each input 1, half as long, one shorter."""
    for key, start in sketch.starts.items():
        for axis, size in enumerate(start.form.axes):
            for less in dict.fromkeys((1, size // 2, size - 1)) if isinstance(size, int) else ():
                if 0 < less < size:  # type: ignore[operator]
                    axes = (*start.form.axes[:axis], less, *start.form.axes[axis + 1 :])
                    yield replace(sketch, starts={**sketch.starts, key: Start(Form(axes, start.form.kind), start.feed)})


def simpler_options(layer: Layer) -> Iterator[Layer]:
    """The layer with one option at its default, or smaller."""
    for f in dataclasses.fields(layer):
        value = getattr(layer, f.name)
        for other in _simpler(value, default_of(f)):
            try:
                yield type(layer)(
                    **{g.name: getattr(layer, g.name) for g in dataclasses.fields(layer)} | {f.name: other}
                )
            except IsogradError:
                continue


def _simpler(value: Any, default: Any) -> Iterator[Any]:
    if value == default or isinstance(value, bool):
        if isinstance(default, bool) and value != default:
            yield default
        return
    if default is not dataclasses.MISSING:
        yield default
    if isinstance(value, int):
        yield from (less for less in dict.fromkeys((1, value // 2, value - 1)) if 0 < less < value)
    elif isinstance(value, tuple):
        for k, entry in enumerate(value):
            yield from ((*value[:k], less, *value[k + 1 :]) for less in _simpler(entry, dataclasses.MISSING))
