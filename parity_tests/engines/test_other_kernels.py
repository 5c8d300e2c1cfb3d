"""The numerical part of the first tier once more, on another processor's kernels than this one's."""

from __future__ import annotations

import subprocess

import pytest
from processors import SETTINGS, TESTS, as_asked, environment, got, run

FOLDERS = ["law", "engines", "parity", "training"]
OLDER = ["Haswell", "Sandybridge"]


@pytest.fixture(scope="module")
def another() -> str:
    """The newest of the older kinds of processor that OpenBLAS does not take this one for."""
    here = got("two threads")[0]
    there = [name for name in OLDER if name != here and as_asked(name)]
    if not there:
        pytest.skip("kernels of x86 processors")
    return there[0]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_numerical_part_holds_there_as_well(another: str, folder: str) -> None:
    done = run(another, "-p", "no:xdist", str(TESTS / folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_every_setting_is_varied_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    for name, asked in SETTINGS.items():
        there = environment(name)
        assert {key: there[key] for key in asked} == asked
        assert there.get("OPENBLAS_CORETYPE") == asked.get("OPENBLAS_CORETYPE")
        assert there.get("ATEN_CPU_CAPABILITY") == asked.get("ATEN_CPU_CAPABILITY")


def test_a_process_says_which_kernels_it_got() -> None:
    kernel, blas_threads, torch_threads, capability = got("two threads")
    assert (blas_threads, torch_threads) == (2, 2)
    assert kernel
    assert capability
