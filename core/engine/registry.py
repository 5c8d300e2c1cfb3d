"""Engines by name, and networks built in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isograd.core.base.errors import BackendError
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.protocol import Backend, Network
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, initial_state


def backend_names() -> list[str]:
    from importlib.metadata import entry_points  # takes a tenth of `import isograd`, so only when asked

    return sorted({point.name for point in entry_points(group="isograd.backends")})


def get_backend(name: str | Backend) -> Backend:
    """The backend of this name; BackendError where it is unknown or what it needs is not installed.

    One that is handed in is that one.
    """
    if not isinstance(name, str):
        return name
    from importlib.metadata import entry_points

    found = [point for point in entry_points(group="isograd.backends") if point.name == name]
    if not found:
        raise BackendError(
            f"backend={name!r}",
            wanted=f"one of {', '.join(backend_names())}",
            got=repr(name),
            fix="name one of them, or install a package with an isograd.backends entry point",
        )
    try:
        backend: Backend = found[0].load()()
    except ModuleNotFoundError as error:
        raise BackendError(
            f"backend={name!r}",
            wanted=f"{error.name}, which this backend needs",
            got="it is not installed",
            fix=f'pip install "isograd[{name}]", or use backend="numpy"',
        ) from None
    return backend


def float_dtype(name: str) -> np.dtype[np.floating]:
    """float32 or float64, by name."""
    if str(name) not in FLOATS:
        raise BackendError(f"dtype={name!r}", wanted=" or ".join(FLOATS), got=repr(name), fix='dtype="float32"')
    return FLOATS[str(name)]


def build(
    model: Composite,
    weights: Mapping[str, Array] | None = None,
    *,
    backend: str | Backend = "numpy",
    seed: int = 0,
    dtype: str = "float32",
    **options: Any,
) -> Network:
    """A network of `model` in `backend` (its name, or an engine), with weights drawn from `seed` unless they are given.

    Options of the backends: numpy: threads=1 (of BLAS); torch: device="cpu", compile=False,
    shared_randomness=False (True: dropout masks of isograd's own streams, equal to NumPy's).
    Raises BackendError for an unknown backend or dtype, WeightsError for weights that do not fit.
    """
    kind = float_dtype(dtype)
    engine = get_backend(backend)
    if not isinstance(model, Composite):
        raise BackendError(
            "build(model)", wanted="a Model or Sequential", got=repr(model), fix="ig.Sequential([layer], input_shape=…)"
        )
    given = None if weights is None else {path: np.asarray(values) for path, values in weights.items()}
    state = initial_state(model, seed=seed, dtype=kind) if given is None else given
    check_state(model, state, "build(weights=…)")
    return engine.build(model, state, seed=seed, dtype=kind, **options)
