"""The exercises: a skeleton fails in clear words, its solution passes, and each hidden fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from checking.planted_exercises import FAULTS, Fault
from isograd.checking.files import check_file

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = sorted(path.stem for path in (ROOT / "examples/exercises").glob("[a-z]*.py"))
SOLUTIONS = Path(__file__).parent / "solutions"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_skeleton_is_told_that_it_is_not_written_yet(name: str) -> None:
    (report,) = check_file(ROOT / "examples/exercises" / f"{name}.py").reports
    assert not report.passed
    assert report.earned == 0
    assert {finding.diagnosis for finding in report.findings} == {"raised"}
    assert all("is not written yet: NotImplementedError: " in finding.text for finding in report.findings)
    assert all(f"exercises/{name}.py:" in finding.text for finding in report.findings)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_solution_passes_and_claims_what_its_exercise_asks(name: str) -> None:
    (report,) = check_file(SOLUTIONS / f"{name}.py").reports
    assert report.passed, report
    (asked,) = check_file(ROOT / "examples/exercises" / f"{name}.py").reports
    assert (report.name, report.like) == (asked.name, asked.like)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.exercise}: {fault.told[:40]}")
def test_a_hidden_fault_is_told_in_words(fault: Fault, tmp_path: Path) -> None:
    text = (SOLUTIONS / f"{fault.exercise}.py").read_text()
    assert fault.right in text
    path = tmp_path / f"{fault.exercise}.py"
    path.write_text(text.replace(fault.right, fault.wrong))
    (report,) = check_file(path).reports
    assert not report.passed
    assert any(fault.told in finding.text for finding in report.findings), report
    assert report.earned < 10
