"""A trace in one safetensors file: arrays and sketches, and a manifest of what each of them is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from isograd.core.base.errors import FileError, SpecError, shortened
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import AXES, NUMBER, TEXT
from isograd.core.base.tensor_files import CHECKSUM, checksum, damaged, read_tensors, write_tensors
from isograd.core.base.types import FLOATS, Array
from isograd.core.parity.traces.entry import EVALUATION, START, STEP, TRAINING, Entry, Key
from isograd.core.parity.traces.origin import FORMAT, Node, Origin
from isograd.core.parity.traces.sketch import NUMBERS, Kept, Sketch

NAME = "isograd_trace"
WHOLE = "a whole trace, as ig.record wrote it"
SECTIONS = re.compile(f"{START}|{EVALUATION}|{TRAINING}|{STEP}[1-9][0-9]{{0,8}}")
SKETCHED = frozenset({"float16", "float32", "float64", "int64", "int32", "bool"})


@dataclass(frozen=True)
class Listed:
    """What the manifest says of the array of the same number; `sketch` is dtype and shape of what is sketched.

    `beside`: how many arrays or sketches, "number.0" and so on, are beside it.
    """

    section: str
    path: str
    what: str
    noise: float = 0.0
    added: float = 0.0
    sketch: tuple[str, tuple[int, ...]] | None = None
    beside: int = 0

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
    arrays = {}
    for k, entry in enumerate(entries.values()):
        arrays[f"{k}"] = _stored(entry.values)
        arrays |= {f"{k}.{i}": _stored(kept) for i, kept in enumerate(entry.beside)}
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
        if manifest.origin.dtype not in FLOATS or manifest.origin.steps < 0:
            raise _Damage(f"{manifest.origin.steps} steps in {manifest.origin.dtype}")
        entries = {(e.section, e.path, e.what): _entry(e, k, arrays) for k, e in enumerate(manifest.entries)}
        _check_count(manifest.entries, len(entries), len(arrays))
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
    if isinstance(found, int) and found != FORMAT:
        raise FileError(
            f"Trace.load({str(path)!r})",
            wanted=f"a trace of format {FORMAT}",
            got=f"one of format {found}",
            fix="install the isograd that wrote it, or record again",
        )


def _check_count(listed: Sequence[Listed], known: int, arrays: int) -> None:
    if known < len(listed):
        raise _Damage("two entries of one name")
    if arrays != sum(1 + entry.beside for entry in listed):
        raise _Damage(f"{len(listed):,} entries, in {arrays:,} arrays")


def _listed(key: Key, entry: Entry) -> Listed:
    values = entry.values
    kind = (values.dtype, values.shape) if isinstance(values, Sketch) else None
    return Listed(*key, entry.noise, entry.added, kind, len(entry.beside))


def _stored(kept: Kept) -> Array:
    return kept.numbers if isinstance(kept, Sketch) else kept


def _entry(listed: Listed, number: int, arrays: Mapping[str, Array]) -> Entry:
    if listed.noise < 0 or listed.added < 0 or not 0 <= listed.beside <= len(arrays):
        raise _Damage(f"noise {listed.noise}, added {listed.added}, {listed.beside} beside {listed.path}")
    names = [f"{number}", *(f"{number}.{i}" for i in range(listed.beside))]
    if not all(name in arrays for name in names):
        raise _Damage(f"no array for {listed.what} of {listed.path}")
    whole, *others = (np.array(arrays[name]) for name in names)  # views of the file's bytes else
    if not SECTIONS.fullmatch(listed.section) or any(each.dtype.kind not in "fiub" for each in (whole, *others)):
        raise _Damage(f"{listed.section!r} of {listed.path}, {whole.dtype}")
    if listed.sketch is None:
        kind = (whole.dtype.name, whole.shape)
        values: Kept = whole
    else:
        kind = listed.sketch
        values = _sketch(listed, kind, whole)
    beside = [each if each.shape == kind[1] else _sketch(listed, kind, each) for each in others]
    return Entry(values, listed.noise, listed.added, tuple(beside))


def _sketch(listed: Listed, kind: tuple[str, tuple[int, ...]], values: Array) -> Sketch:
    dtype, shape = kind
    sizes = [(NUMBERS,), (2 * NUMBERS,)]  # of what is extreme apart
    fits = values.dtype == np.float64 and values.shape in sizes and bool(np.isfinite(values).all())
    possible = dtype in SKETCHED and 0 < len(shape) <= AXES + 1 and min(shape) >= 1 and prod(shape) <= NUMBER
    if not fits or not possible:
        raise _Damage(f"no sketch of {listed.what} of {listed.path}")
    return Sketch(dtype, shape, values)
