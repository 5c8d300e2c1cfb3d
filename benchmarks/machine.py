"""What figures hold for: the processor, its BLAS and kernel, and an environment that does not hold them back."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HOLDS_BLAS_BACK = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # some machines set it to an older processor's kernels
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}

KERNELS = "import json, numpy, threadpoolctl; print(json.dumps(threadpoolctl.threadpool_info()))"


def environment(**more: str) -> dict[str, str]:
    """This process's environment for a measurement: one thread on each side, kernels as the processor has them."""
    return {name: value for name, value in os.environ.items() if name not in HOLDS_BLAS_BACK} | ONE_THREAD | more


def machine() -> str:
    """Processor, versions, and the kernel that BLAS runs in a measurement's process."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "scikit-learn"))
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    told = subprocess.run([sys.executable, "-c", KERNELS], env=environment(), stdout=subprocess.PIPE, check=True).stdout
    pools = [pool for pool in json.loads(told) if pool["user_api"] == "blas"]
    blas = ", ".join(f"{pool['internal_api']} {pool['version']} ({pool.get('architecture')})" for pool in pools)
    return f"{cpu} x {os.cpu_count()}, Python {platform.python_version()}, {libraries}, {blas}"
