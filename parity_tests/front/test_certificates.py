"""A certificate: what it is of, what it says, and that it is noticed when any of it is something else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import typed

import isograd as ig
from isograd.core.parity.checked import digest
from isograd.core.parity.report import ParityReport
from isograd.reports.verifying import verify, write_data

RNG = np.random.default_rng(3)
MODEL = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Dropout(0.5), ig.Linear(3)], input_shape=(5,))
WEIGHTS = ig.build(MODEL, seed=4, dtype="float64").state_dict()
X, Y = RNG.normal(size=(6, 5)), RNG.integers(0, 3, 6)
ENGINES = ("numpy", "numpy_reference")


def checked() -> ParityReport:
    loss, optimizer = ig.CrossEntropyLoss(), ig.Adam(0.01)
    asked = {"clip": ig.ClipNorm(1.0), "schedule": ig.CosineDecay(), "steps": 2, "batch_size": 4, "seed": 7}
    return ig.check_parity(MODEL, X, Y, loss=loss, optimizer=optimizer, weights=WEIGHTS, backends=ENGINES, **asked)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Certificate, model, data."""
    folder = tmp_path_factory.mktemp("certified")
    certificate = checked().certificate(folder / "c.json")
    model = ig.save(folder / "m.safetensors", MODEL, WEIGHTS)
    return certificate, model, write_data(folder / "d.safetensors", (X,), (Y,))


def test_a_certificate_says_what_how_where_and_how_close(files: tuple[Path, Path, Path]) -> None:
    said = json.loads(files[0].read_text())
    assert said["passed"] is True
    assert set(said["sha256"]) == {"description", "weights", "data"}
    assert all(len(value) == 64 for value in said["sha256"].values())
    assert said["asked"]["optimizer"] == ig.Adam(0.01).to_dict()
    assert [said["asked"][name] for name in ("steps", "batch_size", "seed")] == [2, 4, 7]
    stages = {(entry["stage"], entry["dtype"]) for entry in said["worst"]}
    assert {("node", "float64"), ("locked step", "float32"), ("free run", "float64")} <= stages
    assert all(entry["ratio"] is None or 0 <= entry["ratio"] <= 1 for entry in said["worst"])
    told = said["environment"]
    assert told["packages"]["numpy"] == np.__version__
    assert any("threads:" in library for library in told["threads and kernels"])
    assert told["processor"]


def test_what_is_certified_is_checked_again_as_it_was_asked(files: tuple[Path, Path, Path]) -> None:
    found = verify(*files)
    assert found.passed
    assert found.changed == ()
    assert found.report is not None
    again = found.report.certificate(files[0].with_name("again.json"))
    before, now = (json.loads(path.read_text()) for path in (files[0], again))
    for key in ("sha256", "asked", "worst", "environment", "title"):
        assert before[key] == now[key], key
    assert "weights: as certified" in str(found)
    assert str(found).endswith("PASSED: numpy and numpy_reference compute the same thing")


@pytest.mark.parametrize("what", ["description", "weights", "data"])
def test_what_is_something_else_is_named_and_not_checked(
    files: tuple[Path, Path, Path], tmp_path: Path, what: str
) -> None:
    certificate, model, data = files
    if what == "description":
        changed = ig.Sequential([ig.Linear(4), ig.ReLU(), ig.Dropout(0.5), ig.Linear(3)], input_shape=(5,))
        model = ig.save(tmp_path / "m.safetensors", changed, WEIGHTS)
    elif what == "weights":
        moved = {path: np.nextafter(values, 9.0) for path, values in WEIGHTS.items()}
        model = ig.save(tmp_path / "m.safetensors", MODEL, moved)
    else:
        data = tmp_path / "d.npz"
        np.savez(data, x=X, y=(Y + 1) % 3)
    found = verify(certificate, model, data)
    assert not found.passed
    assert found.changed == (what,)
    assert found.report is None
    run = typed("verify", str(certificate), str(model), str(data), cwd=tmp_path)
    assert run.returncode == 1
    assert f"{what}: NOT what was certified" in run.stdout


def test_numbers_are_what_counts_and_not_their_dtype() -> None:
    assert digest({"x": X.astype(np.float32)}) == digest({"x": X.astype(np.float32).astype(np.float64)})
    assert digest({"x": X}) != digest({"x": X.reshape(5, 6)})
    assert digest({"x": X}) != digest({"y": X})
    assert digest({"x": X[:, ::2]}) == digest({"x": X[:, ::2].copy()})


def test_an_experiment_is_certified_with_all_that_verifying_takes(tmp_path: Path) -> None:
    engines = ("--backends", "numpy,numpy_reference")
    run = typed("parity", "house_prices", "--recipe", "linear", *engines, "--certificate", "c.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    names = "c.json", "c.model.safetensors", "c.data.safetensors"
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    again = typed("verify", *names, cwd=tmp_path)
    assert again.returncode == 0, again.stdout
    assert "description: as certified" in again.stdout
