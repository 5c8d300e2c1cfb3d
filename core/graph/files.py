"""A model and its weights in one safetensors file: the description as JSON in its header."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np

from isograd.core.base.atomic import write_atomically
from isograd.core.base.errors import FileError
from isograd.core.base.types import Array, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state


def save(
    path: str | Path, model: Composite, weights: Mapping[str, Array], *, notes: Mapping[str, str] | None = None
) -> Path:
    """Write model and weights to `path`, whole or not at all (temporary file, fsync, rename).

    The file is plain safetensors, so other tools read its weights; isograd's description and a checksum
    stand in its metadata, and with them `notes`: words of yours, such as what the outputs mean, that
    `load_notes` gives back. Raises WeightsError before anything is written if the weights do not fit.
    """
    from safetensors.numpy import save as to_bytes

    check_state(model, weights, "save")
    arrays = {name: np.asarray(values, order="C") for name, values in weights.items()}
    text = model.to_json()
    told = {"notes": json.dumps(dict(notes))} if notes else {}
    metadata = {"isograd": text, **told, "checksum": _checksum(text + told.get("notes", ""), arrays)}
    return write_atomically(Path(path), to_bytes(arrays, metadata=metadata))


def load(path: str | Path) -> tuple[Composite, State]:
    """(model, weights) of a file that `save` wrote. Raises FileError for a missing, cut or altered one."""
    model, weights, _ = _read(Path(path))
    return model, weights


def load_notes(path: str | Path) -> dict[str, str]:
    """The notes that `save` was given; none where it was given none. Raises FileError as `load` does."""
    return _read(Path(path))[2]


def _read(path: Path) -> tuple[Composite, State, dict[str, str]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        content = path.read_bytes()
        weights: State = from_bytes(content)
        metadata = _metadata(content)
    except OSError as error:
        got = "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise FileError(f"load({str(path)!r})", wanted="an existing file", got=got, fix="mend the path") from None
    except (SafetensorError, struct.error, ValueError) as error:
        raise _damaged(path, str(error)) from None
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
    notes: dict[str, str] = json.loads(told) if told else {}
    return model, weights, notes


def _metadata(content: bytes) -> dict[str, str]:
    """The header's own entries; a safetensors file starts with its header's length (u64) and its JSON."""
    (length,) = struct.unpack("<Q", content[:8])
    found: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    return found


def _checksum(text: str, arrays: Mapping[str, Array]) -> str:
    digest = blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> FileError:
    return FileError(
        f"load({str(path)!r})",
        wanted="a whole file, as ig.save wrote it",
        got=f"a damaged one: {why}",
        fix="restore it from a copy",
    )
