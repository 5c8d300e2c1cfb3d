"""Runs the whole first tier once for every kind of processor that this one can stand in for, one setting at a time.

    python parity_tests/processors.py [--only NAME] [pytest's arguments]

OpenBLAS, PyTorch and oneDNN choose their kernels by the processor, and can be told to choose those of an older one;
results then differ in their last digits. Before each run a process of its own says which kernels it really got.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
SETTINGS = {
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},  # AVX-512
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},  # AVX2
    "Sandybridge": {"OPENBLAS_CORETYPE": "Sandybridge"},  # AVX
    "Prescott": {"OPENBLAS_CORETYPE": "Prescott"},  # SSE3
    "PyTorch without vectors": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "two threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
}
TOLD = """
import numpy, torch, threadpoolctl
blas = next(pool for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"])
print(blas["architecture"], blas["num_threads"], torch.get_num_threads(), torch.backends.cpu.get_cpu_capability())
"""


def environment(name: str) -> dict[str, str]:
    """This process's own, with the one setting varied and every other that varies it left out."""
    varied = {key for settings in SETTINGS.values() for key in settings}
    outer = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in varied}
    return outer | ALONE | SETTINGS[name]


def got(name: str) -> tuple[str, int, int, str]:
    """(OpenBLAS's kernels, its threads, PyTorch's threads, PyTorch's kernels) as a process there has them."""
    command = [sys.executable, "-c", TOLD]
    told = subprocess.run(command, env=environment(name), capture_output=True, text=True, check=True).stdout.split()
    return told[0], int(told[1]), int(told[2]), told[3]


def as_asked(name: str) -> bool:
    """Whether a process there got what the setting asks for: a processor cannot stand in for a newer one."""
    asked = environment(name)
    kernel, *threads, capability = got(name)
    known = {"Prescott": {"Prescott", "Katmai", "Generic"}}
    wanted = asked.get("OPENBLAS_CORETYPE", kernel)
    vectors = asked.get("ATEN_CPU_CAPABILITY", capability)
    return (
        kernel in known.get(wanted, {wanted})
        and set(threads) == {int(asked["OPENBLAS_NUM_THREADS"])}
        and capability.lower() == vectors.lower()
    )


def run(name: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """pytest there."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, env=environment(name), cwd=TESTS.parent, text=True, **options)  # type: ignore[call-overload, no-any-return]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SETTINGS, help="one of the settings")
    asked, arguments = parser.parse_known_args()
    results = {}
    for name in [asked.only] if asked.only else SETTINGS:
        kernel, threads, torch_threads, capability = got(name)
        where = f"OpenBLAS {kernel} on {threads}, PyTorch {capability} on {torch_threads} threads"
        print(f"\n{name}: {where}", flush=True)
        if not as_asked(name):
            results[f"{name} ({where})"] = "not run: this processor cannot"
            continue
        workers = ["-n", "1" if threads > 1 else "auto", "--maxprocesses", "8", "--dist", "worksteal"]
        code = run(name, *workers, *arguments).returncode
        results[f"{name} ({where})"] = "passed" if code == 0 else f"FAILED (exit {code})"
    print("\n" + "\n".join(f"{result:>8}  {where}" for where, result in results.items()))
    return int(any(result.startswith("FAILED") for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
