"""`isograd check`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_line import typed

ROOT = Path(__file__).resolve().parents[2]
FAULTY = {
    "gru_without_time": "dx: the gradient to earlier steps is exactly 0: the recurrent path is cut",
    "convolution_mixing_batch": "dW is right for batch 1, wrong for batch 4: samples and positions are mixed up",
    "relu_always_true": "dx: the mask is always true: negative inputs pass",
}
RELU = str(ROOT / "parity_tests/checking/solutions/relu.py")
DENSE = str(ROOT / "parity_tests/checking/solutions/dense.py")
MIXING = str(ROOT / "examples/faulty/convolution_mixing_batch.py")


def test_every_faulty_example_is_told_in_words(tmp_path: Path) -> None:
    assert {path.stem for path in (ROOT / "examples/faulty").glob("[a-z]*.py")} == {*FAULTY}
    for name, told in FAULTY.items():
        run = typed("check", str(ROOT / "examples/faulty" / f"{name}.py"), cwd=tmp_path)
        assert told in run.stdout, run.stdout
        assert run.returncode == 1


def test_what_is_right_exits_with_0(tmp_path: Path) -> None:
    run = typed("check", RELU, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("ReLU as ReLU()\n  right  y  ")
    assert run.stdout.endswith("PASSED\n\n")


def test_points_by_criterion(tmp_path: Path) -> None:
    run = typed("check", "--grade", MIXING, cwd=tmp_path)
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert lines[0] == "Convolution as Conv2d(3, 3)"
    assert lines[1] == "4.0 of 4.0 y"
    assert lines[3].endswith("of 1.3 dW dW is right for batch 1, wrong for batch 4: samples and positions are mixed up")
    assert "0.4 of 0.4 read-only arrays" in lines
    assert lines[-2].endswith("of 10.0")
    assert run.returncode == 1


def test_a_class_is_judged_in_a_line_a_file_whatever_one_of_them_is(tmp_path: Path) -> None:
    (tmp_path / "unwritten.py").write_text("checks = {}\n")
    (tmp_path / "misspelt.py").write_text("def forward(:\n")
    (tmp_path / "stopping.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "raising.py").write_text("raise RuntimeError('not today')\n")
    (tmp_path / "odd.py").write_text("import isograd as ig\nchecks = {'nothing': ig.ReLU()}\n")
    names = ["unwritten.py", "misspelt.py", "stopping.py", "raising.py", "odd.py", MIXING, RELU]
    run = typed("check", "--grade", *names, "--json", "all.json", "--junit", "all.xml", cwd=tmp_path)
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert len(lines) == len(names)
    assert all(" 0.0 of 10.0" in line for line in lines[:5]), run.stdout
    assert lines[5].endswith("Convolution: dW")
    assert lines[6].endswith("10.0 of 10.0")
    read = json.loads((tmp_path / "all.json").read_text())
    told = [file["checks"][0]["criteria"][0]["findings"][0]["text"] for file in read["files"][:5]]
    assert told[0].startswith("the file raises SpecError: unwritten.py wanted checks = {…} in the file")
    assert told[1] == "the file raises SyntaxError: invalid syntax (misspelt.py:1)"
    assert told[2].startswith("the file raises SystemExit: 3 (")
    assert told[3].startswith("the file raises RuntimeError: not today (")
    assert told[4].startswith("SpecError: check_operation(mine, …) wanted (forward, backward)")
    assert [file["passed"] for file in read["files"]] == [False] * 6 + [True]
    suites = ElementTree.parse(tmp_path / "all.xml").getroot()
    assert [int(suite.attrib["failures"]) for suite in suites] == [1] * 6 + [0]
    failed = [case for case in suites[5] if case.find("failure") is not None]
    assert [case.attrib["name"] for case in failed] == ["dW"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("absent.py", None, "check 'absent.py'\n  wanted a Python file\n  got    no such file\n"),
        ("notes.txt", "", "check 'notes.txt'\n  wanted a Python file\n  got    .txt\n"),
        (
            "empty.py",
            "",
            "empty.py\n  wanted checks = {…} in the file: what is mine, and the description that it claims",
        ),
        (
            "wrong.py",
            "checks = {1: 2}",
            "  got    {1: 2}\n  fix    checks = {MyConv: ig.Conv2d(8, 3)}, or MyConv: (ig.C",
        ),
    ],
)
def test_bad_input_exits_with_2(name: str, text: str | None, told: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    run = typed("check", name, cwd=tmp_path)
    assert run.returncode == 2
    assert told in run.stderr


def test_a_file_may_say_what_is_asked_beside_and_claim_several_things(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        f"""
import sys
sys.path.insert(0, {str(Path(RELU).parent)!r})
import numpy as np
import isograd as ig
from relu import ReLU
from dense import Dense
checks = {{ReLU: (ig.ReLU(), {{"x": np.ones((2, 3)), "name": "first"}}), Dense: ig.Linear(3)}}
"""
    )
    run = typed("check", "mine.py", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("first as ReLU()")
    assert "Dense as Linear(3)" in run.stdout


def test_a_neighbour_of_one_file_is_not_that_of_another(tmp_path: Path) -> None:
    for name, slope in (("ada", 1), ("bob", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shared_helper.py").write_text(f"SLOPE = {slope}\n")
        (tmp_path / name / "mine.py").write_text(
            "import isograd as ig\nfrom shared_helper import SLOPE\n"
            "checks = {(lambda x: SLOPE * x, lambda dy, x: SLOPE * dy): ig.Identity()}\n"
        )
    run = typed("check", "--grade", "ada/mine.py", "bob/mine.py", cwd=tmp_path)
    first, second = run.stdout.splitlines()
    assert first.endswith("10.0 of 10.0")
    assert "lambda> and <lambda>: y" in second


def test_reports_are_data(tmp_path: Path) -> None:
    from isograd.checking.files import check_file

    (report,) = check_file(Path(MIXING)).reports
    read = json.loads(report.to_json())
    assert (read["name"], read["like"], read["passed"], read["points"]) == ("Convolution", "Conv2d(3, 3)", False, 10)
    (finding,) = [f for criterion in read["criteria"] for f in criterion["findings"]]
    assert finding["diagnosis"] == "batch mixed up"
    assert finding["text"] == FAULTY["convolution_mixing_batch"]
    assert report.findings[0].text == finding["text"]
    (suite,) = ElementTree.fromstring(report.to_junit())
    assert suite.attrib == {"name": "Convolution as Conv2d(3, 3)", "tests": "9", "failures": "1"}


def test_the_page_shows_what_the_command_prints() -> None:
    page = (ROOT / "docs/checking.md").read_text()
    shown = re.findall(r"```text\n\$ isograd ([^\n]*)\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    for command, printed in shown:
        run = typed(*command.split(), cwd=ROOT)
        assert run.stdout.rstrip() == printed.rstrip()
