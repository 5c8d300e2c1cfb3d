"""Models and weights in files: whole or not at all, the same numbers back, readable by others, never code."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import isograd as ig
from isograd.core.graph.files import load_notes


def graph() -> ig.Model:
    """Two inputs, a shared layer, a model inside the model."""
    left, right = ig.Input((2, 3), name="left"), ig.Input((4,))
    shared = ig.Linear(4, name="shared", weight_init=ig.init.Normal(std=0.5))
    inner = ig.Sequential([ig.Linear(4), ig.Tanh()])
    h = shared(ig.Linear(4)(ig.Flatten()(left))) * shared(right)
    return ig.Model(inputs=[left, right], outputs=[inner(inner(h)), h])


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_was_saved_comes_back(tmp_path: Path, dtype: str, backend: str) -> None:
    model = graph()
    weights = ig.build(model, backend=backend, dtype=dtype, seed=3).state_dict()
    path = tmp_path / "runs" / "first" / "m.safetensors"
    assert ig.save(path, model, weights) == path
    loaded, state = ig.load(str(path))
    assert loaded == model
    assert sorted(state) == sorted(weights)
    for name, values in weights.items():
        assert state[name].dtype == np.dtype(dtype)
        np.testing.assert_array_equal(state[name], values)
    x = np.ones((2, 2, 3)), np.ones((2, 4))
    before = ig.build(model, weights, backend=backend, dtype=dtype).forward(*x)
    for y, again in zip(before, ig.build(loaded, state, backend=backend, dtype=dtype).forward(*x), strict=True):
        np.testing.assert_array_equal(y, again)


def test_notes_come_back_and_an_altered_one_is_found(tmp_path: Path) -> None:
    model = ig.Sequential([ig.Linear(2)], input_shape=(3,))
    notes = {"vocabulary": "\n abé", "trained on": "plays"}
    path = ig.save(tmp_path / "m.safetensors", model, ig.build(model).state_dict(), notes=notes)
    assert load_notes(path) == notes
    assert ig.load(path)[0] == model
    assert load_notes(ig.save(tmp_path / "n.safetensors", model, ig.build(model).state_dict())) == {}
    path.write_bytes(path.read_bytes().replace(b"plays", b"poems"))
    with pytest.raises(ig.FileError, match="checksum"):
        load_notes(path)


def test_other_programs_read_the_weights(tmp_path: Path) -> None:
    weights = ig.build(graph(), seed=3).state_dict()
    found = load_file(ig.save(tmp_path / "m.safetensors", graph(), weights))
    assert {name: values.tolist() for name, values in found.items()} == {k: v.tolist() for k, v in weights.items()}


def test_weights_that_are_views_are_saved_as_they_read(tmp_path: Path) -> None:
    model = ig.Sequential([ig.Linear(2, bias=False)], input_shape=(3,))
    view = np.arange(12.0).reshape(6, 2)[::2].T
    _, state = ig.load(ig.save(tmp_path / "m.safetensors", model, {"0.weight": view}))
    assert state["0.weight"].tolist() == [[0.0, 4.0, 8.0], [1.0, 5.0, 9.0]]


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_crash_while_saving_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    model = ig.Sequential([ig.Linear(2)], input_shape=(3,))
    path = ig.save(tmp_path / "m.safetensors", model, ig.build(model, seed=0).state_dict())
    before = path.read_bytes()

    def crash(*args: object) -> None:
        (temporary,) = (entry for entry in tmp_path.iterdir() if entry != path)
        assert path.read_bytes() == before
        assert len(temporary.read_bytes()) == len(before)  # all of it was written before it takes the name
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, call, crash)
        with pytest.raises(KeyboardInterrupt):
            ig.save(path, model, ig.build(model, seed=1).state_dict())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_others_may_read_it_as_any_file(tmp_path: Path) -> None:
    """A temporary file is private; what it becomes has the permissions of a file that open() makes."""
    model = ig.Sequential([ig.Linear(2)], input_shape=(3,))
    path = ig.save(tmp_path / "m.safetensors", model, ig.build(model).state_dict())
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.parametrize("kind", ["os.system", "__reduce__", "builtins.eval", "Description", "Layer", "Initializer"])
def test_a_name_in_a_file_is_looked_up_in_a_registry_and_nowhere_else(kind: str) -> None:
    text = ig.Sequential([ig.Linear(2)], input_shape=(3,)).to_json().replace('"Linear"', f'"{kind}"')
    with pytest.raises(ig.SpecError, match="a known layer"):
        ig.Sequential.from_json(text)


WATCHED = """
import sys, isograd as ig
ig.load(sys.argv[1])  # whatever is imported lazily is here now
events = []
sys.addaudithook(lambda event, args: events.append(f"{event} {args[0]}" if event == "open" else event))
ig.load(sys.argv[1])
print("\\n".join(sorted(set(events) - {"builtins.id"})), end="")
"""


def test_loading_a_file_opens_it_and_runs_nothing(tmp_path: Path) -> None:
    """Python tells an audit hook whenever code is compiled, run or unpickled, or a process started."""
    path = ig.save(tmp_path / "m.safetensors", graph(), ig.build(graph()).state_dict())
    done = subprocess.run([sys.executable, "-c", WATCHED, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"open {path}"
