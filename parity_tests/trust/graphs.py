"""What becomes of many random graphs of unmutated code: `isograd fuzz`, a process for each seed."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter

SEEDS, EACH = (0, 1), 1000


def random_graphs() -> tuple[Counter[str], list[str]]:
    """({"passed": how many, …}, what the command prints of those that fail), of EACH graphs of both SEEDS."""
    found: Counter[str] = Counter()
    alarms: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            subprocess.Popen(
                [sys.executable, "-m", "isograd", "fuzz", "--count", f"{EACH}", "--seed", f"{seed}", "--out", folder],
                stdout=subprocess.PIPE,
                text=True,
            )
            for seed in SEEDS
        ]
        for seed, run in zip(SEEDS, runs, strict=True):
            first, *rest = run.communicate()[0].splitlines() or [f"seed {seed} printed nothing"]
            counts = {what: int(count) for count, what in re.findall(r"(\d+) ([a-z]+)", first.partition(": ")[2])}
            found.update(counts)
            alarms += [f"seed {seed}, {line}" for line in rest if line.startswith("number ")]
            if run.returncode not in (0, 1) or sum(counts.values()) != EACH:
                alarms.append(f"seed {seed}: {first}")
    return found, alarms
