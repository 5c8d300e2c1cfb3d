"""What a comparison comes to, as data: a row for each array, a culprit for what differs first, and their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.types import FLOATS, Shape
from isograd.core.graph.composite import Composite
from isograd.core.parity.looks import Course, Look
from isograd.core.parity.matching import Difference
from isograd.core.parity.natures import Nature, comes_and_goes, nature_of

Claim = float | str
"""A number, or of structure a dtype and shape in words."""

LONG, FEW_NODES = 100, 3

UNITS = {name: float(np.finfo(kind).eps) for name, kind in FLOATS.items()}
"""One unit in the last place of each dtype."""


@dataclass(frozen=True)
class Row:
    """One comparison. `allowed` is None where the error is reported, not judged.

    `unsteady`: whether nobody can say, since one unit in the last place moves it by a large part of itself.
    `nature`: its class; None where nobody can say, or the engine lacks it. `noise`: the noise floor, as `error` is
    measured: one unit in the last place, and more where more was measured. `rtol`, `atol`: what numpy.allclose would
    need, the other being 0; ∞ where no rtol is enough.
    `look`, `course`: what is kept of the arrays for a page; `step`: of a locked step, its number.
    """

    stage: str
    dtype: str
    path: str  # node path, case or weight
    what: str  # "output", "dx", "dweight", "loss", …
    error: float
    allowed: float | None = None
    fault: str | None = None
    note: str = ""
    sides: tuple[str, ...] = ()  # which engines were compared
    apart: float | None = None  # max|a−b|, where `error` says how far each is from what it should be
    unsteady: bool = False
    nature: Nature | None = None
    noise: float | None = None
    rtol: float | None = None
    atol: float | None = None
    step: int | None = None
    look: Look | None = None
    course: Course | None = None

    @classmethod
    def of(
        cls,
        gap: Difference,
        stage: str,
        dtype: str,
        path: str,
        what: str,
        allowed: float | None = None,
        note: str = "",
        sides: tuple[str, ...] = (),
        step: int | None = None,
    ) -> Row:
        """The row of a difference, its class as the limit judges it."""
        return cls(
            stage,
            dtype,
            path,
            what,
            gap.error,
            allowed,
            gap.fault,
            note,
            sides,
            nature=nature_of(gap, allowed),
            noise=UNITS.get(dtype),
            rtol=gap.rtol,
            atol=gap.atol,
            step=step,
        )

    @property
    def floors(self) -> float | None:
        """The error as a multiple of the noise floor; None where no floor was measured."""
        return self.error / self.noise if self.noise else None

    def from_itself(self, own: Callable[[], float]) -> Row:
        """The row; one that failed though a side differs as much from itself when it is run again comes and goes."""
        if self.nature is not Nature.BUG or not comes_and_goes(self.error, own()):
            return self
        return replace(self, nature=Nature.NON_DETERMINISTIC)

    @property
    def failed(self) -> bool:
        return self.fault is not None or (self.allowed is not None and not self.error <= self.allowed)

    @property
    def text(self) -> str:
        """One line for a row that failed."""
        why = self.fault or f"error {self.error:.1e} > {limit(self.allowed)}"
        told = f"{why} ({self.note})" if self.note else why
        return ": ".join(filter(None, [f"✗ {self.stage}, {self.dtype}: {self.path} {self.what}: {told}", self.classed]))

    @property
    def classed(self) -> str:
        """The class, and how much it is: "BUG, 4.5e+15 noise floors; allclose needs rtol 1.0e+00 or atol 2.3e-01"."""
        if self.nature is None:
            return ""
        measured = self.floors is not None and isfinite(self.floors)
        floors = f", {self.floors:.1e} noise floors" if measured else ""
        return f"{self.nature}{floors}{'' if self.atol is None else f'; {self.needed}'}"

    @property
    def needed(self) -> str:
        """What numpy.allclose would need, one of both being 0."""
        alone = "" if self.rtol is None or not isfinite(self.rtol) else f"rtol {self.rtol:.1e} or "
        return "" if self.atol is None else f"allclose needs {alone}atol {self.atol:.1e}"


@dataclass(frozen=True)
class Verdict:
    """What a witness says: `quantity` as each engine has it and as it should be, and the engine that is wrong.

    `guilty` is None where no witness could tell.
    """

    witness: str | None = None  # "formula", "formula's derivative", "finite difference", "described", "not needed"
    quantity: str = ""
    claims: Mapping[str, Claim] = field(default_factory=dict)
    truth: Claim | None = None
    guilty: str | None = None


@dataclass(frozen=True)
class Culprit:
    """What differs, how much and by which limit, what each engine has there, and who is wrong by which witness.

    `inherited` names what it follows from; None where it is an error of its own. `witness` is None where none was
    asked: of several culprits of one stage only the first is judged. `source` is the guilty side's line.
    """

    stage: str
    dtype: str
    path: str
    layer: str
    what: str
    error: float
    allowed: float | None
    fault: str | None = None
    index: tuple[int, ...] = ()
    mode: str = ""
    values: Mapping[str, Claim] = field(default_factory=dict)  # the entry at `index`, by engine
    witness: str | None = None
    quantity: str = ""  # what the witness was asked about
    claims: Mapping[str, Claim] = field(default_factory=dict)
    truth: Claim | None = None
    guilty: str | None = None
    source: str | None = None
    inherited: str | None = None
    because: str = ""  # what differs between the sides by their own account: then nobody is the odd one out
    explanation: str = ""  # "decoder.gru weight_hh: 3e-2 -> 2e-16 if reset='before'"

    @property
    def judged(self) -> bool:
        """Whether a witness was asked."""
        return self.witness is not None

    @property
    def text(self) -> str:
        """Lines: what differs; what each side and the witness have; who is wrong, and where; the explanation."""
        explained = f"  {self.explanation}" if self.explanation else ""
        return "\n".join(filter(None, [self.head, self.evidence, self.tail, explained]))

    @property
    def head(self) -> str:
        subjects = {
            "node": f"{self.what} of {self.layer}, node {self.path!r}, differs first",
            "gradients": f"{self.what} of {self.layer}, {self.path}, is wrong first",
            "loss": f"the {'value' if self.what == 'loss' else 'gradient'} of {self.layer}, {self.path}, differs first",
            "clipping": f"{self.what} of {self.path}, {self.layer}, differs first",
            "schedule": f"the rate of {self.layer} differs first",
            "locked step": f"{self.path} differs first after a step of {self.layer}",
        }
        subject = subjects.get(self.stage, f"{self.what} of {self.layer}, {self.path}, differs first")
        where = f", worst at {list(self.index)}" if self.index else ""
        why = self.fault or f"rel {self.error:.1e} > {limit(self.allowed)}"
        title = "GradientError" if self.stage == "gradients" else "ParityError"
        return f"{title}: {subject}{where}: {why} ({', '.join(filter(None, [self.dtype, self.mode]))})"

    @property
    def evidence(self) -> str:
        told = [f"{name} {_told(value)}" for name, value in self.claims.items()]
        truth = [] if self.truth is None else [f"{self.witness} {_told(self.truth)}"]
        return f"  {'    '.join([self.quantity, *told, *truth])}" if self.quantity else ""

    @property
    def tail(self) -> str:
        if self.because:
            return f"  {self.because}"
        if self.inherited is not None:
            return f"  inherited from {self.inherited}"
        if self.witness is None:
            return "  not judged: what stands first was"
        if self.guilty is None:
            return "  no witness could say which side is wrong"
        if self.stage == "gradients":
            return f"  look at {self.source}"
        return f"  the odd one out is {self.guilty}: look at {self.source}"


def _told(value: Claim) -> str:
    return value if isinstance(value, str) else f"{value:.9g}"


def limit(value: float | None) -> str:
    """A tolerance in a few digits.

    >>> limit(1e-12), limit(2.34e-7), limit(None)
    ('1e-12', '2.3e-07', 'reported')
    """
    return "reported" if value is None else f"{value:.1e}".replace(".0e", "e")


def short(layer: Description, *shapes: Shape) -> str:
    """A description in about a line: of a large model its kind, the number of its nodes and the first of them.

    `shapes` are those of its inputs, for a model inside a model, which does not know them itself.
    """
    whole = repr(layer)
    if len(whole) <= LONG:
        return whole
    if not isinstance(layer, Composite):
        return f"{whole[: LONG - 1]}…"
    nodes = layer.graph(*(shapes or layer.input_shapes)).nodes
    first = ", ".join(short(node.layer, *node.in_shapes) for node in nodes[:FEW_NODES])
    more = "…" if len(first) > LONG else ", …" if len(nodes) > FEW_NODES else ""
    return f"{type(layer).__name__} of {len(nodes)} nodes ({first[:LONG]}{more})"
