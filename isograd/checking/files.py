"""A file that says what its things claim to be, `checks = {MyConv: ig.Conv2d(8, 3)}`, and the reports on them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from isograd.checking.entrance import check_operation
from isograd.checking.report import FORWARD, TEN, Criterion, Finding, OperationReport
from isograd.core.base.description import Description
from isograd.core.base.errors import FileError, IsogradError, SpecError, shown
from isograd.core.base.raised import told_with_line

CHECKS = "checks"


@dataclass(frozen=True)
class FileReport:
    """The reports on all that a file claims."""

    file: str
    reports: tuple[OperationReport, ...]

    @property
    def passed(self) -> bool:
        return all(report.passed for report in self.reports)

    @property
    def earned(self) -> float:
        return round(sum(report.earned for report in self.reports), 1)

    @property
    def points(self) -> float:
        return TEN * len(self.reports)

    def to_dict(self) -> dict[str, object]:
        each = [report.to_dict() for report in self.reports]
        return {"file": self.file, "passed": self.passed, "earned": self.earned, "points": self.points, "checks": each}


def check_file(path: Path, *, one_of_many: bool = False) -> FileReport:
    """A report on everything in the `checks` of a Python file; one that cannot be run is a finding with its line.

    Raises FileError for a file that is not there; SpecError where it says no checks, or claims what cannot be judged,
    which is a finding as well of `one_of_many` files: the others are judged all the same.
    """
    if path.suffix != ".py" or not path.is_file():
        got = "no such file" if not path.is_file() else path.suffix or "no ending"
        raise FileError(f"check {str(path)!r}", wanted="a Python file", got=got, fix="isograd check mylayer.py")
    with neighbours(path.absolute().parent):
        try:
            checks = _checks_of(path)
        except (Exception, SystemExit) as error:
            if isinstance(error, IsogradError) and not one_of_many:
                raise
            return FileReport(str(path), (_broken(path.name, f"the file raises {_told(error)}"),))
        reports = []
        for mine, said in checks.items():
            like, options = said if isinstance(said, tuple) else (said, {})
            try:
                reports.append(check_operation(mine, like, **options))
            except IsogradError as error:
                if not one_of_many:
                    raise
                reports.append(_broken(repr(like), _told(error)))
        return FileReport(str(path), tuple(reports))


@contextmanager
def neighbours(folder: Path) -> Iterator[None]:
    """Inside, files of a folder can be imported; behind it they are forgotten: another may have such names as well."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == folder:
                del sys.modules[name]


def _broken(name: str, text: str) -> OperationReport:
    """The report on what could not even be asked."""
    finding = Finding("raised", text)
    return OperationReport(name, "something that runs", (Criterion("runs", FORWARD, 0, 1, (finding,), TEN),))


def _told(error: BaseException) -> str:
    """An error with its line; a misspelt file has one of its own."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    return " ".join(told_with_line(error).split())


def _checks_of(path: Path) -> Mapping[Any, Any]:
    """`checks` of the file, run."""
    spec = spec_from_file_location(f"isograd_checked_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = getattr(module, CHECKS, None)
    if not isinstance(found, Mapping) or not found or not all(map(_claim, found.values())):
        raise SpecError(
            str(path),
            wanted="checks = {…} in the file: what is mine, and the description that it claims to be",
            got="none" if found is None else shown(found),
            fix="checks = {MyConv: ig.Conv2d(8, 3)}, or MyConv: (ig.Conv2d(8, 3), {'x': batch})",
        )
    return found


def _claim(said: Any) -> bool:
    """A description, or one with what `check_operation` is asked beside."""
    if isinstance(said, tuple):
        return len(said) == 2 and isinstance(said[0], Description) and isinstance(said[1], Mapping)
    return isinstance(said, Description)


def table(files: Sequence[FileReport]) -> str:
    """A line a file: its points, and what is wrong."""
    width = max(len(each.file) for each in files)
    lines = []
    for each in files:
        wrong = [f"{r.name}: {c.name}" for r in each.reports for c in r.criteria if not c.passed]
        told = "" if each.passed else f"  {', '.join(wrong[:4])}{', …' * (len(wrong) > 4)}"
        lines.append(f"{each.file.ljust(width)}  {each.earned:>5.1f} of {each.points:.1f}{told}")
    return "\n".join(lines)


def to_json(files: Sequence[FileReport]) -> str:
    """Everything that was found in several files."""
    return json.dumps({"isograd": 1, "files": [each.to_dict() for each in files]}, indent=1, ensure_ascii=False)
