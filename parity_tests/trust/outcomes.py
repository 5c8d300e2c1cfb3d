"""What became of a fault, and of many: the figures of docs/trust.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from trust.asking import Seen
from trust.record import Fault


@dataclass(frozen=True)
class Outcome:
    """One fault: what parity said of it, and the test that failed; `tested`: whether any were asked."""

    fault: Fault
    parity: Seen | None
    test: str | None
    tested: bool = True

    @property
    def by_parity(self) -> bool:
        return self.parity is not None and self.parity.caught

    @property
    def caught(self) -> bool:
        return self.by_parity or self.test is not None

    @property
    def right_node(self) -> bool:
        return self.parity is not None and self.parity.names(self.fault)

    @property
    def right_side(self) -> bool:
        return self.parity is not None and self.parity.blames(self.fault)

    @property
    def short(self) -> str:
        """What is not as it should be, in a few words; "" where nothing is."""
        wrong = []
        if self.parity is not None and not self.parity.caught:
            wrong.append("parity does not see it")
        if self.tested and self.test is None:
            wrong.append("the tests named do not see it")
        if self.fault.node and self.by_parity and not self.right_node:
            wrong.append("another node is named")
        if self.fault.node and self.by_parity and not self.right_side:
            wrong.append("its engine is not blamed")
        return ", ".join(wrong)

    @property
    def text(self) -> str:
        """The same, with what parity said and which tests were run."""
        if not self.short:
            return ""
        seen = "" if self.parity is None else f"\n    parity: {self.parity.layer or 'nobody'}, {self.parity.told}"
        return f"{self.fault.name}: {self.short}\n    tests: {' '.join(self.fault.tests)}{seen}"


@dataclass
class Count:
    """How many faults there are, and how many of them each of these holds for."""

    faults: int = 0
    caught: int = 0
    of_parity: int = 0  # that parity should see
    by_parity: int = 0
    tested: int = 0
    by_tests: int = 0
    nodes: int = 0  # that live in a node
    right_node: int = 0
    right_side: int = 0
    right: int = 0  # both

    def add(self, outcome: Outcome) -> None:
        fault, lives = outcome.fault, outcome.fault.node
        self.faults += 1
        self.caught += outcome.caught
        self.of_parity += fault.seen_by_parity
        self.by_parity += outcome.by_parity
        self.tested += outcome.tested
        self.by_tests += outcome.test is not None
        self.nodes += lives
        self.right_node += lives and outcome.right_node
        self.right_side += lives and outcome.right_side
        self.right += lives and outcome.right_node and outcome.right_side

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def total(counts: Iterable[Count]) -> Count:
    return sum(counts, Count())
