"""A file to start an experiment of one's own from."""

from __future__ import annotations

from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from isograd.core.base.atomic import write_atomically
from isograd.core.base.errors import FileError, SpecError, shown
from isograd.core.base.limits import NAME

TEMPLATE = Path(__file__).with_name("template.py")
"""A small experiment that runs as it stands; its name is written where that of the template is."""


def start(name: str, folder: Path | None = None) -> Path:
    """Write NAME.py, a small experiment that runs, and return its path; NAME may end in .py.

    Raises SpecError for what is no name of a module, or the name of one that is there already and would be hidden by
    the new file; FileError where the file exists.
    """
    module = name.removesuffix(".py")
    path = (folder or Path()) / f"{module}.py"
    if not module.isidentifier() or len(module) > NAME or iskeyword(module) or module.startswith("__"):
        raise SpecError(
            f"new experiment {shown(name)}",
            wanted="a name of letters, digits and _, as a Python module has"
            if len(module) <= NAME
            else f"a name of at most {NAME} characters",
            got=shown(name),
            fix="isograd new my_experiment",
        )
    if path.exists():
        raise FileError(
            f"new experiment {str(path)!r}",
            wanted="a name that is free",
            got="a file that exists",
            fix="another name, or move the file away; nothing was written",
        )
    if find_spec(module) is not None:
        raise SpecError(
            f"new experiment {name!r}",
            wanted="a name of its own",
            got=f"the name of a Python module, which {path.name} would hide",
            fix=f"isograd new my_{module}",
        )
    return write_atomically(path, TEMPLATE.read_text("utf-8").replace(TEMPLATE.stem, module).encode())
