"""What an installation with NumPy alone can do from the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from command_line import python

MISSING = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "sklearn", "scipy", "matplotlib", "jinja2"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from isograd.cli import main
main()
"""


def alone(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `isograd …` prints and returns where no other package is installed."""
    return python("-c", MISSING, *arguments, cwd=cwd)


def test_the_digits_are_trained_on(tmp_path: Path) -> None:
    run = alone("train", "digits_mlp", "--epochs", "3", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    accuracy = float(run.stdout.split("test: accuracy ")[1].split(";")[0])
    assert accuracy > 0.9
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


@pytest.mark.parametrize("arguments", [["digits_mlp"], []], ids=["experiment", "every_case"])
def test_parity_is_checked_against_the_books_forms_and_says_so(tmp_path: Path, arguments: list[str]) -> None:
    run = alone("parity", *arguments, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("PyTorch is not installed, so numpy is held against numpy_reference: RNN, GRU and ")
    assert "numpy and numpy_reference compute the same thing" in run.stdout
    assert run.stdout.rstrip().endswith("PASSED")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["parity", "digits_mlp", "--backends", "numpy,torch"], "torch, which this backend needs"),
        (["compare", "digits_mlp", "--backends", "numpy"], "sklearn, which this needs"),
        (["baselines", "digits_mlp"], "sklearn, which this needs"),
        (["train", "house_prices"], "sklearn, which this needs"),
    ],
)
def test_what_needs_a_package_names_it(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = alone(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert f"wanted {told}" in run.stderr
    assert "pip install" in run.stderr
