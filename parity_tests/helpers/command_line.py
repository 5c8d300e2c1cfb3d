"""The command line, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What decides which code runs, and on which kernels.
KEPT = (
    "PYTHONPATH",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
)


def isograd(*arguments: str, cwd: Path, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What `isograd …` prints and returns, in a process of its own with a bare environment."""
    return python("-c", "from isograd.cli import main; main()", *arguments, cwd=cwd, data=data)


def python(*arguments: str, cwd: Path, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What `python …` prints and returns, its warnings errors."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": "200"}
    environment |= {"ISOGRAD_DATA": str(data)} if data else {}
    environment |= {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment,
    )
