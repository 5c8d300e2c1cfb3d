"""Many drawn checks, one after the other; each that fails shrunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isograd.core.base.atomic import write_atomically
from isograd.core.base.raised import told_with_line
from isograd.core.engine.protocol import Backend
from isograd.core.engine.registry import get_backend
from isograd.fuzzing.drawing import drawn
from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.outcome import Kind, Outcome, outcome
from isograd.fuzzing.shrinking import shrunk
from isograd.fuzzing.written import as_test


@dataclass(frozen=True)
class Finding:
    """A check that failed, as small as it was made; None of one that raised while it was drawn."""

    number: int
    outcome: Outcome
    drawn: Drawn | None = None
    path: Path | None = None


@dataclass
class Fuzzed:
    """What became of the checks of one seed."""

    seed: int
    backends: tuple[str, ...]
    became: Counter[Kind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.findings and self.became[Kind.PASSED] > 0

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self.became.most_common())
        lines = [f"{self.became.total()} graphs of seed {self.seed}, {' against '.join(self.backends)}: {counts}"]
        for finding in self.findings:
            lines += [
                f"number {finding.number}: {finding.outcome.told}",
                *([f"  {finding.path}"] if finding.path else []),
            ]
        return "\n".join([*lines, "PASSED" if self.passed else "FAILED"])


def fuzzed(
    count: int,
    seed: int,
    backends: Sequence[str | Backend],
    folder: Path,
    on_check: Callable[[int, str], None] = lambda _, __: None,
) -> Fuzzed:
    """Check `count` graphs drawn from `seed`; write each that fails, shrunk, into `folder`.

    `on_check(number, told)` is told before each.
    """
    names = tuple(get_backend(engine).name for engine in backends)
    found = Fuzzed(seed, names)
    for number in range(count):
        on_check(number, f"{len(found.findings)} found")
        try:
            check = drawn(seed, number)
        except Exception as error:  # no description that cannot be raises anything but an error of ours
            raised = Outcome(Kind.RAISED, told=f"while it was drawn: {told_with_line(error)}")
            found.became[raised.kind] += 1
            found.findings.append(Finding(number, raised))
            continue
        became = outcome(check, backends)
        found.became[became.kind] += 1
        if became.failed:
            on_check(number, "shrinking")
            least, told = shrunk(check, became, lambda candidate: outcome(candidate, backends))
            path = folder / f"test_fuzz_{seed}_{number}.py"
            write_atomically(path, as_test(least, told, seed, number, names).encode())
            found.findings.append(Finding(number, told, least, path))
    return found
