"""`isograd new NAME`: the file that it writes runs, is in the package, and replaces nothing."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from command_line import isograd
from message_helpers import raised

from isograd.experiments.finding import find
from isograd.experiments.starting import TEMPLATE, start

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_writes_an_experiment_that_compares(tmp_path: Path) -> None:
    run = isograd("new", "my_rings", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == (
        "Written: my_rings.py. Next:\n"
        "  isograd compare my_rings.py\n"
        "  isograd train my_rings.py --backend torch\n"
        "  python my_rings.py\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["my_rings.py"]
    compared = isograd("compare", "my_rings.py", "--epochs", "1", cwd=tmp_path)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert "PASSED: numpy and torch compute the same thing" in compared.stdout
    assert [path.name[:9] for path in (tmp_path / "runs").iterdir()] == ["my_rings-"]


def test_the_file_is_the_template_under_its_own_name_and_short_and_tidy(tmp_path: Path) -> None:
    path = start("spirals.py", tmp_path)
    assert path == tmp_path / "spirals.py"
    assert find(str(path)).name == "spirals"
    written, template = path.read_text("utf-8"), TEMPLATE.read_text("utf-8")
    assert len(written.splitlines()) < 60
    assert written == template.replace("template", "spirals")
    assert template.count("template") == 2, "the command to run and the experiment's name, nothing else"
    assert "assert" not in written
    for check in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--config", str(ROOT / "pyproject.toml"), str(path)]
        subprocess.run(command, check=True, capture_output=True)


def test_a_network_learns_what_the_template_asks(tmp_path: Path) -> None:
    run = isograd("train", str(TEMPLATE), cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("test: accuracy ")]
    assert float(line.split()[2].rstrip(";")) > 0.95


@pytest.mark.parametrize("name", ["", "two words", "../up", "1st", "class", "mine.txt", "mine.py.py", ".py"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    assert (
        raised(lambda: start(name, tmp_path))
        == f"""SpecError: new experiment {name!r}
  wanted a name of letters, digits and _, as a Python module has
  got    {name!r}
  fix    isograd new my_experiment"""
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["random", "numpy.py", "isograd"])
def test_a_name_that_would_hide_a_module_is_refused(name: str, tmp_path: Path) -> None:
    module = name.removesuffix(".py")
    assert (
        raised(lambda: start(name, tmp_path))
        == f"""SpecError: new experiment {name!r}
  wanted a name of its own
  got    the name of a Python module, which {module}.py would hide
  fix    isograd new my_{module}"""
    )
    assert not list(tmp_path.iterdir())


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("kept = True\n")
    run = isograd("new", "mine", cwd=tmp_path)
    assert run.returncode == 2
    assert (
        run.stderr
        == """new experiment 'mine.py'
  wanted a name that is free
  got    a file that exists
  fix    another name, or move the file away; nothing was written
"""
    )
    assert (tmp_path / "mine.py").read_text() == "kept = True\n"


def test_who_has_no_experiment_is_told_how_to_start_one(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    assert raised(lambda: find(str(tmp_path / "empty.py"))).splitlines()[1:] == [
        "  wanted EXPERIMENT = ig.Experiment(…) in the file",
        "  got    none",
        "  fix    isograd new NAME writes a file to start from",
    ]
    assert raised(lambda: find("mine")).endswith(
        "  got    'mine'\n  fix    name one of them, or write one of your own: isograd new NAME"
    )


def test_a_wheel_holds_the_template(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    copytree(ROOT, sources, ignore=ignore_patterns(".*", "build", "*.egg-info", "runs", "__pycache__", "parity_tests"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    run = subprocess.run([sys.executable, "-c", build], cwd=sources, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert packed.read("isograd/experiments/template.py") == TEMPLATE.read_bytes()
