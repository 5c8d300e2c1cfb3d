"""A model and its weights in one safetensors file: the description as JSON in its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from isograd.core.base.atomic import as_path
from isograd.core.base.errors import FileError, SpecError, WeightsError, shown
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import TEXT
from isograd.core.base.tensor_files import CHECKSUM, are_words, checksum, damaged, read_tensors, write_tensors
from isograd.core.base.types import Array, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state

WHOLE = "a whole file, as ig.save wrote it"


def save(
    path: str | Path, model: Composite, weights: Mapping[str, Array], *, notes: Mapping[str, str] | None = None
) -> Path:
    """Write model and weights to `path`, whole or not at all (temporary file, fsync, rename).

    The file is plain safetensors, so other tools read its weights, each in its own dtype; isograd's description and a
    checksum stand in its metadata, and with them `notes`: words of yours, such as what the outputs mean, that
    `load_notes` gives back. Raises before anything is written: WeightsError if the weights do not fit, SpecError for
    what is no model or for notes that are no words; and FileError where no file can be written.
    """
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
    return write_tensors(place, arrays, {"isograd": text, **told})


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
    """The values, of a width that safetensors knows."""
    if values.dtype.itemsize > 8:
        raise WeightsError(
            f"save: {name}",
            wanted="float16, float32 or float64",
            got=f"{values.dtype}",
            fix=f"weights[{name!r}].astype('float64')",
        )
    return values


def _words(notes: object) -> dict[str, str]:
    if not isinstance(notes, Mapping) or not are_words(notes):
        raise SpecError(
            "save(notes=…)", wanted="texts by name", got=shown(notes), fix='notes={"classes": json.dumps(classes)}'
        )
    return dict(notes)


def _read(path: Path) -> tuple[Composite, State, dict[str, str]]:
    weights, texts = read_tensors(path, "load", WHOLE)
    if "isograd" not in texts:
        raise FileError(
            f"load({str(path)!r})",
            wanted="a file that isograd wrote",
            got="safetensors without isograd's description",
            fix="build the model and call net.load_state_dict with its tensors",
        )
    told = {name: text for name, text in texts.items() if name in ("isograd", "notes")}
    if texts.get(CHECKSUM) != checksum(told, weights):
        raise damaged(path, "load", WHOLE, "its values do not match their checksum")
    model = Composite.from_json(texts["isograd"])
    check_state(model, weights, f"load({str(path)!r})")
    return model, weights, _notes(path, told.get("notes", ""))


def _notes(path: Path, told: str) -> dict[str, str]:
    try:
        notes = read_json(told) if told else {}
    except FileError as error:
        raise damaged(path, "load", WHOLE, f"its notes: {error.got}") from None
    if not are_words(notes):
        raise damaged(path, "load", WHOLE, "notes that are not texts by name")
    return dict(notes)
