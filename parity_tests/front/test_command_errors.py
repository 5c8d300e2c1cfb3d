"""What the command line says and returns where a command cannot be, and the three ways to start it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import python, typed

import isograd as ig
from isograd.experiments.experiment import Experiment


@pytest.mark.parametrize("module", ["isograd", "isograd.cli"])
def test_a_module_is_started_as_the_command_is(tmp_path: Path, module: str) -> None:
    run = python("-m", module, "parity", "nothing", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("experiment 'nothing'\n  wanted one of ")
    told = python("-m", module, "--help", cwd=tmp_path)
    assert told.returncode == 0
    assert all(f"\n  {command} " in told.stdout for command in ("compare", "train", "parity", "generate", "new"))


def test_a_module_that_finds_a_difference_returns_1_and_else_0(tmp_path: Path) -> None:
    run = python("-m", "isograd.cli", "parity", "house_prices", "--backends", "numpy,numpy_reference", cwd=tmp_path)
    assert (run.returncode, run.stdout.rstrip().splitlines()[-1]) == (0, "PASSED"), run.stderr


WRONG = {
    "train digits_mlp --dtype float16": "dtype='float16'",
    "train digits_mlp --dtype": "Error: Option '--dtype' requires an argument.",
    "train digits_mlp --device nowhere --backend torch": "device='nowhere'",
    "train digits_mlp --device cuda": 'backend="numpy"',
    "train digits_mlp --backend nothing": "backend='nothing'",
    "train digits_mlp --backend torch:nothing": "backend='torch:nothing'",
    "train nothing": "experiment 'nothing'",
    "train nothing.py": "experiment 'nothing.py'",
    "train": "",
    "train digits_mlp --epochs many": "",
    "train digits_mlp --epochs 99999999999999999999": "Options(epochs=99999999999999999999)",
    "train digits_mlp --other": "",
    "compare digits_mlp --dtype float16": "dtype='float16'",
    "compare digits_mlp --device nowhere": "device='nowhere'",
    "compare digits_mlp --device nowhere --backends torch": "device='nowhere'",
    "compare digits_mlp --backends ,": "backends=''",
    "compare digits_mlp --backends numpy,nothing": "backend='nothing'",
    "parity digits_mlp --backends numpy": "backends='numpy'",
    "parity --backends numpy,numpy": "backends='numpy,numpy'",
    "parity digits_mlp --batch-size many": "",
    "generate nothing": "load('nothing')",
    "generate . --length -1": "",
    "generate .": "load('.')",
    "new a/b": "new experiment 'a/b'",
    "new " + "x" * 300: "new experiment 'x",
    "new": "",
    "nothing": "",
    "": "",
}


@pytest.mark.parametrize("typed_in", WRONG)
def test_what_cannot_be_is_told_before_any_data_are_prepared(
    typed_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Experiment, "prepare", lambda *given: pytest.fail("data were prepared"))
    run = typed(*typed_in.split(), cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(WRONG[typed_in] or "Usage: isograd") or "Commands:" in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_dtype_that_is_none_is_told_before_any_data_are_prepared() -> None:
    unread = {"data": lambda seed, backend: pytest.fail("data were prepared")}
    mine = ig.Experiment(name="mine", title="Mine", data=unread, recipes=lambda shape: {}, metrics=())
    with pytest.raises(ig.BackendError, match="dtype='float16'"):
        mine.prepare(ig.Options(dtype="float16"), "numpy")


def test_an_experiment_and_its_parts_say_what_they_must_be() -> None:
    with pytest.raises(ig.SpecError) as caught:
        ig.Experiment(name="mine", title="Mine", data={}, recipes=lambda shape: {}, metrics=())
    assert (
        str(caught.value)
        == """SpecError: Experiment(data=…)
  wanted functions of (seed, backend) by name
  got    {}
  fix    change data=""".removeprefix("SpecError: ")
    )
    model = ig.Sequential([ig.Linear(1)], input_shape=(2,))
    with pytest.raises(ig.SpecError) as caught:
        ig.Recipe(model, ig.MSELoss(), ig.SGD(), epochs=0, batch_size=3)
    assert (
        str(caught.value)
        == """Recipe(epochs=0)
  wanted 1 or more
  got    0
  fix    change epochs="""
    )
