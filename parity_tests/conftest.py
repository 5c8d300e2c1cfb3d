"""What all tests share: the pair of engines, and where real data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isograd.core.parity.pair import Pair

DATA = Path(os.environ.get("ISOGRAD_DATA", "../shared/data"))


@pytest.fixture(scope="session")
def pair() -> Pair:
    """NumPy, under judgement, against PyTorch."""
    return Pair.named("numpy", "torch")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data files; tests that need one are skipped, with the reason, where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no data folder at {DATA}: set ISOGRAD_DATA")
    return DATA.resolve()
