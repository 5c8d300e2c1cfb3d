"""Contenders take turns, so that a noisy machine disturbs all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

Block = Callable[[], float]
"""Runs once ↦ the seconds that it took."""

WARM_UP = 2  # rounds


def timed(run: Callable[[], object], clock: Callable[[], float] = perf_counter) -> Block:
    """`run` as a block, timed as who waits for it would, or by another clock: the processor's own, for one."""

    def block() -> float:
        started = clock()
        run()
        return clock() - started

    return block


def interleaved(blocks: Mapping[str, Block], *, rounds: int, warm_ups: int = WARM_UP) -> dict[str, float]:
    """{contender: median seconds of its block}, over `rounds` rounds in which each runs its block once.

    Who begins changes from round to round. The first `warm_ups` rounds are not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in blocks}
    names = list(blocks)
    for k in range(rounds + warm_ups):
        first = k % len(names)
        for name in names[first:] + names[:first]:
            seconds[name].append(blocks[name]())
    return {name: median(taken[warm_ups:]) for name, taken in seconds.items()}
