"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from isograd.core.base.errors import FileError, shown

SHOWN = 40  # characters of a file's name in that of its temporary one, which must not become too long
LEFT_BEHIND = 24 * 3600  # seconds after which a temporary file is nobody's, where no lock can tell


def as_path(path: object, asking: str) -> Path:
    """A path that a user gave; FileError where it can be none."""
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fspath(path):
        raise FileError(
            f"{asking}({shown(path)})", wanted="a path", got=shown(path), fix=f'{asking}("net.safetensors")'
        )
    return Path(path)


def write_atomically(path: Path, content: bytes) -> Path:
    """Write `content` beside `path`, flush it to disk, rename it over `path`, flush the folder.

    Whatever happens meanwhile, the old file or the new one is there, whole. FileError where that cannot be (a folder
    or a device of this name, a full disk, no permission; Windows lets nobody replace a file that is open), and then
    nothing is left behind. What a killed process left here, whoever writes to `path` next removes.
    """
    made = _missing_folders(path.parent)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "a pipe or a device")  # which the rename would put an end to
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(path)
        with _temporary(path) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if not _LOCKING:
                    file.close()  # Windows renames no file that is open; elsewhere its lock holds others off till then
                os.replace(file.name, path)
            except BaseException:
                file.close()
                Path(file.name).unlink(missing_ok=True)
                raise
        made = []
    except OSError as error:
        raise _cannot(path, error) from error
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
    _flush_folder(path.parent)
    return path


def _cannot(path: Path, error: OSError) -> FileError:
    got = str(error.strerror or error).lower()
    match error.errno:
        case errno.EISDIR | errno.EINVAL | errno.ENAMETOOLONG:
            fix = "give another name"
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            fix = "free some room, or name another place"
        case errno.ENOTDIR | errno.EEXIST:
            fix = "name a place whose folders are no files"
        case _:
            fix = "close it where it is open, or name another place"
    return FileError(str(path), wanted="a file that may be written", got=got, fix=f"{fix}; nothing was changed")


def _missing_folders(folder: Path) -> list[Path]:
    """The folders that must be made for this one, the innermost first."""
    missing = []
    with suppress(OSError):
        for place in (folder, *folder.parents):
            if place.exists():
                break
            missing.append(place)
    return missing


def _stem(path: Path) -> str:
    return f".{path.name[:SHOWN]}."


@contextmanager
def _temporary(path: Path) -> Iterator[BinaryIO]:
    """A temporary file of `path`, locked for as long as it is open."""
    while True:
        with open(path.with_name(f"{_stem(path)}{token_hex(8)}"), "xb") as file:
            if _locked(file.fileno()) is not False and os.fstat(file.fileno()).st_nlink:
                yield file
                return  # else another process took it for an orphan before it was locked


def _remove_orphans(path: Path) -> None:
    """Remove the temporary files of `path` that no process has open: those of killed ones."""
    own = re.compile(re.escape(_stem(path)) + "[0-9a-f]{16}")
    with suppress(OSError), os.scandir(path.parent) as entries:
        left = [entry.path for entry in entries if own.fullmatch(entry.name)]
        for place in left:
            with suppress(OSError):
                _remove_orphan(place)


def _remove_orphan(place: str) -> None:
    handle = os.open(place, os.O_RDWR)
    try:
        free = _locked(handle)
        old = time.time() - os.fstat(handle).st_mtime > LEFT_BEHIND
        if not _LOCKING:
            os.close(handle)
            handle = -1  # Windows removes no file that is open
        if free or (free is None and old):
            os.unlink(place)
    finally:
        if handle >= 0:
            os.close(handle)


def _find_lock() -> Callable[[int], None] | None:
    try:
        import fcntl
    except ImportError:  # Windows has none
        return None
    return lambda handle: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_LOCKING = _find_lock()


def _locked(handle: int) -> bool | None:
    """Whether a lock was got on an open file; None where none can be asked for."""
    if _LOCKING is None:
        return None
    try:
        _LOCKING(handle)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems lock nothing
        return None
    return True


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
            raise FileError(
                str(folder),
                wanted="a folder whose entries can be flushed to the disk",
                got=str(error.strerror).lower(),
                fix="look after that disk: the file is written, but may not outlast a loss of power",
            ) from error
    finally:
        os.close(handle)
