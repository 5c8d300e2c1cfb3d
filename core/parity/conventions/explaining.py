"""Which convention explains what a side gave: the first under which nothing differs any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

import numpy as np

from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Arrays
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Loss
from isograd.core.parity.conventions.subjects import AS_DESCRIBED, LIMIT, OfLoss, OfNode, Subject
from isograd.core.parity.conventions.table import Variant, variants_of
from isograd.core.parity.matching import difference, largest
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.trial import Trial, run_trial
from isograd.core.parity.verdict import Culprit, Row

T = TypeVar("T")
Said = tuple[str, float]
"""(what completes "… if", the error that is left)"""

SHRINKS = 10.0  # times smaller is an error than before, where a convention explains it


class OfLosses(Protocol):
    """A loss with the arrays that it is asked about."""

    @property
    def loss(self) -> Loss: ...

    @property
    def arrays(self) -> Arrays:
        """Predictions, targets, dL"""

    def of(self, backend: Backend) -> Mapping[str, Array]:
        """{"loss", "dprediction"} of an engine"""


def explanation(subject: Subject, what: str) -> tuple[Variant, float] | None:
    """The first variant under which all that a side gave is right, and the error that is left of `what`.

    None where there is none, or nothing is wrong in float64. The outputs are tried first: where they are as described,
    what leaves them so; else what does not.
    """
    forward = any(error > LIMIT for _, error in _of_outputs(subject, AS_DESCRIBED))
    if not forward and not next((error > LIMIT for _, error in _of_gradients(subject, AS_DESCRIBED, what)), False):
        return None
    for variant in variants_of(subject.spec):
        if variant.of_gradients_alone != forward:
            left = _left(subject, variant, what)
            if left is not None:
                return variant, left.get(what, max(left.values(), default=0.0))
    return None


def _left(subject: Subject, variant: Variant, what: str) -> dict[str, float] | None:
    """{what: the error that is left by this variant}; None where one exceeds the limit."""
    errors: dict[str, float] = {}
    if not variant.of_gradients_alone and not _or(False, lambda: subject.fits(variant)):
        return None
    for name, error in chain(_of_outputs(subject, variant), _of_gradients(subject, variant, what)):
        if not error <= LIMIT:
            return None
        errors[name] = error
    return errors


def _or(otherwise: T, compute: Callable[[], T]) -> T:
    """What is computed, or `otherwise` where shapes, options or weights are none that a convention is about."""
    try:
        return compute()
    except Exception:  # of a formula on what another description takes, or of arrays that are none
        return otherwise


def _of_outputs(subject: Subject, variant: Variant) -> Iterator[tuple[str, float]]:
    """(output or buffer, how far it is from a variant's)"""
    made: Mapping[str, Array] = _or({}, lambda: subject.by(variant))
    for name, given in subject.outputs.items():
        yield name, _or(np.inf, lambda name=name, given=given: _apart(subject, name, given, made[name]))  # type: ignore[misc]


def _apart(subject: Subject, name: str, given: Array, made: Array) -> float:
    truth = np.asarray(made) if given.dtype.kind == "f" else np.asarray(made).astype(given.dtype)
    found = difference(given, truth)
    if found.fault is None and found.exceeds(LIMIT):
        found = difference(given, truth, added=subject.added(name))
    return found.error


def _of_gradients(subject: Subject, variant: Variant, first: str) -> Iterator[tuple[str, float]]:
    """(gradient, how far it is from a variant's along a direction that moves every entry), that of `first` first"""
    for name, given in sorted(subject.gradients.items(), key=lambda item: item[0] != first):
        yield name, _or(np.inf, lambda name=name, given=given: _slopes_apart(subject, variant, name, given))  # type: ignore[misc]


def _slopes_apart(subject: Subject, variant: Variant, name: str, given: Array | None) -> float:
    """As a share of its size; a gradient that was not given is right where there is no slope."""
    if given is None:
        return 0.0 if subject.slope(variant, name, np.ones(())) == 0 else np.inf
    v = random_upstream(given.shape, 0, name, np.dtype(np.float64))
    gap = abs(float(np.sum(given * v)) - subject.slope(variant, name, v)) / max(given.size, 1) ** 0.5
    size = largest(given) or 1.0
    return float(gap / (size if gap / size <= LIMIT else max(size, subject.added(name))))


def explain_node(trial: Trial, engine: Backend, what: str) -> Said | None:
    """(the convention that an engine follows in a node, the error that is left), or None.

    The engine computes the node again in float64, where a convention and an error of its size are told apart, and in
    the other mode, training or evaluation: what follows a convention follows it in both.
    """
    wide = replace(trial, inputs=trial.rounded_inputs(), state=in_dtype(trial.state, "float64"), dtype="float64")
    outcome = run_trial(engine, wide)
    if isinstance(trial.layer, Composite) or not outcome.outputs or outcome.written:
        return None
    found = explanation(OfNode(wide, outcome), what)
    if found is None:
        return None
    other = replace(wide, training=not wide.training)
    beside = run_trial(engine, other)
    in_both = not beside.outputs or _left(OfNode(other, beside), found[0], what) is not None
    return (found[0].said, found[1]) if in_both else None


def explain_loss(asked: OfLosses, engine: Backend, what: str) -> Said | None:
    """The same of a loss, asked in float64."""
    said = _or(None, lambda: asked.of(engine))
    found = None if said is None else explanation(OfLoss(asked.loss, asked.arrays, said), what)
    return None if found is None else (found[0].said, found[1])


def explain_rule(
    variants: Iterable[Variant],
    apart: Callable[[Variant, str], float],
    names: Sequence[str],
    what: str,
    limit: float,
    again: Callable[[], Callable[[Variant, str], float]] | None = None,
) -> Said | None:
    """The same of what has no gradients: apart(variant, name) is how far a side is from it in one of its arrays.

    `again` asks the side under other circumstances: apart is to be small there as well.
    """
    described = _or(0.0, partial(apart, AS_DESCRIBED, what))
    if not described > limit:
        return None
    for variant in variants:
        left = _or(np.inf, partial(apart, variant, what))
        if left <= min(limit, described / SHRINKS):
            asked = [apart, *([] if again is None else [again()])]
            if all(_or(np.inf, partial(of, variant, name)) <= limit for of in asked for name in names):
                return variant.said, left
    return None


Asking = Callable[[int], Said | None]
"""ask(0) explains the left side, ask(1) the right."""


def explained(culprit: Culprit, names: Sequence[str], ask: Asking) -> Culprit:
    """The culprit with the explanation of the guilty side; where nobody could say which that is, of the first side that
    has one."""
    for k in _sides(culprit, names):
        found = ask(k)
        if found is not None:
            said, left = found
            before = culprit.fault or few(culprit.error)
            who = "" if culprit.guilty else f" in {names[k]}"
            text = f"{culprit.path} {culprit.what}: {before} → {few(left)} if {said}{who}"
            return replace(culprit, explanation=text)
    return culprit


def _sides(culprit: Culprit, names: Sequence[str]) -> Iterator[int]:
    if culprit.inherited is not None or culprit.because:
        return
    yield from (k for k, name in enumerate(names) if culprit.guilty in (None, name))


def few(error: float) -> str:
    """An error in one digit.

    >>> few(0.0312), few(2.2e-16), few(0.0)
    ('3e-2', '2e-16', '0')
    """
    digits, _, power = f"{error:.0e}".partition("e")
    return f"{digits}e{int(power)}" if error and power else digits


def as_conventions(rows: Sequence[Row], culprit: Culprit | None) -> list[Row]:
    """The rows; those that failed of what the culprit's explanation covers are of the class CONVENTION."""
    if culprit is None or not culprit.explanation:
        return list(rows)
    at = culprit.stage, culprit.dtype, culprit.path

    def covered(row: Row) -> bool:
        return row.failed and (row.stage, row.dtype, row.path) == at and culprit.mode in (row.note, "")

    return [as_convention(row) if covered(row) else row for row in rows]


def as_convention(row: Row) -> Row:
    """The row of what a convention explains; what comes and goes stays what it is."""
    return row if row.nature is Nature.NON_DETERMINISTIC else replace(row, nature=Nature.CONVENTION)
