"""Engines side by side: known before anything is trained, each with a title and with the options that are for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isograd.core.base.errors import SpecError
from isograd.core.engine.registry import build, get_backend
from isograd.core.graph.sequential import Sequential
from isograd.core.layers import Identity
from isograd.optional import installed

BACKENDS = ("numpy", "torch")  # unless others are named
WITHOUT_TORCH = ("numpy", "numpy_reference")  # what is left to hold NumPy's engine against


def family(name: str) -> str:
    """The engine that a name with a variant asks for.

    >>> family("torch:compile"), family("numpy")
    ('torch', 'numpy')
    """
    return name.partition(":")[0]


def comparable() -> tuple[str, ...]:
    """The engines that are held against each other where none is named: those that this environment can run."""
    return BACKENDS if installed("torch") else WITHOUT_TORCH


def titled(names: Sequence[str], *, least: int = 1) -> dict[str, str]:
    """{title: name}, in this order; a title is the engine's own attribute `title` and the variant, else the name.

    Raises SpecError for fewer than `least` engines or one named twice, BackendError for one that is not there.
    """
    if len(names) < least or len(set(names)) < len(names):
        raise SpecError(
            f"backends={','.join(names)!r}",
            wanted=f"{('one engine', 'two engines')[least - 1]} or more, each of them once",
            got=", ".join(names) or "none",
            fix=f"backends={','.join(BACKENDS)}",
        )
    found: dict[str, str] = {}
    for name in names:
        get_backend(name)
        engine = family(name)
        found[getattr(get_backend(engine), "title", engine) + name.removeprefix(engine)] = name
    return found if len(found) == len(names) else {name: name for name in names}


def check_builds(name: str, dtype: str, options: Mapping[str, Any]) -> None:
    """Raise where an engine refuses a dtype or options such as a device, before anything is prepared for it."""
    build(Sequential([Identity()], input_shape=(1,)), backend=name, dtype=dtype, **options)


def device_options(names: Sequence[str], device: str) -> dict[str, dict[str, Any]]:
    """{name: options of its `build`}: a device other than "cpu" is for the engines that say `takes_device = True`.

    Where none of them does, all get it, to refuse it in their own words: it is never passed over in silence.
    """
    if device == "cpu":
        return {name: {} for name in names}
    taking = [name for name in names if getattr(get_backend(family(name)), "takes_device", False)]
    return {name: {"device": device} if name in (taking or names) else {} for name in names}
