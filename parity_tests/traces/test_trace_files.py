"""Traces in files: bit for bit there and back, from another process, and what is no trace is refused, soon."""

from __future__ import annotations

import json
import random
import resource
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import python, typed
from safetensors.numpy import load as tensors_of
from spoiling import packed, spoilt, spoilt_file
from trace_helpers import CNN, X, engine_with, output_off, trace_of

import isograd as ig
from isograd.core.base.tensor_files import checksum

MEGABYTE = 1 << 10  # in units of ru_maxrss
SMALL = ig.Sequential([ig.Linear(3), ig.Tanh(), ig.Linear(2)], input_shape=(4,))
SMALL_X = np.linspace(-1, 1, 8).reshape(2, 4)

ELSEWHERE = """
import sys
import numpy as np
import isograd as ig
model, weights = ig.load("model.safetensors")
assert "torch" not in sys.modules
net = ig.build(model, weights, dtype="float64")
ig.record(net, np.load("x.npy"), path="there.safetensors")
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("sketches", [False, True])
def test_a_trace_comes_back_bit_for_bit(tmp_path: Path, sketches: bool) -> None:
    trace = trace_of("numpy", dtype="float32", sketches=sketches)
    path = trace.save(tmp_path / "deep" / "t.safetensors")
    assert ig.Trace.load(path) == trace
    assert trace.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert [entry.name for entry in path.parent.iterdir()] == ["t.safetensors"]


def test_a_record_writes_its_trace_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    trace = ig.record(ig.build(SMALL), SMALL_X, path=path)
    assert ig.Trace.load(str(path)) == trace
    (tmp_path / "folder").mkdir()
    with pytest.raises(ig.FileError):
        ig.record(ig.build(SMALL), SMALL_X, path=tmp_path / "folder")


def test_files_of_sketches_are_small(tmp_path: Path) -> None:
    model = ig.Sequential([ig.Linear(400), ig.Tanh(), ig.Linear(2)], input_shape=(300,))
    net, x = ig.build(model), np.random.default_rng(0).normal(size=(200, 300))
    whole, small = (ig.record(net, x, sketches=s, path=tmp_path / f"{s}.safetensors") for s in (False, True))
    sizes = {s: (tmp_path / f"{s}.safetensors").stat().st_size for s in (False, True)}
    assert sizes[True] < 0.3 * sizes[False]
    report = ig.diff(whole, small)
    assert report.passed
    assert max(row.error for row in report.rows) == 0


def test_a_trace_of_another_process_is_compared_by_library_and_command(tmp_path: Path) -> None:
    net = ig.build(CNN, dtype="float64")
    ig.save(tmp_path / "model.safetensors", CNN, net.state_dict())
    np.save(tmp_path / "x.npy", X)
    run = python("-c", ELSEWHERE, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    there = ig.Trace.load(tmp_path / "there.safetensors")
    assert there.entries == ig.record(net, X).entries
    ig.record(ig.build(CNN, net.state_dict(), backend="torch", dtype="float64"), X, path=tmp_path / "here.safetensors")
    found = typed("diff", "there.safetensors", "here.safetensors", "--json", "all.json", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1].startswith("PASSED: numpy of 20")
    assert json.loads((tmp_path / "all.json").read_text())["passed"]
    wrong = ig.build(CNN, net.state_dict(), backend=engine_with(ig.Tanh, output_off), dtype="float64")
    ig.record(wrong, X, path=tmp_path / "wrong.safetensors")
    found = typed("diff", "wrong.safetensors", "here.safetensors", "--html", "page.html", cwd=tmp_path)
    assert found.returncode == 1
    assert "ParityError: output of Tanh(), 2, differs first, worst at [" in found.stdout
    assert "what enters it is equal" in (tmp_path / "page.html").read_text()


def test_the_command_renames_and_says_what_is_wrong(tmp_path: Path) -> None:
    def saved(name: str) -> None:
        layer = ig.Linear(3, name=name)
        model = ig.Sequential([layer], input_shape=(4,))
        weights = {f"{name}.weight": np.ones((3, 4)), f"{name}.bias": np.ones(3)}
        ig.record(ig.build(model, weights), SMALL_X, path=tmp_path / f"{name}.safetensors")

    saved("fc")
    saved("head")
    assert typed("diff", "fc.safetensors", "head.safetensors", cwd=tmp_path).returncode == 1
    assert typed("diff", "fc.safetensors", "head.safetensors", "--rename", "fc=head", cwd=tmp_path).returncode == 0
    (tmp_path / "words.py").write_text("NEW = 'head'\n")
    (tmp_path / "names.py").write_text(
        "from words import NEW\n\ndef renamed(path):\n    return path.replace('fc', NEW)\n"
    )
    by_function = typed("diff", "fc.safetensors", "head.safetensors", "--rename", "names.py:renamed", cwd=tmp_path)
    assert by_function.returncode == 0
    missing = typed("diff", "fc.safetensors", "none.safetensors", cwd=tmp_path)
    assert missing.returncode == 2
    assert "no such file" in missing.stderr
    odd = typed("diff", "fc.safetensors", "head.safetensors", "--rename", "fc", cwd=tmp_path)
    assert odd.returncode == 2
    assert odd.stderr.splitlines()[:3] == [
        "diff --rename",
        "  wanted OLD=NEW, or one FILE.py:FUNCTION",
        "  got    'fc'",
    ]


def test_every_cut_and_every_altered_byte_is_a_clear_error(tmp_path: Path) -> None:
    model = ig.Sequential([ig.Linear(1)], input_shape=(1,))
    path = ig.record(ig.build(model), np.ones((1, 1))).save(tmp_path / "t.safetensors")
    content = path.read_bytes()
    for k in range(0, len(content), 23):
        for changed in (content[:k], content[:k] + bytes([content[k] ^ 1]) + content[k + 1 :]):
            path.write_bytes(changed)
            with pytest.raises(ig.FileError) as caught:
                ig.Trace.load(path)
            assert caught.value.fix in ("restore it from a copy", "ig.record(net, inputs, path=…)"), k


def signed(content: bytes, rng: random.Random) -> bytes:
    """The file with a spoilt manifest and the right checksum; itself, where it is no file any more."""
    try:
        length = struct.unpack("<Q", content[:8])[0]
        header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
        told = header["__metadata__"]
        told["isograd_trace"] = json.dumps(spoilt(json.loads(told["isograd_trace"]), rng))
        arrays = tensors_of(packed(header, body))
        told["checksum"] = checksum({"isograd_trace": told["isograd_trace"]}, arrays)
        return packed(header, body)
    except Exception:
        return content


def compared(path: Path, other: Path) -> bool:
    """Whether a file is read; an error of ours may end that, or the comparison, and nothing else."""
    trace = told = None
    try:
        trace = ig.Trace.load(path)
        told = f"{trace}{ig.diff(trace, other)}"
    except ig.IsogradError as error:
        told = str(error)
    assert 0 < len(told) < 20_000
    return trace is not None


def test_spoilt_files_are_read_or_refused_and_what_is_read_is_compared_or_refused(tmp_path: Path) -> None:
    training: dict[str, Any] = {"targets": np.zeros((2, 2)), "loss": ig.MSELoss(), "optimizer": ig.Adam(), "steps": 1}
    contents = []
    for model in (SMALL, ig.Sequential([ig.Linear(40)], input_shape=(12,))):
        x = np.ones((2, *model.input_shapes[0]))
        options = training if model is SMALL else {}
        contents.append(ig.record(ig.build(model), x, sketches=True, **options).save(tmp_path / "t").read_bytes())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    for seed in range(300):
        rng = random.Random(seed)
        content = rng.choice(contents)
        content = signed(content, rng) if seed % 3 else spoilt_file(content, rng)
        (tmp_path / "spoilt").write_bytes(content)
        (tmp_path / "t").write_bytes(contents[0])
        started = time.process_time()
        read += compared(tmp_path / "spoilt", tmp_path / "t")
        assert time.process_time() - started < 1
    assert 0 < read < 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * MEGABYTE


def test_a_model_file_is_no_trace_and_a_trace_no_model(tmp_path: Path) -> None:
    trace = ig.record(ig.build(SMALL), SMALL_X)
    with pytest.raises(ig.FileError, match="safetensors without isograd's description"):
        ig.load(trace.save(tmp_path / "t.safetensors"))
