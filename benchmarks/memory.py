"""Peak memory: how far a process's resident set grows beyond what it is after the imports."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from contenders import CONTENDERS
from table import Row
from workloads import WORKLOADS, Workload

STEPS = 20
CLEAR_PEAK = Path("/proc/self/clear_refs")


def memory_rows(workload: Workload, command: str) -> list[Row]:
    """Growth of each engine over that of PyTorch by hand; each contender in a process of its own.

    Read from /proc, which Linux alone has: no rows elsewhere.
    """
    if not CLEAR_PEAK.exists():
        return []
    grown = {name: float(_child(workload.name, name)) for name in CONTENDERS}
    hand = grown["PyTorch by hand"]
    return [
        Row(
            workload.title,
            f"peak memory, {engine} / PyTorch by hand",
            grown[engine] / hand,
            None,
            None,
            f"growth after import {grown[engine]:.1f} / {hand:.1f} MiB, {STEPS} steps, one process each",
            command,
        )
        for engine in CONTENDERS
        if engine != "PyTorch by hand"
    ]


def _child(workload: str, contender: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, workload, contender], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def growth(workload: Workload, contender: str) -> float:
    """MiB by which building and training `workload` raises this process's peak."""
    if contender == "NumPy engine":
        import_module("isograd.backends.numpy_impl")
    else:
        import_module("isograd.backends.torch_impl")  # with it torch itself
    before = resident()
    step = CONTENDERS[contender](workload)
    for k in range(STEPS):
        step(k)
    return peak() - before


def resident() -> float:
    """MiB resident now; the kernel's record of the peak starts again from here."""
    CLEAR_PEAK.write_text("5")
    return _status("VmRSS")


def peak() -> float:
    return _status("VmHWM")


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    print(growth(WORKLOADS[sys.argv[1]], sys.argv[2]))
