"""Every combination of what a recurrent layer can be asked for, in both engines; and what no case alone can show."""

from __future__ import annotations

import pytest

from isograd.core.parity.cases import COMBINATIONS, Case
from isograd.core.parity.node import compare_node
from isograd.core.parity.pair import Pair
from isograd.core.parity.suite import case_trial
from isograd.core.types import FLOATS


@pytest.mark.parametrize("case", COMBINATIONS, ids=lambda case: f"{type(case.layer).__name__}: {case.why}")
def test_every_combination_agrees_with_torch(pair: Pair, case: Case) -> None:
    for dtype in FLOATS:
        rows, culprit = compare_node(pair, case_trial(case, dtype, training=True))
        assert not [row for row in rows if row.failed], culprit.text if culprit else ""
        gradients = {row.what for row in rows if row.what.startswith("d")}
        computed_with = len(case.shapes) - case.layer.given(*case.shapes)[1]
        assert len(gradients) == computed_with + len(case.layer.weights(*case.shapes))
