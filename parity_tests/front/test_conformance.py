"""One engine held to every case: `isograd parity --backend`, `pytest --pyargs isograd.conformance --backend`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import typed
from engine_helpers import install
from message_helpers import raised

from isograd.conformance import claims
from isograd.core.parity.suite import FAMILIES, Family

ROOT = Path(__file__).resolve().parents[2]
ENGINES = '''
from isograd.backends.numpy_impl import NumpyBackend
from isograd.core.base.errors import BackendError


class Small:
    """Linear layers and Tanh; no losses, schedules and laws by themselves."""

    name, known = "small", ("Linear", "Tanh")

    def build(self, model, state, **options):
        kinds = {type(node.layer).__name__ for node in model.graph(*model.input_shapes).nodes}
        if not kinds <= set(self.known):
            raise BackendError("small", wanted=" or ".join(self.known), got=", ".join(kinds), fix="another engine")
        return NumpyBackend().build(model, state, **options)

    def source(self, description):
        return "isograd_small.py"


class Wrong(Small):
    """Forgets a factor on the way back."""

    name = "wrong"

    def build(self, *given, **options):
        net = super().build(*given, **options)
        backward = net.backward

        def doubled(*dys):
            dx, grads = backward(*dys)
            return 2 * dx, grads

        net.backward = doubled
        return net
'''
KINDS = ("Linear", "Tanh", "ReLU", "MSELoss", "SGD", "StepLR")


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with both engines, installed as a user would, and few of the cases."""
    (tmp_path / "isograd_small.py").write_text(ENGINES)
    install(tmp_path, "isograd-small", {"small": "isograd_small:Small", "wrong": "isograd_small:Wrong"})
    monkeypatch.syspath_prepend(tmp_path)
    few = [
        Family(f.stage, {k: v for k, v in f.cases.items() if k.__name__ in KINDS}, f.check, f.by_itself)
        for f in FAMILIES
    ]
    monkeypatch.setattr(claims, "FAMILIES", few)
    yield tmp_path
    sys.modules.pop("isograd_small", None)


def number(*kinds: str) -> int:
    return sum(len(cases) for f in FAMILIES for kind, cases in f.cases.items() if kind.__name__ in kinds)


def test_what_an_engine_lacks_is_counted_as_neither_passed_nor_failed() -> None:
    found = claims.conformance("small")
    counts = {status: found.count(status) for status in ("passed", "failed", "unsupported")}  # type: ignore[arg-type]
    lacking = number("ReLU", "MSELoss", "StepLR")
    assert counts == {"passed": number("Linear", "Tanh", "SGD"), "failed": 0, "unsupported": lacking}
    assert found.passed
    assert f"unsupported: ReLU ({number('ReLU')}): not implemented by small" in found.text
    assert f"MSELoss ({number('MSELoss')}), StepLR ({number('StepLR')}): small cannot be asked for" in found.text


def test_what_is_wrong_is_told_with_the_witness(site: Path) -> None:
    run = typed("parity", "--backend", "wrong", cwd=site)
    assert run.returncode == 1
    assert "✗ Linear: plain\nParityError: dx of Linear(3), node 'Linear: plain', differs first" in run.stdout
    assert "the odd one out is wrong: look at isograd_small.py" in run.stdout
    right = number("SGD")  # whose network needs no dx
    wrong, lacking = number("Linear", "Tanh"), number("ReLU", "MSELoss", "StepLR")
    assert f"wrong against numpy: {right} passed, {wrong} failed, {lacking} unsupported" in run.stdout
    assert run.stdout.rstrip().endswith("FAILED")


def test_the_command_passes_for_a_small_engine_that_is_right(site: Path) -> None:
    run = typed("parity", "--backend", "small", cwd=site)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.rstrip().endswith("PASSED")


def test_an_engine_that_can_do_nothing_has_not_passed() -> None:
    found = claims.Conformance("none", "numpy", [(c, c.judge()) for c in claims.claims(claims.pair_of("small"))][-1:])
    assert found.counts == "none against numpy: 0 passed, 0 failed, 1 unsupported"
    assert not found.passed


@pytest.mark.parametrize(
    ("engine", "last"),
    [
        ("small", "small against numpy: {right} passed, 0 failed, {lacking} unsupported"),
        ("wrong", "wrong against numpy: 0 passed, {right} failed, {lacking} unsupported"),
    ],
)
def test_pytest_makes_a_test_of_each_case(site: Path, engine: str, last: str) -> None:
    declared = site / "isograd_small-1.0.dist-info/entry_points.txt"
    declared.write_text(f"{declared.read_text()}[pytest11]\nisograd_pytest = isograd_pytest\n")
    told = ["--pyargs", "isograd.conformance", "--backend", engine, "-q", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "pytest", *told, "-k", "test_claim[Tanh: or test_claim[ReLU:"]
    run = subprocess.run(command, cwd=site, capture_output=True, text=True, env=environment)
    assert run.returncode == int(engine == "wrong"), run.stdout + run.stderr
    assert last.format(right=number("Tanh"), lacking=number("ReLU")) in run.stdout


def test_the_options_are_declared_where_pytest_looks_for_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {"isograd_pytest": "isograd_pytest"}
    assert project["tool"]["setuptools"]["py-modules"] == ["isograd_pytest"]


def test_an_engine_is_held_against_another_one() -> None:
    assert claims.pair_of("small").names == ("small", "numpy")
    assert claims.pair_of("numpy").names[1] in ("torch", "numpy_reference")
    assert raised(lambda: claims.pair_of("small", "small")) == (
        "SpecError: --backend small --against small\n"
        "  wanted another engine, that this one is held against\n"
        "  got    the same\n"
        "  fix    --against numpy"
    )
    assert "smoll" in raised(lambda: claims.pair_of("smoll"))


@pytest.mark.parametrize(
    "more", ["digits_mlp", "--backends numpy,torch", "--html a.html --junit b.xml", "--certificate c"]
)
def test_the_command_takes_one_engine_alone(site: Path, more: str) -> None:
    run = typed("parity", "--backend", "small", *more.split(), cwd=site)
    assert run.returncode == 2
    assert run.stderr.strip() == (
        "parity --backend small\n"
        "  wanted --backend alone: one engine, every case\n"
        f"  got    {more}\n"
        "  fix    --backends a,b for several engines and for files; pytest's --junit-xml for these cases"
    )
