"""How an alignment is found: by rename, by path, and by order and shape among those that are left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from isograd.backends.torch_impl.porting.alignment import (
    ORDER,
    PATH,
    RENAME,
    Alignment,
    Half,
    Match,
    is_bare,
    joined,
    within,
)
from isograd.backends.torch_impl.porting.orientation import fits, oriented

KINDS = {"activation": ("lu", "act", "softmax", "sigmoid", "tanh", "swish", "mish"), "dropout": ("drop",)}
"""What the name of a class without weights says of it, where the class is none of torch.nn's."""


def alignment_of(theirs: nn.Module, mine: nn.Module, rename: Mapping[str, str]) -> Alignment:
    """Parts and weights of two modules; what `rename` says goes before everything else."""
    pairing = Pairing(Half(theirs), Half(mine))
    pairing.by_rename(rename)
    pairing.by_path("", "")
    pairing.by_prefix()
    pairing.by_order()
    return pairing.alignment(rename)


class Pairing:
    """What is matched so far: `modules`, whose outputs are compared, and `holders`, whose weights are."""

    def __init__(self, theirs: Half, mine: Half) -> None:
        self.theirs, self.mine = theirs, mine
        self.modules: dict[str, tuple[str, str]] = {}  # {theirs: (mine, how)}
        self.holders: dict[str, tuple[str, str]] = {}
        self.match("", "", PATH)

    def match(self, a: str, b: str, how: str) -> None:
        """Two parts whose outputs are compared; their weights too, where both hold some."""
        self.modules.setdefault(a, (b, how))
        if a in self.theirs.own and b in self.mine.own:
            self.holders.setdefault(a, (b, how))

    def free(self, a: str, b: str) -> bool:
        """Whether neither is matched yet."""
        return a not in self.modules and b not in {mine for mine, _ in self.modules.values()}

    def by_rename(self, rename: Mapping[str, str]) -> None:
        for theirs, mine in sorted(rename.items(), key=lambda entry: -len(entry[0])):
            for a in self.theirs.parts:
                b = f"{mine}{a[len(theirs) :]}"
                if within(a, theirs) and a and b in self.mine.parts and self.free(a, b):
                    self.match(a, b, RENAME)

    def by_path(self, above: str, below: str) -> None:
        """Equal paths, once `above` stands before mine, or `below` before theirs."""
        for a in self.theirs.parts:
            b = self.moved(a, above, below)
            if a and b and b in self.mine.parts and self.free(a, b) and self.alike(a, b):
                self.match(a, b, PATH)

    def moved(self, a: str, above: str, below: str) -> str:
        """Mine's path of a part of theirs, where theirs has the wrapper `above`, or mine has `below`."""
        if above:
            return a.removeprefix(f"{above}.") if a.startswith(f"{above}.") else ""
        return joined(below, a)

    def by_prefix(self) -> None:
        """Paths that are equal but for a wrapper: "module.", "model."; the one that explains most of them."""
        best, count = ("", ""), 1
        for above, below in self.wrappers():
            found = [a for a in self.theirs.own if a not in self.modules]
            moved = [(a, self.moved(a, above, below)) for a in found]
            fitting = sum(b in self.mine.own and self.free(a, b) and self.alike(a, b) for a, b in moved)
            if fitting > count:
                best, count = (above, below), fitting
        if any(best):
            self.by_path(*best)

    def wrappers(self) -> Iterable[tuple[str, str]]:
        """(wrapper of theirs, wrapper of mine), one of them empty: parts of one or two names that hold others."""
        for side, half in enumerate((self.theirs, self.mine)):
            for path in half.parts:
                if path and path.count(".") < 2 and not half.is_leaf(path):
                    yield ("", path) if side else (path, "")

    def alike(self, a: str, b: str) -> bool:
        """Whether two parts of one path may stand for each other: both hold weights that fit, or neither any."""
        x, y = self.theirs.own.get(a), self.mine.own.get(b)
        if x and y:
            return signature(x.values()) == signature(y.values())
        if x or y:
            return not self.theirs.is_leaf(a) and not self.mine.is_leaf(b)
        return bool(self.theirs.owners(a)) == bool(self.mine.owners(b))

    def by_order(self) -> None:
        """Large weights first; from them the containers; inside those the small ones, and what holds none."""
        self.holding(large)
        self.containers()
        self.holding(lambda weights: True)
        self.without_weights()

    def holding(self, wanted: Callable[[Iterable[Tensor]], bool]) -> None:
        """Parts that hold `wanted` weights, in the order of definition, inside the smallest container that has them."""
        depth = sorted(self.modules.items(), key=lambda entry: -entry[0].count(".") - bool(entry[0]))
        for above, (below, _) in depth:
            left = self.left(self.theirs, above, self.holders.keys(), wanted)
            right = self.left(self.mine, below, {mine for mine, _ in self.holders.values()}, wanted)
            for key in left:
                for a, b in zip(left[key], right.get(key, []), strict=False):
                    self.holders[a] = (b, ORDER)
                    if self.theirs.is_leaf(a) and self.mine.is_leaf(b) and self.free(a, b):
                        self.modules[a] = (b, ORDER)

    def left(self, half: Half, path: str, taken: Iterable[str], wanted: Any) -> dict[Any, list[str]]:
        """{signature: parts that hold such weights beneath `path` and are not taken}"""
        found: dict[Any, list[str]] = defaultdict(list)
        for each in half.owners(path):
            if each not in taken and wanted(half.own[each].values()):
                found[signature(half.own[each].values())].append(each)
        return found

    def containers(self) -> None:
        """Parts that hold matched parts, and the same ones: from the outermost in."""
        held = {b: a for a, (b, _) in self.holders.items()}
        inside: dict[frozenset[str], list[str]] = defaultdict(list)
        for b in self.mine.parts:
            if b and not self.mine.is_leaf(b) and b not in {mine for mine, _ in self.modules.values()}:
                inside[frozenset(held[each] for each in self.mine.owners(b) if each in held)].append(b)
        for a in self.theirs.parts:
            if a and a not in self.modules and not self.theirs.is_leaf(a):
                same = inside.get(frozenset(each for each in self.theirs.owners(a) if each in self.holders), [])
                if same:
                    self.match(a, same.pop(0), ORDER)

    def without_weights(self) -> None:
        """Parts without weights inside one container: of one class, else of one kind, in the order of definition."""
        for of in (lambda part: type(part).__name__, kind_of):
            left, right = self.bare(self.theirs, 0, of), self.bare(self.mine, 1, of)
            for (above, kind), found in left.items():
                for a, b in zip(found, right.get((self.modules[above][0], kind), []), strict=False):
                    self.modules[a] = (b, ORDER)

    def bare(self, half: Half, side: int, of: Callable[[nn.Module], str]) -> dict[tuple[str, str], list[str]]:
        """{(the container that is matched, kind): parts without weights that are not}"""
        known = [b for b, _ in self.modules.values()] if side else list(self.modules)
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path, part in half.parts.items():
            if path not in known and not half.owners(path) and is_bare(part):
                above = max((each for each in known if within(path, each)), key=len)
                found[above, of(part)].append(path)
        return found

    def alignment(self, rename: Mapping[str, str]) -> Alignment:
        """With the weights: those of `rename`, then of matched parts by name and by shape, then by shape alone."""
        weights: dict[str, Match] = {}
        taken: set[str] = set()

        def matched(a: str, b: str, how: str) -> None:
            if a not in weights and b not in taken and fits(self.theirs.weight(a), self.mine.weight(b)):
                weights[a] = Match(a, b, how)
                taken.add(b)

        every, others = self.theirs.weights, self.mine.weights
        for a, b in rename.items():
            if a in every and b in others:
                matched(a, b, RENAME)
        for part, (other, how) in self.holders.items():
            for name in self.theirs.own[part]:
                if name in self.mine.own[other]:
                    matched(joined(part, name), joined(other, name), how)
            for name in self.theirs.own[part]:
                for peer in self.mine.own[other]:
                    matched(joined(part, name), joined(other, peer), ORDER)
        for a in every:
            for b in others:
                if self.theirs.weight(a).dim() > 1:
                    matched(a, b, ORDER)
        return Alignment(
            tuple(Match(a, b, how) for a, (b, how) in self.modules.items()),
            tuple(oriented(self.theirs, self.mine, list(weights.values()))),
            tuple(a for a in every if a not in weights),
            tuple(b for b in others if b not in taken),
        )


def large(weights: Iterable[Tensor]) -> bool:
    return any(values.dim() > 1 for values in weights)


def signature(weights: Iterable[Tensor]) -> tuple[Any, ...]:
    """What the weights of two parts that stand for each other have in common: the shapes of the large ones, which may
    be transposed; of a part with small ones alone, the largest size. Whether there is a bias is not asked."""
    every = list(weights)
    if large(every):
        shapes = [tuple(values.shape) for values in every if values.dim() > 1]
        return tuple(sorted(tuple(sorted(shape)) if len(shape) == 2 else shape for shape in shapes))
    return ("vector", max(values.numel() for values in every))


def kind_of(part: nn.Module) -> str:
    """What a part without weights is for: the file of torch.nn that it stands in, or what its class's name says."""
    module, name = type(part).__module__, type(part).__name__.lower()
    if module.startswith("torch.nn.modules."):
        return module.rpartition(".")[2]
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), name)
