"""The folder of an export: written whole or not at all, and never over what is not an export."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

from isograd.core.base.errors import FileError

SOURCE, WEIGHTS, SELFTEST, CERTIFICATE = "model.py", "weights.safetensors", "selftest.safetensors", "certificate.json"
FILES = (SOURCE, WEIGHTS, SELFTEST, CERTIFICATE)
MADE_BY_PYTHON = "__pycache__"


def check_place(folder: Path, *, overwrite: bool) -> None:
    """FileError unless nothing stands there, or an export as it was written; with `overwrite`, one that was changed."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise FileError(str(folder), wanted="a folder, or a new name", got="a file", fix="give another name")
    names = {entry.name for entry in folder.iterdir()} - {MADE_BY_PYTHON}
    others = sorted(names - set(FILES))
    if others or (names and not is_export(folder)):
        raise FileError(
            str(folder),
            wanted="a new name, an empty folder, or an export of isograd",
            got=f"a folder with {others[0] if others else sorted(names)[0]}",
            fix="give another name; nothing was changed",
        )
    changed = [] if overwrite else changed_files(folder)
    if changed:
        raise FileError(
            str(folder),
            wanted="an export as it was written, to be replaced",
            got=f"one whose {changed[0]} was changed since",
            fix="give another name, or overwrite=True; nothing was changed",
        )


def is_export(folder: Path) -> bool:
    """Whether a folder has the certificate of an export."""
    return bool(digests(folder))


def changed_files(folder: Path) -> list[str]:
    """The files of an export that are not those of its certificate."""
    found = digests(folder)
    return [name for name in found if not (folder / name).is_file() or digest(folder / name) != found[name]]


def digests(folder: Path) -> dict[str, str]:
    """What the certificate says of the files; nothing where there is none."""
    try:
        found = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))["sha256"]
        return {name: found[name] for name in FILES if name != CERTIFICATE}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write all files into a new folder beside it, flushed to disk, then give that its name.

    FileError where that cannot be, and then nothing is left behind. An export that stands there is moved aside before,
    and removed after: at every moment one of the two is whole.
    """
    made, former = (folder.with_name(f".{folder.name[:40]}.{token_hex(8)}") for _ in range(2))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir()
        for name, content in contents.items():
            with open(made / name, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            os.rename(folder, former)
        try:
            os.rename(made, folder)
        except BaseException:
            if former.exists():
                os.rename(former, folder)
            raise
    except OSError as error:
        got = str(error.strerror or error).lower()
        fix = "give another name, or free some room; nothing was changed"
        raise FileError(str(folder), wanted="a folder that may be written", got=got, fix=fix) from error
    finally:
        rmtree(made, ignore_errors=True)
    rmtree(former, ignore_errors=True)
