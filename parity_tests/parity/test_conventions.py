"""The convention explainer: every entry of the catalogue, planted, is the first answer; a real bug has none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from following import NAME, following

from isograd.core import layers as L
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.conventions import CONVENTIONS, Convention, Variant
from isograd.core.parity.formulas import FORMULAS
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial

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
