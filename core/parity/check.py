"""check_parity: one model, two engines or more, every stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from isograd.core.base.description import Description, check_described
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.randomness import batch_order
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.protocol import Backend, Judged, clips
from isograd.core.engine.registry import float_dtype
from isograd.core.engine.rows import counted
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import in_dtype
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule
from isograd.core.parity.asked import asked_about
from isograd.core.parity.checked import Checked
from isograd.core.parity.pair import Pair, names_of, pairs_of
from isograd.core.parity.report import NOT_ASKED, NotJudged, ParityReport
from isograd.core.parity.stages.clipping import clipping_alone, gradients_of
from isograd.core.parity.stages.end_to_end import STAGE as END_TO_END
from isograd.core.parity.stages.end_to_end import THE_LOSS, Whole, end_to_end
from isograd.core.parity.stages.free_run import free_run
from isograd.core.parity.stages.locked_steps import locked_steps
from isograd.core.parity.stages.loss import losses_alone
from isograd.core.parity.stages.nodes import nodes_alone
from isograd.core.parity.stages.schedule import compare_schedule
from isograd.core.parity.stages.training import Stopped, Training
from isograd.core.parity.structure import vertices_of
from isograd.core.parity.verdict import Culprit, Row, short

NO_CLIPPING = "cannot be asked for clipping by itself (clip_gradients)"


@dataclass(frozen=True)
class Asked:
    """What `check_parity` was asked to compare."""

    whole: Whole
    clip: Clipping | None
    schedule: Schedule | None
    training: Training | None


def check_parity(
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    clip: Clipping | None = None,
    schedule: Schedule | None = None,
    steps: int = 20,
    batch_size: int | None = None,
    weights: Mapping[str, Array] | None = None,
    backends: Sequence[str | Backend] = ("numpy", "torch"),
    dtypes: str | Sequence[str] = ("float64", "float32"),
    seed: int = 0,
) -> ParityReport:
    """Do all `backends` compute the same thing for `model` on the batch (x, y)? The first is held against each other.

    Stages: every node alone; every loss alone, on what the model predicts; everything end to end, with a random dy,
    and through the loss where one is given; clipping alone, on gradients of the model; a schedule's rates for `steps`
    positions from the optimizer's lr; with an optimizer, `steps` locked steps and a free run at its lr, over batches
    of `batch_size` in turn (default: all of x). The report's `passed` is the verdict; its text names the first
    culprit and which side a third witness finds wrong.
    Raises where model, batch, loss or weights do not fit each other, or fewer than two engines or no dtype are named;
    and for what is no description, no engine, or no number of steps or samples.
    """
    whole = asked_about("check_parity", model, x, y, loss, weights, seed)
    steps = counted("check_parity", "steps", steps)
    size = model.rows(whole.inputs) if batch_size is None else counted("check_parity", "batch_size", batch_size)
    _check_training(optimizer, clip, schedule, trained=loss is not None)
    kinds = kinds_of(dtypes)
    for kind in kinds:
        in_dtype(model, whole.state, FLOATS[kind], "check_parity(weights=…)")
    pairs = pairs_of("check_parity(backends=…)", backends)
    names = names_of(pairs)
    training = None
    if optimizer is not None:
        batches = _batches(whole.inputs, whole.targets, size, whole.seed)
        training = Training(model, whole.state, batches, whole.losses, optimizer, clip, whole.seed, steps)
    asked = Asked(whole, clip, schedule, training)
    sizes = f"{sum(np.size(v) for v in whole.state.values()):,} weights, {model.rows(whole.inputs)} samples"
    report = ParityReport(f"parity of {short(model)}\n{sizes}, {' against '.join(names)}, seed {whole.seed}", names)
    report.vertices = vertices_of(model)
    report.checked = _question(asked, steps, batch_size, names, kinds)
    for pair in pairs:
        report.not_judged += not_asked(report, pair, asked)
        for dtype in kinds:
            _compare(report, pair, asked, dtype)
        if schedule is not None and optimizer is not None and not _lacking(pair):
            report.add(*compare_schedule(pair, schedule, optimizer.lr, steps, path="schedule"))
    return report


def _question(asked: Asked, steps: int, batch_size: int | None, names: Sequence[str], dtypes: Sequence[str]) -> Checked:
    """What is asked, for a certificate."""
    whole, training = asked.whole, asked.training
    return Checked.of(
        whole.model,
        whole.state,
        (whole.inputs, whole.targets),
        whole.losses,
        optimizer=training and training.optimizer,
        clip=asked.clip,
        schedule=asked.schedule,
        steps=steps,
        batch_size=batch_size,
        backends=list(names),
        dtypes=list(dtypes),
        seed=whole.seed,
    )


def _check_training(
    optimizer: Optimizer | None, clip: Clipping | None, schedule: Schedule | None, *, trained: bool
) -> None:
    """Descriptions; an optimizer needs something to train on, a schedule a rate to start from."""
    check_described("check_parity(optimizer=…)", optimizer, Optimizer, "optimizer=ig.SGD(0.1)")
    check_described("check_parity(clip=…)", clip, Clipping, "clip=ig.ClipNorm(1.0)")
    check_described("check_parity(schedule=…)", schedule, Schedule, "schedule=ig.CosineDecay()")
    if optimizer is not None and not trained:
        raise SpecError("check_parity(optimizer=…)", wanted="loss= and y", got="none", fix="loss=ig.MSELoss()")
    if schedule is not None and optimizer is None:
        wanted = "optimizer=, whose lr it starts from"
        raise SpecError("check_parity(schedule=…)", wanted=wanted, got="none", fix="optimizer=ig.SGD(0.1)")


def kinds_of(dtypes: str | Sequence[str]) -> list[str]:
    """The names of the dtypes that are asked for, one or several."""
    given = (dtypes,) if isinstance(dtypes, str) else dtypes
    if not isinstance(given, (tuple, list)) or not given:
        wanted = "one dtype or more: float32, float64"
        raise SpecError("check_parity(dtypes=…)", wanted=wanted, got=shown(dtypes), fix='dtypes=("float64", "float32")')
    return [float_dtype(dtype).name for dtype in given]


def _lacking(pair: Pair) -> list[str]:
    """The engines that cannot be asked for a loss or a schedule alone."""
    return [name for name, backend in zip(pair.names, pair.backends, strict=True) if not isinstance(backend, Judged)]


def not_asked(report: ParityReport, pair: Pair, asked: Asked) -> Iterator[NotJudged]:
    """What is not judged alone, each engine's once: an engine can be asked for less than the report has stages for."""
    alone: list[tuple[str, Description]] = [("loss", loss) for loss in asked.whole.losses if loss is not None]
    alone += [("schedule", asked.schedule)] if asked.schedule is not None else []
    found = [
        NotJudged(name, stage, type(described).__name__, 1, f"{name} {NOT_ASKED}")
        for name in _lacking(pair)
        for stage, described in alone
    ]
    if asked.clip is not None:
        sides = zip(pair.names, pair.backends, strict=True)
        silent = [name for name, backend in sides if clips(backend) is None]
        found += [NotJudged(name, "clipping", type(asked.clip).__name__, 1, f"{name} {NO_CLIPPING}") for name in silent]
    return (entry for entry in found if entry not in report.not_judged)


def _batches(inputs: Arrays, targets: Arrays, size: int, seed: int) -> list[tuple[Arrays, Arrays]]:
    """The batches of one epoch, in the trainer's order."""
    order = batch_order(len(inputs[0]), size, seed=seed, epoch=0, shuffle=True, drop_last=False)
    return [(tuple(v[rows] for v in inputs), tuple(v[rows] for v in targets)) for rows in order]


def _compare(report: ParityReport, pair: Pair, asked: Asked, dtype: str) -> None:
    """Every stage of one pair in one dtype."""
    whole, clip = asked.whole, asked.clip
    alone: list[Row] = []
    first: Culprit | None = None
    for mode in (True, False):
        try:
            rows, culprits = nodes_alone(pair, whole, dtype=dtype, training=mode)
        except Stopped as stop:
            report.add(*stop.result(pair, whole.model, "node", dtype, "model"))
            return
        report.add(rows)
        report.culprits += culprits
        alone += rows
        first = first or next(iter(culprits), None)
    if any(row.what == "run" for row in alone):
        return  # a node that raises alone would raise in every later stage as well
    blamed: Culprit | None = None
    if not _lacking(pair):
        for rows, culprit in losses_alone(pair, whole, dtype):
            report.add(rows, culprit)
            blamed = blamed or culprit
    known = any(row.stage == END_TO_END and row.failed and row.sides == pair.names for row in report.rows)
    together, culprit = end_to_end(pair, whole, dtype, alone, first, known=known)
    report.add(together, _of_a_loss(culprit, blamed))
    blamed = blamed or (culprit if culprit is not None and not culprit.because else None)
    if clip is not None and not any(clips(backend) is None for backend in pair.backends):
        report.add(*clipping_alone(pair, clip, gradients_of(pair, whole, dtype), dtype))
    if asked.training is not None:
        wrong = first is not None or blamed is not None
        rows, culprit = locked_steps(pair, asked.training, dtype, alone, together, blamed=wrong)
        report.add(rows, culprit)
        report.add(*free_run(pair, asked.training, dtype, rows))


def _of_a_loss(culprit: Culprit | None, loss: Culprit | None) -> Culprit | None:
    """What differs end to end through a loss that is wrong by itself, `loss`, is inherited from it."""
    if culprit is None or loss is None or culprit.path != THE_LOSS:
        return culprit
    wrong = "value" if loss.what == "loss" else "gradient" if loss.what == "dprediction" else loss.what
    cause = f"{loss.layer}, whose {wrong} is wrong by itself"
    return replace(culprit, witness=None, quantity="", claims={}, truth=None, guilty=None, source=None, inherited=cause)
