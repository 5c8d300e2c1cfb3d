"""What a drawn check comes to: equal, different, or nothing that could be compared."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from isograd.core.base.errors import BackendError, IsogradError, NonFiniteError, SpecError
from isograd.core.base.raised import told_with_line
from isograd.core.base.types import Array
from isograd.core.engine.protocol import Backend
from isograd.core.engine.registry import build
from isograd.core.learning.optimizers import SGD
from isograd.core.parity.asked import asked_about
from isograd.core.parity.natures import NOT_IMPLEMENTED
from isograd.core.parity.pair import Pair
from isograd.core.parity.report import ParityReport
from isograd.core.parity.stages.feeds import activations
from isograd.core.parity.verdict import Row
from isograd.fuzzing.drawn import Drawn


class Kind(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    RAISED = "raised"
    UNDEFINED = "undefined"  # both engines have the same NaN or infinities: nothing equals them
    UNSTEADY = "unsteady"  # one unit in the last place of what is given moves an output by a large part of itself
    REFUSED = "refused"  # all engines say by an error of ours that they do not take it, or one that it lacks it


@dataclass(frozen=True)
class Outcome:
    """What became of a check, the stage that failed first, and the report or what was raised."""

    kind: Kind
    stage: str = ""
    told: str = ""
    report: ParityReport | None = None

    @property
    def failed(self) -> bool:
        return self.kind in (Kind.FAILED, Kind.RAISED)

    def like(self, other: Outcome) -> bool:
        """Whether both fail in the same way."""
        return (self.kind, self.stage) == (other.kind, other.stage)


def outcome(drawn: Drawn, backends: Sequence[str | Backend] = ("numpy", "torch")) -> Outcome:
    """Check it; whatever is raised is an outcome as well."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            report = drawn.check(backends)
        except (SpecError, BackendError) as error:
            return Outcome(Kind.REFUSED, told=str(error))
        except Exception as error:
            return Outcome(Kind.RAISED, stage=type(error).__name__, told=told_with_line(error))
        if report.passed:
            return Outcome(Kind.PASSED, report=report)
        failures = [row for row in report.rows if row.failed]
        first = failures[0] if failures else None
        stage = "" if first is None else f"{first.stage}, {_fault(first)}"
        told = "nothing was compared" if first is None else first.text
        if all(row.unsteady for row in failures) and failures:
            return Outcome(Kind.UNSTEADY, stage, told, report)
        if failures and (all(row.fault == NOT_IMPLEMENTED for row in failures) or refused(drawn, backends)):
            return Outcome(Kind.REFUSED, stage, told, report)
        if undefined(drawn, backends):
            return Outcome(Kind.UNDEFINED, stage, told, report)
        return Outcome(Kind.FAILED, stage, told, report)


def _fault(row: Row) -> str:
    """The kind of a failure, without its sizes."""
    return "" if row.fault is None else row.fault.split(" ")[0]


def refused(drawn: Drawn, backends: Sequence[str | Backend]) -> bool:
    """Whether every engine raises an error of ours: an index that is out of range, an optimizer of matrices alone."""
    asked, inputs = drawn.asked, drawn.inputs
    taught, losses = drawn.taught, asked.get("loss")
    errors = 0
    for engine in backends:
        try:
            net = build(drawn.model, asked["weights"], backend=engine, seed=drawn.seed, dtype="float64")
            net.forward(*inputs, training=True)
            net.forward(*inputs)
            if taught is not None and losses is not None:
                learner = net.learner(tuple(losses), taught.optimizer or SGD(), taught.clip)
                for _ in range(taught.steps):
                    learner.step(inputs, (asked["y"],), taught.optimizer.lr if taught.optimizer else 0.0)
        except NonFiniteError:
            return False
        except IsogradError:
            errors += 1
        except Exception:  # of its own: a finding
            return False
    return errors == len(backends)


def undefined(drawn: Drawn, backends: Sequence[str | Backend]) -> bool:
    """Whether both engines compute what is not finite, at the same places: in a node, or in a gradient.

    What follows from it (∞ − ∞, 0 · ∞) is of no value anywhere.
    """
    try:
        pair = Pair.named(*backends[:2])
        return any(_undefined(drawn, pair, dtype) for dtype in drawn.dtypes)
    except Exception:  # an engine that raises: what it raised is the finding
        return False


def _undefined(drawn: Drawn, pair: Pair, dtype: str) -> bool:
    asked = drawn.asked
    whole = asked_about(
        "fuzz", drawn.model, drawn.inputs, asked.get("y"), asked.get("loss"), asked["weights"], drawn.seed
    )
    for training in (True, False):
        options: dict[str, Any] = {"seed": drawn.seed, "step": 0, "dtype": dtype, "training": training}
        seen = [activations(engine, drawn.model, whole.state, whole.inputs, **options) for engine in pair.backends]
        values = [{(path, str(k)): y for path, ys in side.items() for k, y in enumerate(ys)} for side in seen]
        if _same_holes(*values):
            return True
    sides = (pair.build_side(k, drawn.model, whole.state, whole.seed, dtype) for k in (0, 1))
    return _same_holes(*(whole.measured(net, whole.inputs) for net in sides))


def _same_holes(a: Mapping[Any, Array], b: Mapping[Any, Array]) -> bool:
    """Whether something is not finite, and the first that is not has the same holes on both sides."""
    for key, left in a.items():
        right = b.get(key)
        if left.dtype.kind != "f" or np.isfinite(left).all():
            continue
        return right is not None and np.array_equal(np.isfinite(left), np.isfinite(right))
    return False
