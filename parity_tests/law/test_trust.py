"""The catalogue of planted faults: no record goes stale, and faults of every class are seen; docs/trust.md has all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from false_alarms import ORDINARY
from trust.catalogue import CATALOGUE, CLASSES
from trust.models import MODELS
from trust.page import PAGE
from trust.record import Fault, Stale

from isograd.core.base.description import REGISTRY

FOLDER = Path(__file__).resolve().parents[1]
EVERY = [fault for faults in CATALOGUE.values() for fault in faults]
KINDS = {name for members in REGISTRY.values() for name in members}
CHEAP = {
    "known": "a ReLU's mask is always true",
    "large": "rows of slices come out in another order",
    "few": "one output feature is taken for no axis",
    "layouts": "a one-hot row is float64",
    "state": "momentum means what is kept",
    "sharing": "the second sequence direction reads time as the first",
    "modes": "the book's dropout is not scaled in evaluation",
    "resume": "a state shares its arrays with the trainer",
    "clipping": "small gradients are scaled up",
    "loading": "targets of a window are its inputs",
    "metrics": "rows and columns of a confusion matrix change places",
    "preparing": "predictions come back without their mean",
    "files": "a checksum is not looked at",
    "torch_engine": "a slope stays at its default",
    "judge": "NaN is equal to NaN",
    "blame": "what is inherited is told as an error of its own",
}
"""A fault of every class that is soon seen."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "trust.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_record_stands_where_it_says(kind: str) -> None:
    """Its text once in its module, its tests in their files, the cases and models that it names."""
    assert CATALOGUE[kind]
    for fault in CATALOGUE[kind]:
        assert fault.source
        assert fault.tests or fault.seen_by_parity, fault.name
        for name in fault.tests:
            path, _, test = name.partition("::")
            if path.endswith(".py"):
                found = FOLDER / path
                assert found.is_file(), f"{fault.name}: {path}"
                assert not test or f"def {test.partition('[')[0]}(" in found.read_text(), f"{fault.name}: {name}"
        assert set(fault.kinds) <= KINDS, fault.name
        assert fault.model in {"", *ORDINARY, *MODELS}, fault.name
        assert not fault.node or (fault.side and fault.kinds), fault.name


def test_there_are_two_hundred_and_more_each_once() -> None:
    names = [fault.name for fault in EVERY]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    changes = [(fault.module, fault.source) for fault in EVERY]
    assert len(set(changes)) == len(changes)


def test_a_record_that_changes_nothing_or_stands_nowhere_is_stale() -> None:
    line = "from __future__ import annotations\n"
    for before, after in (("no such text", ""), ("def ", "deff "), (line, f"{line}# the same\n")):
        with pytest.raises((Stale, SyntaxError)):
            _ = Fault("stale", "isograd.core.base.numbers", before, after).source


def test_a_fault_of_every_class_is_seen_and_nothing_is_blamed_wrongly() -> None:
    assert set(CHEAP) == set(CLASSES)
    told = run("--only", "|".join(CHEAP.values()))
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"| all | {len(CHEAP)} | {len(CHEAP)} |" in told.stdout


@pytest.mark.slow
def test_a_sample_of_every_class_is_seen() -> None:
    told = run("--sample", "2", "--seed", "1")
    assert told.returncode == 0, told.stdout + told.stderr


def test_what_nobody_sees_is_told() -> None:
    """A fault whose tests are another's."""
    told = run("--only", "no such fault")
    assert told.returncode == 0
    assert "0 false alarms in 0 comparisons" in told.stdout


def test_the_page_counts_every_fault_of_the_catalogue() -> None:
    text = PAGE.read_text()
    for kind, told in CLASSES.items():
        assert f"| {told} | {len(CATALOGUE[kind])} |" in text, kind
    caught, faults = map(int, re.findall(r"(\d+) of (\d+) faults caught", text)[0])
    assert faults == len(EVERY)
    assert caught >= 0.99 * faults
    right, nodes = map(int, re.findall(r"blamed of (\d+) of (\d+) that live in a node", text)[0])
    assert right >= 0.95 * nodes
    assert " 0 false alarms" in text.replace("\n", " ").replace("**", "")
