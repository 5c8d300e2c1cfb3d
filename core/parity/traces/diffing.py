"""`diff`: two traces, entry by entry, each held against its own noise floor; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from isograd.core.parity.matching import FLIPPED, KINK_SHARE, NOISE_FACTOR, TOLERANCE, Difference, allowed_by
from isograd.core.parity.natures import of_trajectory
from isograd.core.parity.report import NotJudged, ParityReport
from isograd.core.parity.stages import rounding
from isograd.core.parity.traces.blaming import Judged, culprits
from isograd.core.parity.traces.entry import START, STEP, TRAINING, WHOLE, Entry, Key
from isograd.core.parity.traces.pairing import Both, Rename, pair
from isograd.core.parity.traces.rules import from_rule
from isograd.core.parity.traces.sketch import Sketch, apart, sketched
from isograd.core.parity.traces.trace import Trace
from isograd.core.parity.verdict import UNITS, Row

END_TO_END, LOCKED, FREE = "end to end", "locked step", "free run"
ROUNDING = "its gradient is nothing but rounding, and an optimizer may make a step of any size of it"
SHOWN = 8


def diff(a: Trace | str | Path, b: Trace | str | Path, rename: Rename = None) -> ParityReport:
    """Did two runs compute the same? Traces, or files of traces: of other engines, processes, machines, days.

    Every entry of `a` is held against that of `b`. Weights at the start: by the table. What was computed: by what the
    table allows a node, beyond it by 100 times the noise floor, on the side where it is less. What the first step left:
    as a locked step; later ones: as a free run, in float32 reported alone; both by the table, beyond it by the noise
    floor. What is gone where both were moved far away was a kink, and no error, where both turn there as much as they
    are apart. Where one unit moves an array by a large part of itself nobody can say: it is not judged, and of an
    output of the whole that is a failure of its own. The report's culprit is what differs first in execution order, and
    for gradients from the end backwards; of a node whose inputs are equal the difference is its own. What one side
    alone has is reported; outputs, trained weights and gradients must be on both.

    `rename` brings a's paths under b's names: {path or its beginning in a: in b}, or a function of a path.
    Raises SpecError for traces of different dtypes, seeds, inputs, targets or training, and FileError for a file that
    is no trace.
    """
    both = pair(a, b, rename)
    report = ParityReport(both.title, both.names)
    judged: dict[Key, Judged] = {}
    drift = 0.0
    alone: dict[tuple[str, str], list[str]] = {}
    for key in both.keys:
        if not both.asked(key):
            asked_of = both.names[both.entry(key)[0] is None]
            alone.setdefault((asked_of, "steps" if key[0].startswith(STEP) else "losses"), []).append(key[1])
            continue
        first, second = both.entry(key)
        if key[0].startswith(STEP) and key[1] in both.only_rounding:
            report.not_judged.append(NotJudged(" and ".join(both.names), FREE, key[1], 1, ROUNDING))
        elif (first is None or second is None) and not both.promised(key):
            alone.setdefault((both.names[first is None], _kind(key)), []).append(key[1])
        else:
            judged[key] = _judged(both, key, first, second, drift)
            if judged[key].row.stage == LOCKED and judged[key].row.failed:
                judged[key] = _by_rule(both, key, judged)
                drift += judged[key].drift
    report.not_judged += _of_other_shapes(both, judged)
    report.add(found.row for found in judged.values())
    report.culprits = culprits(both, judged)
    report.not_judged += [_of_one(side, kind, paths) for (side, kind), paths in alone.items()]
    return report


def _judged(both: Both, key: Key, first: Entry | None, second: Entry | None, drift: float) -> Judged:
    """The row of one entry, and where it differs most."""
    entries = [entry for entry in (first, second) if entry is not None]
    added = min((entry.added for entry in entries if entry.added), default=0.0)  # 0 where a side had no need of it
    gap = apart(*(None if entry is None else entry.values for entry in (first, second)), added=added)
    stage, least, allowed, noise, note = _limits(both, key, entries, drift)
    if allowed is not None and noise < FLIPPED and gap.exceeds(allowed) and both.repeat:
        beside = _beside(gap, allowed, first, second, added)
        note, gap = note if beside is gap else f"{note}; beside a kink", beside
    row = Row.of(gap, stage, both.a.origin.dtype, key[1], key[2], allowed, note, both.names)
    unsteady = least is not None and noise >= FLIPPED and gap.exceeds(least) and not row.failed
    own = 0.0 if both.repeat else max((entry.noise for entry in entries), default=0.0)
    weighed = rounding.Judged(gap, gap.error, noise, unsteady=unsteady, own=own)
    row = weighed.said_of(row, whole=key[1] == WHOLE and key[2].startswith("output"))
    return Judged(_of_trajectory(row, gap) if stage == FREE else row, gap)


def _of_trajectory(row: Row, gap: Difference) -> Row:
    """The row of a later step; its floor so far is 100 times how far a side is there from itself."""
    around, unit = (row.noise or 0.0) / NOISE_FACTOR, UNITS[row.dtype]
    nature = row.nature if row.failed else of_trajectory(gap, row.allowed, around, unit)
    return replace(row, nature=nature, noise=max(around, unit))


def _limits(
    both: Both, key: Key, entries: Sequence[Entry], drift: float
) -> tuple[str, float | None, float | None, float, str]:
    """(stage, the table's limit, what judges, the floor that it is a multiple of, both in words)"""
    dtype, section = both.a.origin.dtype, key[0]
    noise = max(min(entry.noise for entry in entries), float(np.finfo(dtype).eps))
    if section == START:
        return END_TO_END, TOLERANCE["node", dtype], TOLERANCE["node", dtype], 0.0, section
    if section.startswith(STEP) and section != f"{STEP}1":
        limit = TOLERANCE.get((FREE, dtype))
        envelope = max(entry.noise for entry in entries)
        note = f"{section}, moved by one unit it is {envelope:.1e} from itself"
        around = envelope + drift + both.drift.get(section, 0.0)
        return FREE, limit, None if limit is None else max(limit, NOISE_FACTOR * around), NOISE_FACTOR * around, note
    stage = LOCKED if section.startswith(STEP) else END_TO_END
    least = TOLERANCE["node" if stage == END_TO_END else LOCKED, dtype]
    return stage, least, max(least, allowed_by(noise)), noise, f"{section}, noise floor {noise:.1e}"


def _by_rule(both: Both, key: Key, judged: Mapping[Key, Judged]) -> Judged:
    """Passed, where each side did what the rule says with its own gradient, and the gradients are equal: an optimizer
    may make a step of any size of what a sum left over."""
    found, gradient = judged[key], judged.get((TRAINING, key[1], "gradient of the loss"))
    gaps = [from_rule(trace, key) for trace in (both.a, both.b)]
    if gradient is None or gradient.row.failed or found.gap.structural or found.row.allowed is None:
        return found
    if any(gap is None or gap.exceeds(found.row.allowed) for gap in gaps):
        return found
    worst = max((gap for gap in gaps if gap is not None), key=lambda gap: gap.error)
    note = f"{found.row.note}; each side by the rule from its own gradient"
    return Judged(replace(found.row, error=worst.error, note=note), worst, found.gap.error)


def _beside(gap: Difference, allowed: float, first: Entry | None, second: Entry | None, added: float) -> Difference:
    """The gap, or where it is gone at a point far enough from a kink, but the same for both sides, what is left.

    Each side must turn there by as much as they are apart: else it is no kink that the gap comes of.
    """
    if gap.structural or first is None or second is None or not _turned(gap, first, second, added):
        return gap
    found = [apart(a, b, added=added) for a, b in zip(first.beside, second.beside, strict=False)]
    nearest = min(found, key=lambda other: other.error, default=gap)
    return gap if nearest.exceeds(allowed) else nearest


def _turned(gap: Difference, first: Entry, second: Entry, added: float) -> bool:
    """Whether each side differs from itself, between the points beside it, by as much as from the other: at the entry
    where they differ most, or, where sketches are all that is known, altogether."""
    sides = (first, second)
    kept = [[v for v in (side.values, *side.beside) if not isinstance(v, Sketch)] for side in sides]
    if all(len(found) == 1 + len(side.beside) > 1 for found, side in zip(kept, sides, strict=True)):
        rows = [[rounding.entry_at(values, gap.index) for values in found] for found in kept]
        here = abs(rows[0][0] - rows[1][0])
        spreads = [float(np.ptp(row[1:])) for row in rows]
    else:
        forms = [v if isinstance(v, Sketch) else sketched(v) for v in (first.values, second.values)]
        here = apart(*forms, added=added).error
        beside = [[apart(a, b, added=added).error for a, b in combinations(side.beside, 2)] for side in sides]
        spreads = [max(errors, default=0.0) for errors in beside]
    return here > 0 and all(spread >= KINK_SHARE * here for spread in spreads)


def _kind(key: Key) -> str:
    """What an entry is, in a word for many."""
    section, _, what = key
    for start, word in (("output", "outputs"), ("input", "inputs"), ("dy", "gradients of outputs")):
        if what.startswith(start):
            return word
    return "weights" if section == START or section.startswith(STEP) else f"{what}s"


def _of_other_shapes(both: Both, judged: dict[Key, Judged]) -> list[NotJudged]:
    """Takes out what both show inside in shapes of their own, where all that comes of it is equal."""
    failed = [key for key, found in judged.items() if found.row.failed]
    if not all((judged[key].row.fault or "").startswith("shape ") and not both.promised(key) for key in failed):
        return []
    found = {key: judged.pop(key).row.fault for key in failed}
    why = "both have it in a shape of their own, and all that comes of it is equal"
    return [
        NotJudged(" and ".join(both.names), END_TO_END, f"{what} of {path} ({section}): {fault}", 1, why)
        for (section, path, what), fault in found.items()
    ]


def _of_one(side: str, kind: str, paths: list[str]) -> NotJudged:
    """What one side alone has."""
    several = list(dict.fromkeys(paths))
    more = f" and {len(several) - SHOWN} more" if len(several) > SHOWN else ""
    return NotJudged(
        side, END_TO_END, f"{', '.join(several[:SHOWN])}{more}", len(paths), f"only {side} has such {kind}"
    )
