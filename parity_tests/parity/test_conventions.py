"""The convention explainer: every entry of the catalogue, planted, is the first answer; a real bug has none."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from following import (
    CLIP,
    NAME,
    FollowingSchedule,
    following,
    following_clipping,
    following_loss,
    following_rule,
)

from isograd.core import layers as L
from isograd.core.learning.likelihoods import PoissonNLLLoss
from isograd.core.parity.cases import (
    CASES,
    CLIPPING_CASES,
    LOSS_CASES,
    OPTIMIZER_CASES,
    SCHEDULE_CASES,
    Case,
    LossCase,
    OptimizerCase,
)
from isograd.core.parity.conventions import CONVENTIONS, Convention, Variant
from isograd.core.parity.formulas import FORMULAS
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.loss import compare_loss
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.training import Result
from isograd.core.parity.suite import case_trial, check_optimizer_case, check_schedule_case
from isograd.core.parity.witness import loss_by_formula

SQUARE = "as many features as outputs: a transposed weight fits"
CUBE = "as many channels as places: another axis fits"
MORE: dict[type, list[Case]] = {
    L.Linear: [Case(L.Linear(4), ((4,),), SQUARE)],
    L.Bilinear: [Case(L.Bilinear(2), ((3,), (3,)), SQUARE)],
    L.RNNCell: [Case(L.RNNCell(4), ((4,),), SQUARE)],
    L.GRUCell: [Case(L.GRUCell(4), ((4,), (4,)), SQUARE)],
    L.LSTMCell: [Case(L.LSTMCell(4), ((4,), (4,), (4,)), SQUARE)],
    L.BatchNorm1d: [Case(L.BatchNorm1d(), ((3, 3),), CUBE)],
    L.PReLU: [Case(L.PReLU(3), ((3, 3),), CUBE)],
    L.Conv1d: [Case(L.Conv1d(3, 1), ((3, 3),), CUBE)],
    L.Conv2d: [Case(L.Conv2d(3, 3, padding=1), ((3, 3, 3),), CUBE)],
    L.Conv3d: [Case(L.Conv3d(2, 3, stride=2, padding=1), ((2, 4, 4, 4),), "strided, padded on both sides")],
    L.ConvTranspose1d: [Case(L.ConvTranspose1d(3, 1), ((3, 3),), CUBE)],
    L.ConvTranspose2d: [Case(L.ConvTranspose2d(3, 3, padding=1), ((3, 3, 3),), CUBE)],
    L.ConvTranspose3d: [Case(L.ConvTranspose3d(2, 3, padding=1), ((2, 2, 2, 2),), CUBE)],
    L.LastStep: [Case(L.LastStep(), ((5, 2),), "as many steps as samples")],
    L.AvgPool3d: [Case(L.AvgPool3d(2, padding=1), ((1, 2, 2, 2),), "padded")],
    L.Softmax: [Case(L.Softmax(dim=-1), ((2, 3, 4),), "three axes to choose from")],
    L.LogSoftmax: [Case(L.LogSoftmax(dim=-1), ((2, 3, 4),), "three axes to choose from")],
    L.Softmin: [Case(L.Softmin(dim=-1), ((2, 3, 4),), "three axes to choose from")],
}
MORE_LOSSES: dict[type, list[LossCase]] = {
    PoissonNLLLoss: [
        LossCase(PoissonNLLLoss(), (5, 3), "counts", "rates that have a logarithm", predictions="positive")
    ]
}
OF_LAYERS = [entry for entry in CONVENTIONS if set(entry.kinds) <= set(FORMULAS)]
SOUND = Pair.named("numpy", "numpy").right


def ends_in(entry: Convention) -> list[Any]:
    """Its first description in the fast tier, the others in the slow one."""
    first, *others = entry.kinds if len(entry.kinds) < len(FORMULAS) else (L.Linear, L.GRU)
    return [
        pytest.param(entry, first, id=f"{entry.name}, {first.__name__}"),
        *(pytest.param(entry, k, id=f"{entry.name}, {k.__name__}", marks=pytest.mark.slow) for k in others),
    ]


def planted(entry: Convention, kind: Any) -> Iterator[tuple[Variant, Case]]:
    for case in [*MORE.get(kind, []), *CASES.get(kind, [])]:
        if type(case.layer) is kind and not case.large:
            for variant in entry.variants(case.layer):
                yield variant, case


@pytest.mark.parametrize(("entry", "kind"), [given for entry in OF_LAYERS for given in ends_in(entry)])
def test_an_engine_that_follows_a_convention_is_told_so(entry: Convention, kind: type) -> None:
    """Until every variant was seen once; where the same is computed by one before it, that one is the answer."""
    waiting = {variant.said for variant, _ in planted(entry, kind)}
    for variant, case in planted(entry, kind):
        for training in (True, False):
            if variant.said not in waiting:
                break
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trial = case_trial(case, "float64", training)
                rows, culprit = compare_node(Pair(following(kind, variant), SOUND), trial)
            if culprit is None or (culprit.fault == "raised" and not culprit.explanation):
                continue  # here it makes no difference, or cannot be followed
            assert culprit.explanation, f"{variant.said}: {case.why}\n{culprit.text}"
            assert all(row.nature is Nature.CONVENTION for row in rows if row.failed)
            if culprit.explanation.endswith(f" if {variant.said}"):
                assert culprit.guilty == NAME
                waiting.discard(variant.said)
    assert not waiting


def after_training(kind: type, entry: Convention) -> Iterator[tuple[Variant, OptimizerCase]]:
    """Every variant on the cases of an optimizer or a clipping, and on ones that decay and that it may change."""
    cases = [*CLIPPING_CASES.get(kind, []), *OPTIMIZER_CASES.get(kind, [])]
    if "weight_decay" in getattr(kind, "__dataclass_fields__", {}):
        cases += [OptimizerCase(replace(case.optimizer, weight_decay=0.3), "decays", CLIP) for case in cases]
    for case in cases:
        for variant in entry.variants(case.clip if kind in CLIPPING_CASES else case.optimizer):
            if variant.clipped is None or case.clip == CLIP:
                yield variant, case


def entries_of(cases: Mapping[type, Any]) -> list[Any]:
    """The entries of the catalogue for descriptions of these cases."""
    return [pytest.param(entry, id=entry.name) for entry in CONVENTIONS if set(entry.kinds) <= set(cases)]


def judged_by(variant: Variant, found: Iterable[Result]) -> bool:
    """Whether it makes a difference, which then is explained: by this variant, or by one that is as well right."""
    said = []
    for rows, culprit in found:
        if culprit is None or culprit.fault == "raised":
            continue
        assert culprit.explanation, f"{variant.said}\n{culprit.text}"
        assert {row.nature for row in rows if row.failed} == {Nature.CONVENTION}
        assert culprit.guilty == NAME
        said.append(culprit.explanation)
    return any(text.endswith(f" if {variant.said}") for text in said)


@pytest.mark.parametrize("entry", entries_of({**OPTIMIZER_CASES, **CLIPPING_CASES}))
def test_an_optimizer_that_follows_a_convention_is_told_so(entry: Convention) -> None:
    waiting = {variant.said for kind in entry.kinds for variant, _ in after_training(kind, entry)}
    for kind in entry.kinds:
        follow, seen = following_clipping if kind in CLIPPING_CASES else following_rule, set[str]()
        for variant, case in after_training(kind, entry):
            if variant.said not in seen:
                in_float64 = islice(check_optimizer_case(Pair(follow(kind, variant), SOUND), case), 1)
                if judged_by(variant, in_float64):
                    seen.add(variant.said)
        waiting -= seen
    assert not waiting


@pytest.mark.parametrize("entry", entries_of(LOSS_CASES))
def test_a_loss_that_follows_a_convention_is_told_so(entry: Convention) -> None:
    """But for one that is 0, of which no factor is seen."""
    cases = [(kind, case) for kind in entry.kinds for case in [*LOSS_CASES[kind], *MORE_LOSSES.get(kind, [])]]
    waiting = {variant.said for _, case in cases for variant in entry.variants(case.loss)}
    for kind, case in cases:
        p, t = loss_arrays(case)
        if np.any(loss_by_formula((case.loss,), (p,), (t,))):
            for variant in entry.variants(case.loss):
                pair = Pair(following_loss(kind, variant), SOUND)
                if judged_by(variant, [compare_loss(pair, case.loss, p, t, dtype="float64", path="loss")]):
                    waiting.discard(variant.said)
    assert not waiting


@pytest.mark.parametrize("entry", entries_of(SCHEDULE_CASES))
def test_a_schedule_that_follows_a_convention_is_told_so(entry: Convention) -> None:
    cases = [case for kind in entry.kinds for case in SCHEDULE_CASES[kind]]
    waiting = {variant.said for case in cases for variant in entry.variants(case.schedule)}
    for case in cases:
        for variant in entry.variants(case.schedule):
            if judged_by(variant, check_schedule_case(Pair(FollowingSchedule(variant), SOUND), case)):
                waiting.discard(variant.said)
    assert not waiting
