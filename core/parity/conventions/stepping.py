"""Which convention explains what an optimizer or a clipping made of a side's own gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from isograd.core.base.arrays import NUMPY
from isograd.core.base.types import State
from isograd.core.learning.optimizers import Clipping
from isograd.core.parity.conventions.explaining import Said, explain_rule, explained
from isograd.core.parity.conventions.table import Variant, variants_of
from isograd.core.parity.formulas import CLIPPING_FORMULAS
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import Named, in_dtype
from isograd.core.parity.stages.ruling import Stepped, beside, by_formula
from isograd.core.parity.verdict import Culprit, Row

STAGE = "locked step"


class PairStepped(Stepped, Protocol):
    """A step of two engines."""

    @property
    def pair(self) -> Named: ...


def told(step: PairStepped, rows: Sequence[Row], culprit: Culprit) -> tuple[list[Row], Culprit]:
    """The rows of which the last failed, and its culprit, with the convention that explains the step, if any."""
    if culprit.stage != STAGE or step.training.optimizer.searches:
        return list(rows), culprit
    path = rows[-1].path
    found = explained(culprit, step.pair.names, lambda side: explain_step(step, side, path))
    return [*rows[:-1], replace(rows[-1], nature=Nature.CONVENTION)] if found.explanation else list(rows), found


def explain_step(step: Stepped, side: int, path: str) -> Said | None:
    """The convention under which all weights and slots after a step follow from a side's own gradients."""
    spec, clip = step.training.optimizer, step.training.clip
    raw, before = (in_dtype(state, "float64") for state in (step.gradients[0][side], step.before))

    def apart(variant: Variant) -> dict[str, float]:
        rule = None if variant in clips else variant.formula
        if variant.clipped is not None and clip is None:
            return {}
        if variant.clipped is not None:
            grads: State = variant.clipped(clip, NUMPY, spec, before, raw)
        else:
            grads = raw if clip is None else _clipped(clip, raw, variant if variant in clips else None)
        ruled: State = {}
        for weight, gradient in grads.items():
            ruled |= by_formula(step, weight, gradient, rule=rule)
        return {name: beside(step, side, name, ruled).error for name in ruled}

    clips = [] if clip is None else list(variants_of(clip))
    return explain_rule(chain(variants_of(spec), clips), apart, path, TOLERANCE[STAGE, step.dtype])


def _clipped(clip: Clipping, gradients: State, variant: Variant | None) -> State:
    rule = CLIPPING_FORMULAS[type(clip)] if variant is None else variant.formula or CLIPPING_FORMULAS[type(clip)]
    made: State = rule(clip, NUMPY, gradients)
    return made


def explain_clipping(clip: Clipping, given: State, made: State, path: str, dtype: str) -> Said | None:
    """The same of clipping alone: `made` is what a side has of the gradients that it was given."""
    wide = in_dtype(given, "float64")

    def apart(variant: Variant) -> dict[str, float]:
        ruled = _clipped(clip, wide, variant)
        return {name: difference(made[name], ruled[name].astype(made[name].dtype)).error for name in given}

    return explain_rule(variants_of(clip), apart, path, TOLERANCE["node", dtype])
