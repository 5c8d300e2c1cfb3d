"""`ig.export`: from a model and its weights to a folder that needs no isograd."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.atomic import as_path
from isograd.core.base.errors import BackendError, SpecError, shown
from isograd.core.base.types import FLOATS, Array, State
from isograd.core.engine.rows import nodes
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomFunction
from isograd.core.graph.weights import check_state, in_dtype
from isograd.exporting.carried.selftest import sampled
from isograd.exporting.example import SEED, Example, example_inputs, executed
from isograd.exporting.folder import CERTIFICATE, SELFTEST, SOURCE, WEIGHTS, check_place, write_folder
from isograd.exporting.result import Export
from isograd.exporting.targets import TARGETS, Target
from isograd.optional import installed

FORMAT = 1


def export(
    model: Composite,
    weights: Mapping[str, Array],
    to: str,
    path: str | Path,
    *,
    example: Any = None,
    dtype: str | None = None,
    overwrite: bool = False,
) -> Export:
    """Write standalone source of this one model into the folder `path`, with its weights, a self-test, a certificate.

    to="numpy": forward and backward, needs nothing but NumPy. model.py defines Model and load(); run by itself it
    computes the stored example again, forward and backward in both modes, and compares. to="torch": a plain nn.Module
    with the names of the state, needs PyTorch alone; its self-test trains only where nothing is drawn at random, since
    nn.Dropout draws its own. `example`: one array, or a
    tuple of them, a batch for each input; by default numbers are drawn, N(0, 1) where they are floats. `dtype`: the one
    that the self-test runs in, float32 or float64; by default that of the weights.

    An earlier export at `path` is replaced if none of its files was changed since; with overwrite=True also if one
    was. Raises, before anything is written: SpecError for what is no model, an unknown `to`, or a layer that cannot be
    carried (ig.custom), WeightsError for weights that do not fit, ShapeError or DataError for an example that does not,
    FileError for a path that something else has, BackendError where the source does not compute what isograd does.
    """
    target = _checked_target(to)
    _check_model(model)
    folder = as_path(path, "export")
    check_place(folder, overwrite=overwrite)
    state = check_state(model, weights, "export")
    kind = _dtype(dtype, state)
    state = in_dtype(model, state, FLOATS[kind], "export")
    example_ = Example(model, state, example_inputs(model, example, FLOATS[kind]), kind)
    source = target.write_source(model, state, example_.inputs)
    return _written(folder, target, to, example_, source)


def _written(folder: Path, target: Target, to: str, example: Example, source: str) -> Export:
    from safetensors.numpy import save as to_bytes

    modes = target.modes(example.model)
    truth = example.by_engine(target.engine, modes)
    limits = example.limits(truth, modes)
    with executed(source, "isograd_export") as module:
        made = example.by(target.opened(module, example.weights, example.dtype, SEED), modes)
    errors = {target.engine: example.errors(made, truth)}
    for other in ("numpy", "torch"):
        if other != target.engine and (other != "torch" or installed("torch")):
            errors[other] = example.errors(made, example.by_engine(other, modes))
    stored = {f"input.{k}": x for k, x in enumerate(example.inputs)}
    stored |= {f"{mode}/dy.{k}": dy for mode in modes for k, dy in enumerate(example.dys(mode))}
    stored |= {name: sampled(values) for name, values in truth.items()}
    told = {"dtype": example.dtype, "seed": SEED, "limits": limits}
    contents = {
        SOURCE: source.encode(),
        WEIGHTS: to_bytes(_contiguous(example.weights)),
        SELFTEST: to_bytes(_contiguous(stored), metadata={"selftest": json.dumps(told)}),
    }
    certificate = _certificate(to, example, contents, errors, limits)
    result = Export(folder, certificate)
    if result.beyond(target.engine):
        raise BackendError(
            f"export(…, {to!r})",
            wanted=f"source that computes what the {target.engine} engine does",
            got=f"another {result.beyond(target.engine)[0]}",
            fix="report this model: isograd wrote source that is wrong, and nothing to disk",
        )
    contents[CERTIFICATE] = (json.dumps(certificate, indent=1) + "\n").encode()
    write_folder(folder, contents)
    return result


def _certificate(
    to: str,
    example: Example,
    contents: Mapping[str, bytes],
    errors: dict[str, dict[str, float | None]],
    limits: dict[str, float],
) -> dict[str, Any]:
    graph = example.model.graph(*example.model.input_shapes)
    count = sum(values.size for values in example.weights.values())
    packages = ["isograd", "numpy", *(["torch"] if "torch" in {to, *errors} else [])]
    return {
        "isograd_export": FORMAT,
        "to": to,
        "model": f"{type(example.model).__name__} of {len(graph.nodes)} nodes, {count:,} weights",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "sha256": {name: sha256(content).hexdigest() for name, content in contents.items()},
        "dtype": example.dtype,
        "example": [list(x.shape) for x in example.inputs],
        "errors": errors,
        "limits": limits,
    }


def _contiguous(arrays: State) -> State:
    return {name: np.asarray(values, values.dtype.newbyteorder("<"), order="C") for name, values in arrays.items()}


def _checked_target(to: str) -> Target:
    if not isinstance(to, str) or to not in TARGETS:
        known = " or ".join(f'"{name}"' for name in TARGETS)
        raise SpecError(f"export(…, {shown(to)}, …)", wanted=known, got=shown(to), fix='to="numpy"')
    return TARGETS[to]()


def _check_model(model: object) -> None:
    if not isinstance(model, Composite):
        raise SpecError(
            "export(model, …)",
            wanted="a Model or Sequential",
            got=shown(model),
            fix="ig.export(net.model, net.state_dict(), …), or ig.from_torch(module, example) first",
        )
    for path, layer, _ in nodes(model, model.input_shapes):
        own = type(layer).__module__.startswith("isograd.")
        if isinstance(layer, CustomFunction) or not own:
            raise SpecError(
                f"{path}: {layer!r}",
                wanted="layers whose source isograd has: an export stands without yours",
                got=layer.place() if isinstance(layer, CustomFunction) else f"{type(layer).__module__}",
                fix="build it of isograd's layers, or export the model around it and add it there",
            )


def _dtype(dtype: str | None, state: State) -> str:
    if dtype is None:
        return "float64" if any(values.dtype == np.float64 for values in state.values()) else "float32"
    if dtype not in FLOATS:
        raise SpecError("export(dtype=…)", wanted='"float32" or "float64"', got=shown(dtype), fix='dtype="float32"')
    return dtype
