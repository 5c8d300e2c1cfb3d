"""What `check_operation` found, as data: criteria, each with its points and its findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import floor
from xml.etree import ElementTree

from isograd.core.base.errors import shortened

FORWARD, GRADIENTS, MANNERS = "forward", "gradients", "manners"
POINTS = {FORWARD: 4.0, GRADIENTS: 4.0, MANNERS: 2.0}
"""What the criteria of each kind are worth together; they share it, and all together are worth TEN."""

TEN = sum(POINTS.values())


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the diagnosis' name, its words, and an entry that shows it."""

    diagnosis: str
    text: str
    example: str = ""


@dataclass(frozen=True)
class Criterion:
    """One thing that is judged: a quantity (y, dx, dW, …), or how the operation behaves; in so many runs right.

    No runs: nobody could judge it, as something before it raised.
    """

    name: str
    kind: str
    right: int
    runs: int
    findings: tuple[Finding, ...] = ()
    points: float = 0.0

    @property
    def passed(self) -> bool:
        return self.right == self.runs > 0

    @property
    def verdict(self) -> str:
        """In a word of five letters."""
        return "right" if self.passed else "WRONG" if self.runs else "  –  "

    @property
    def earned(self) -> float:
        """Of its points the share of its runs that were right, in tenths."""
        return floor(10 * self.points * self.right / self.runs + 1e-9) / 10 if self.runs else 0.0


def with_points(criteria: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """The criteria with their shares of ten points."""
    given = tuple(criteria)
    kinds = {c.kind for c in given}
    whole = sum(POINTS[kind] for kind in kinds)
    share = {kind: TEN * POINTS[kind] / whole / sum(c.kind == kind for c in given) for kind in kinds}
    return tuple(replace(c, points=round(share[c.kind], 4)) for c in given)


@dataclass(frozen=True)
class OperationReport:
    """Somebody's operation held against the description that it claims to be.

    `passed`: every criterion is. `notes`: what is otherwise than in isograd, and no fault.
    """

    name: str
    like: str
    criteria: tuple[Criterion, ...]
    notes: Sequence[str] = field(default=())

    @property
    def passed(self) -> bool:
        return all(criterion.passed for criterion in self.criteria)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for criterion in self.criteria for finding in criterion.findings)

    @property
    def earned(self) -> float:
        """Of TEN points, in tenths: all of them for what passed."""
        return TEN if self.passed else round(sum(criterion.earned for criterion in self.criteria), 1)

    def __str__(self) -> str:
        width = max(len(c.name) for c in self.criteria)
        lines = [f"{self.name} as {self.like}"]
        said: dict[str, str] = {}
        for c in self.criteria:
            head = f"  {c.verdict}  {c.name.ljust(width)}  "
            told = [f.text if f.text not in said else f"as {said[f.text]}" for f in c.findings]
            told = told or [f"in {c.runs} run{'s' * (c.runs != 1)}" if c.runs else "not judged"]
            lines += [f"{head if not k else ' ' * len(head)}{text}" for k, text in enumerate(told)]
            lines += [f"{' ' * len(head)}  {f.example}" for f in c.findings if f.example]
            for f in c.findings:
                said.setdefault(f.text, c.name)
        lines += [f"  note   {note}" for note in self.notes]
        wrong = sum(bool(c.findings) for c in self.criteria)
        return "\n".join([*lines, "PASSED" if self.passed else f"FAILED: {wrong} of {len(self.criteria)} are wrong"])

    def graded(self) -> str:
        """The points by criterion, as a table."""
        width = max(len(c.name) for c in self.criteria)
        lines = [
            f"  {c.earned if not c.passed else c.points:>5.1f} of {c.points:.1f}  {c.name.ljust(width)}"
            + "".join(f"  {finding.text}" for finding in c.findings[:1])
            for c in self.criteria
        ]
        total = f"  {self.earned:>5.1f} of {TEN:.1f}"
        return "\n".join([f"{self.name} as {self.like}", *(line.rstrip() for line in lines), total])

    def to_dict(self) -> dict[str, object]:
        """Everything that was found, in JSON's types."""
        criteria = [
            asdict(c) | {"passed": c.passed, "earned": c.points if c.passed else c.earned} for c in self.criteria
        ]
        return {
            "name": self.name,
            "like": self.like,
            "passed": self.passed,
            "earned": self.earned,
            "points": TEN,
            "criteria": criteria,
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        return json.dumps({"isograd": 1, **self.to_dict()}, indent=1, ensure_ascii=False)

    def to_junit(self) -> str:
        """JUnit's XML: a test suite, a criterion a test case."""
        return junit([("", [self])])


def junit(files: Iterable[tuple[str, Sequence[OperationReport]]]) -> str:
    """JUnit's XML of the reports of several files, a suite each."""
    root = ElementTree.Element("testsuites")
    for file, reports in files:
        for report in reports:
            wrong = str(sum(not c.passed for c in report.criteria))
            name = f"{file}: {report.name} as {report.like}" if file else f"{report.name} as {report.like}"
            suite = ElementTree.SubElement(
                root, "testsuite", name=name, tests=str(len(report.criteria)), failures=wrong
            )
            for c in report.criteria:
                case = ElementTree.SubElement(suite, "testcase", classname=report.name, name=c.name)
                points = ElementTree.SubElement(case, "properties")
                for word, value in (("points", c.points), ("earned", c.points if c.passed else c.earned)):
                    ElementTree.SubElement(points, "property", name=word, value=f"{value:g}")
                if not c.passed:
                    told = [line for f in c.findings for line in (f.text, f.example) if line]
                    first = shortened(told[0], 200) if told else "wrong"
                    ElementTree.SubElement(case, "failure", message=first).text = "\n".join(told)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
