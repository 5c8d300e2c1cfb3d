"""Systems that differ from the one that tests run on, simulated: what they cannot do has another way or a message."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from message_helpers import raised

import isograd as ig
from isograd.backends.numpy_impl.memory import keep_freed_memory
from isograd.core.base.atomic import write_atomically

MODEL = ig.Sequential([ig.Linear(3)], input_shape=(5,))


def test_a_file_and_its_folder_are_flushed_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def replaced(old: Any, new: Any) -> None:
        done.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", replaced)
    write_atomically(tmp_path / "new" / "a.bin", b"first")
    assert done == ["file", "rename", "folder"]


def test_where_folders_cannot_be_opened_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which has no O_DIRECTORY."""
    monkeypatch.delattr(os, "O_DIRECTORY")
    monkeypatch.setattr(os, "open", lambda *args: pytest.fail("a folder was opened"))
    assert write_atomically(tmp_path / "a.bin", b"first").read_bytes() == b"first"


@pytest.mark.parametrize(("number", "told"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_flushed_is_left_and_one_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: bool
) -> None:
    fsync = os.fsync

    def flushed(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", flushed)
    if told:
        with pytest.raises(ig.FileError, match="may not outlast a loss of power"):
            write_atomically(tmp_path / "a.bin", b"first")
    else:
        write_atomically(tmp_path / "a.bin", b"first")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_file_that_is_open_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where an open file cannot be replaced: the old one stays, and nothing lies beside it."""
    path = ig.save(tmp_path / "m.safetensors", MODEL, ig.build(MODEL).state_dict())
    before = path.read_bytes()

    def refused(old: Any, new: Any) -> None:
        raise PermissionError(errno.EACCES, "Access is denied", str(new))

    monkeypatch.setattr(os, "replace", refused)
    assert (
        raised(lambda: ig.save(path, MODEL, ig.build(MODEL, seed=1).state_dict()))
        == f"""FileError: {path}
  wanted a file that may be written
  got    access is denied
  fix    close it where it is open, or name another place; nothing was changed"""
    )
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_only_glibc_is_asked_to_keep_freed_memory(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ctypes.CDLL(None)` is an error on Windows, and macOS has no mallopt."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("a library was opened"))
    keep_freed_memory.__wrapped__()


def test_a_device_without_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Apple's mps."""
    empty = torch.empty

    def refused(*size: int, **options: Any) -> torch.Tensor:
        if options.get("dtype") == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype\nas the framework lacks it")
        return empty(*size, **options)

    monkeypatch.setattr(torch, "empty", refused)
    assert (
        raised(lambda: ig.build(MODEL, backend="torch", dtype="float64", device="cpu"))
        == """BackendError: device='cpu'
  wanted a device that computes in float64
  got    Cannot convert a MPS Tensor to float64 dtype
  fix    dtype="float32", or device="cpu\""""
    )
    ig.build(MODEL, backend="torch", dtype="float32", device="cpu")
