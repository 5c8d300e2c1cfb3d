"""Imported models in both engines: each node alone, whole, through steps of an optimizer, and in a Trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch.utils import _pytree as pytree

import isograd as ig
from imports.pitfalls.every import arrays_for, imported
from isograd.core.parity.matching import TOLERANCE, difference

TRAINED = (
    *("ActivatesAnAliasInPlace", "FillsSlicesOfAMask", "StandardisesItsWeights", "CountsAllBatches"),
    *(
        "KeepsItsNormFrozen",
        "NormalisesTwiceWithOneNorm",
        "AttendsToWhatIsGivenThrice",
        "HoldsOneParameterUnderTwoNames",
    ),
    *("HoldsOneModuleUnderTwoPaths", "SeparatesLengthAndDirection", "GivesPositionsToTheAttention", "FreezesAPart"),
    *("HasRegionsWithoutGradients", "DropsInEveryWay", "TiesItsHeadToItsEmbedding", "RecursTimeFirst"),
    *("HasAHeadForTrainingAlone", "HoldsBuffersThatItDoesNotKeep", "TakesAndGivesDicts", "MakesArraysAsItGoes"),
)
"""What is trained in both engines: the modules whose weights, statistics or masks are out of the ordinary."""


@pytest.mark.parametrize("name", TRAINED)
def test_both_engines_compute_and_train_it_alike(name: str) -> None:
    _, model, weights = imported(name, "float32")
    x = arrays_for(name, 4)
    ys = pytree.tree_leaves(ig.build(model, weights=weights).forward(*x, training=True))
    targets, losses = tuple(map(np.tanh, ys)), tuple(ig.MSELoss() for _ in ys)
    optimizer = ig.SGD(0.05, momentum=0.9)
    report = ig.check_parity(model, x, targets, loss=losses, optimizer=optimizer, weights=weights, steps=3)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", ["TiesItsHeadToItsEmbedding", "CountsAllBatches", "HoldsOneModuleUnderTwoPaths"])
def test_a_trainer_of_it_goes_on_from_its_state_and_both_engines_agree(name: str) -> None:
    _, model, weights = imported(name, "float32")
    (x,) = arrays_for(name, 6)
    data = (x, np.tanh(ig.build(model, weights=weights).forward(x)))

    def trainer(backend: str) -> Any:
        net = ig.build(model, backend=backend, weights=weights, dtype="float64")
        return ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.Adam(0.01))

    ends = []
    for backend in ("numpy", "torch"):
        whole, first, second = (trainer(backend) for _ in range(3))
        whole.fit(data, epochs=2, batch_size=3)
        first.fit(data, epochs=1, batch_size=3)
        second.restore(first.state())
        second.fit(data, epochs=1, batch_size=3)
        ends.append(whole.net.state_dict())
        assert ends[-1].keys() == second.net.state_dict().keys() >= set(weights)
        for path, values in second.net.state_dict().items():
            assert np.array_equal(values, ends[-1][path])
    for path, values in ends[0].items():
        assert not difference(values, ends[1][path]).exceeds(TOLERANCE["free run", "float64"])
