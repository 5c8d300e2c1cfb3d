"""What is asked in a process with a fault: parity, and the tests that the fault's record names."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trust.planting import plant
from trust.record import Fault

FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Seen:
    """What parity said: whether anything failed; the first culprit's path, layer and guilty side."""

    caught: bool
    path: str = ""
    layer: str = ""
    guilty: str | None = None
    told: str = ""

    def names(self, fault: Fault) -> bool:
        """Whether it is the fault's node."""
        return self.layer.partition("(")[0].partition(" ")[0] in fault.kinds

    def blames(self, fault: Fault) -> bool:
        return self.guilty == fault.side


def asked_parity(fault: Fault) -> Seen:
    """The cases of its kinds, or its model, with the fault; the first comparison that fails."""
    plant(fault)
    try:
        return next((found for found in comparisons(fault.kinds, fault.model) if found.caught), Seen(False))
    except Exception as error:
        return Seen(True, told=f"{type(error).__name__}: {error}")


def asked_sound(kind: str, model: str) -> tuple[int, list[str]]:
    """(comparisons, those that fail) of the cases of a kind, or of a model, nothing being planted."""
    found = list(comparisons((kind,) if kind else (), model))
    return len(found), [f"{kind or model}: {seen.told}" for seen in found if seen.caught]


def comparisons(kinds: Sequence[str], model: str) -> Iterator[Seen]:
    """What parity says of each case of these kinds, and of the model."""
    sys.path[:0] = [str(FOLDER), str(FOLDER / "helpers")]
    import numpy as np

    from trust.models import reports

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for report in reports(kinds, model):
            if report.passed:
                yield Seen(False)
                continue
            culprit = report.culprit
            told = "\n".join(row.text for row in report.rows if row.failed)
            if culprit is None:
                yield Seen(True, told=told)
            else:
                yield Seen(True, culprit.path, culprit.layer, culprit.guilty, culprit.text)


def asked_tests(fault: Fault) -> str | None:
    """The first of the record's tests that fails; None where all pass."""
    plant(fault)
    import pytest

    class First:
        failed: str | None = None

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed and self.failed is None:
                self.failed = report.nodeid

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed and self.failed is None:
                self.failed = f"collection of {report.nodeid}"

    os.chdir(FOLDER.parent)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-qq", "-x", "--no-header", "--no-summary", "--capture=no", "-p", "no:cacheprovider"]
    options += ["--assert=plain"]  # what was imported before the fork cannot be rewritten
    options += ["--rootdir", str(FOLDER.parent), "-c", str(FOLDER.parent / "pyproject.toml"), "-m", ""]
    named = [str(FOLDER / one) if one.partition("::")[0].endswith(".py") else one for one in fault.tests]
    first = First()
    code = pytest.main([*options, *named], [first])
    assert first.failed or code == pytest.ExitCode.OK, f"{fault.name}: pytest ended with {code!r}"
    return first.failed
