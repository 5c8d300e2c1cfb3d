"""What stands on the disk when a save fails, is killed or meets another; what dtypes and byte orders come back."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from message_helpers import raised

import isograd as ig
from isograd.core.base import atomic
from isograd.core.base.atomic import write_atomically
from isograd.core.graph.weights import check_state

MODEL = ig.Sequential([ig.Linear(2), ig.BatchNorm1d()], input_shape=(3,))
WEIGHTS = ig.build(MODEL).state_dict()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint16", "int64"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_dtype_is_kept_and_the_byte_order_made_this_machines(tmp_path: Path, dtype: str, order: str) -> None:
    given = np.arange(6).reshape(2, 3).astype(np.dtype(dtype).newbyteorder(order))
    kept = given.tobytes()
    path = ig.save(tmp_path / "m.safetensors", MODEL, {**WEIGHTS, "0.weight": given})
    _, state = ig.load(path)
    assert given.tobytes() == kept
    assert state["0.weight"].dtype == np.dtype(dtype)
    assert state["0.weight"].dtype.isnative
    assert state["0.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    checked = check_state(MODEL, {**WEIGHTS, "0.weight": given})["0.weight"]
    assert (checked.dtype, checked.dtype.isnative) == (np.dtype(dtype), True)
    for backend in ("numpy", "torch"):
        for weights in (state, {**WEIGHTS, "0.weight": given}):
            net = ig.build(MODEL, weights, backend=backend)
            assert net.state_dict()["0.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
            assert net.state_dict()["0.weight"].dtype == np.float32
            assert np.isfinite(net.forward(np.ones((2, 3)), training=True)).all()


@pytest.mark.parametrize("layer", [ig.RNN(2), ig.GRU(2, reset="before"), ig.LSTM(2), ig.GRU(2)])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_integer_weights_compute_as_floats(backend: str, layer: ig.Layer) -> None:
    model = ig.Sequential([layer], input_shape=(3, 2))
    state = ig.build(model).state_dict()
    integers = {path: np.ones(values.shape, np.int64) for path, values in state.items()}
    floats = {path: np.ones(values.shape, np.float32) for path, values in state.items()}
    x = np.ones((2, 3, 2), np.float32)
    found, wanted = (ig.build(model, given, backend=backend).forward(x) for given in (integers, floats))
    np.testing.assert_array_equal(found, wanted)


def test_tensors_and_parameters_are_weights() -> None:
    linear = torch.nn.Linear(3, 2)
    model = ig.Sequential([ig.Linear(2)], input_shape=(3,))
    parameters = {f"0.{name}": value for name, value in linear.named_parameters()}
    halves = {path: value.detach().to(torch.bfloat16) for path, value in parameters.items()}
    for backend in ("numpy", "torch"):
        same = ig.build(model, parameters, backend=backend).state_dict()
        assert same["0.weight"].tolist() == linear.weight.tolist()
        rounded = ig.build(model, halves, backend=backend).state_dict()
        assert rounded["0.weight"].tolist() == halves["0.weight"].float().tolist()


def spoilt(values: Any) -> str:
    return raised(lambda: ig.build(MODEL, {**WEIGHTS, "0.bias": values})).split("\n  fix")[0]


def test_weights_that_are_none() -> None:
    where = "WeightsError: build(weights=…): 0.bias\n  wanted "
    assert spoilt(None) == where + "numbers of shape (2,)\n  got    object of shape ()"
    assert spoilt("ab") == where + "numbers of shape (2,)\n  got    <U2 of shape ()"
    assert spoilt([[1], [1, 2]]).startswith(where + "numbers of shape (2,)\n  got    list: setting an array element")
    assert spoilt(np.ma.masked_array([1.0, 2.0], [True, False])) == where + "numbers\n  got    a masked array"
    assert spoilt(np.ones(2, complex)) == where + "numbers of shape (2,)\n  got    complex128 of shape (2,)"
    assert raised(lambda: ig.build(MODEL, {**WEIGHTS, "1.num_batches_tracked": np.array(1.5)})).splitlines()[1] == (
        "  wanted whole numbers"
    )
    assert raised(lambda: ig.build(MODEL, [WEIGHTS])).splitlines()[1] == "  wanted a mapping {path: array}"  # type: ignore[arg-type]


def test_what_safetensors_cannot_hold(tmp_path: Path) -> None:
    if np.dtype(np.longdouble).itemsize <= 8:
        pytest.skip("this machine's long double is a double")
    weights = {**WEIGHTS, "0.bias": np.ones(2, np.longdouble)}
    assert raised(lambda: ig.save(tmp_path / "m", MODEL, weights)).splitlines()[1:3] == [
        "  wanted float16, float32 or float64",
        f"  got    {np.dtype(np.longdouble)}",
    ]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("folder", "is a directory"),
        ("new/folder/" + "x" * 300, "file name too long"),
        ("new/" + "x" * 300 + "/m", "file name too long"),
        ("file/m", "file exists"),
        ("file/new/m", "not a directory"),
        ("pipe", "a pipe or a device"),
        ("link", "a pipe or a device"),
    ],
)
def test_a_place_where_no_file_can_be(tmp_path: Path, place: str, told: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    with pytest.raises(ig.FileError) as caught:
        ig.save(tmp_path / place, MODEL, WEIGHTS)
    assert caught.value.wanted == "a file that may be written"
    assert caught.value.got == told
    assert caught.value.fix.endswith("; nothing was changed")
    assert names(tmp_path) == ["file", "folder", "link", "pipe"]
    assert names(tmp_path / "folder") == []
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_the_longest_name_that_a_folder_takes(tmp_path: Path) -> None:
    name = "é" * 100 + "x" * 55
    assert ig.load(ig.save(tmp_path / name, MODEL, WEIGHTS))[0] == MODEL
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    path = ig.save(tmp_path / "m.safetensors", MODEL, WEIGHTS)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    for place in (path, tmp_path / "new" / "folder" / "m"):
        with pytest.raises(ig.FileError) as caught:
            ig.save(place, MODEL, WEIGHTS)
        assert caught.value.got == os.strerror(number).lower()
    assert path.read_bytes() == before
    assert names(tmp_path) == ["m.safetensors"]


FULL = """
import resource, signal, sys
import isograd as ig
from isograd.core.base.atomic import write_atomically
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 100_000)
except ig.FileError as error:
    print(error.got, end="")
"""


def test_a_file_that_outgrows_what_the_system_allows(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "m")], capture_output=True, text=True, check=True)
    assert done.stdout == "file too large"
    assert names(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 5000


KILLED = """
import os, sys, time
from pathlib import Path
from isograd.core.base.atomic import write_atomically
def wait(handle):
    print("written", flush=True)
    time.sleep(60)
os.fsync = wait
write_atomically(Path(sys.argv[1]), b"killed")
"""


def test_what_a_killed_save_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    command = [sys.executable, "-c", KILLED, str(path)]
    saving = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for process in saving:
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
        assert len(names(tmp_path)) == 2
        saving[0].send_signal(signal.SIGKILL)
        saving[0].wait()
        write_atomically(path, b"whole")
        assert len(names(tmp_path)) == 2  # the file, and what the second process is writing
        saving[1].send_signal(signal.SIGKILL)
        saving[1].wait()
        write_atomically(path, b"whole")
        assert names(tmp_path) == ["m.safetensors"]
    finally:
        for process in saving:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_no_other_file_is_taken_for_an_orphan(tmp_path: Path) -> None:
    others = [".m.txt", ".m.0123456789abcdef.txt", ".m.0123456789ABCDEF", "m.0123456789abcdef", ".n.0123456789abcdef"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".m.0123456789abcdee").touch()
    write_atomically(tmp_path / "m", b"whole")
    assert names(tmp_path) == sorted([*others, "m"])


@pytest.mark.parametrize("lock", [None, lambda handle: (_ for _ in ()).throw(OSError(errno.ENOLCK, "no locks"))])
def test_where_nothing_can_be_locked_only_old_files_are_orphans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: Any
) -> None:
    monkeypatch.setattr(atomic, "_LOCKING", lock)
    old, young = tmp_path / ".m.0123456789abcdee", tmp_path / ".m.0123456789abcdef"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 2 * atomic.LEFT_BEHIND,) * 2)
    assert write_atomically(tmp_path / "m", b"whole").read_bytes() == b"whole"
    assert names(tmp_path) == [young.name, "m"]


def test_a_temporary_file_that_another_took_for_an_orphan_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between being made and being locked it may be removed: then it is not what would be renamed."""
    locked, taken = atomic._LOCKING, []

    def late(handle: int) -> None:
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        if locked:
            locked(handle)

    monkeypatch.setattr(atomic, "_LOCKING", late)
    assert write_atomically(tmp_path / "m", b"whole").read_bytes() == b"whole"
    assert names(tmp_path) == ["m"]


def test_notes_and_paths_that_are_none(tmp_path: Path) -> None:
    assert (
        raised(lambda: ig.save(tmp_path / "m", MODEL, WEIGHTS, notes={"classes": 3}))  # type: ignore[dict-item]
        == """SpecError: save(notes=…)
  wanted texts by name
  got    {'classes': 3}
  fix    notes={"classes": json.dumps(classes)}"""
    )
    assert (
        raised(lambda: ig.save(None, MODEL, WEIGHTS))  # type: ignore[arg-type]
        == """FileError: save(None)
  wanted a path
  got    None
  fix    save("net.safetensors")"""
    )
    assert raised(lambda: ig.load("a\0b")).startswith("FileError: load('a\\x00b')\n  wanted a path")
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe or a device" in raised(lambda: ig.load(tmp_path / "pipe"))
    assert names(tmp_path) == ["pipe"]


def test_two_files_of_one_model_are_equal_byte_for_byte_in_every_process(tmp_path: Path) -> None:
    """What the safetensors library writes has its metadata in an order of each process's own."""
    made = "import isograd as ig, sys; model = ig.Sequential([ig.Linear(3)], input_shape=(2,)); "
    made += "ig.save(sys.argv[1], model, ig.build(model).state_dict(), notes={'b': 'one', 'a': 'two'})"
    for name in ("one", "two", "three"):
        subprocess.run([sys.executable, "-c", made, str(tmp_path / name)], check=True)
    assert len({(tmp_path / name).read_bytes() for name in ("one", "two", "three")}) == 1
