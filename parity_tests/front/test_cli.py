"""The commands that users type, on real data, and the examples run by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import isograd, python

import isograd as ig
from isograd.experiments.finding import built_in, find

ROOT = Path(__file__).resolve().parents[2]


def test_compare_prints_parity_and_the_table_and_writes_pictures(tmp_path: Path) -> None:
    run = isograd("compare", "digits_mlp", "--epochs", "5", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "PASSED: numpy and torch compute the same thing" in run.stdout
    for column in ("NumPy", "PyTorch", "Logistic", "MLP", "Gradient"):
        assert column in run.stdout
    assert "max |Δw|" in run.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "curves.png").stat().st_size > 10_000
    record = json.loads((folder / "report.json").read_text())
    assert record
    assert "accuracy" in (folder / "report.txt").read_text()


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_train_takes_every_option_and_keeps_what_it_trained(tmp_path: Path, backend: str) -> None:
    options = ["--epochs", "2", "--batch-size", "40", "--seed", "3", "--dtype", "float64", "--device", "cpu"]
    run = isograd("train", "digits_mlp", "--backend", backend, *options, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    model, weights = ig.load(next(folder.glob("*.safetensors")))
    assert model.input_shapes == ((64,),)
    assert {str(values.dtype) for values in weights.values()} == {"float64"}
    history = json.loads(next(folder.glob("history-*.json")).read_text())
    assert [epoch["number"] for epoch in history["epochs"]] == [1, 2]


def test_the_numpy_engine_is_trained_without_importing_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from isograd.experiments.experiment import Options; from isograd.experiments.finding import find;"
        "from isograd.experiments.training import train_recipe; e = find('digits_mlp'); o = Options(epochs=1);"
        "p, r = e.prepare(o, 'numpy'); [train_recipe(e, x, p, o, backend='numpy') for x in r.values()];"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)


def test_parity_of_an_experiment_and_of_every_case(tmp_path: Path) -> None:
    for arguments in (["parity", "house_prices"], ["parity"]):
        run = isograd(*arguments, cwd=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        assert run.stdout.rstrip().endswith("PASSED")


def test_parity_exits_non_zero_where_an_engine_is_wrong(tmp_path: Path) -> None:
    code = (
        "from isograd.backends.numpy_impl.operations import OPERATIONS as T; from isograd.core.layers import ReLU;"
        "right = T[ReLU]; double = lambda y, back: (2 * y, back);"
        "T[ReLU] = lambda s, p, x, *, run: double(*right(s, p, x, run=run));"
        "import sys; sys.argv = ['isograd', 'parity', 'digits_mlp']; from isograd.cli import main; main()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert "the odd one out is numpy" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "nothing"], "experiment 'nothing'"),
        (["train", "digits_mlp", "--backend", "nothing"], "backend='nothing'"),
        (["train", "digits_mlp", "--dtype", "float16"], "dtype='float16'"),
        (["train", "digits_mlp", "--backend", "torch", "--device", "nothing"], "device='nothing'"),
        (["train", "digits_mlp", "--epochs", "0"], "epochs=0"),
        (["train", "house_prices", "--data", "nothing"], "data='nothing'"),
        (["train", "house_prices", "--data", "california"], "cal_housing.data"),
        (["compare", "nothing.py"], "nothing.py"),
    ],
)
def test_a_mistake_gets_a_clear_error_and_no_traceback(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = isograd(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert told in run.stderr
    assert {"wanted", "got", "fix"} <= set(run.stderr.split())
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "examples").glob("[a-z]*.py"))])
def test_an_example_runs_by_itself(tmp_path: Path, data_root: Path, name: str) -> None:
    options = ["--epochs", "1", "--samples", "1000"] if name in built_in() else []
    run = python(str(ROOT / "examples" / f"{name}.py"), *options, cwd=tmp_path, data=data_root)
    assert run.returncode == 0, run.stderr
    assert run.stdout


@pytest.mark.parametrize("data", ["diabetes", "boston", "california"])
def test_house_prices_trains_on_each_of_its_data_sets(tmp_path: Path, data_root: Path, data: str) -> None:
    run = isograd("train", "house_prices", "--data", data, "--epochs", "1", cwd=tmp_path, data=data_root)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("MAE") == len(find("house_prices").recipes((8,))) == 3
