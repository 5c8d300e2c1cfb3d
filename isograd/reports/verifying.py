"""A certificate held against a model and its data: the same ones? And is the check as it was?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.atomic import as_path
from isograd.core.base.description import Description, from_dict
from isograd.core.base.errors import FileError, shown
from isograd.core.base.json_text import read_json
from isograd.core.base.numbers import whole_number
from isograd.core.base.tensor_files import read_tensors, write_tensors
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.graph.composite import Composite
from isograd.core.graph.files import load, save
from isograd.core.graph.weights import in_dtype
from isograd.core.parity.certificate import FORMAT, environment, worst
from isograd.core.parity.checked import DESCRIBED, digests, named_data
from isograd.core.parity.report import ParityReport

OF_DATA = "a file of arrays x, x1, …, y, y1, … (.safetensors or .npz)"
CERTIFICATE = "a certificate, as isograd parity --certificate writes it"


@dataclass(frozen=True)
class Verification:
    """What a certificate said, and what is found now. `report` is None where what was certified is something else."""

    certified: Mapping[str, Any]
    changed: tuple[str, ...]  # of "description", "weights", "data"
    report: ParityReport | None

    @property
    def passed(self) -> bool:
        return self.report is not None and self.report.passed

    def __str__(self) -> str:
        names = ("description", "weights", "data")
        lines = [f"{name}: {'NOT what was certified' if name in self.changed else 'as certified'}" for name in names]
        if self.report is None:
            return "\n".join([*lines, "FAILED: the certificate is of something else"])
        before = {_key(entry): entry for entry in self.certified["worst"]}
        lines += ["", "worst error as a share of its limit, as certified and now"]
        for entry in worst(self.report.rows):
            told = _ratio(before.get(_key(entry), {})), _ratio(entry)
            lines.append(f"  {entry['stage']}, {entry['dtype']}, {' and '.join(entry['sides'])}: {' → '.join(told)}")
        lines += _otherwhere(self.certified.get("environment", {}), environment())
        return "\n".join([*lines, "", self.report.verdict])


def verify(certificate: str | Path, model: str | Path, data: str | Path) -> Verification:
    """Hold the digests of a certificate against the model and the data in these files; if equal, check them again.

    `model` is a file that `ig.save` wrote, `data` one of arrays x, x1, …, y, y1, … (.safetensors or .npz). The check
    is asked as the certificate says: engines, dtypes, loss, optimizer, steps, seed. Raises FileError for files that
    are missing, damaged or no such files.
    """
    said = _read(as_path(certificate, "verify"))
    described, weights = load(model)
    inputs, targets = read_data(as_path(data, "verify"))
    state = in_dtype(described, weights, FLOATS["float64"], "verify")
    found = digests(described, state, inputs, targets)
    changed = tuple(name for name, value in found.items() if said["sha256"].get(name) != value)
    return Verification(said, changed, None if changed else _again(said["asked"], described, state, inputs, targets))


def write_data(path: Path, inputs: Arrays, targets: Arrays) -> Path:
    """The data of a check as a file that `verify` reads."""
    return write_tensors(path, named_data(inputs, targets), {})


def write_certified(
    path: Path, report: ParityReport, model: Composite, weights: Mapping[str, Array], data: tuple[Arrays, Arrays]
) -> list[Path]:
    """The certificate, and beside it the model and the data that `verify` asks for."""
    beside = (
        save(path.with_suffix(".model.safetensors"), model, weights),
        write_data(path.with_suffix(".data.safetensors"), *data),
    )
    return [report.certificate(path), *beside]


def read_data(path: Path) -> tuple[Arrays, Arrays]:
    """(inputs, targets) of a file."""
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except Exception as error:  # whatever another package makes of bytes that may hold anything
            raise FileError(f"verify({str(path)!r})", wanted=OF_DATA, got=told_of(error), fix="mend the path") from None
    else:
        arrays, _ = read_tensors(path, "verify", OF_DATA)
    inputs, targets = (_counted(arrays, name) for name in "xy")
    if len(inputs) + len(targets) != len(arrays) or not inputs:
        got = ", ".join(arrays) or "nothing"
        raise FileError(f"verify({str(path)!r})", wanted=OF_DATA, got=got, fix="name the arrays so")
    return inputs, targets


def _counted(arrays: Mapping[str, Array], name: str) -> Arrays:
    """x, x1, x2, … as far as they go."""
    found: list[Array] = []
    while (key := f"{name}{len(found) or ''}") in arrays:
        found.append(arrays[key])
    return tuple(found)


def _read(path: Path) -> dict[str, Any]:
    """A certificate, each of its parts of the kind that it should be."""
    where = f"verify({str(path)!r})"
    try:
        found: dict[str, Any] = read_json(path.read_text(encoding="utf-8"), where)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(where, wanted=CERTIFICATE, got=told_of(error), fix="mend the path") from None
    kinds = {"isograd certificate": int, "sha256": dict, "asked": dict, "worst": list}
    wrong = [key for key, kind in kinds.items() if not isinstance(found, dict) or not isinstance(found.get(key), kind)]
    if wrong or found["isograd certificate"] != FORMAT:
        got = f"no {wrong[0]!r} of a certificate" if wrong else f"format {found['isograd certificate']}"
        raise FileError(where, wanted=CERTIFICATE, got=got, fix="write it with isograd parity --certificate")
    return found


def _again(
    asked: Mapping[str, Any], model: Composite, state: Mapping[str, Array], x: Arrays, y: Arrays
) -> ParityReport:
    """The check, as it was asked."""
    from isograd.core.parity.check import check_parity

    try:
        described = {name: _described(asked[name]) for name in DESCRIBED}
        losses = tuple(_described(record) for record in asked["loss"])
        size, steps = asked["batch_size"], whole_number(asked["steps"], "steps", fix="steps=20")
        names, dtypes, seed = asked["backends"], asked["dtypes"], asked["seed"]
    except (KeyError, TypeError) as error:
        got = f"no {error.args[0]!r} in what was asked"
        raise FileError("verify", wanted=CERTIFICATE, got=got, fix="restore the file") from None
    loss: Any = {0: None, 1: losses[0] if losses else None}.get(len(losses), losses)
    options: dict[str, Any] = {**described, "loss": loss, "batch_size": size}
    targets = y or None
    return check_parity(
        model, x, targets, weights=state, steps=steps, backends=names, dtypes=dtypes, seed=seed, **options
    )


def told_of(error: Exception) -> str:
    """What the system, or whoever reads a file, says is wrong with it."""
    return str(getattr(error, "strerror", None) or error).lower()


def _described(record: Any) -> Description | None:
    if record is not None and not isinstance(record, dict):
        raise TypeError(shown(record))
    return None if record is None else from_dict(record, "certificate")


def _key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry.get("stage"), entry.get("dtype"), tuple(entry.get("sides", ()))


def _ratio(entry: Mapping[str, Any]) -> str:
    found = entry.get("ratio")
    return f"{found:.1e}" if isinstance(found, float) else "–"


def _otherwhere(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What of the environment is not as it was."""
    return [
        f"{key}: {_short(before[key])} when certified, {_short(value)} now"
        for key, value in now.items()
        if key in before and before[key] != value
    ]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {told}" for name, told in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
