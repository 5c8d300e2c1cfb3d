"""The report of a comparison: its rows in the order of the stages, its culprits with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from isograd.backends.torch_impl.porting.alignment import within
from isograd.backends.torch_impl.porting.comparing import TRAINING, Comparison, Judgement
from isograd.backends.torch_impl.porting.locating import Explainer, Own, own_faults
from isograd.backends.torch_impl.porting.report import PortReport
from isograd.backends.torch_impl.porting.side import WHOLE
from isograd.backends.torch_impl.porting.stepping import Steps, locked_steps
from isograd.core.parity.matching import NAN, entries, structure
from isograd.core.parity.report import NotJudged
from isograd.core.parity.stages.rounding import ADVICE
from isograd.core.parity.verdict import Culprit, Row

STAGE, STEP = "end to end", "locked step"


def written(comparison: Comparison, training: Steps | None) -> PortReport:
    """Both modes end to end, then steps; culprits where the whole differs."""
    kinds = [type(side.half.module).__name__ for side in comparison.sides]
    count = sum(values.size for values in comparison.state.values())
    facts = f"{count:,} weights of theirs, {comparison.dtype}, seed {comparison.seed}"
    title = "\n".join([f"{kinds[1]}, mine, against {kinds[0]}, theirs", facts, *comparison.alignment.lines])
    report = PortReport(title, comparison.names, alignment=comparison.alignment)
    report.not_judged += _more_outputs(comparison)
    if report.not_judged:
        report.unmatched = ", ".join(f"{name} returns {n} tensors" for name, n in comparison.outputs.items())
    report.not_judged += _other_places(comparison)
    explained: set[tuple[str, str]] = set()
    for mode in (False, True):
        judgements = comparison.whole(training=mode, beside=not report.culprits)
        failed = any((each.failed or each.unsteady) and not each.inner for each in judgements)
        faults = own_faults(comparison, judgements, training=mode) if failed else []
        rows: list[tuple[Row, Judgement]] = []
        for each in judgements:
            if _reshaped(each, faults):
                report.not_judged.append(_of_another_shape(comparison, each, mode))
            else:
                rows.append((_row(comparison, each, mode, faults, failed=failed), each))
        report.add(row for row, _ in rows)
        for own in faults:
            row, culprit = Explainer(comparison).culprit(own)
            if (culprit.path, culprit.because) not in explained:
                explained.add((culprit.path, culprit.because))
                report.add([row], culprit)
        report.culprits += [_doubt(comparison, *pair, mode) for pair in rows if pair[0].unsteady and pair[0].failed][:1]
    if training is not None:
        _add_steps(report, comparison, training)
    return report


def _more_outputs(comparison: Comparison) -> list[NotJudged]:
    """Outputs that only one side has."""
    counts = comparison.outputs
    few = min(counts.values())
    why = f"returns {{}} tensors, the other {few}: only the first {few} are compared"
    return [
        NotJudged(name, STAGE, f"the outputs of {name}", n - few, f"{name} {why.format(n)}")
        for name, n in counts.items()
        if n > few
    ]


def _other_places(comparison: Comparison) -> list[NotJudged]:
    """Masks that no order of axes brings together."""
    return [
        NotJudged(
            " and ".join(comparison.names),
            STAGE,
            f"the mask of {name}",
            1,
            f"it falls on other places: theirs drops of {theirs}, mine of the same numbers in {mine}, no order of axes "
            "says which is which; at equal rates, compared with nothing dropped there",
        )
        for name, (theirs, mine) in comparison.unplaced.items()
    ]


def _row(comparison: Comparison, each: Judgement, training: bool, faults: Sequence[Own], *, failed: bool) -> Row:
    """What differs inside is a failure where it comes out, and else no more than reported."""
    gap, allowed = each.judged.gap, each.judged.allowed
    note = f"{TRAINING[training]}; {each.judged.note}"
    if each.failed and faults:
        note += f"; inherited from {faults[0].label}" if _inherited(comparison, each, faults) else "; own"
    if each.inner and each.failed and not failed:
        told = f"{note}; comes to nothing"
        row = Row.of(gap, STAGE, comparison.dtype, *each.key, None, told, comparison.names)
        return replace(row, fault=None, nature=None)
    row = Row.of(gap, STAGE, comparison.dtype, *each.key, allowed, note, comparison.names)
    return each.judged.said_of(row, whole=each.key[0] == WHOLE and each.key[1].startswith("output"))


def _doubt(comparison: Comparison, row: Row, each: Judgement, training: bool) -> Culprit:
    """An output of the whole of which nobody can say whether it differs."""
    index = each.judged.gap.index
    return Culprit(
        stage=STAGE,
        dtype=row.dtype,
        path=row.path,
        layer=type(comparison.mine.half.module).__name__,
        what=row.what,
        error=row.error,
        allowed=None,
        fault=row.fault,
        index=index,
        mode=TRAINING[training],
        values=entries(each.values, index),
        because=ADVICE,
    )


def _inherited(comparison: Comparison, each: Judgement, faults: Sequence[Own]) -> bool:
    """Whether the first fault explains it, and no fault of its own: what a later faulty part holds was given that."""
    path = each.key[0]
    parts = {match.mine for match in comparison.alignment.modules}
    holders = [fault for fault in faults if not fault.label or within(path, fault.label)]
    return not any(fault is faults[0] or fault.label == path or path not in parts for fault in holders)


def _reshaped(each: Judgement, faults: Sequence[Own]) -> bool:
    """Whether it is an output inside that both sides make in shapes of their own, which is no fault by itself."""
    shapes = {values.shape for values in each.values.values() if values is not None}
    return each.inner and each.failed and len(shapes) > 1 and all(fault.label != each.key[0] for fault in faults)


def _of_another_shape(comparison: Comparison, each: Judgement, training: bool) -> NotJudged:
    told = ", ".join(f"{name} {values.shape}" for name, values in each.values.items() if values is not None)
    what = f"{' '.join(each.key)} in {TRAINING[training]}"
    return NotJudged(" and ".join(comparison.names), STAGE, what, 1, f"{told}: what is made of it is compared")


def _add_steps(report: PortReport, comparison: Comparison, training: Steps) -> None:
    """Rows of every step; the first weight that differs, where nothing before did."""
    blamed = report.culprit
    for judgements in locked_steps(comparison, training):
        rows: list[Row] = []
        for each in judgements:
            gap, judged = each.judged.gap, each.judged
            row = Row.of(gap, STEP, comparison.dtype, *each.key, judged.allowed, judged.note, comparison.names)
            rows.append(judged.said_of(row))
            if blamed is None and rows[-1].failed:
                blamed = _of_step(comparison, training, row, each)
                report.culprits.append(blamed)
        report.add(rows)


def _of_step(comparison: Comparison, training: Steps, row: Row, each: Judgement) -> Culprit:
    """What a step makes differ though outputs and gradients agree."""
    gap = each.judged.gap
    structural = gap.fault not in (None, NAN)
    claims = structure(each.values) if structural else entries(each.values, gap.index)
    return Culprit(
        stage=STEP,
        dtype=row.dtype,
        path=row.path,
        layer=repr(training.optimizer),
        what=row.what,
        error=row.error,
        allowed=row.allowed,
        fault=row.fault,
        index=gap.index,
        values=claims,
        witness="theirs",
        quantity=row.what if structural else f"{row.path}{list(gap.index)}",
        claims=claims,
    )
