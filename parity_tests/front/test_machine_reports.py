"""Reports for machines: JUnit's XML and SARIF say of every comparison what the report says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import typed

from isograd.core.parity.machines import junit, sarif
from isograd.core.parity.natures import Nature
from isograd.core.parity.report import NotJudged, ParityReport
from isograd.core.parity.verdict import Culprit, Row

LEVELS = {"none", "note", "warning", "error"}


def made() -> ParityReport:
    """Three comparisons, two of them failures: one with a culprit and its source, one without."""
    report = ParityReport("parity of <Linear> & more\nof it", ("a", "b"))
    wrong = Row("node", "float64", "0", "dx", 2.0, 1e-12, note="training", sides=("a", "b"), nature=Nature.BUG)
    behind = Row("end to end", "float64", "0.weight", "gradient", 1.0, 1e-9, note="inherited from 0", sides=("a", "b"))
    source = "`linear` in backends/numpy_impl/operations/linear.py"
    culprit = Culprit(
        "node",
        "float64",
        "0",
        "Linear(3)",
        "dx",
        2.0,
        1e-12,
        witness="formula",
        guilty="a",
        source=source,
        quantity="slope \x00 of x",
        explanation="0 dx: 2 -> 1e-16 if transposed",
    )
    report.add([Row("node", "float64", "0", "output", 0.0, 1e-12, sides=("a", "b")), wrong, behind], culprit)
    report.not_judged.append(NotJudged("b", "loss", "MSELoss", 2, "it cannot be asked"))
    return report


def test_junit_counts_and_tells_every_comparison() -> None:
    root = ElementTree.fromstring(junit([made(), made()]))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "8", "4")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites][:3] == [
        "parity of <Linear> & more: node, float64",
        "parity of <Linear> & more: end to end, float64",
        "parity of <Linear> & more: not judged",
    ]
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == sum(case.find("failure") is not None for case in cases)
        assert int(suite.get("skipped", "")) == sum(case.find("skipped") is not None for case in cases)
        assert all(case.get("name") and case.get("classname") for case in cases)
    failure = suites[0].findall("testcase/failure")[0]
    assert (failure.get("type"), failure.get("message")) == ("BUG", "error 2.0e+00 > 1e-12")
    assert "the odd one out is a" in str(failure.text)
    assert "0 dx: 2 -> 1e-16 if transposed" in str(failure.text)
    assert made().to_junit() == junit([made()])


def test_sarif_has_the_fields_that_its_standard_requires() -> None:
    record = json.loads(sarif([made()]))
    assert record["version"] == "2.1.0"
    (run,) = record["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "isograd"
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert len(rules) == len(driver["rules"])
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in LEVELS
        assert result["message"]["text"]
        assert all(place["fullyQualifiedName"] for place in result["locations"][0]["logicalLocations"])
    assert [result["ruleId"] for result in run["results"]] == ["BUG", "DIFFERENT"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "backends/numpy_impl/operations/linear.py"
    assert place["region"]["startLine"] >= 1
    assert made().to_sarif() == sarif([made()])


def test_a_report_that_passed_has_no_result() -> None:
    report = ParityReport("right", ("a", "b"), [Row("node", "float64", "0", "output", 0.0, 1e-12)])
    assert json.loads(report.to_sarif())["runs"][0]["results"] == []
    assert ElementTree.fromstring(report.to_junit()).get("failures") == "0"


@pytest.mark.parametrize("command", [["parity", "house_prices", "--recipe", "linear"]], ids=["parity"])
def test_the_command_writes_what_it_is_asked_for(tmp_path: Path, command: list[str]) -> None:
    files: dict[str, Any] = {"html": "a.html", "json": "a.json", "junit": "a.xml", "sarif": "a.sarif"}
    asked = [word for option, name in files.items() for word in (f"--{option}", name)]
    run = typed(*command, "--backends", "numpy,numpy_reference", *asked, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["passed"] is True
    assert {vertex["kind"] for vertex in record["graph"]} >= {"Input", "Linear"}
    tests = ElementTree.fromstring((tmp_path / "a.xml").read_text()).get("tests")
    assert tests == str(len(record["rows"]) + len(record["not_judged"]))
    assert json.loads((tmp_path / "a.sarif").read_text())["runs"][0]["results"] == []
    assert "The graph, node by node" in (tmp_path / "a.html").read_text()
