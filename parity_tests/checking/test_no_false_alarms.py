"""The NumPy engine's own operations, handed in as somebody's: nothing is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

import isograd as ig
from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.operations.registry import OPERATIONS
from isograd.checking.probes import base_trial, by_sample
from isograd.checking.truth import drawn
from isograd.core.base.tree import flatten, nest
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomLayer
from isograd.core.layers.base import Layer
from isograd.core.parity.cases import CASES

FOUND = [next((case.layer for case in cases if all(map(by_sample, case.forms))), None) for cases in CASES.values()]
APART = (Composite, CustomLayer, ig.Expand, ig.StopGradient, ig.Index)
"""Graphs; what is somebody's own already; values whose first axis is no batch of samples."""

LAYERS = [layer for layer in FOUND if layer is not None and not isinstance(layer, APART)]


def engine(layer: Layer, inputs: int, names: list[str]) -> tuple[Any, Any]:
    """(forward, backward) of the engine's operation, as two functions that share what is between them."""
    kept: list[Any] = []

    def forward(*arguments: Any) -> Any:
        weights = nest(dict(zip(names, arguments[inputs:], strict=True)))
        y, backward, *_ = OPERATIONS[type(layer)](layer, weights, *arguments[:inputs], run=NodeRun(True, path="check"))
        kept[:] = [backward]
        return y

    def backward(*dys: Any) -> Any:
        dx, gradients = kept[0](*dys)
        return (*(dx if isinstance(dx, tuple) else (dx,)), flatten(gradients))

    return forward, backward


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_nothing_is_wrong_with_the_engines_own_operations(layer: Layer) -> None:
    trial = base_trial(layer, None)
    mine = engine(layer, len(trial.inputs), [*trial.state])
    if drawn(trial):
        with pytest.raises(ig.SpecError, match="a layer that draws nothing"):
            ig.check_operation(mine, like=layer)
        return
    report = ig.check_operation(mine, like=layer)
    assert report.passed, str(report)


def test_hardly_a_layer_is_left_out() -> None:
    assert len(LAYERS) > 140, len(LAYERS)
