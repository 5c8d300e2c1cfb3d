"""Faults outside operations (learners, networks, trainer, data, the judge) are seen by the tests of their part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mutation.parts import KNOWN, PARTS
from mutation.places import EVERY_KIND, mutants_of

FOLDER = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("part", KNOWN)
def test_faults_that_are_known_to_be_caught_are_caught(part: str) -> None:
    command = [sys.executable, str(FOLDER / "mutants.py"), "--known", part]
    run = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent)
    planted = len(KNOWN[part][1])
    told = f"{run.stdout}\n{run.stderr}"
    assert run.returncode == 0, told
    assert run.stdout.split()[-3:] == [str(planted), "/", str(planted)], told


@pytest.mark.parametrize("part", PARTS)
def test_every_module_of_a_part_has_faults_and_every_test_file_is_there(part: str) -> None:
    for module in PARTS[part].modules:
        assert next(mutants_of(module, EVERY_KIND), None), module
    for name in (*PARTS[part].files, *(KNOWN[part][0] if part in KNOWN else ())):
        assert (FOLDER / name.partition("::")[0]).is_file(), name


@pytest.mark.parametrize(
    ("module", "function", "before", "after"),
    [
        ("isograd.core.data.streams", "windows_at", "places + 1", "places"),
        ("isograd.core.training.watching", "BestWeights.epoch_ends", "self.waited += 1", "pass"),
        (
            "isograd.core.engine.batches",
            "aligned",
            "next(waiting) if loss is not None else None",
            "next(waiting) if True else None",
        ),
        ("isograd.core.data.streams", "Streams.first", "count < self.rows", "count <= self.rows"),
    ],
)
def test_each_kind_of_fault_is_made(module: str, function: str, before: str, after: str) -> None:
    made = {(m.function, m.before, m.after) for m in mutants_of(module, EVERY_KIND)}
    assert (function, before, after) in made
