"""A model and its weights in one safetensors file: the description as JSON in its header."""

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

from isograd.core.base.atomic import as_path, write_atomically
from isograd.core.base.errors import FileError, SpecError, WeightsError, shown
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import TEXT
from isograd.core.base.types import Array, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state

HEADER = 4 * TEXT  # bytes: the description as a JSON string, and an entry for every weight


def save(
    path: str | Path, model: Composite, weights: Mapping[str, Array], *, notes: Mapping[str, str] | None = None
) -> Path:
    """Write model and weights to `path`, whole or not at all (temporary file, fsync, rename).

    The file is plain safetensors, so other tools read its weights, each in its own dtype; isograd's description and a
    checksum stand in its metadata, and with them `notes`: words of yours, such as what the outputs mean, that
    `load_notes` gives back. Raises before anything is written: WeightsError if the weights do not fit, SpecError for
    what is no model or for notes that are no words; and FileError where no file can be written.
    """
    from safetensors.numpy import save as to_bytes

    place = as_path(path, "save")
    if not isinstance(model, Composite):
        raise SpecError(
            "save(path, model, weights)",
            wanted="a Model or Sequential",
            got=shown(model),
            fix="ig.save(path, net.model, net.state_dict())",
        )
    arrays = {name: _storable(name, values) for name, values in check_state(model, weights, "save").items()}
    text = model.to_json()
    if len(text) > TEXT:
        raise SpecError(
            "save", wanted=f"a description of at most {TEXT:,} characters", got=f"{len(text):,}", fix="divide the model"
        )
    told = {"notes": json.dumps(_words(notes))} if notes is not None else {}
    metadata = {"isograd": text, **told, "checksum": _checksum(text + told.get("notes", ""), arrays)}
    return write_atomically(place, _in_order(to_bytes(arrays, metadata=metadata)))


def load(path: str | Path) -> tuple[Composite, State]:
    """(model, weights) of a file that `save` wrote; the weights in the dtype that they were saved in.

    Nothing in a file can run code, and none takes more time and memory than its length explains. Raises FileError for
    one that is missing, cut, altered or none of isograd's, SpecError, ShapeError or WeightsError for one whose
    description cannot be or does not fit its weights.
    """
    model, weights, _ = _read(as_path(path, "load"))
    return model, weights


def load_notes(path: str | Path) -> dict[str, str]:
    """The notes that `save` was given; none where it was given none. Raises as `load` does."""
    return _read(as_path(path, "load"))[2]


def _storable(name: str, values: Array) -> Array:
    """The values as safetensors keeps them: in one piece, little-endian, of a width that it knows."""
    if values.dtype.itemsize > 8:
        raise WeightsError(
            f"save: {name}",
            wanted="float16, float32 or float64",
            got=f"{values.dtype}",
            fix=f"weights[{name!r}].astype('float64')",
        )
    return np.asarray(values, values.dtype.newbyteorder("<"), order="C")


def _words(notes: object) -> dict[str, str]:
    if not isinstance(notes, Mapping) or not _are_words(notes):
        raise SpecError(
            "save(notes=…)", wanted="texts by name", got=shown(notes), fix='notes={"classes": json.dumps(classes)}'
        )
    return dict(notes)


def _read(path: Path) -> tuple[Composite, State, dict[str, str]]:
    from safetensors.numpy import load as from_bytes

    content = _content(path)
    metadata = _metadata(path, content)
    try:
        weights: State = from_bytes(content)
    except Exception as error:  # whatever another package makes of bytes that may hold anything
        raise _damaged(path, f"{type(error).__name__}: {error}") from None
    if "isograd" not in metadata:
        raise FileError(
            f"load({str(path)!r})",
            wanted="a file that isograd wrote",
            got="safetensors without isograd's description",
            fix="build the model and call net.load_state_dict with its tensors",
        )
    told = metadata.get("notes", "")
    if metadata.get("checksum") != _checksum(metadata["isograd"] + told, weights):
        raise _damaged(path, "its values do not match their checksum")
    model = Composite.from_json(metadata["isograd"])
    check_state(model, weights, f"load({str(path)!r})")
    return model, weights, _notes(path, told)


def _content(path: Path) -> bytes:
    where = f"load({str(path)!r})"
    try:
        if not S_ISREG(os.stat(path).st_mode) and not path.is_dir():
            raise FileError(where, wanted="an existing file", got="a pipe or a device", fix="mend the path")
        return path.read_bytes()
    except OSError as error:
        got = "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise FileError(where, wanted="an existing file", got=got, fix="mend the path") from None


def _metadata(path: Path, content: bytes) -> dict[str, str]:
    """The header's own entries; a safetensors file starts with its header's length (u64) and its JSON."""
    try:
        (length,) = struct.unpack("<Q", content[:8])
    except struct.error:
        raise _damaged(path, "it ends within its first 8 bytes") from None
    if length > min(len(content) - 8, HEADER):
        raise _damaged(path, f"a header of {length:,} bytes, in a file of {len(content):,}")
    try:
        header = read_json(content[8 : 8 + length], most=HEADER)
    except FileError as error:
        raise _damaged(path, f"the header: {error.got}") from None
    found: Any = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not _are_words(found):
        raise _damaged(path, "a header whose metadata are not texts by name")
    return dict(found)


def _in_order(content: bytes) -> bytes:
    """The same file, the entries of its metadata by name: the library writes them in another order each time."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # what follows begins at a multiple of 8
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _notes(path: Path, told: str) -> dict[str, str]:
    try:
        notes = read_json(told) if told else {}
    except FileError as error:
        raise _damaged(path, f"its notes: {error.got}") from None
    if not _are_words(notes):
        raise _damaged(path, "notes that are not texts by name")
    return dict(notes)


def _are_words(found: Any) -> bool:
    return isinstance(found, Mapping) and all(isinstance(word, str) for pair in found.items() for word in pair)


def _checksum(text: str, arrays: Mapping[str, Array]) -> str:
    digest = blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> FileError:
    return FileError(
        f"load({str(path)!r})",
        wanted="a whole file, as ig.save wrote it",
        got=f"a damaged one: {why}",
        fix="restore it from a copy",
    )
