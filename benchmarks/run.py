"""All measurements, as one table: python benchmarks/run.py [NAME ...] [--list]

float32, one thread on each side. Contenders take turns, block by block, in one process; a figure is the ratio
of the medians of their blocks. Each measurement has a fresh process, and first checks that everyone computes
the same losses. What holds OpenBLAS to an older processor's kernels is cleared; the table names those that ran.

Whether a change made anything slower, against.py tells: it puts this checkout beside another commit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from time import perf_counter

from imports import import_rows
from machine import environment, machine
from memory import memory_rows
from steps import epoch_rows, step_rows
from table import Row, markdown
from workloads import WORKLOADS

Measurement = Callable[[str], list[Row]]
"""The command that makes its rows ↦ the rows."""

MEASUREMENTS: dict[str, Measurement] = {
    **{name: partial(step_rows, workload) for name, workload in WORKLOADS.items()},
    "sklearn_epoch": epoch_rows,
    "import": import_rows,
    **{f"{name}_memory": partial(memory_rows, workload) for name, workload in WORKLOADS.items()},
}


def command(name: str) -> str:
    return f"python benchmarks/run.py {name}"


def in_a_fresh_process(name: str) -> list[Row]:
    """The rows of one measurement; thread pools take their size from the environment when they start."""
    done = subprocess.run(
        [sys.executable, __file__, "--json", name],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Row(**record) for record in json.loads(done.stdout)]


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["--list"]:
            print("\n".join(MEASUREMENTS))
            return
        case ["--json", name]:
            print(json.dumps([asdict(row) for row in MEASUREMENTS[name](command(name))]))
            return
    unknown = set(arguments) - set(MEASUREMENTS)
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    rows, started = [], perf_counter()
    for name in arguments or MEASUREMENTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += in_a_fresh_process(name)
    print(f"{machine()}\n\n{markdown(rows)}\n\n{perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main(sys.argv[1:])
