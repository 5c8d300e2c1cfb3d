"""Where an export is written: whole or not at all, over an earlier one alone; and from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import typed

import isograd as ig
from isograd.exporting import folder as writing

MODEL = ig.Sequential([ig.Linear(3), ig.Tanh()], input_shape=(4,))
WEIGHTS = ig.build(MODEL, seed=0).state_dict()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def refused(path: Path, **options: bool) -> str:
    with pytest.raises(ig.FileError) as caught:
        ig.export(MODEL, WEIGHTS, "numpy", path, **options)
    return str(caught.value).replace(str(path), "FOLDER")


def test_an_earlier_export_is_replaced_and_one_that_was_changed_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.mkdir()  # an empty folder is as good as none
    ig.export(MODEL, WEIGHTS, "numpy", path)
    (path / "__pycache__").mkdir()  # as an import leaves it
    other = {name: values + 1 for name, values in WEIGHTS.items()}
    ig.export(MODEL, other, "numpy", path)
    with (path / "model.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    before = contents(path)
    assert (
        refused(path)
        == """FOLDER
  wanted an export as it was written, to be replaced
  got    one whose model.py was changed since
  fix    give another name, or overwrite=True; nothing was changed"""
    )
    assert contents(path) == before
    ig.export(MODEL, WEIGHTS, "numpy", path, overwrite=True)
    assert "# mine" not in (path / "model.py").read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_export_is_never_touched(tmp_path: Path, overwrite: bool) -> None:
    path = tmp_path / "mine"
    path.mkdir()
    (path / "thesis.txt").write_text("all of it")
    text = """FOLDER
  wanted a new name, an empty folder, or an export of isograd
  got    a folder with thesis.txt
  fix    give another name; nothing was changed"""
    assert refused(path, overwrite=overwrite) == text
    (path / "thesis.txt").rename(path / "model.py")
    assert refused(path, overwrite=overwrite) == text.replace("thesis.txt", "model.py")
    (path / "model.py").unlink()
    ig.export(MODEL, WEIGHTS, "numpy", path)
    (path / "thesis.txt").write_text("all of it")
    before = contents(path)
    assert refused(path, overwrite=overwrite) == text
    assert contents(path) == before


def test_a_file_and_a_link_are_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    text = """FOLDER
  wanted a folder, or a new name
  got    a file
  fix    give another name"""
    assert refused(path) == text
    assert path.read_text() == "mine"
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    assert refused(link) == text


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made"
    ig.export(MODEL, WEIGHTS, "numpy", path)
    before = contents(tmp_path)
    for name in ("fsync", "rename"):
        calls = []

        def failing(*given: object, name: str = name, calls: list[object] = calls) -> None:
            calls.append(given)
            if name == "fsync" or len(calls) == 2:  # the second: after the former one was moved aside
                raise OSError(28, "No space left on device")
            os.replace(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(writing.os, name, failing)
        with pytest.raises(ig.FileError, match="no space left"):
            ig.export(MODEL, {name: v + 1 for name, v in WEIGHTS.items()}, "numpy", path)
        monkeypatch.undo()
        assert contents(tmp_path) == before


def test_the_command_line_exports_what_save_wrote(tmp_path: Path) -> None:
    file = ig.save(tmp_path / "net.safetensors", MODEL, WEIGHTS)
    command = ["export", str(file), "--to", "numpy", "--out", str(tmp_path / "made")]
    outcome = typed(*command, cwd=tmp_path)
    assert outcome.returncode == 0, outcome
    lines = outcome.stdout.splitlines()
    assert lines[0] == "Sequential of 2 nodes, 15 weights, exported to numpy"
    assert lines[-1] == f"  python {tmp_path / 'made' / 'model.py'}"
    ran = subprocess.run([sys.executable, "-I", str(tmp_path / "made" / "model.py")], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "PASSED")


def test_the_example_may_be_ones_own(tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    made = ig.export(MODEL, WEIGHTS, "numpy", tmp_path / "made", example=x, dtype="float64")
    assert made.certificate["example"] == [[3, 4]]
    assert made.certificate["dtype"] == "float64"
    with pytest.raises(ig.ShapeError):
        ig.export(MODEL, WEIGHTS, "numpy", tmp_path / "made", example=x[:, :3])
