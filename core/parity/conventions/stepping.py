"""Which convention explains what an optimizer or a clipping made of a side's own gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import State
from isograd.core.learning.optimizers import Clipping
from isograd.core.parity.conventions.explaining import Said, as_convention, explain_rule, explained
from isograd.core.parity.conventions.table import Variant, variants_of
from isograd.core.parity.formulas import CLIPPING_FORMULAS
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import in_dtype
from isograd.core.parity.stages.one_step import Step, by_formula
from isograd.core.parity.verdict import Culprit, Row

STAGE = "locked step"
FASTER = 1.25  # times the rate of a step, of the one that confirms an explanation

Apart = Callable[[Variant, str], float]


def told(step: Step, rows: Sequence[Row], culprit: Culprit) -> tuple[list[Row], Culprit]:
    """The rows of which the last failed, and its culprit, with the convention that explains the step, if any."""
    if culprit.stage != STAGE or step.training.optimizer.searches:
        return list(rows), culprit
    path = rows[-1].path
    found = explained(culprit, step.pair.names, lambda side: explain_step(step, side, path))
    return [*rows[:-1], as_convention(rows[-1])] if found.explanation else list(rows), found


def explain_step(step: Step, side: int, path: str) -> Said | None:
    """The convention under which all weights and slots after a step follow from a side's own gradients.

    Of the step at another rate as well: where the rate is as large as a decay, it is not seen which is multiplied.
    """
    spec, clip = step.training.optimizer, step.training.clip
    clips = [] if clip is None else list(variants_of(clip))
    tried = (variant for variant in chain(variants_of(spec), clips) if variant.clipped is None or clip is not None)
    names = [name for name in step.after[side] if name.split("/", 1)[-1] in step.gradients[0][side]]

    @cache
    def faster() -> Apart:
        training = replace(step.training, optimizer=replace(spec, lr=FASTER * spec.lr))
        other = replace(step, training=training)
        return _apart(replace(other, after=(other.again(side), other.again(side))), side, clips)

    return explain_rule(tried, _apart(step, side, clips), names, path, TOLERANCE[STAGE, step.dtype], faster)


def _apart(step: Step, side: int, clips: Sequence[Variant]) -> Apart:
    """apart(variant, name): how far a side's weight or slot is from what a variant makes of its own gradients"""
    spec, clip = step.training.optimizer, step.training.clip
    raw, before = (in_dtype(state, "float64") for state in (step.gradients[0][side], step.before))

    @cache
    def entering(variant: Variant) -> State:
        """The gradients that the optimizer's rule is given"""
        if variant.clipped is not None:
            late: State = variant.clipped(clip, NUMPY, spec, before, raw)
            return late
        return raw if clip is None else _clipped(clip, raw, variant if variant in clips else None)

    @cache
    def ruled(variant: Variant, weight: str) -> State:
        return by_formula(step, weight, entering(variant)[weight], rule=None if variant in clips else variant.formula)

    after = step.after[side]
    return lambda variant, name: step.beside(side, name, ruled(variant, name.split("/", 1)[-1]), after).error


def _clipped(clip: Clipping, gradients: State, variant: Variant | None) -> State:
    rule = CLIPPING_FORMULAS[type(clip)] if variant is None else variant.formula or CLIPPING_FORMULAS[type(clip)]
    made: State = rule(clip, NUMPY, gradients)
    return made


def explain_clipping(clip: Clipping, given: State, made: State, path: str, dtype: str) -> Said | None:
    """The same of clipping alone: `made` is what a side has of the gradients that it was given."""
    wide = in_dtype(given, "float64")

    ruled = cache(lambda variant: _clipped(clip, wide, variant))

    def apart(variant: Variant, name: str) -> float:
        return difference(made[name], ruled(variant)[name].astype(made[name].dtype)).error

    return explain_rule(variants_of(clip), apart, list(given), path, TOLERANCE["node", dtype])
