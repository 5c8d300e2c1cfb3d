"""Plants one fault at a time and prints caught / planted.

`python parity_tests/mutants.py` plants every fault of arithmetic in every operation of numpy_impl; `--of PART` other
kinds, in other parts (`--of` without a name lists them); `--sample N --seed S` N of a part's, drawn evenly from its
modules; `--survivors` tells of those alone that nobody saw.
A mutant of an operation is an engine of its own, in tables of its own, so that the sound one is there beside it. It
counts as caught when the parity check of its own cases fails and blames that case and the engine. Every other mutant,
and what PyTorch's engine has beside its cases (its own dropout), is a process of its own (mutation/forks.py), caught
when one of the part's tests fails there.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence

from mutation.engines import MODULES, engine_with, verdict
from mutation.forks import killed_by_tests
from mutation.parts import KNOWN, PARTS, Part
from mutation.places import EVERY_KIND, OPERATIONS, Mutant, mutants_of

from isograd.core.parity.pair import Pair

__all__ = ["MODULES", "Mutant", "engine_with", "mutants_of", "verdict"]

Report = Callable[[Mutant, str], None]


def all_of(part: Part, only: str = "") -> list[Mutant]:
    """Every fault of a part, module by module."""
    return [mutant for module in part.modules if only in module for mutant in mutants_of(module, part.kinds)]


def sampled(mutants: Sequence[Mutant], count: int | None, seed: int) -> list[Mutant]:
    """So many of them, as many of each module as there are, in their order; all where no number is given."""
    if count is None or count >= len(mutants):
        return list(mutants)
    rng = random.Random(seed)
    waiting: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        waiting.setdefault(mutant.module, []).append(mutant)
    for those in waiting.values():
        rng.shuffle(those)
    drawn: list[Mutant] = []
    while len(drawn) < count:
        for those in waiting.values():
            if those and len(drawn) < count:
                drawn.append(those.pop())
    return sorted(drawn, key=mutants.index)


def plant_all(mutants: Sequence[Mutant], part: Part, report: Report, most: float | None = None) -> None:
    """Tell `report` what becomes of each: by the cases of its own function; where they see nothing, by the tests."""
    rest = mutants
    if part.cases:
        pair, rest = Pair.named(), []
        for mutant in mutants:
            outcome = verdict(mutant, pair)
            if outcome == "not seen" and part.files:
                rest.append(mutant)
            else:
                report(mutant, outcome)
    if rest:
        killed_by_tests(rest, part.files, report, most)


OF_LAYERS = [module for module in MODULES if not module.endswith(".program")]  # that one is a part of "network"
BESIDE_CASES = (
    "engines/test_nan_in_pools.py",
    "engines/test_ignored.py",
    "engines/test_custom.py",
    "messages/test_messages_indexing.py",
    "engines/test_batch_norm.py",
    "engines/test_depthwise.py",
)
NUMPY = {
    "numpy_operations": Part(tuple(MODULES), BESIDE_CASES, OPERATIONS, cases=True),
    "numpy_conditions": Part(tuple(OF_LAYERS), BESIDE_CASES, ("conditions", "ends"), cases=True),
}


def known(name: str) -> tuple[Part, list[Mutant]]:
    """A part of `KNOWN`, and its mutants; LookupError where one of them no longer stands there."""
    files, places = KNOWN[name]
    found = []
    for module, function, before in places:
        here = [m for m in mutants_of(module, EVERY_KIND) if (m.function, m.before) == (function, before)]
        if not here:
            raise LookupError(f"{module}.{function} has no {before!r}: name another fault in KNOWN")
        found.append(here[0])
    return Part((), files), found


def main() -> int:
    parts = NUMPY | PARTS
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--of", default="numpy_operations", choices=parts)
    told.add_argument("--module", default="", help="only the modules whose name holds this")
    told.add_argument("--sample", type=int, help="so many, as many of each module as there are")
    told.add_argument("--seed", type=int, default=0)
    told.add_argument("--within", type=float, help="seconds of tests for each mutant, the quickest first")
    told.add_argument("--known", choices=KNOWN, help="instead: a few faults that are known to be caught")
    told.add_argument("--survivors", action="store_true", help="no table of functions")
    asked = told.parse_args()
    part = parts[asked.of]
    counts: dict[str, list[int]] = {}

    def count(mutant: Mutant, outcome: str) -> None:
        row = counts.setdefault(f"{mutant.module.removeprefix('isograd.')}.{mutant.function}", [0, 0])
        row[0] += outcome == "caught"
        row[1] += 1
        if outcome != "caught":
            print(f"{mutant.module.removeprefix('isograd.')}: {mutant}\n    {outcome}", flush=True)

    mutants = sampled(all_of(part, asked.module), asked.sample, asked.seed)
    if asked.known:
        part, mutants = known(asked.known)
    plant_all(mutants, part, count, asked.within)
    if not asked.survivors:
        for name, (caught, number) in counts.items():
            print(f"{name:70} {caught:4} / {number}")
    caught, number = (sum(row[k] for row in counts.values()) for k in (0, 1))
    print(f"{f'{asked.known or asked.of}: caught / planted':70} {caught:4} / {number}")
    return int(caught != number)


if __name__ == "__main__":
    sys.exit(main())
