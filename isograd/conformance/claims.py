"""Every case of every description as a claim about one engine: passed, failed, or nothing that it says it can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from isograd.core.base.errors import BackendError, SpecError
from isograd.core.base.raised import told_with_line
from isograd.core.engine.registry import get_backend
from isograd.core.parity.natures import NOT_IMPLEMENTED
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import NOT_ASKED
from isograd.core.parity.stages.training import Result
from isograd.core.parity.suite import FAMILIES
from isograd.core.parity.text import cut
from isograd.reports.engines import BACKENDS, comparable, family

Status = Literal["passed", "failed", "unsupported"]


@dataclass(frozen=True)
class Found:
    """What became of a claim; `told` says why, where it did not pass."""

    status: Status
    told: str = ""


@dataclass(frozen=True)
class Claim:
    """One case: of which stage and description, why it exists, and how it is judged."""

    stage: str
    kind: str
    why: str
    judge: Callable[[], Found]

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.why}"


@dataclass(frozen=True)
class Conformance:
    """The claims of one engine, and what became of each."""

    engine: str
    against: str
    found: Sequence[tuple[Claim, Found]]

    def count(self, status: Status, stage: str | None = None) -> int:
        return sum(f.status == status and stage in (None, claim.stage) for claim, f in self.found)

    @property
    def passed(self) -> bool:
        """Whether something was judged, and nothing that was is wrong."""
        return self.count("passed") > 0 and self.count("failed") == 0

    @property
    def counts(self) -> str:
        told = ", ".join(f"{self.count(status)} {status}" for status in ("passed", "failed", "unsupported"))
        return f"{self.engine} against {self.against}: {told}"

    @property
    def text(self) -> str:
        """A line for each stage, what failed, what is not supported and why, and the counts."""
        statuses: tuple[Status, ...] = ("passed", "failed", "unsupported")
        stages = list(dict.fromkeys(claim.stage for claim, _ in self.found))
        table = [["stage", *statuses]]
        table += [[stage, *(str(self.count(status, stage)) for status in statuses)] for stage in stages]
        lines = ["  ".join([row[0].ljust(12), *(cell.rjust(11) for cell in row[1:])]) for row in table]
        failed = [f"✗ {claim.name}\n{f.told}" for claim, f in self.found if f.status == "failed"]
        return "\n".join([*lines, "", *cut(failed), *self._unsupported(), self.counts])

    def _unsupported(self) -> Iterator[str]:
        """A line for each reason: of which descriptions, and how many of their cases."""
        grouped: dict[str, dict[str, int]] = {}
        for claim, f in self.found:
            if f.status == "unsupported":
                kinds = grouped.setdefault(f.told, {})
                kinds[claim.kind] = kinds.get(claim.kind, 0) + 1
        for why, kinds in grouped.items():
            yield f"unsupported: {', '.join(f'{kind} ({cases})' for kind, cases in kinds.items())}: {why}"


def pair_of(engine: str, against: str | None = None) -> Pair:
    """The engine under judgement, and what it is held against: NumPy's, or for that one PyTorch's, where it is there.

    Raises BackendError for one that is not there, SpecError where both are one.
    """
    other = against or next(name for name in (BACKENDS[0], *comparable()[1:]) if name != family(engine))
    if engine == other:
        wanted = "another engine, that this one is held against"
        raise SpecError(f"--backend {engine} --against {other}", wanted=wanted, got="the same", fix="--against numpy")
    return Pair(get_backend(engine), get_backend(other))


def claims(pair: Pair) -> Iterator[Claim]:
    """One for each case of every table."""
    for table in FAMILIES:
        lacking = table.lacking(pair)
        for kind, cases in table.cases.items():
            for case in cases:
                judge = partial(judged, pair, partial(table.check, pair, case))
                if lacking:
                    judge = partial(Found, "unsupported", f"{lacking[0]} {NOT_ASKED}")
                yield Claim(table.stage, kind.__name__, case.why, judge)


def judged(pair: Pair, check: Callable[[], Iterable[Result]]) -> Found:
    """What becomes of a case: what the engine says itself that it lacks is no failure."""
    lacks, compared = "", 0
    try:
        for rows, culprit in check():
            if any(row.fault == NOT_IMPLEMENTED for row in rows):
                lacks = f"not implemented by {culprit.guilty if culprit and culprit.guilty else pair.left.name}"
                continue
            failed = [row.text for row in rows if row.failed]
            if failed:
                return Found("failed", culprit.text if culprit else "\n".join(failed))
            compared += len(rows)
    except BackendError as error:
        lacks = f"not implemented by {pair.left.name}: {error.got}"
    except Exception as error:
        return Found("failed", f"  raised {told_with_line(error)}")
    if lacks or not compared:
        return Found("unsupported", lacks or "nothing was compared")
    return Found("passed")


def conformance(engine: str, against: str | None = None) -> Conformance:
    """Every claim of an engine, judged. Raises as `pair_of` does."""
    pair = pair_of(engine, against)
    return Conformance(pair.left.name, pair.right.name, [(claim, claim.judge()) for claim in claims(pair)])
