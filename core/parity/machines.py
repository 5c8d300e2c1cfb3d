"""Parity reports for machines: JUnit's XML for test runners, SARIF 2.1.0 for code review."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from xml.etree import ElementTree

from isograd.core.parity.natures import Nature
from isograd.core.parity.text import Report
from isograd.core.parity.verdict import Culprit, Row, limit

UNKNOWN = "DIFFERENT"  # the rule of what differs and has no class
MEANINGS = {
    UNKNOWN: "Two engines differ by more than the limit.",
    Nature.BUG: "Two engines differ, and neither rounding nor a known convention explains it.",
    Nature.CONVENTION: "Two engines differ, and a named option makes the difference vanish.",
    Nature.NON_DETERMINISTIC: "An engine does not repeat itself.",
    Nature.CHAOTIC: "Two trainings part as fast as one parts from itself.",
    Nature.ROUNDING: "Two engines differ by rounding that exceeds the limit.",
    Nature.EXACT: "A comparison that failed although both are equal bit for bit.",
}
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PLACE = re.compile(r"(?P<uri>[\w./-]+\.py)(?::(?P<line>\d+))?")


def junit(reports: Sequence[Report]) -> str:
    """A suite for each stage and dtype, a case for each comparison; what was not judged is skipped."""
    root = ElementTree.Element("testsuites", name="isograd parity")
    failures = tests = 0
    for report in reports:
        title = report.title.splitlines()[0]
        for stage, dtype in dict.fromkeys((row.stage, row.dtype) for row in report.rows):
            rows = [row for row in report.rows if (row.stage, row.dtype) == (stage, dtype)]
            suite = _suite(root, f"{title}: {stage}, {dtype}", len(rows), sum(row.failed for row in rows))
            for row in rows:
                _case(suite, row, report.culprits)
            tests, failures = tests + len(rows), failures + sum(row.failed for row in rows)
        if report.not_judged:
            suite = _suite(root, f"{title}: not judged", len(report.not_judged), 0, len(report.not_judged))
            for entry in report.not_judged:
                case = ElementTree.SubElement(suite, "testcase", name=_xml(entry.what), classname=_xml(entry.engine))
                ElementTree.SubElement(case, "skipped", message=_xml(entry.why))
            tests += len(report.not_judged)
    root.set("tests", str(tests))
    root.set("failures", str(failures))
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ElementTree.Element, name: str, tests: int, failures: int, skipped: int = 0) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": 0, "skipped": skipped}
    told = {"name": _xml(name), **{key: str(count) for key, count in counts.items()}}
    return ElementTree.SubElement(root, "testsuite", told)


def _case(suite: ElementTree.Element, row: Row, culprits: Sequence[Culprit]) -> None:
    about = ", ".join(filter(None, [*row.sides, row.note]))
    name = f"{row.path} {row.what}" + f" ({about})" * bool(about)
    case = ElementTree.SubElement(suite, "testcase", name=_xml(name), classname=f"{row.stage}.{row.dtype}")
    if row.failed:
        why = row.fault or f"error {row.error:.1e} > {limit(row.allowed)}"
        failure = ElementTree.SubElement(case, "failure", message=_xml(why), type=_rule(row))
        failure.text = _xml("\n".join([row.text, *(_told(c) for c in culprits if _of(c) == _of(row))]))


def sarif(reports: Sequence[Report]) -> str:
    """A result for each culprit, then for each comparison that failed and has none; at its node and, if known, file."""
    results = []
    for report in reports:
        rows = {_of(row): row for row in reversed(report.rows) if row.failed}
        results += [_result(c, _told(c), rows.get(_of(c)), c.source or "") for c in report.culprits]
        named = {_of(culprit) for culprit in report.culprits}
        results += [_result(row, row.text, row) for key, row in reversed(rows.items()) if key not in named]
    used = dict.fromkeys(result["ruleId"] for result in results)
    rules = [{"id": name, "shortDescription": {"text": MEANINGS[name]}} for name in used]
    driver = {"name": "isograd", "version": installed_version(), "rules": rules}
    record = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(record, indent=1, allow_nan=False)


def _result(found: Row | Culprit, text: str, row: Row | None, source: str = "") -> dict[str, Any]:
    where: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": found.path, "name": found.what}]}
    place = PLACE.search(source)
    if place is not None:
        where["physicalLocation"] = {"artifactLocation": {"uri": place["uri"]}}
        where["physicalLocation"]["region"] = {"startLine": int(place["line"] or 1)}
    return {"ruleId": _rule(row), "level": "error", "message": {"text": text}, "locations": [where]}


def installed_version() -> str:
    """isograd's; "" where it is not installed."""
    try:
        return version("isograd")
    except PackageNotFoundError:
        return ""


def _told(culprit: Culprit) -> str:
    return "\n".join(filter(None, [culprit.text, culprit.explanation]))


def _rule(row: Row | None) -> str:
    return UNKNOWN if row is None or row.nature is None else str(row.nature)


def _of(found: Row | Culprit) -> tuple[str, str, str, str]:
    return found.stage, found.dtype, found.path, found.what


def _xml(text: str) -> str:
    """Without what XML cannot hold."""
    return NO_XML.sub("�", text)
