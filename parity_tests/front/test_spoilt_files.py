"""Descriptions and files spoilt at random: read as something, or an error of ours, soon and without much memory."""

from __future__ import annotations

import json
import random
import resource
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load as tensors_of
from spoiling import packed, spoilt, spoilt_file, spoilt_text

import isograd as ig
from isograd.core.base.description import Description
from isograd.core.base.tensor_files import checksum
from isograd.core.graph.composite import Composite
from isograd.core.graph.files import load_notes

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "0.1"
FILES = [path.read_bytes() for path in sorted(FIXTURES.glob("*.safetensors")) if ".arrays" not in path.name]
NOTES = ["[1]", '{"a": 1}', "[" * 2000, "3", '"a"', "{", '{"a": "b", "a": "c"}', '{"a": "b"}']
MEGABYTE = 1 << 10  # in units of ru_maxrss


def header_of(content: bytes) -> Any:
    return json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])


TEXTS = [header_of(content)["__metadata__"]["isograd"] for content in FILES]
TEXTS += [line for line in (FIXTURES / "descriptions.jsonl").read_text().splitlines() if "custom" not in line]


def survived(action: Callable[[], Any]) -> bool:
    """Whether the action came to its end; an error of ours may end it, nothing else, and that within a second."""
    started = time.process_time()
    try:
        action()
        done = True
        told = ""
    except ig.IsogradError as error:
        done, told = False, str(error)
    assert len(told) < 5000
    assert time.process_time() - started < 1
    return done


def used(text: str) -> None:
    """All that reading a description should be good for."""
    made = Description.from_json(text)
    assert Description.from_json(made.to_json()) == made
    assert isinstance(hash(made), int)
    assert repr(made)
    if isinstance(made, Composite):
        made.summary()


@pytest.mark.parametrize("part", range(3))
def test_spoilt_descriptions_are_read_or_refused(part: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    for seed in range(250 * part, 250 * part + 250):
        rng = random.Random(seed)
        text = rng.choice(TEXTS)
        changed = spoilt_text(text, rng) if seed % 3 == 0 else json.dumps(spoilt(json.loads(text), rng))
        read += survived(lambda changed=changed: used(changed))
    assert 0 < read < 150
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * MEGABYTE


@pytest.mark.parametrize("part", range(2))
def test_spoilt_files_are_read_or_refused(tmp_path: Path, part: int) -> None:
    """In every second one the checksum is that of what stands in it, as a stranger would write it.

    In half of those the description or the notes alone are spoilt.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(200 * part, 200 * part + 200):
        rng = random.Random(seed)
        content = rng.choice(FILES)
        if seed % 4 != 1:
            content = spoilt_file(content, rng)
        path = tmp_path / "spoilt.safetensors"
        path.write_bytes(signed(content, rng) if seed % 2 else content)
        survived(lambda path=path: ig.load(path))
        survived(lambda path=path: {name.join(word) for name, word in load_notes(path).items()})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * MEGABYTE


def signed(content: bytes, rng: random.Random) -> bytes:
    """The file with a spoilt description or notes and the right checksum; itself, where it is no file any more."""
    try:
        header = header_of(content)
        body = content[8 + struct.unpack("<Q", content[:8])[0] :]
        told = header["__metadata__"]
        if rng.random() < 0.5:
            told["isograd"] = json.dumps(spoilt(json.loads(told["isograd"]), rng))
        else:
            told["notes"] = rng.choice(NOTES)
        weights = tensors_of(packed(header, body))
        signed_texts = {name: told[name] for name in ("isograd", "notes") if name in told}
        told["checksum"] = checksum(signed_texts, weights)
        return packed(header, body)
    except Exception:
        return content
