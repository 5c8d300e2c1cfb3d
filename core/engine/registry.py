"""Engines by name, and networks built in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from isograd.core.base.errors import BackendError
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.protocol import Backend, Network, variant
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, in_dtype, initial_state

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "isograd.backends"


def backend_names() -> list[str]:
    """The engines that this environment has, without their variants."""
    return sorted({point.name for point in _declared()})


def get_backend(name: str | Backend) -> Backend:
    """The engine of this name, or "engine:variant:variant" with the options that its variants stand for.

    An engine that is handed in is that one. Raises BackendError where a name is unknown, declared twice, cannot be
    loaded, lacks a package or leads to no engine, and for a variant that the engine does not have.
    """
    if isinstance(name, type):
        raise BackendError(
            f"backend={name.__name__}", wanted="an engine, or its name", got="a class", fix=f"backend={name.__name__}()"
        )
    if not isinstance(name, str) and not _lacking(name):
        return name
    first, *variants = str(name).split(":")
    engine = _loaded(_point(first))
    if not variants:
        return engine
    options: dict[str, Any] = {}
    known: Mapping[str, Mapping[str, Any]] = getattr(engine, "variants", {})
    for asked in variants:
        if asked not in known:
            raise BackendError(
                f"backend={name!r}",
                wanted=f"a variant of {first}: {', '.join(known)}" if known else f"{first} alone, it has no variants",
                got=repr(asked),
                fix=f"backend={first!r}, whose options are keywords of ig.build",
            )
        options |= known[asked]
    return variant(str(name), engine, options)


def _lacking(engine: object) -> str:
    """What an object lacks to be an engine."""
    return ", ".join(member for member in ("name", "build", "source") if not hasattr(engine, member))


def _declared() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # takes a tenth of `import isograd`, so only when asked

    return list(entry_points(group=GROUP))


def _point(name: str) -> EntryPoint:
    """The one entry point of this name."""
    found = [point for point in _declared() if point.name == name]
    if not found:
        near = get_close_matches(name, backend_names(), 1)
        raise BackendError(
            f"backend={name!r}",
            wanted=f"one of {', '.join(backend_names())}",
            got=repr(name),
            fix=f"{f'backend={near[0]!r}' if near else 'name one of them'}, or install a package with an {GROUP} "
            "entry point",
        )
    if len(found) > 1:
        raise BackendError(
            f"backend={name!r}",
            wanted=f"one distribution whose entry points {GROUP} declare it",
            got=" and ".join(f"{_distribution(point)} ({point.value})" for point in found),
            fix="uninstall all but one of them",
        )
    return found[0]


def _loaded(point: EntryPoint) -> Backend:
    """The engine that an entry point names, made."""
    declared = f"{GROUP}: {point.name} = {point.value}"
    try:
        kind = point.load()
        engine: Backend = kind() if callable(kind) else kind
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and not f"{point.module}.".startswith(f"{missing}."):
            raise BackendError(
                f"backend={point.name!r}",
                wanted=f"{missing}, which this backend needs",
                got="it is not installed",
                fix=f'{_installing(point, missing)}, or use backend="numpy"',
            ) from None
        raise BackendError(
            f"backend={point.name!r}",
            wanted=f"what {_distribution(point)} declares, {declared}",
            got=f"{type(error).__name__}: {error}",
            fix="mend that entry point, or install the distribution again",
        ) from error
    lacks = _lacking(engine)
    if lacks or engine.name != point.name:
        raise BackendError(
            f"backend={point.name!r}",
            wanted=f"a class with name = {point.name!r}, build and source (docs/engines.md)",
            got=f"{point.value}, which {f'lacks {lacks}' if lacks else f'is named {engine.name!r}'}",
            fix=f"mend the entry point or the class in {_distribution(point)}",
        )
    return engine


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"


def _installing(point: EntryPoint, package: str) -> str:
    """How to install what an engine lacks: by the extra of its own distribution that brings it, where there is one."""
    dist = point.dist
    for requirement in (dist.requires or []) if dist is not None else []:
        found = re.fullmatch(r"""([\w.-]+)[^;]*;.*\bextra == ["']([\w.-]+)["'].*""", requirement)
        if dist is not None and found and found[1].replace("-", "_").lower() == package.split(".")[0].lower():
            return f'pip install "{dist.name}[{found[2]}]"'
    return f"install {package}, which {_distribution(point)} needs"


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

    Options of the backends: numpy: threads=1 (of BLAS); torch: device="cpu", compile=False (True as well in
    backend="torch:compile"), shared_randomness=False (True: dropout masks of isograd's own streams, NumPy's).
    Raises BackendError for an unknown backend or dtype, WeightsError for weights that do not fit.
    """
    kind = float_dtype(dtype)
    engine = get_backend(backend)
    if not isinstance(model, Composite):
        raise BackendError(
            "build(model)", wanted="a Model or Sequential", got=repr(model), fix="ig.Sequential([layer], input_shape=…)"
        )
    if weights is None:
        state = initial_state(model, seed=seed, dtype=kind)
    else:
        given = check_state(model, weights, "build(weights=…)")
        state = in_dtype(model, given, kind, "build(weights=…)")
    net = engine.build(model, state, seed=seed, dtype=kind, **options)
    net.backend = engine.name  # "torch:compile" where it was asked for so
    return net
