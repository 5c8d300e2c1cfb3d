"""One test for each case of every description: `pytest --pyargs isograd.conformance --backend NAME`."""

from __future__ import annotations

import pytest

from isograd.conformance.claims import Claim, Found


def test_claim(claim: Claim, found: Found) -> None:
    if found.status == "unsupported":
        pytest.skip(found.told)
    assert found.status == "passed", found.told
