"""The first tier's numerical part once more: on OpenBLAS's kernels for processors without AVX-512, on two threads."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ["law", "engines", "parity", "training"]
THERE = {
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},  # AVX2
    "two threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
}
X86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="kernels of x86 processors")
NAMES = [pytest.param(name, marks=X86 if "OPENBLAS_CORETYPE" in asked else ()) for name, asked in THERE.items()]
TOLD = """
import numpy, torch, threadpoolctl
blas, = (pool for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"])
print(blas["architecture"], blas["num_threads"], torch.get_num_threads())
"""


def environment(name: str) -> dict[str, str]:
    alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    outer = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "OPENBLAS_CORETYPE"))}
    return outer | alone | THERE[name]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", NAMES)
def test_the_numerical_part_holds_there_as_well(name: str, folder: str) -> None:
    there = environment(name)
    told = subprocess.run([sys.executable, "-c", TOLD], env=there, capture_output=True, text=True, check=True).stdout
    kernel, *threads = told.split()
    assert kernel == THERE[name].get("OPENBLAS_CORETYPE", kernel)
    assert set(threads) == {there["OPENBLAS_NUM_THREADS"]}
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run([*command, str(TESTS / folder)], env=there, cwd=TESTS.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
