"""Arrays and texts in one safetensors file: written whole or not at all, read without running anything."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np

from isograd.core.base.atomic import write_atomically
from isograd.core.base.errors import FileError
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import TEXT
from isograd.core.base.types import Array, State

HEADER = 4 * TEXT  # bytes: a description as a JSON string, and an entry for every array
CHECKSUM = "checksum"


def write_tensors(path: Path, arrays: Mapping[str, Array], texts: Mapping[str, str]) -> Path:
    """Write arrays, and in the file's metadata the texts and a checksum of all of it. Returns the path."""
    from safetensors.numpy import save as to_bytes

    stored = {name: stored_form(values) for name, values in arrays.items()}
    metadata = {**texts, CHECKSUM: checksum(texts, stored)}
    return write_atomically(path, _in_order(to_bytes(stored, metadata=metadata)))


def read_tensors(path: Path, asking: str, wanted: str) -> tuple[State, dict[str, str]]:
    """(arrays, texts) of a file that `write_tensors` may have written: where it did, its `checksum` is among the texts.

    Costs time and memory in proportion to the file's length. `asking` is who reads, `wanted` what a whole file is.
    Raises FileError for a file that is missing, or no safetensors.
    """
    from safetensors.numpy import load as from_bytes

    content = _content(path, asking)
    try:
        texts = _texts(content)
    except _Damage as error:
        raise damaged(path, asking, wanted, str(error)) from None
    try:
        arrays: State = from_bytes(content)
    except Exception as error:  # whatever another package makes of bytes that may hold anything
        raise damaged(path, asking, wanted, f"{type(error).__name__}: {error}") from None
    return arrays, texts


def stored_form(values: Array) -> Array:
    """The values as safetensors keeps them: in one piece, little-endian."""
    return np.asarray(values, values.dtype.newbyteorder("<"), order="C")


def checksum(texts: Mapping[str, str], arrays: Mapping[str, Array]) -> str:
    """Of the texts in the order of their names, and of every array with its name, dtype and shape."""
    digest = blake2b("".join(texts[name] for name in sorted(texts)).encode(), digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def damaged(path: Path, asking: str, wanted: str, why: str) -> FileError:
    """The error of a file that holds not what was written."""
    where = f"{asking}({str(path)!r})"
    return FileError(where, wanted=wanted, got=f"a damaged one: {why}", fix="restore it from a copy")


class _Damage(Exception):
    """What is wrong with a file's header."""


def _content(path: Path, asking: str) -> bytes:
    where = f"{asking}({str(path)!r})"
    try:
        if not S_ISREG(os.stat(path).st_mode) and not path.is_dir():
            raise FileError(where, wanted="an existing file", got="a pipe or a device", fix="mend the path")
        return path.read_bytes()
    except OSError as error:
        got = "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise FileError(where, wanted="an existing file", got=got, fix="mend the path") from None


def _texts(content: bytes) -> dict[str, str]:
    """The header's own entries; a safetensors file starts with its header's length (u64) and its JSON."""
    try:
        (length,) = struct.unpack("<Q", content[:8])
    except struct.error:
        raise _Damage("it ends within its first 8 bytes") from None
    if length > min(len(content) - 8, HEADER):
        raise _Damage(f"a header of {length:,} bytes, in a file of {len(content):,}")
    try:
        header = read_json(content[8 : 8 + length], most=HEADER)
    except FileError as error:
        raise _Damage(f"the header: {error.got}") from None
    found: Any = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not are_words(found):
        raise _Damage("a header whose metadata are not texts by name")
    return dict(found)


def are_words(found: Any) -> bool:
    """Whether this is a mapping of texts by name."""
    return isinstance(found, Mapping) and all(isinstance(word, str) for pair in found.items() for word in pair)


def _in_order(content: bytes) -> bytes:
    """The same file, the entries of its metadata by name: the library writes them in another order each time."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # what follows begins at a multiple of 8
    return struct.pack("<Q", len(text)) + text + content[8 + length :]
