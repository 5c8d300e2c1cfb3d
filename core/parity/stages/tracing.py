"""What enters each node of a whole run and the dy that reaches it, and from both what was added up on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.nodes import Node
from isograd.core.graph.values import Input
from isograd.core.layers import Identity
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import SGD
from isograd.core.parity.added import added_up, buffers_after, peers, terms_of
from isograd.core.parity.matching import largest
from isograd.core.parity.pair import build_in, in_dtype
from isograd.core.parity.stages.feeds import activations, shapes_of, start, weights_of
from isograd.core.parity.stages.trial import Bench, Trial

STEP = 2.0**-30
"""The share of its rounding that what enters a node is moved by, there and back, to see what the node makes of it."""


class Untraceable(Exception):
    """An engine that does not compute in float64, node by node, what it is asked for."""


@dataclass(frozen=True)
class Flow:
    """What flows back through one place of a graph: the dy, and what one unit of rounding in all before it makes there.

    The second is carried as the first is, with a random sign for every number that rounds, as rounding has. It is as
    large as dy, and more where dy is what a normalisation leaves of its terms. What flows forward has it as well.
    """

    dy: Array
    rounding: Array

    def __add__(self, other: Flow) -> Flow:
        with np.errstate(invalid="ignore", over="ignore"):  # ∞ − ∞, of an engine that is wrong
            return Flow(self.dy + other.dy, self.rounding + other.rounding)


Moved: TypeAlias = dict[str, tuple[Arrays, Arrays]]
"""{node path: what rounding in all before it makes of what enters it, and with the node's own of what leaves it}"""


@dataclass
class Tracing:
    """A run of a model in training mode, in float64 on one engine, node by node, and what its gradients add up.

    Raises Untraceable where the engine does not do its part.
    """

    backend: Backend
    model: Composite
    state: Mapping[str, Array]
    inputs: Arrays
    seed: int
    step: int = 0
    alone: dict[str, Model] = field(default_factory=dict)
    """{node path: the model of this node alone}, as they are made"""

    @cached_property
    def seen(self) -> dict[str, Arrays]:
        given = (self.backend, self.model, self.state, self.inputs)
        try:
            return activations(*given, seed=self.seed, step=self.step, dtype="float64", training=True)
        except Exception as error:
            raise Untraceable("activations") from error

    @property
    def outputs(self) -> Arrays:
        graph = self.model.graph(*shapes_of(self.model, self.inputs))
        values = self._values(self.model, self.inputs, "", "")
        return tuple(values[slot] for slot in graph.outputs)

    def added_up(self, given: Sequence[Flow]) -> tuple[dict[str, float], dict[str, float]]:
        """({weight or buffer path: what its gradient, or it, adds up}, {"dx…" of the model's inputs}), for the flow
        into each output."""
        sizes: dict[str, float] = defaultdict(float)
        found = self._back(self.model, self.inputs, given, "", "", sizes)
        return sizes, {f"dx{k or ''}": largest(flow.rounding) for k, flow in found.items()}

    def of_loss(self, losses: Losses, targets: Arrays) -> list[Flow]:
        """What flows into each output from the loss: rounding of the outputs moves it as well."""

        def slopes(outputs: Arrays) -> State:
            return {
                f"{k}": dy for k, dy in enumerate(upstream_of_loss(self.backend, losses, outputs, targets, self.seed))
            }

        here, there, back = (slopes(outs) for outs in (self.outputs, *moved_by(self.predictions, self.outputs)))
        moved = slopes_of(here, there, back)
        return [Flow(dy, moved.get(k, 0.0) + signed(dy, k)) for k, dy in here.items()]

    @property
    def made(self) -> dict[str, Arrays]:
        """{node path: what one unit of rounding in the node and in all before it makes of each of its outputs}"""
        return {path: made for path, (_, made) in self._forward[0].items()}

    @property
    def predictions(self) -> Arrays:
        """The same of the model's outputs."""
        return self._forward[1]

    @cached_property
    def _forward(self) -> tuple[Moved, Arrays]:
        moved: Moved = {}
        whole = [np.where(x == np.rint(x), 0.0, signed(x, f"{k}")) for k, x in enumerate(self.inputs)]
        return moved, self._forth(self.model, self.inputs, whole, "", "", moved)

    def _values(self, model: Composite, inputs: Arrays, path: str, owner: str) -> dict[int, Array]:
        graph = model.graph(*shapes_of(model, inputs))
        values = start(graph, inputs, self.state, owner)
        for node in graph.nodes:
            values |= dict(zip(node.writes, self.seen[f"{path}{node.name}"], strict=True))
        return values

    def _forth(
        self,
        model: Composite,
        inputs: Arrays,
        entering: Sequence[Array],
        path: str,
        owner: str,
        moved: Moved,
    ) -> Arrays:
        """What a graph makes of rounding that is `entering`; `moved` is told what its nodes do."""
        graph, values = model.graph(*shapes_of(model, inputs)), self._values(model, inputs, path, owner)
        held = {slot: np.zeros(np.shape(value)) for slot, value in values.items()} | dict(enumerate(entering))
        for node in graph.nodes:
            where, moves = f"{path}{node.name}", tuple(held[slot] for slot in node.reads)
            if isinstance(node.layer, Composite):
                fed = tuple(values[slot] for slot in node.reads)
                outs = self._forth(node.layer, fed, moves, f"{where}.", f"{owner}{node.owner}.", moved)
            else:
                trial = self._trial(node, values, path, owner)
                bench, terms = self._bench(trial), terms_of(trial)
                ys = {f"output{k or ''}": values[slot] for k, slot in enumerate(node.writes)}
                own = {what: signed(terms.get(what, y), f"{where} {what}") for what, y in ys.items()}
                there, back = (self._run(bench, fed) for fed in moved_by(moves, trial.inputs))
                slopes = slopes_of(ys, there, back)
                outs = tuple(slopes.get(what, 0.0) + own[what] for what in ys)
            moved[where] = moves, outs
            held |= dict(zip(node.writes, outs, strict=True))
        return tuple(held[slot] for slot in graph.outputs)

    def _bench(self, trial: Trial) -> Bench:
        try:
            return Bench(self.backend, trial)
        except Exception as error:
            raise Untraceable(f"a network of {trial.path}") from error

    def _run(self, bench: Bench, inputs: Arrays, dys: Arrays | None = None) -> State:
        """A node's outputs; of these dy its gradients."""
        try:
            made = bench.outputs(inputs)
            return arrays(made if dys is None else bench.gradients(dys))
        except Exception as error:
            raise Untraceable(f"a run of {bench.trial.path}") from error

    def _trial(self, node: Node, values: Mapping[int, Array], path: str, owner: str) -> Trial:
        """A node that is no graph, fed with its values of this run."""
        fed = tuple(values[slot] for slot in node.reads)
        state = in_dtype(weights_of(node, values, self.state, owner), "float64")
        where = f"{path}{node.name}"
        trial = Trial(where, node.layer, fed, state, "float64", True, self.seed, self.step, forms=node.in_forms)
        trial.of_model(self.alone.get(where))
        self.alone[where] = trial.model
        return trial

    def _back(
        self, model: Composite, inputs: Arrays, given: Sequence[Flow], path: str, owner: str, sizes: dict[str, float]
    ) -> dict[int, Flow]:
        """{input: what flows back to it}; `sizes` is told what the weights' gradients and the buffers add up."""
        graph, values = model.graph(*shapes_of(model, inputs)), self._values(model, inputs, path, owner)
        flows: dict[int, Flow] = {}

        def reaches(slot: int, flow: Flow) -> None:
            flows[slot] = flows[slot] + flow if slot in flows else flow

        for slot, flow in zip(graph.outputs, given, strict=True):
            reaches(slot, flow)
        for node in reversed(graph.nodes):
            nothing = (Flow(np.zeros_like(values[slot]), np.zeros_like(values[slot])) for slot in node.writes)
            outs = [flows.get(slot, none) for slot, none in zip(node.writes, nothing, strict=True)]
            if isinstance(node.layer, Composite):
                inner, owned = f"{path}{node.name}.", f"{owner}{node.owner}."
                fed = tuple(values[slot] for slot in node.reads)
                back = self._back(node.layer, fed, outs, inner, owned, sizes)
            else:
                trial = self._trial(node, values, path, owner)
                back, flows_in = self._through(trial, outs, f"{owner}{node.owner}", dict(node.given), sizes)
                for name, flow in flows_in.items():
                    reaches(dict(node.given)[name], flow)
            for k, flow in back.items():
                reaches(node.reads[k], flow)
        for slot, entry in enumerate(graph.entries, len(inputs)):
            if entry.trained and slot in flows:
                sizes[f"{owner}{entry.path}"] += largest(flows[slot].rounding)
        return {k: flows[k] for k in range(len(inputs)) if k in flows}

    def _through(
        self, trial: Trial, outs: Sequence[Flow], owner: str, slots: Mapping[str, int], sizes: dict[str, float]
    ) -> tuple[dict[int, Flow], dict[str, Flow]]:
        """`_back` of one layer: its own sums, and what rounding before it makes of them; of weights that stand in
        `slots` of the graph, what flows back to them."""
        dys, inputs = tuple(flow.dy for flow in outs), trial.rounded_inputs()
        bench, right = self._bench(trial), trial.changed(given=dys)
        moves = moved_by(self._forward[0][trial.path][0], inputs)
        runs = ((inputs, dys), (inputs, tuple(flow.rounding for flow in outs)), *((fed, dys) for fed in moves))
        gradients, rounding, there, back = (self._run(bench, *run) for run in runs)
        slopes = slopes_of(gradients, there, back)
        rounding = {name: values + slopes.get(name, 0.0) for name, values in rounding.items()}
        rounding |= slopes_of(*(buffers_after(trial.changed(inputs=fed)) for fed in (inputs, *moves)))
        given: dict[str, Flow] = {}
        for name, size in added_up(right).items():
            if not name.startswith(("dx", "output")):
                held = name.removeprefix("buffer ") if name.startswith("buffer ") else name[1:]
                if held not in slots:
                    carried = largest(rounding[name]) if name in rounding else 0.0
                    sizes[f"{owner}.{held}"] += max(size, carried, peers(name, gradients))
                elif name in gradients:
                    whole = signed(np.full(gradients[name].shape, size), f"{trial.path} {held}")
                    given[held] = Flow(gradients[name], rounding[name] + whole)
        terms, found = terms_of(right), {}
        for k, x in enumerate(trial.inputs):
            name = f"dx{k or ''}"
            dx, moved = gradients.get(name), rounding.get(name)
            if dx is None:
                continue
            if moved is None or dx.shape != x.shape or moved.shape != x.shape:
                raise Untraceable(f"{name} of {trial.path}")
            least = peers(name, gradients) if len(trial.inputs) > 1 else 0.0
            own = signed(np.maximum(terms.get(name, np.abs(dx)), least), f"{trial.path} {k}")
            found[k] = Flow(dx, moved) + Flow(np.zeros_like(own), own)
        return found, given


def flows(dys: Sequence[Array]) -> list[Flow]:
    """What flows into each output where these are the dy."""
    return [Flow(dy, signed(dy, f"{k}")) for k, dy in enumerate(dys)]


def moved_by(moves: Arrays, inputs: Arrays) -> tuple[Arrays, Arrays]:
    """The inputs moved by a little of `moves`, there and back."""
    there, back = (
        tuple(x + step * m if x.dtype.kind == "f" else x for x, m in zip(inputs, moves, strict=True))
        for step in (STEP, -STEP)
    )
    return there, back


def slopes_of(here: State, there: State, back: State) -> State:
    """How numbers move along what moved them there and back; 0 at a kink, where both ways are not the same."""
    found: State = {}
    with np.errstate(all="ignore"):
        for what in [what for what in here if what in there and what in back and here[what].dtype.kind == "f"]:
            up, down = there[what] - here[what], here[what] - back[what]
            smooth = np.abs(up - down) <= np.maximum(np.abs(up), np.abs(down)) / 2
            found[what] = np.where(smooth, (up + down) / (2 * STEP), 0.0)
    return found


def signed(sizes: Array, where: str) -> Array:
    """The sizes, each with a random sign; of what is infinite or no float, which no rounding moves, 0."""
    if sizes.dtype.kind != "f":
        return np.zeros(sizes.shape)
    signs: Array = np.where(generator(0, "rounding", where).random(sizes.shape) < 0.5, -sizes, sizes)
    return np.where(np.isfinite(signs), signs, 0.0)


def arrays(values: Mapping[str, object]) -> State:
    """Those that are arrays: an engine may have anything in their place."""
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def upstream_of_loss(backend: Backend, losses: Losses, outputs: Sequence[Array], targets: Arrays, seed: int) -> Arrays:
    """∂L/∂output of each output, zeros of one without a loss: the input gradients of a model that hands on its inputs.

    Raises Untraceable where the engine has none.
    """
    known = {k: y for k, (loss, y) in enumerate(zip(losses, outputs, strict=True)) if loss is not None}
    ends = [Input(y.shape[1:]) for y in known.values()]
    model = Model(inputs=ends, outputs=[Identity()(end) for end in ends])
    try:
        net = build_in(backend, model, {}, seed, "float64")
        learner = net.learner(tuple(losses[k] for k in known), SGD())
        _, dxs, _ = learner.gradients(tuple(known.values()), targets)
        found = {k: np.zeros_like(y) if dx is None else dx for (k, y), dx in zip(known.items(), dxs, strict=True)}
    except Exception as error:
        raise Untraceable("gradients of the loss") from error
    if any(not isinstance(dx, np.ndarray) or dx.shape != known[k].shape for k, dx in found.items()):
        raise Untraceable("gradients of the loss")
    return tuple(found[k] if k in found else np.zeros(y.shape) for k, y in enumerate(outputs))
