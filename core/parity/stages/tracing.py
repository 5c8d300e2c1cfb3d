"""The dy that reaches each node of a whole run, and from it what was added up to make the run's gradients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.model import Model
from isograd.core.graph.values import Input
from isograd.core.layers import Identity
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import SGD
from isograd.core.parity.added import added_up, terms_of
from isograd.core.parity.matching import largest
from isograd.core.parity.pair import build_in, in_dtype
from isograd.core.parity.stages.feeds import activations, shapes_of, start, weights_of
from isograd.core.parity.stages.trial import Trial, run_trial


class Untraceable(Exception):
    """An engine that does not compute in float64, node by node, what it is asked for."""


@dataclass(frozen=True)
class Flow:
    """What flows back through one place of a graph: the dy, and what one unit of rounding in all before it makes there.

    The second is carried as the first is, with a random sign for every number that rounds, as rounding has. It is as
    large as dy, and more where dy is what a normalisation leaves of its terms.
    """

    dy: Array
    rounding: Array

    def __add__(self, other: Flow) -> Flow:
        with np.errstate(invalid="ignore"):  # ∞ − ∞, of an engine that is wrong
            return Flow(self.dy + other.dy, self.rounding + other.rounding)


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

    def added_up(self, dys: Sequence[Array]) -> tuple[dict[str, float], dict[str, float]]:
        """({weight or buffer path: what its gradient, or it, adds up}, {"dx…" of the model's inputs}), for these dy."""
        sizes: dict[str, float] = defaultdict(float)
        given = [Flow(dy, signed(np.abs(dy), f"{k}")) for k, dy in enumerate(dys)]
        found = self._back(self.model, self.inputs, given, "", "", sizes)
        return sizes, {f"dx{k or ''}": largest(flow.rounding) for k, flow in found.items()}

    def _values(self, model: Composite, inputs: Arrays, path: str, owner: str) -> dict[int, Array]:
        graph = model.graph(*shapes_of(model, inputs))
        values = start(graph, inputs, self.state, owner)
        for node in graph.nodes:
            values |= dict(zip(node.writes, self.seen[f"{path}{node.name}"], strict=True))
        return values

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
            fed = tuple(values[slot] for slot in node.reads)
            nothing = (Flow(np.zeros_like(values[slot]), np.zeros_like(values[slot])) for slot in node.writes)
            outs = [flows.get(slot, none) for slot, none in zip(node.writes, nothing, strict=True)]
            if isinstance(node.layer, Composite):
                inner, owned = f"{path}{node.name}.", f"{owner}{node.owner}."
                back = self._back(node.layer, fed, outs, inner, owned, sizes)
            else:
                state = in_dtype(weights_of(node, values, self.state, owner), "float64")
                where = f"{path}{node.name}"
                trial = Trial(where, node.layer, fed, state, "float64", True, self.seed, self.step, forms=node.in_forms)
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
        right = replace(trial, given=tuple(flow.dy for flow in outs))
        carried = replace(trial, given=tuple(flow.rounding for flow in outs))
        gradients, rounding = (arrays(run_trial(self.backend, each).gradients) for each in (right, carried))
        given: dict[str, Flow] = {}
        for name, size in added_up(right).items():
            if not name.startswith(("dx", "output")):
                held = name.removeprefix("buffer ") if name.startswith("buffer ") else name[1:]
                if held not in slots:
                    sizes[f"{owner}.{held}"] += max(size, largest(rounding[name]) if name in rounding else 0.0)
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
            own = signed(terms.get(name, np.abs(dx)), f"{trial.path} {k}")
            found[k] = Flow(dx, moved) + Flow(np.zeros_like(own), own)
        return found, given


def signed(sizes: Array, where: str) -> Array:
    """The sizes, each with a random sign."""
    signs: Array = np.where(generator(0, "rounding", where).random(sizes.shape) < 0.5, -sizes, sizes)
    return signs


def arrays(values: Mapping[str, object]) -> State:
    """Those that are arrays: an engine may have anything in their place."""
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def upstream_of_loss(backend: Backend, losses: Losses, outputs: Sequence[Array], targets: Arrays, seed: int) -> Arrays:
    """∂L/∂output of each output: the input gradients of a model that hands on its inputs.

    Raises Untraceable where the engine has none.
    """
    ends = [Input(y.shape[1:]) for y in outputs]
    model = Model(inputs=ends, outputs=[Identity()(end) for end in ends])
    try:
        net = build_in(backend, model, {}, seed, "float64")
        _, dxs, _ = net.learner(losses, SGD()).gradients(tuple(outputs), targets)
        found = tuple(np.zeros_like(y) if dx is None else dx for y, dx in zip(outputs, dxs, strict=True))
    except Exception as error:
        raise Untraceable("gradients of the loss") from error
    if any(not isinstance(dx, np.ndarray) or dx.shape != y.shape for y, dx in zip(outputs, found, strict=True)):
        raise Untraceable("gradients of the loss")
    return found
