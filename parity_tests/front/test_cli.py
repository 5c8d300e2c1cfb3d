"""The commands that users type, on real data, and the examples run by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from command_line import isograd, python, typed
from installed_engines import install
from page_reader import assert_sound

import isograd as ig
from isograd.cli import COMMANDS
from isograd.experiments.experiment import Options
from isograd.experiments.finding import built_in, find

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def engines(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third parties' engines "mine", "untitled" and "wrong"."""
    monkeypatch.syspath_prepend(str(install(tmp_path_factory.mktemp("site"))))


def test_compare_prints_parity_and_the_table_and_writes_pictures(tmp_path: Path) -> None:
    run = isograd("compare", "digits_mlp", "--epochs", "5", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "PASSED: numpy and torch compute the same thing" in run.stdout
    for column in ("NumPy", "PyTorch", "Logistic", "MLP", "Gradient"):
        assert column in run.stdout
    assert "PyTorch against NumPy at the end: max |Δw| = " in run.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "curves.png").stat().st_size > 10_000
    record = json.loads((folder / "report.json").read_text())
    assert record["engines"] == {"NumPy": "numpy", "PyTorch": "torch"}
    assert "accuracy" in (folder / "report.txt").read_text()
    page = assert_sound((folder / "report.html").read_text())
    pictures = [given["alt"] for tag, given in page.tags if tag == "img"]
    assert pictures == ["confusion"]  # the curves are lines of the page's own
    told = "".join(page.words)
    for words in (
        "HistGradientBoosting",
        "Losses, mean over samples",
        "validation, PyTorch",
        "The graph, node by node",
    ):
        assert words in told
    written = {path.name for path in folder.glob("history-*")}
    assert written == {"history-perceptron-numpy.json", "history-perceptron-torch.json"}


@pytest.mark.parametrize("backend", ["numpy", "torch", "numpy_reference"])
def test_train_takes_every_option_and_keeps_what_it_trained(tmp_path: Path, backend: str) -> None:
    options = ["--epochs", "2", "--batch-size", "40", "--seed", "3", "--dtype", "float64", "--device", "cpu"]
    run = typed("train", "digits_mlp", "--backend", backend, *options, cwd=tmp_path)
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


@pytest.mark.parametrize(
    "arguments",
    [["house_prices"], ["house_prices", "--backends", "torch,mine"], []],
    ids=["experiment", "engines", "every_case"],
)
@pytest.mark.usefixtures("engines")
def test_parity_of_an_experiment_and_of_every_case(tmp_path: Path, arguments: list[str]) -> None:
    run = typed("parity", *arguments, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.rstrip().endswith("PASSED")
    left, right = arguments[-1].split(",") if "--backends" in arguments else ("numpy", "torch")
    assert f"{left} against {right}" in run.stdout


MODULE = """
import torch
import isograd as ig

class Doubles(torch.nn.Module):
    def forward(self, x):
        return (x * 2).tanh()

def make():
    return Doubles(), torch.ones(3, 4)

def faulty():
    module, x = make()
    model, _ = ig.from_torch(module, x)
    module.register_forward_hook(lambda part, args, y: y + 1)
    return module, x, {"against": model, "dtypes": "float64"}
"""


def test_parity_of_a_module_that_a_function_makes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE)
    right = typed("parity", "mine.py:make", "--backends", "numpy,torch", cwd=tmp_path)
    assert right.returncode == 0, right.stdout + right.stderr
    assert "Doubles as it is, against a model of it" in right.stdout
    assert "numpy against torch against Doubles, seed 0" in right.stdout
    assert right.stdout.rstrip().endswith("PASSED")
    wrong = typed("parity", "mine.py:faulty", "--seed", "3", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "numpy against Doubles, seed 3" in wrong.stdout
    assert "the odd one out is Doubles" in wrong.stdout


@pytest.mark.usefixtures("engines")
def test_an_engine_that_is_wrong_is_named_and_the_command_exits_with_1(tmp_path: Path) -> None:
    judged = typed("parity", "house_prices", "--recipe", "linear", "--backends", "wrong,numpy", cwd=tmp_path)
    assert judged.returncode == 1
    assert "the odd one out is wrong" in judged.stdout
    assert judged.stdout.rstrip().endswith("FAILED")
    compared = typed("compare", "house_prices", "--recipe", "linear", "--backends", "numpy,wrong", cwd=tmp_path)
    assert compared.returncode == 1
    assert "FAILED: numpy and wrong differ" in compared.stdout


MISTAKES = [
    (["train", "nothing"], "experiment 'nothing'"),
    (["train", "digits_mlp", "--backend", "nothing"], "backend='nothing'"),
    (["train", "digits_mlp", "--dtype", "float16"], "dtype='float16'"),
    (["train", "digits_mlp", "--backend", "torch", "--device", "nothing"], "device='nothing'"),
    (["train", "digits_mlp", "--device", "nothing"], "device='nothing'"),
    (["train", "digits_mlp", "--epochs", "0"], "epochs=0"),
    (["train", "digits_cnn", "--samples", "0"], "samples=0"),
    (["train", "digits_cnn", "--recipe", "none"], "recipe='none'"),
    (["train", "house_prices", "--data", "nothing"], "data='nothing'"),
    (["train", "house_prices", "--data", "california"], "cal_housing.data"),
    (["compare", "nothing.py"], "nothing.py"),
    (["compare", "digits_mlp", "--backends", "numpy,nothing"], "backend='nothing'"),
    (["compare", "digits_mlp", "--backends", "numpy,torch,numpy"], "backends='numpy,torch,numpy'"),
    (["compare", "digits_mlp", "--backends", ","], "one engine or more, each of them once"),
    (["compare", "digits_mlp", "--backends", "numpy,numpy_reference", "--device", "cuda"], "device='cuda'"),
    (["compare", "digits_mlp", "--device", "nothing"], "device='nothing'"),
    (["compare", "digits_mlp", "--dtype", "float16"], "dtype='float16'"),
    (["parity", "--backends", "numpy"], "two engines or more, each of them once"),
    (["parity", "digits_mlp", "--backends", "numpy,nothing"], "backend='nothing'"),
    (["generate", "none.safetensors"], "none.safetensors"),
    (["baselines", "digits_mlp", "--batch-size", "-1"], "batch_size=-1"),
]


@pytest.mark.parametrize(("arguments", "told"), MISTAKES, ids=[" ".join(arguments) for arguments, _ in MISTAKES])
def test_a_mistake_gets_a_clear_error_and_changes_nothing(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = typed(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert told in run.stderr
    assert {"wanted", "got", "fix"} <= set(run.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_a_mistake_gets_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    run = isograd("train", "nothing", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("experiment 'nothing'")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "digits_mlp", "--epochs", "many"], "Invalid value for '--epochs'"),
        (["train", "digits_mlp", "--seed", "0.5"], "Invalid value for '--seed'"),
        (["generate", "file", "--length", "-1"], "Invalid value for '--length'"),
        (["parity", "digits_mlp", "--epochs", "3"], "No such option: --epochs"),
        (["train"], "Missing argument 'EXPERIMENT'"),
        (["fly"], "No such command 'fly'"),
        (["train", "digits_mlp", "--seed", "-1"], "digits_mlp: seed=-1\n  wanted 0 or more"),
        (["train", "digits_mlp", "--backend", "trch"], "backend='trch'\n  wanted one of"),
        (["parity", "--backends", "numpy", "--backends", "numpy"], "wanted two engines or more, each of them once"),
        (["new", "__main__"], "wanted a name of letters, digits and _"),
    ],
)
def test_what_is_no_number_no_option_or_no_command_is_refused(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = typed(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert told in run.stderr


TAKEN = {  # of the fields of Options, by command
    "compare": "data recipe samples epochs batch_size seed dtype device",
    "train": "data recipe samples epochs batch_size seed dtype device",
    "parity": "data recipe batch_size seed",
    "fuzz": "seed",
    "baselines": "data recipe samples epochs batch_size seed dtype",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_help_tells_every_option_as_options_describes_it(command: object, tmp_path: Path) -> None:
    name = command.__name__  # type: ignore[attr-defined]
    run = typed(name, "--help", cwd=tmp_path)
    assert run.returncode == 0
    told = " ".join(run.stdout.split())
    taken = TAKEN.get(name, "").split()
    parameters = signature(command).parameters  # type: ignore[arg-type]
    assert "options" not in parameters
    hints = get_type_hints(Options, include_extras=True)
    for field in fields(Options):
        assert (field.name in parameters) is (field.name in taken) or name == "generate"
        if field.name in taken:
            (kind, said) = told.split(f"--{field.name.replace('_', '-')} ")[1].split(" ", 1)
            assert said.startswith(get_args(hints[field.name])[1]), kind
            assert field.default is None or f"[default: {field.default}]" in said


def test_the_list_of_commands_is_what_isograd_offers(tmp_path: Path) -> None:
    run = typed("--help", cwd=tmp_path)
    listed = [line.split()[0] for line in run.stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == [*(command.__name__ for command in COMMANDS), "data"]


def test_baselines_are_fitted_alone(tmp_path: Path) -> None:
    run = typed("baselines", "house_prices", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    for name, recipe in find("house_prices").recipes((10,)).items():
        assert name in run.stdout
        assert all(key in run.stdout for key in recipe.baselines(recipe, 0))


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "examples").glob("[a-z]*.py"))])
def test_an_example_runs_by_itself(tmp_path: Path, files_root: Path, name: str) -> None:
    options = ["--epochs", "1", "--samples", "200"] if name in built_in() else []
    run = python(str(ROOT / "examples" / f"{name}.py"), *options, cwd=tmp_path, data=files_root)
    assert run.returncode == 0, run.stderr
    assert run.stdout


@pytest.mark.parametrize("data", ["diabetes", "boston", "california"])
def test_house_prices_trains_on_each_of_its_data_sets(tmp_path: Path, files_root: Path, data: str) -> None:
    run = typed("train", "house_prices", "--data", data, "--epochs", "1", cwd=tmp_path, data=files_root)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("MAE") == len(find("house_prices").recipes((8,))) == 3
