"""What a user reads when a file is not what it should be; a failed save leaves what was there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import isograd as ig

MODEL = ig.Sequential([ig.Linear(2), ig.Tanh()], input_shape=(3,))


def told(path: Path) -> str:
    with pytest.raises(ig.FileError) as caught:
        ig.load(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    assert (
        told(tmp_path / "none.safetensors")
        == """load('FILE')
  wanted an existing file
  got    no such file
  fix    mend the path"""
    )
    assert (
        told(tmp_path)
        == """load('FILE')
  wanted an existing file
  got    is a directory
  fix    mend the path"""
    )


def test_a_file_of_another_program(tmp_path: Path) -> None:
    for metadata in (None, {"format": "pt"}):
        save_file({"0.weight": np.ones((2, 3), np.float32)}, tmp_path / "other.safetensors", metadata)
        assert (
            told(tmp_path / "other.safetensors")
            == """load('FILE')
  wanted a file that isograd wrote
  got    safetensors without isograd's description
  fix    build the model and call net.load_state_dict with its tensors"""
        )


def test_an_altered_weight(tmp_path: Path) -> None:
    path = ig.save(tmp_path / "m.safetensors", MODEL, ig.build(MODEL).state_dict())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert (
        told(path)
        == """load('FILE')
  wanted a whole file, as ig.save wrote it
  got    a damaged one: its values do not match their checksum
  fix    restore it from a copy"""
    )


def test_an_altered_description_even_one_that_can_be_built(tmp_path: Path) -> None:
    path = ig.save(tmp_path / "m.safetensors", MODEL, ig.build(MODEL).state_dict())
    path.write_bytes(path.read_bytes().replace(b"Tanh", b"ReLU"))
    assert told(path).splitlines()[2] == "  got    a damaged one: its values do not match their checksum"


def test_every_cut_and_every_altered_byte_is_a_clear_error(tmp_path: Path) -> None:
    path = ig.save(tmp_path / "m.safetensors", MODEL, ig.build(MODEL).state_dict())
    content = path.read_bytes()
    for k in range(len(content)):
        for spoilt in (content[:k], content[:k] + bytes([content[k] ^ 1]) + content[k + 1 :]):
            path.write_bytes(spoilt)
            assert told(path).endswith("restore it from a copy") or told(path).endswith("with its tensors"), k


def test_a_save_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    weights = ig.build(MODEL).state_dict()
    ig.save(path, MODEL, weights)
    before = path.read_bytes()
    with pytest.raises(ig.WeightsError) as caught:
        ig.save(path, MODEL, {"0.weight": weights["0.weight"] * 0})
    assert (
        str(caught.value)
        == """save
  wanted 0.weight, 0.bias
  got    missing 0.bias
  fix    give the state_dict of a model with the same description; no weight was changed"""
    )
    with pytest.raises(ig.WeightsError):
        ig.save(tmp_path / "new" / "m.safetensors", MODEL, {"0.weight": weights["0.weight"]})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
