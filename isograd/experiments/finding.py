"""Experiments by name, or in a file of one's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

from isograd.core.base.errors import FileError, SpecError, shown
from isograd.experiments.experiment import Experiment
from isograd.judging import check_parity


def find(name_or_path: str) -> Experiment:
    """A built-in experiment by name, or the EXPERIMENT of a Python file."""
    path = Path(name_or_path)
    if path.suffix == ".py":
        found = getattr(_module_of(path), "EXPERIMENT", None)
        if not isinstance(found, Experiment):
            raise SpecError(
                str(path),
                wanted="EXPERIMENT = ig.Experiment(…) in the file",
                got=type(found).__name__ if found is not None else "none",
                fix="isograd new NAME writes a file to start from",
            )
        return found
    names = built_in()
    if name_or_path not in names:
        raise SpecError(
            f"experiment {name_or_path!r}",
            wanted=f"one of {', '.join(names)}, or a .py file",
            got=repr(name_or_path),
            fix="name one of them, or write one of your own: isograd new NAME",
        )
    made: Experiment = import_module(f"isograd.examples.{name_or_path}").EXPERIMENT
    return made


def function(path_and_name: str) -> Callable[..., Any]:
    """The function that "my_model.py:make_model" names."""
    file, _, name = path_and_name.rpartition(":")
    found = getattr(_module_of(Path(file)), name, None)
    if not callable(found):
        got = "none" if found is None else shown(found)
        raise SpecError(file, wanted=f"a function {name}() in the file", got=got, fix="FILE.py:FUNCTION names it")
    return cast(Callable[..., Any], found)


def made_by(path_and_function: str) -> tuple[Any, Any, dict[str, Any]]:
    """(module, inputs, what check_parity is asked beside) that "my_model.py:make_model", called, returns."""
    made = function(path_and_function)()
    if isinstance(made, tuple) and len(made) == 2:
        return made[0], made[1], {}
    if isinstance(made, tuple) and len(made) == 3 and isinstance(made[2], Mapping):
        known = [*signature(check_parity).parameters][2:]
        for name in made[2]:
            if name not in known:
                fix = f"one of {', '.join(known)}"
                raise SpecError(path_and_function, wanted="what check_parity is asked", got=shown(name), fix=fix)
        return made[0], made[1], dict(made[2])
    raise SpecError(
        path_and_function,
        wanted="module, inputs, or module, inputs, {what check_parity is asked}",
        got=shown(made),
        fix='return module, x, {"y": y, "loss": ig.CrossEntropyLoss()}',
    )


def built_in() -> list[str]:
    """The names of the experiments among isograd's examples."""
    package = import_module("isograd.examples")
    modules = [info.name for info in iter_modules(package.__path__)]
    return [name for name in modules if hasattr(import_module(f"isograd.examples.{name}"), "EXPERIMENT")]


def _module_of(path: Path) -> ModuleType:
    """The file, run; it may import its neighbours, as a file that Python runs may."""
    if not path.is_file():
        raise FileError(
            f"experiment {str(path)!r}",
            wanted=f"the file {path.absolute()}",
            got="no such file",
            fix="mend the path",
        )
    spec = spec_from_file_location(f"isograd_experiment_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec.loader.exec_module(module)
    return module
