"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from secrets import token_hex

from isograd.core.base.errors import FileError


def write_atomically(path: Path, content: bytes) -> Path:
    """Write `content` beside `path`, flush it to disk, rename it over `path`, flush the folder.

    Whatever happens meanwhile, the old file or the new one is there, whole. FileError where the old one cannot be
    replaced: Windows lets nobody replace a file that is open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except PermissionError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(
            str(path),
            wanted="a file that may be written",
            got=str(error.strerror).lower(),
            fix="close it where it is open, or name another place; nothing was changed",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)
    return path


def _flush_folder(folder: Path) -> None:
    """Let a rename in `folder` outlast a loss of power, where that can be asked for.

    Windows opens no folder, and some network file systems flush none: there the old file may come back, whole.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
