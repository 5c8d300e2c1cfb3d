"""The names of nodes: a layer's own, else its kind, made unique."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.limits import NAME
from isograd.core.layers.base import Layer

MARKS = frozenset(".#:|/")


def kind_name(layer: Layer) -> str:
    """LeakyReLU → leaky_relu, Conv2d → conv2d.

    >>> from isograd.core.layers import LeakyReLU, LogSoftmax, SiLU
    >>> kind_name(LeakyReLU()), kind_name(LogSoftmax()), kind_name(SiLU())
    ('leaky_relu', 'log_softmax', 'silu')
    """
    text = (
        type(layer)
        .__name__.replace("ReLU", "Relu")
        .replace("ELU", "Elu")
        .replace("SiLU", "Silu")
        .replace("GElu", "Gelu")
    )
    return "".join(("_" if i and c.isupper() and text[i - 1].islower() else "") + c.lower() for i, c in enumerate(text))


def checked_name(name: object, where: object) -> str:
    """The name, if it can stand in a path and in a file; `where` may be the layer that has it."""
    if isinstance(name, str) and 0 < len(name) <= NAME and MARKS.isdisjoint(name) and not _halved(name):
        return name
    raise SpecError(
        where if isinstance(where, str) else repr(where),
        wanted="a name without . # : | /, which separate names in paths"
        if isinstance(name, str) and len(name) <= NAME
        else f"a name of at most {NAME} characters",
        got=shown(name),
        fix="rename it",
    )


def checked_path(path: object, where: str) -> str:
    """Names with dots between them, each of which can stand in a path."""
    parts = path.split(".") if isinstance(path, str) else [path]
    for part in parts:
        checked_name(part, where)
    return ".".join(parts)  # type: ignore[arg-type]


def check_paths(nodes: Sequence[str], entries: Sequence[str]) -> None:
    """SpecError where an entry has the name of another, of a node or of an input, or stands below another."""
    taken, all_entries = set(nodes), set(entries)
    for path in entries:
        parts = path.split(".")
        above = {".".join(parts[:k]) for k in range(1, len(parts))}
        if path in taken or not above.isdisjoint(all_entries):
            raise SpecError(
                "Model", wanted="a path of its own for every weight and node", got=f"{path!r} twice", fix="rename one"
            )
        taken.add(path)


def check_tied(tied: Mapping[str, str], paths: Collection[str]) -> None:
    """SpecError unless every further name is new, and is one of a weight or buffer."""
    for name, path in tied.items():
        checked_path(name, "Model(tied=…)")
        if name in paths or path not in paths:
            raise SpecError(
                "Model(tied=…)",
                wanted="{another name: the path of a weight or buffer}",
                got=f"{shown(name)}: {shown(path)}",
                fix=f"a path of {shown(list(paths))}" if path not in paths else "a name that none of them has",
            )


def _halved(name: str) -> bool:
    """Whether half a character stands in a name: no file can hold it."""
    return any("\ud800" <= mark <= "\udfff" for mark in name)


def name_layers(layers: Sequence[Layer], where: str) -> dict[int, str]:
    """A unique name for each distinct layer object, by id: its own, else by kind and number."""
    names: dict[int, str] = {}
    taken = {checked_path(layer.name, where) for layer in layers if layer.name is not None}
    given: set[str] = set()
    next_free: dict[str, Iterator[int]] = {}
    for layer in layers:
        if id(layer) in names:
            continue
        if layer.name is not None:
            if layer.name in given:
                raise SpecError(
                    where,
                    wanted="a name of its own for every layer",
                    got=f"two layers named {layer.name!r}",
                    fix="rename one; to share weights, call one layer object twice",
                )
            given.add(layer.name)
            names[id(layer)] = layer.name
            continue
        base = kind_name(layer)
        numbers = next_free.setdefault(base, count())
        free = next(n for k in numbers if (n := f"{base}_{k}" if k else base) not in taken)
        taken.add(free)
        names[id(layer)] = free
    return names
