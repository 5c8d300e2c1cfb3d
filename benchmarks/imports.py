"""`import isograd` beside `import numpy`, in fresh processes with warm file caches."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from statistics import median
from tempfile import TemporaryDirectory

from machine import environment
from table import Row
from timing import WARM_UP, interleaved, timed

AT_MOST = 3.0
TIMED = "from time import perf_counter as now; start = now(); import {}; print(now() - start)"


def import_rows(command: str, rounds: int = 30) -> list[Row]:
    """The whole process (start, import, exit), and the import statement alone as its process sees it."""
    whole, alone = import_seconds({module: (module, {}) for module in ("isograd", "numpy")}, rounds)
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


def import_seconds(
    contenders: Mapping[str, tuple[str, dict[str, str]]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """({contender: median seconds of its process}, {…: of its import statement}), of (module, settings) each."""
    inside: dict[str, list[float]] = {name: [] for name in contenders}
    with TemporaryDirectory() as compiled:
        # The warm-up fills this folder for all; where byte code may not be written, one would compile every time.
        usual = environment(PYTHONPYCACHEPREFIX=compiled)
        usual.pop("PYTHONDONTWRITEBYTECODE", None)

        def process(name: str) -> None:
            module, settings = contenders[name]
            code = [sys.executable, "-c", TIMED.format(module)]
            done = subprocess.run(code, env=usual | settings, stdout=subprocess.PIPE, text=True, check=True)
            inside[name].append(float(done.stdout))

        whole = interleaved({name: timed(partial(process, name)) for name in contenders}, rounds=rounds)
    return whole, {name: median(seconds[WARM_UP:]) for name, seconds in inside.items()}
