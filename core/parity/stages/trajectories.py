"""Optimizer steps: locked (both sides restarted from one side's state each time) and free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isograd.core.base.types import Array, Arrays, State
from isograd.core.engine.protocol import Learner
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, difference, nudged
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.report import Culprit, Row
from isograd.core.parity.rules import OPTIMIZER_RULES, clipped_by_rule
from isograd.core.parity.witness import Verdict, odd_one_out


@dataclass(frozen=True)
class Training:
    """What is trained, on which batches (taken in turn), and how."""

    model: Composite
    state: Mapping[str, Array]
    batches: Sequence[tuple[Arrays, Arrays]]
    losses: Losses
    optimizer: Optimizer
    clip: Clipping | None
    seed: int
    steps: int

    def batch(self, step: int) -> tuple[Arrays, Arrays]:
        """The batch of step 1, 2, …"""
        return self.batches[(step - 1) % len(self.batches)]

    def step(self, learner: Learner, step: int) -> float:
        """Let `learner` take it."""
        return learner.step(*self.batch(step), self.optimizer.lr)


def rounded(values: Arrays, dtype: str) -> Arrays:
    return tuple(v.astype(dtype) if v.dtype.kind == "f" else v for v in values)


def shaken(state: Mapping[str, Array], inputs: Arrays) -> tuple[State, Arrays]:
    """(state, inputs), every input moved by one unit in the last place; where all are whole numbers, every weight."""
    if any(x.dtype.kind == "f" for x in inputs):
        return dict(state), tuple(map(nudged, inputs))
    return {path: nudged(values) for path, values in state.items()}, inputs


def locked_steps(pair: Pair, training: Training, dtype: str) -> tuple[list[Row], Culprit | None]:
    """`steps` steps, each from the left side's state: weights, buffers and optimizer state after it."""
    nets = pair.build(training.model, training.state, seed=training.seed, dtype=dtype)
    learners = [net.learner(training.losses, training.optimizer, training.clip) for net in nets]
    allowed = TOLERANCE["locked step", dtype]
    rows: list[Row] = []
    for step in range(1, training.steps + 1):
        before, memory = nets[0].state_dict(), learners[0].state_dict()
        nets[1].load_state_dict(before)
        learners[1].load_state_dict(memory)
        for name, learner in zip(pair.names, learners, strict=True):
            try:
                training.step(learner, step)
            except Exception as error:
                verdict = Verdict(name, f"  {name} raised {type(error).__name__}: {error}")
                rows.append(Row("locked step", dtype, "step", "run", np.inf, allowed, "raised", f"step {step}"))
                return rows, _blame(pair, training.clip or training.optimizer, "step", verdict)
        after = [net.state_dict() | _slots(learner.state_dict()) for net, learner in zip(nets, learners, strict=True)]
        for path in {**after[1], **after[0]}:
            gap = difference(after[0].get(path), after[1].get(path))
            limit = allowed
            if gap.fault is None and gap.exceeds(allowed):
                limit = max(allowed, NOISE_FACTOR * _noise(pair, training, dtype, step, before, memory, after[0], path))
            rows.append(Row("locked step", dtype, path, "after it", gap.error, limit, gap.fault, f"step {step}"))
            if gap.exceeds(limit):
                return rows, _judge(pair, training, path, gap.index, step, before, memory, after)
    return rows, None


def _noise(
    pair: Pair, training: Training, dtype: str, step: int, before: State, memory: State, after: State, path: str
) -> float:
    """How much of the left side's own step is rounding: its distance from the same step in float64, or, in
    float64, from the step with inputs moved by one unit in the last place.

    Late in training a gradient is the small difference of large numbers: then rounding shows, on any side.
    """
    inputs, targets = (rounded(values, dtype) for values in training.batch(step))
    start, inputs = (before, inputs) if dtype == "float32" else shaken(before, inputs)
    net = build_in(pair.left, training.model, start, training.seed, "float64")
    learner = net.learner(training.losses, training.optimizer, training.clip)
    learner.load_state_dict(in_dtype(memory, "float64"))
    learner.step(inputs, targets, training.optimizer.lr)
    moved = (net.state_dict() | _slots(learner.state_dict()))[path]
    return difference(moved.astype(after[path].dtype), after[path]).error


def _slots(memory: State) -> State:
    return {name: values for name, values in memory.items() if name != "step"}


def _judge(
    pair: Pair,
    training: Training,
    path: str,
    index: tuple[int, ...],
    step: int,
    before: State,
    memory: State,
    after: list[State],
) -> Culprit | None:
    """Blame for a step: clipping, or the optimizer's rule; None where the gradients differ before either."""
    weight = path.split("/", 1)[-1]
    dtype = str(before[weight].dtype)
    nets = pair.build(training.model, before, seed=training.seed, dtype=dtype)
    raw: list[State] = []
    clipped: list[State] = []
    for net in nets:
        for found, clip in ((raw, None), (clipped, training.clip)):
            learner = net.learner(training.losses, training.optimizer, clip)
            learner.load_state_dict(memory)
            found.append(learner.gradients(*training.batch(step))[2])
    allowed = TOLERANCE["locked step", dtype]
    if any(difference(raw[0].get(k), g).exceeds(allowed) for k, g in raw[1].items()):
        return None
    if training.clip is not None and any(
        difference(clipped[0].get(k), g).exceeds(allowed) for k, g in clipped[1].items()
    ):
        truth = clipped_by_rule(training.clip, raw[1])
        worst = max(truth, key=lambda k: difference(clipped[0].get(k), clipped[1][k]).error)
        gap = difference(clipped[0].get(worst), clipped[1][worst])
        if gap.fault and gap.fault != "NaN":
            wrong = [
                n
                for n, side in zip(pair.names, clipped, strict=True)
                if difference(side.get(worst), raw[1][worst]).fault
            ]
            return _blame(pair, training.clip, worst, Verdict(wrong[0] if len(wrong) == 1 else None, f"  {gap.fault}"))
        claims = {name: float(side[worst][gap.index]) for name, side in zip(pair.names, clipped, strict=True)}
        truth_there = float(truth[worst][gap.index])
        verdict = odd_one_out(claims, truth_there, "definition", f"clipped gradient of {worst}{list(gap.index)}")
        return _blame(pair, training.clip, worst, verdict)
    spec = training.optimizer
    claims = {name: float(state[path][index]) for name, state in zip(pair.names, after, strict=True) if path in state}
    if len(claims) < 2:
        described = path.split("/", 1)[0] in spec.slots
        guilty = next((n for n in pair.names if (n in claims) != described), None)
        return _blame(pair, spec, path, Verdict(guilty, f"  {path}: held by {', '.join(claims)} alone"))
    slots = {k.split("/", 1)[0]: float(v[index]) for k, v in memory.items() if k.endswith(f"/{weight}")}
    start, g = float(before[weight][index]), float(clipped[1][weight][index])
    w, new = OPTIMIZER_RULES[type(spec)](spec, spec.lr, step, start, g, slots)
    truth_here = new[path.split("/", 1)[0]] if "/" in path else w
    return _blame(
        pair, spec, path, odd_one_out(claims, truth_here, "definition", f"{path}{list(index)} after step {step}")
    )


def _blame(pair: Pair, spec: Optimizer | Clipping, path: str, verdict: Verdict) -> Culprit:
    backend = next((b for b in (pair.left, pair.right) if b.name == verdict.guilty), None)
    tail = (
        f"the odd one out is {backend.name}: look at {backend.source(spec)}"
        if backend
        else "no witness could say which side"
    )
    text = f"ParityError: {path} differs first after a step of {spec!r}\n{verdict.text}\n  {tail}"
    return Culprit(path, repr(spec), "after the step", verdict.guilty, text)


def free_run(pair: Pair, training: Training, dtype: str) -> list[Row]:
    """`steps` steps on each side without restart: the weights at the end.

    float64 is judged by the table; float32 is reported against the envelope: how far the left side ends
    from itself when its input is moved by one unit in the last place.
    """
    nets = pair.build(training.model, training.state, seed=training.seed, dtype=dtype)
    ends = []
    for net in nets:
        learner = net.learner(training.losses, training.optimizer, training.clip)
        losses = [training.step(learner, step) for step in range(1, training.steps + 1)]
        ends.append((net.state_dict(), np.array(losses)))
    allowed = TOLERANCE.get(("free run", dtype))
    note = f"after {training.steps} steps"
    if allowed is None:
        envelope = _envelope(pair, training, dtype, ends[0][0])
        note += f"; nudged by one ulp, {pair.left.name} ends {envelope:.1e} from itself"
    rows = []
    for path in ends[1][0]:
        gap = difference(ends[0][0].get(path), ends[1][0][path])
        rows.append(Row("free run", dtype, path, "weights", gap.error, allowed, gap.fault, note))
    gap = difference(ends[0][1], ends[1][1])
    rows.append(Row("free run", dtype, "loss", "of every step", gap.error, allowed, gap.fault, note))
    return rows


def _envelope(pair: Pair, training: Training, dtype: str, end: State) -> float:
    state, _ = shaken(in_dtype(training.state, dtype), rounded(training.batch(1)[0], dtype))
    net = build_in(pair.left, training.model, state, training.seed, dtype)
    learner = net.learner(training.losses, training.optimizer, training.clip)
    for step in range(1, training.steps + 1):
        inputs, targets = training.batch(step)
        _, moved = shaken({}, rounded(inputs, dtype))
        learner.step(moved, targets, training.optimizer.lr)
    return max(difference(values, end[path]).error for path, values in net.state_dict().items())
