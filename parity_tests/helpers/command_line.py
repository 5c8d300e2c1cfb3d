"""The command line, as a user starts it: in a process of its own, or, ten times as fast, in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

# What decides which code runs, and on which kernels.
KEPT = (
    "PYTHONPATH",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
)
WIDTH = "200"  # of the terminal

Run = subprocess.CompletedProcess[str]


def isograd(*arguments: str, cwd: Path, data: Path | None = None) -> Run:
    """What `isograd …` prints and returns, in a process of its own with a bare environment."""
    return python("-c", "from isograd.cli import main; main()", *arguments, cwd=cwd, data=data)


def typed(*arguments: str, cwd: Path, data: Path | None = None) -> Run:
    """What `isograd …` prints and returns, in this process."""
    from isograd.cli import main

    out, err, code = StringIO(), StringIO(), None
    with pytest.MonkeyPatch.context() as patch, chdir(cwd), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["isograd", *arguments])
        patch.setenv("COLUMNS", WIDTH)
        if data:
            patch.setenv("ISOGRAD_DATA", str(data))
        else:
            patch.delenv("ISOGRAD_DATA", raising=False)
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def python(*arguments: str, cwd: Path, data: Path | None = None) -> Run:
    """What `python …` prints and returns, its warnings errors."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": WIDTH}
    environment |= {"ISOGRAD_DATA": str(data)} if data else {}
    environment |= {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment,
    )
