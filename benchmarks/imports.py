"""`import isograd` beside `import numpy`, in fresh processes with warm file caches."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from statistics import median
from tempfile import TemporaryDirectory

from table import Row
from timing import interleaved

AT_MOST = 3.0
TIMED = "from time import perf_counter as now; start = now(); import {}; print(now() - start)"


def import_rows(command: str, rounds: int = 30) -> list[Row]:
    """The whole process (start, import, exit), and the import statement alone as its process sees it."""
    with TemporaryDirectory() as compiled:
        # The warm-up fills this folder for both; where byte code may not be written, one would compile every time.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return _measured(environment, command, rounds)


def _measured(environment: dict[str, str], command: str, rounds: int) -> list[Row]:
    inside: dict[str, list[float]] = {"isograd": [], "numpy": []}

    def process(module: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", TIMED.format(module)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        inside[module].append(float(done.stdout))

    whole = interleaved({module: partial(process, module) for module in inside}, rounds=rounds)
    alone = {module: median(seconds[2:]) for module, seconds in inside.items()}
    return [
        Row(
            f"import, {what}",
            "import isograd / import numpy",
            taken["isograd"] / taken["numpy"],
            AT_MOST,
            None,
            f"{taken['isograd'] * 1e3:.0f} / {taken['numpy'] * 1e3:.0f} ms, {rounds} processes each",
            command,
        )
        for what, taken in {"whole process": whole, "in process": alone}.items()
    ]
