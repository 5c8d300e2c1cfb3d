"""Data files from where they are published: checked against their checksums, and written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from isograd.core.base.atomic import write_atomically
from isograd.core.base.errors import DataError, SpecError
from isograd.datasets.catalog import SOURCES, File, Source
from isograd.datasets.places import roots

LARGEST = 1 << 27  # bytes of a download
PATIENCE = 30  # seconds without a byte
Opener = Callable[..., Any]


def source_of(name: str) -> Source:
    """The entry of a data set in the table of sources; SpecError for an unknown name."""
    if name not in SOURCES:
        near = get_close_matches(name, SOURCES, 1)
        raise SpecError(
            f"data.fetch({name!r})",
            wanted=f"one of {', '.join(SOURCES)}",
            got=repr(name),
            fix=near[0] if near else "name one of them",
        )
    return SOURCES[name]


def fetch(name: str, root: str | Path | None = None, *, opener: Opener | None = None) -> dict[Path, bool]:
    """{file of the data set: whether it was downloaded}; those that are there already are checked and kept.

    They are written below the root given, else below ~/.cache/isograd. `opener` opens addresses; urllib.request.urlopen
    unless given. Raises SpecError for an unknown name, DataError where a download fails or a file is not the one that
    the table of checksums tells of: nothing of it is kept then.
    """
    archives: dict[str, bytes] = {}
    places = roots(root)
    found: dict[Path, bool] = {}
    for file in source_of(name).files:
        there = next((place / file.path for place in places if (place / file.path).is_file()), None)
        if there is not None:
            _check(there.read_bytes(), file, str(there), f"remove it and fetch again; ig.data.{name} reads it as it is")
        found[there or write_atomically(places[-1] / file.path, _downloaded(name, file, archives, opener))] = not there
    return found


def _downloaded(name: str, file: File, archives: dict[str, bytes], opener: Opener | None) -> bytes:
    """The content of a file, from the first address that gives it whole."""
    failures = []
    for address in file.addresses:
        try:
            if address not in archives:
                archives[address] = _read(address, opener)
            content = _unpacked(archives[address], address, file)
            _check(content, file, address, "fetch again; nothing was kept")
        except DataError as error:
            failures.append(error)
        except Exception as error:
            told = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
            fix = f"try again where there is a network, or put the file there by hand: ROOT/{file.path}"
            failures.append(DataError(f"data.fetch({name!r})", wanted=f"{file.path} from {address}", got=told, fix=fix))
        else:
            return content
    raise failures[-1] from None


def _read(address: str, opener: Opener | None) -> bytes:
    """All bytes at an address."""
    from urllib.request import Request, urlopen  # takes longer than all else here, so only when asked

    with (opener or urlopen)(Request(address, headers={"User-Agent": "isograd"}), timeout=PATIENCE) as answer:
        content: bytes = answer.read(LARGEST)
        announced = answer.headers.get("Content-Length")
    if announced is not None and len(content) != int(announced):
        raise ConnectionError(f"{len(content)} bytes of {announced} came")
    return content


def _unpacked(content: bytes, address: str, file: File) -> bytes:
    """The file itself; of what unpacks to more, one byte more than it should have."""
    import gzip
    import tarfile
    import zipfile

    most = file.size + 1
    if file.member is None:
        return gzip.GzipFile(fileobj=BytesIO(content)).read(most) if address.endswith(".gz") else content
    if address.endswith(".zip"):
        with zipfile.ZipFile(BytesIO(content)) as zipped, zipped.open(file.member) as entry:
            return entry.read(most)
    with tarfile.open(fileobj=BytesIO(content)) as tarred:
        member = tarred.extractfile(file.member)
        return member.read(most) if member is not None else b""


def _check(content: bytes, file: File, where: str, fix: str) -> None:
    """DataError unless this is the file that the table tells of."""
    found = sha256(content).hexdigest()
    if found != file.sha256:
        raise DataError(
            where,
            wanted=f"{file.size} bytes of sha256 {file.sha256[:16]}…",
            got=f"{len(content)} bytes of {found[:16]}…",
            fix=fix,
        )
