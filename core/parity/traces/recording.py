"""A trace of a network, in any engine: what the protocol shows of one run and of some steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from isograd.core.base.arraylike import as_array
from isograd.core.base.description import check_described
from isograd.core.base.errors import BackendError, SpecError
from isograd.core.base.raised import told_with_line
from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import get_backend
from isograd.core.engine.rows import counted
from isograd.core.graph.weights import declared, without_ties
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.asked import asked_about
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.end_to_end import BUFFER, PREDICTION, Whole
from isograd.core.parity.stages.rounding import FAR, NEAR, Nudge
from isograd.core.parity.stages.training import rounded, shaken, slots_of
from isograd.core.parity.traces.entry import EVALUATION, LOSS, START, STEP, TRAINING, WEIGHT, WHOLE, Key, named
from isograd.core.parity.traces.measuring import Runs, measured
from isograd.core.parity.traces.origin import Origin, digest
from isograd.core.parity.traces.reading import nodes_of
from isograd.core.parity.traces.trace import Trace
from isograd.core.parity.verdict import short


def trained(optimizer: Optimizer | None, steps: int, loss: Any, targets: Any) -> int:
    """The number of steps of a record; SpecError for training that lacks its loss, its targets or its optimizer."""
    check_described("record(optimizer=…)", optimizer, Optimizer, "optimizer=ig.SGD(0.1)")
    if targets is not None and loss is None:
        raise SpecError("record(targets=…)", wanted="loss=", got="none", fix="loss=ig.MSELoss()")
    if loss is not None and targets is None:
        raise SpecError("record(loss=…)", wanted="targets=", got="none", fix="record(net, x, targets=y, loss=…)")
    if optimizer is None:
        if steps != 0:
            raise SpecError("record(steps=…)", wanted="optimizer=", got="none", fix="optimizer=ig.SGD(0.1)")
        return 0
    if loss is None:
        raise SpecError("record(optimizer=…)", wanted="loss= and targets=", got="none", fix="loss=ig.MSELoss()")
    return counted("record", "steps", steps)


def record_network(
    net: Network,
    inputs: Array | Arrays,
    *,
    targets: Array | Arrays | None = None,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    steps: int = 0,
    sketches: bool = False,
    seed: int = 0,
) -> Trace:
    """The trace of a network: a copy of it runs, and it is left as it is."""
    steps = trained(optimizer, steps, loss, targets)
    whole = asked_about("record", net.model, inputs, targets, loss, net.state_dict(), seed)
    run = _Run(comparable(net, whole.seed), whole, optimizer, steps)
    near = [run.moved(*nudge) for nudge in NEAR]
    exact = in_float64(net, whole.seed)
    if exact is not None:
        near.append(run.exactly(exact))
    runs = Runs(run, near, [run.moved(*nudge) for nudge in FAR])
    entries, repeats = measured(runs, net.dtype, run.added, sketches=sketches)
    origin = Origin(
        kind="network",
        engine=net.backend,
        model=short(net.model),
        dtype=net.dtype.name,
        seed=whole.seed,
        inputs=digest(run.inputs),
        targets=digest(rounded(whole.targets, net.dtype.name)) if whole.losses else "",
        loss=", ".join(map(repr, whole.losses)),
        optimizer="" if optimizer is None else repr(optimizer),
        rule="" if optimizer is None else optimizer.to_json(),
        steps=steps,
        masks="paths",
        repeats=repeats,
    )
    return Trace(origin, nodes_of(net.model), entries)


def comparable(net: Network, seed: int) -> Network:
    """A copy of a network that draws its masks from isograd's streams of this seed; BackendError where none is made."""
    try:
        made: Network = net.compared() if hasattr(net, "compared") else deepcopy(net)
    except Exception as error:
        raise BackendError(
            "record(net)",
            wanted=f"a network of {net.backend!r} that can be copied: record leaves yours as it is",
            got=told_with_line(error),
            fix="give it a __deepcopy__, or a compared() (core/engine/protocol.py)",
        ) from error
    made.seed = seed
    return made


def in_float64(net: Network, seed: int) -> Network | None:
    """The same network in float64, of one in float32 that can be had so: its distance is rounding as well."""
    if net.dtype == np.float64 or not hasattr(net, "compared"):
        return None
    made: Network = net.compared("float64")
    made.seed = seed
    return made


@dataclass
class _Run:
    """One run of a network and its steps, as often as it is asked for."""

    net: Network
    whole: Whole
    optimizer: Optimizer | None
    steps: int
    nudge: Nudge | None = None  # that moves inputs and weights
    kind: str = ""  # dtype that inputs and weights are rounded to: the network's

    def __post_init__(self) -> None:
        self.kind = self.kind or self.net.dtype.name

    def moved(self, units: int, draw: int) -> _Run:
        """The same, moved by so many units in the last place; where these are many, to the first step alone."""
        return replace(self, nudge=(units, draw), steps=self.steps if units == 1 else min(self.steps, 1))

    def exactly(self, net: Network) -> _Run:
        """The same numbers through a network in float64."""
        return replace(self, net=net)

    @property
    def inputs(self) -> Arrays:
        """As the network computes with them."""
        return rounded(self.whole.inputs, self.kind)

    def __call__(self) -> Iterator[tuple[Key, Array]]:
        net, state, inputs = self.net, in_dtype(self.whole.state, self.kind), self.inputs
        if self.nudge is None:
            for path, values in state.items():
                yield (START, path, WEIGHT), values
        else:
            state, inputs = shaken(self.whole.model, state, inputs, *self.nudge)
        state, inputs = in_dtype(state, net.dtype.name), rounded(inputs, net.dtype.name)
        self._start(state)
        for path, outputs in net.activations(*_copies(inputs), training=False).items():
            for k, values in enumerate(outputs):
                yield (EVALUATION, named(path), f"output{k or ''}"), _own(values)
        y = net.forward(*_copies(inputs), training=False)
        for k, values in enumerate(y if isinstance(y, tuple) else (y,)):
            yield (EVALUATION, WHOLE, f"output{k or ''}"), _own(values)
        for (path, what), values in self.whole.measured(net, _copies(inputs)).items():
            node = named(path) if what.startswith("output") else path
            yield (TRAINING, node, what.replace(PREDICTION, "output")), _own(values)
        if self.optimizer is not None:
            yield from self._steps(state, inputs)

    def _start(self, state: State) -> None:
        self.net.load_state_dict(state)
        self.net.at_step(0)

    def _steps(self, state: State, inputs: Arrays) -> Iterator[tuple[Key, Array]]:
        assert self.optimizer is not None
        net = self.net
        self._start(state)
        learner = net.learner(self.whole.losses, self.optimizer)
        for step in range(1, self.steps + 1):
            section = f"{STEP}{step}"
            loss = learner.step(_copies(inputs), self.whole.targets, self.optimizer.lr)
            yield (section, LOSS, "value"), np.asarray(loss, net.dtype)
            for path, values in without_ties(net.model, net.state_dict()).items():
                yield (section, path, WEIGHT), _own(values)
            for name, values in slots_of(learner.state_dict()).items():
                slot, _, path = name.partition("/")
                yield (section, path, slot), _own(values)

    def added(self, key: Key) -> float:
        """The size of what was added up, by the NumPy engine in float64: the same for every engine."""
        section, path, what = key
        if section.startswith(STEP) and path in self._buffers:
            return self._sizes((path, BUFFER))
        if section != TRAINING or not (what == BUFFER or what.startswith(("gradient", "dx"))):
            return 0.0
        return self._sizes((path, what))

    @cached_property
    def _buffers(self) -> frozenset[str]:
        return frozenset(declared(self.whole.model)[1])

    @cached_property
    def _sizes(self) -> Callable[[tuple[str, str]], float]:
        return self.whole.added(get_backend("numpy"))


def _copies(arrays: Arrays) -> Arrays:
    """An engine may write to what it is given."""
    return tuple(x.copy() for x in arrays)


def _own(values: Any) -> Array:
    """An array of the trace's own, that no later run writes to."""
    return np.array(as_array(values), order="C")
