"""A trace in one safetensors file: arrays and sketches, and a manifest of what each of them is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from isograd.core.base.errors import FileError, SpecError, shortened
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import AXES, NUMBER, TEXT
from isograd.core.base.tensor_files import CHECKSUM, checksum, damaged, read_tensors, write_tensors
from isograd.core.base.types import Array
from isograd.core.parity.traces.entry import Entry, Key
from isograd.core.parity.traces.origin import FORMAT, Node, Origin
from isograd.core.parity.traces.sketch import FACTS, PLACES, SUMS, Sketch

NAME = "isograd_trace"
WHOLE = "a whole trace, as ig.record wrote it"
SKETCHED = frozenset({"float16", "float32", "float64", "int64", "int32", "bool"})


@dataclass(frozen=True)
class Listed:
    """What the manifest says of the array of the same number; `sketch` is dtype and shape of what is sketched."""

    section: str
    path: str
    what: str
    noise: float = 0.0
    added: float = 0.0
    sketch: tuple[str, tuple[int, ...]] | None = None

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Manifest:
    """The text beside the arrays."""

    origin: Origin
    nodes: Mapping[str, Node]
    entries: Sequence[Listed]


def write(path: Path, origin: Origin, nodes: Mapping[str, Node], entries: Mapping[Key, Entry]) -> Path:
    """Write all of it, whole or not at all; SpecError for more than a file may hold, FileError where none can be."""
    listed = [_listed(key, entry) for key, entry in entries.items()]
    text = json.dumps(asdict(Manifest(origin, dict(nodes), listed)), separators=(",", ":"), allow_nan=False)
    if len(text) > TEXT:
        raise SpecError(
            f"Trace.save({str(path)!r})",
            wanted=f"a manifest of at most {TEXT:,} characters",
            got=f"{len(text):,}, of {len(entries):,} entries",
            fix="record fewer steps, or a part of the model",
        )
    arrays = {f"{k}": _stored(entry) for k, entry in enumerate(entries.values())}
    return write_tensors(path, arrays, {NAME: text})


def read(path: Path) -> tuple[Origin, dict[str, Node], dict[Key, Entry]]:
    """What `write` was given; FileError for a file that is missing, cut, altered or no trace."""
    arrays, texts = read_tensors(path, "Trace.load", WHOLE)
    if NAME not in texts:
        raise FileError(
            f"Trace.load({str(path)!r})",
            wanted="a trace, as ig.record writes it",
            got="a model that ig.save wrote" if "isograd" in texts else "safetensors without a trace's manifest",
            fix="ig.load(path)" if "isograd" in texts else "ig.record(net, inputs, path=…)",
        )
    if texts.get(CHECKSUM) != checksum({NAME: texts[NAME]}, arrays):
        raise damaged(path, "Trace.load", WHOLE, "its values do not match their checksum")
    try:
        record = read_json(texts[NAME])
        if isinstance(record, dict) and isinstance(record.get("origin"), dict):
            _check_format(path, record["origin"].get("format"))
        manifest = _manifests().validate_python(record)
        entries = {(e.section, e.path, e.what): _entry(e, arrays.get(f"{k}")) for k, e in enumerate(manifest.entries)}
        _check_count(len(manifest.entries), len(entries), len(arrays))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise damaged(path, "Trace.load", WHOLE, shortened(f"its manifest: {at}: {first['msg']}", 200)) from None
    except _Damage as error:
        raise damaged(path, "Trace.load", WHOLE, f"its manifest: {error}") from None
    except FileError as error:
        if error.where != "JSON text":
            raise
        raise damaged(path, "Trace.load", WHOLE, f"its manifest: {error.got}") from None
    return manifest.origin, dict(manifest.nodes), entries


class _Damage(Exception):
    """What a manifest says and its arrays do not."""


@cache
def _manifests() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _check_format(path: Path, found: Any) -> None:
    if isinstance(found, int) and found > FORMAT:
        raise FileError(
            f"Trace.load({str(path)!r})",
            wanted=f"a trace of format {FORMAT} or less",
            got=f"one of format {found}, of a later isograd",
            fix="install that isograd, or record again",
        )


def _check_count(listed: int, known: int, arrays: int) -> None:
    if known < listed:
        raise _Damage("two entries of one name")
    if arrays != listed:
        raise _Damage(f"{listed:,} entries, of {arrays:,} arrays")


def _listed(key: Key, entry: Entry) -> Listed:
    values = entry.values
    kind = (values.dtype, values.shape) if isinstance(values, Sketch) else None
    return Listed(*key, entry.noise, entry.added, kind)


def _stored(entry: Entry) -> Array:
    return entry.values.numbers if isinstance(entry.values, Sketch) else entry.values


def _entry(listed: Listed, values: Array | None) -> Entry:
    if values is None:
        raise _Damage(f"no array for {listed.what} of {listed.path}")
    if listed.noise < 0 or listed.added < 0:
        raise _Damage(f"noise {listed.noise}, added {listed.added} of {listed.path}")
    values = np.array(values)  # a view of the file's bytes else
    if listed.sketch is None:
        return Entry(values, listed.noise, listed.added)
    dtype, shape = listed.sketch
    fits = values.dtype == np.float64 and values.shape == (FACTS + PLACES + SUMS,) and bool(np.isfinite(values).all())
    size = 1
    for length in shape:
        size *= max(min(length, NUMBER), 0)
    if not fits or dtype not in SKETCHED or len(shape) > AXES + 1 or not 0 < size <= NUMBER or min(shape) < 1:
        raise _Damage(f"no sketch of {listed.what} of {listed.path}")
    return Entry(Sketch(dtype, shape, values), listed.noise, listed.added)
