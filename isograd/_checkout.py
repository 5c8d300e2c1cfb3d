"""In a checkout the rooms lie beside this folder, not in it: let Python find them there, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"isograd.core": ROOT / "core", "isograd.backends": ROOT / "backends", "isograd.examples": ROOT / "examples"}


class Rooms:
    """Finds `isograd.core` and the others where `package-dir` in pyproject.toml says that they lie.

    Not derived from importlib.abc.MetaPathFinder, which takes longer to import than a whole floor of core.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ROOMS:
            return None
        room = ROOMS[fullname]
        return spec_from_file_location(fullname, room / "__init__.py", submodule_search_locations=[str(room)])


if not Path(__file__).with_name("core").is_dir():
    sys.meta_path.insert(0, Rooms())
