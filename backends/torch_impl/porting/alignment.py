"""Which part of one module stands for which part of another, as data, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor, nn

SHOWN = 8  # of a kind of match, in the words of an alignment

PATH, RENAME, ORDER = "path", "rename", "order"


@dataclass(frozen=True)
class Match:
    """Two paths that stand for each other, and what they were matched by: "path", "rename" or "order"."""

    theirs: str
    mine: str
    how: str
    transposed: bool = False  # of weights: mine's is theirs' transposed

    @property
    def text(self) -> str:
        return f"{self.theirs or 'the module itself'} ↔ {self.mine or 'the module itself'}"


@dataclass
class Half:
    """One module's parts, and the weights and statistics that each part holds itself.

    Weights are parameters and those buffers that a checkpoint carries and that have at most one axis: statistics. A
    buffer of more axes (a mask, a table of positions) is made by the module's own code: it is compared, not copied.
    """

    module: nn.Module
    parts: dict[str, nn.Module] = field(init=False)
    own: dict[str, dict[str, Tensor]] = field(init=False)  # {part: {name: weight}}, parts that hold some

    def __post_init__(self) -> None:
        self.parts = dict(self.module.named_modules())
        held = {path: weights_of(part) for path, part in self.parts.items()}
        self.own = {path: weights for path, weights in held.items() if weights}

    def is_leaf(self, path: str) -> bool:
        """Whether nothing beneath it holds weights."""
        return not any(each != path for each in self.owners(path))

    def owners(self, path: str) -> list[str]:
        """The parts that hold weights, at `path` or beneath it."""
        return [each for each in self.own if within(each, path)]

    def weight(self, path: str) -> Tensor:
        """The weight of a path."""
        part, _, name = path.rpartition(".")
        return self.own[part][name]

    @property
    def weights(self) -> list[str]:
        """The path of every weight."""
        return [joined(part, name) for part, held in self.own.items() for name in held]


@dataclass(frozen=True)
class Alignment:
    """What was matched, and what has no counterpart: `modules` are parts, `weights` parameters and statistics."""

    modules: tuple[Match, ...]
    weights: tuple[Match, ...]
    only_theirs: tuple[str, ...] = ()
    only_mine: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What the report says of it: how many by path, each one by rename and by order, what has no counterpart."""
        weights = [match for match in self.weights if match.how == PATH]
        parts = [match for match in self.modules if match.how == PATH and match.mine]
        lines = [f"aligned by path: {len(parts)} modules, {len(weights)} weights"] if parts or weights else []
        for how in (RENAME, ORDER):
            found = [match for match in self.modules if match.how == how]
            inside = {(match.theirs, match.mine) for match in found}
            lone = [m for m in self.weights if m.how == how and (parent(m.theirs), parent(m.mine)) not in inside]
            if found or lone:
                lines.append(f"aligned by {how}: {listed(match.text for match in [*found, *lone])}")
        turned = [match.text for match in self.weights if match.transposed]
        lines += [f"transposed: {listed(turned)}"] if turned else []
        for side, lacking in (("theirs", self.only_theirs), ("mine", self.only_mine)):
            lines += [f"no counterpart: {side} {listed(lacking)}"] if lacking else []
        return lines

    def __str__(self) -> str:
        """Every match, a line each, and what has no counterpart."""
        rows = [
            f"{match.text}  ({match.how}{', transposed' * match.transposed})"
            for match in (*self.modules, *self.weights)
        ]
        lone = [("theirs", self.only_theirs), ("mine", self.only_mine)]
        return "\n".join([*rows, *(f"{path} of {side}: no counterpart" for side, paths in lone for path in paths)])


def weights_of(part: nn.Module) -> dict[str, Tensor]:
    """What a part holds itself: parameters, and statistics that a checkpoint carries."""
    found: dict[str, Tensor] = {name: w for name, w in part._parameters.items() if w is not None}
    buffers = {name: values for name, values in part._buffers.items() if name not in part._non_persistent_buffers_set}
    return found | {name: values for name, values in buffers.items() if values is not None and values.dim() <= 1}


def is_bare(part: nn.Module) -> bool:
    """Whether no part is inside."""
    return next(part.children(), None) is None


def within(path: str, container: str) -> bool:
    """Whether a path is `container` or beneath it."""
    return not container or path == container or path.startswith(f"{container}.")


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def parent(path: str) -> str:
    return path.rpartition(".")[0]


def listed(texts: Iterable[str], shown: int = SHOWN) -> str:
    """The first of several, and how many more there are."""
    every = list(texts)
    more = [f"and {len(every) - shown} more"] if len(every) > shown else []
    return ", ".join([*every[:shown], *more])
