"""Plants every fault of the catalogue and prints who sees it: parity, the tests that should; the node, the side.

    python parity_tests/trust.py [--class NAME] [--only TEXT] [--sample N] [--parity] [--write]

Each fault gets a process of its own, in which one module of isograd has other text before it is imported. `--sample`
takes N of each class, `--parity` asks parity alone; `--write` writes docs/trust.md, of all classes. At the end, but for
`--only`, the same cases and models are compared with nothing planted, and for `--write` 2,000 random graphs: what fails
there is a false alarm. Exit 1 where anything is not as it should be.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import hypothesis  # noqa: F401  these are imported once, for all processes that are forked; nothing of isograd may be
import pydantic  # noqa: F401
import pytest  # noqa: F401
import torch  # noqa: F401
from trust.asking import Seen, asked_parity, asked_sound, asked_tests
from trust.catalogue import CATALOGUE, CLASSES
from trust.graphs import random_graphs
from trust.outcomes import Count, Outcome, total
from trust.page import PAGE, page, row
from trust.planting import NEVER_ENDED, in_processes
from trust.record import Fault

Chosen = Mapping[str, Sequence[Fault]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class", dest="kind", choices=CLASSES, help="the faults of one class")
    parser.add_argument("--only", default="", help="faults whose name holds this; of several, parted by |, one of them")
    parser.add_argument("--sample", type=int, help="so many of each class")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parity", action="store_true", help="ask parity alone, no tests")
    parser.add_argument("--write", action="store_true", help="write docs/trust.md")
    return parser.parse_args()


def chosen(asked: argparse.Namespace) -> Chosen:
    """{class: the faults that are asked for}"""
    named = asked.only.split("|")
    found = {
        kind: [fault for fault in faults if any(part in fault.name for part in named)]
        for kind, faults in CATALOGUE.items()
        if asked.kind in (None, kind)
    }
    rng = random.Random(asked.seed)
    few = {kind: rng.sample(faults, min(len(faults), asked.sample or len(faults))) for kind, faults in found.items()}
    return {kind: faults for kind, faults in few.items() if faults}


def planted(faults: Sequence[Fault], *, tests: bool) -> Iterator[Outcome]:
    """What becomes of each."""
    found: dict[tuple[str, str], Any] = {}

    def works() -> Iterator[Any]:
        for fault in faults:
            if fault.seen_by_parity:
                yield (fault.name, "parity"), partial(asked_parity, fault)
            if tests and fault.tests:
                yield (fault.name, "tests"), partial(asked_tests, fault)

    for (name, who), answer in in_processes(works()):
        if answer == NEVER_ENDED:
            answer = Seen(False, told=answer) if who == "parity" else None
        found[name, who] = answer
    for fault in faults:
        yield Outcome(
            fault, found.get((fault.name, "parity")), found.get((fault.name, "tests")), tests and bool(fault.tests)
        )


def sound(faults: Sequence[Fault]) -> tuple[int, list[str]]:
    """(comparisons, those that fail) of everything that parity is asked about, with nothing planted."""
    asked = {(kind, "") for fault in faults for kind in fault.kinds} | {("", f.model) for f in faults if f.model}
    works = (((kind, model), partial(asked_sound, kind, model)) for kind, model in sorted(asked))
    checks, alarms = 0, []
    for key, found in in_processes(works):
        number, failed = (1, [f"{key}: {found}"]) if found == NEVER_ENDED else found
        checks += number
        alarms += failed
    return checks, alarms


def main() -> int:
    asked = arguments()
    start = time.perf_counter()
    faults = chosen(asked)
    outcomes: list[Outcome] = []
    counts: dict[str, Count] = {}
    for kind, those in faults.items():
        counts[kind] = Count()
        for outcome in planted(those, tests=not asked.parity):
            counts[kind].add(outcome)
            outcomes.append(outcome)
            if outcome.text:
                print(outcome.text, flush=True)
        print(row(kind, counts[kind]), flush=True)
    graphs: Counter[str] = Counter()
    checks, alarms = (0, []) if asked.only else sound([fault for those in faults.values() for fault in those])
    if asked.write:
        graphs, more = random_graphs()
        alarms += more
    seconds = time.perf_counter() - start
    print(*alarms, row("all", total(counts.values())), sep="\n")
    print(f"{len(alarms)} false alarms in {checks} comparisons; {seconds:.0f} seconds")
    if asked.write and list(counts) == list(CLASSES):
        PAGE.write_text(page(counts, outcomes, checks, alarms, graphs, seconds))
    return int(bool(alarms) or any(outcome.short for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
