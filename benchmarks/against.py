"""This checkout beside another commit of it, in one run: python benchmarks/against.py COMMIT [NAME ...]

For each workload one process trains with this checkout's isograd and another with COMMIT's, taken from a temporary
worktree; they take turns, block by block, in both engines, after both have computed the same losses. A figure is the
ratio of the medians, new / old, of the processor's time for a block: one thread, so that nothing but the time that
others take from it is left out. NAME is a workload of run.py --list, or "import", the time of `import isograd`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from signal import SIGTERM, signal
from tempfile import TemporaryDirectory
from time import process_time
from types import TracebackType
from typing import Any

from contenders import isograd_step, require_equal_losses
from imports import import_seconds
from machine import environment, machine
from table import Row, markdown
from timing import interleaved
from workloads import BATCHES, WORKLOADS, Workload

import isograd

HERE = Path(__file__).resolve().parent.parent
ENGINES = {"numpy": "NumPy engine", "torch": "torch engine"}
NOISE = 1.05  # what two runs of one commit were seen to differ by


@contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """The files of `commit`, in a folder that is gone afterwards."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "old"
        git = ["git", "-C", str(HERE), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


class Worker:
    """A process that imports the isograd of `root` and does what `script` does, when it is told to."""

    def __init__(self, root: Path, workload: str, script: str = __file__) -> None:
        self.process = subprocess.Popen(
            [sys.executable, script, "--work", str(root), workload],
            env=environment(PYTHONPATH=str(root)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()  # it ends where its input does
        self.process.wait()

    def ask(self, order: str) -> Any:
        """What it answers: to the name of an engine the seconds of a block of steps, to "losses" the first losses."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{order}: the worker ended, with {self.process.wait()}")
        return json.loads(answer)


def work(root: str, name: str) -> None:
    """The worker's side of it."""
    if not Path(isograd.__file__).is_relative_to(root):
        raise SystemExit(f"{isograd.__file__} is not the isograd of {root}")
    workload = WORKLOADS[name]
    steps = {engine: isograd_step(workload, engine) for engine in ENGINES}
    for order in map(str.strip, sys.stdin):
        if order == "losses":
            answer: Any = {engine: [step(k) for k in range(BATCHES)] for engine, step in steps.items()}
        else:
            started = process_time()
            for k in range(workload.steps):
                steps[order](k)
            answer = process_time() - started
        print(json.dumps(answer), flush=True)


def step_rows(workload: Workload, sides: Mapping[str, Path], command: str) -> list[Row]:
    """A training step in each engine, new and old."""
    rows = []
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(root, workload.name)) for side, root in sides.items()}
        losses = {side: worker.ask("losses") for side, worker in workers.items()}
        for engine, title in ENGINES.items():
            require_equal_losses(workload.title, {side: told[engine] for side, told in losses.items()})
            blocks = {side: partial(worker.ask, engine) for side, worker in workers.items()}
            taken = interleaved(blocks, rounds=workload.rounds)
            ms = {side: seconds / workload.steps * 1e3 for side, seconds in taken.items()}
            measured = f"step {ms['new']:.3f} / {ms['old']:.3f} ms, {workload.rounds} blocks x {workload.steps} steps"
            ratio = f"{title}, new / old"
            rows.append(Row(workload.title, ratio, ms["new"] / ms["old"], NOISE, None, measured, command))
    return rows


def import_rows(sides: Mapping[str, Path], command: str, rounds: int = 30) -> list[Row]:
    """`import isograd`, new and old, in fresh processes."""
    _, alone = import_seconds({side: ("isograd", {"PYTHONPATH": str(root)}) for side, root in sides.items()}, rounds)
    new, old = alone["new"], alone["old"]
    measured = f"{new * 1e3:.0f} / {old * 1e3:.0f} ms, {rounds} processes each"
    return [Row("import, in process", "import isograd, new / old", new / old, NOISE, None, measured, command)]


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["--work", root, name]:
            work(root, name)
            return
        case []:
            raise SystemExit(__doc__)
    commit, *names = arguments
    known = [*WORKLOADS, "import"]
    unknown = set(names) - set(known)
    if unknown:
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    signal(SIGTERM, lambda *_: sys.exit(1))  # so that the worktree is removed then, too
    rows = []
    with worktree(commit) as old:
        for name in names or known:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            command, sides = f"python benchmarks/against.py {commit} {name}", {"new": HERE, "old": old}
            found = import_rows(sides, command) if name == "import" else step_rows(WORKLOADS[name], sides, command)
            print(", ".join(f"{row.ratio} {row.figure:.2f}" for row in found), file=sys.stderr, flush=True)
            rows += found
    print(f"{machine()}\n\n{markdown(rows)}")


if __name__ == "__main__":
    main(sys.argv[1:])
