"""Where data files lie: under the root given, else under the environment's ISOGRAD_DATA, else ~/.cache/isograd."""

from __future__ import annotations

import os
from pathlib import Path

from isograd.core.base.errors import DataError
from isograd.datasets.catalog import SOURCES


def roots(root: str | Path | None) -> list[Path]:
    """Where files are looked for: the root given and nowhere else, or ISOGRAD_DATA and then the cache."""
    if root is not None:
        return [Path(root)]
    named = os.environ.get("ISOGRAD_DATA")
    return [*([Path(named)] if named else []), Path.home() / ".cache" / "isograd"]


def located(name: str, root: str | Path | None, where: str) -> Path:
    """The file ROOT/name; DataError from `where`, with where to get it, if there is none."""
    places = roots(root)
    found = next((place / name for place in places if (place / name).is_file()), None)
    if found is None:
        raise DataError(where, wanted=f"the file {places[0] / name}", got="no such file", fix=getting(name, root))
    return found


def getting(file: str, root: str | Path | None) -> str:
    """How to get a file that is missing."""
    ways = [f"set ISOGRAD_DATA to a folder that has {file}", "give root="]
    known = next((key for key, source in SOURCES.items() if file in {f.path for f in source.files}), None)
    if known is not None:
        there = "" if root is None else f" --root {root}"
        ways.insert(0, f"isograd data fetch {known}{there} ({SOURCES[known].origin})")
    return ", or ".join(ways)
