"""What all tests share: the pair of engines, where real data lies, which tests wait for the second tier."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import made_up_data
import pytest
from tiers import FIRST, is_slow

from isograd.core.parity.pair import Pair

DATA = Path(os.environ.get("ISOGRAD_DATA", "../shared/data"))


def pytest_configure(config: pytest.Config) -> None:
    """Several processes share the cores: each computes on one. (The second tier also runs with several threads.)

    Behind a shell, in its background, a process would ignore Ctrl-C, and so the tests that press it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if getattr(config.option, "numprocesses", None):
        for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


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


@pytest.fixture(scope="session")
def files_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data files: the real ones where they are, else small made-up ones of the same forms."""
    return DATA.resolve() if DATA.is_dir() else made_up_data.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def fresh_compiler() -> None:
    """torch.compile as in a new process: what it kept of another test's modules it would look at again, and warn."""
    import torch

    torch._dynamo.reset()  # type: ignore[no-untyped-call]
