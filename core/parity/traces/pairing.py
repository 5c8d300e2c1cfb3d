"""Two traces side by side: read, brought under one set of names, and refused where they answer different questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import numpy as np

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.raised import told_with_line
from isograd.core.parity.matching import FLIPPED, NOISE_FACTOR
from isograd.core.parity.traces.entry import FIXED, LOSS, START, STEP, TRAINING, WEIGHT, Entry, Key
from isograd.core.parity.traces.origin import Node
from isograd.core.parity.traces.sketch import apart, size_of
from isograd.core.parity.traces.trace import Trace

Rename = Mapping[str, str] | Callable[[str], str] | None


@dataclass(frozen=True)
class Both:
    """Two comparable traces, entries of one thing under one key in both."""

    a: Trace
    b: Trace

    @cached_property
    def names(self) -> tuple[str, str]:
        """What they are, and when they were recorded."""
        first, second = self.a.origin.short, self.b.origin.short
        return (first, second) if first != second else (f"{first} (a)", f"{second} (b)")

    @property
    def title(self) -> str:
        models = dict.fromkeys((self.a.origin.model, self.b.origin.model))
        told = [f"{name}: {trace.origin}" for name, trace in zip(self.names, (self.a, self.b), strict=True)]
        return "\n".join([f"traces of {' and '.join(models)}", *told])

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Of all entries, in the order of the first trace; those that it lacks after the others of their section."""
        order = {
            section: k for k, section in enumerate(dict.fromkeys(s for t in (self.a, self.b) for s, _, _ in t.entries))
        }
        every = dict.fromkeys([*self.a.entries, *self.b.entries])
        return tuple(sorted(every, key=lambda key: order[key[0]]))

    def entry(self, key: Key) -> tuple[Entry | None, Entry | None]:
        return self.a.entries.get(key), self.b.entries.get(key)

    def node(self, path: str) -> Node | None:
        """The node of this path: a network's, which knows every operation, before a module's."""
        first, second = (self.b, self.a) if self.b.origin.kind == "network" else (self.a, self.b)
        return first.nodes.get(path) or second.nodes.get(path)

    def words(self, path: str) -> tuple[str, str] | None:
        """How each describes a node, where both do so in the same words for the same: two networks, two modules."""
        mine, theirs = self.a.nodes.get(path), self.b.nodes.get(path)
        if mine is None or theirs is None or self.a.origin.kind != self.b.origin.kind:
            return None
        return mine.layer, theirs.layer

    @property
    def repeat(self) -> bool:
        """Whether each run found the same when it was run again; else an error may come and go."""
        return self.a.origin.repeats and self.b.origin.repeats

    @cached_property
    def steps(self) -> int:
        """Of those that both made."""
        return min(self.a.origin.steps, self.b.origin.steps)

    def asked(self, key: Key) -> bool:
        """Whether both were asked for it: for a loss, and for so many steps."""
        section, path, what = key
        if section.startswith(STEP):
            return int(section.removeprefix(STEP)) <= self.steps
        of_loss = path == LOSS or what.endswith(" of the loss")
        return not of_loss or bool(self.a.origin.loss and self.b.origin.loss)

    def promised(self, key: Key) -> bool:
        """Whether every trace that was asked for it has it: outputs of the whole, trained weights, gradients."""
        section, path, what = key
        if path in FIXED:
            return True
        trained = any((TRAINING, path, "gradient") in trace.entries for trace in (self.a, self.b))
        if section == START or section.startswith(STEP):
            return trained
        return what.startswith("gradient")

    @cached_property
    def only_rounding(self) -> frozenset[str]:
        """The weights whose gradients are what a sum left over: one unit in the last place moves them by a large part
        of themselves, or they are nothing beside what was added up. An optimizer may make a step of any size of it."""
        least = NOISE_FACTOR * float(np.finfo(self.a.origin.dtype).eps)
        found = set()
        for trace in (self.a, self.b):
            for (_, path, what), entry in trace.entries.items():
                own = size_of(entry.values)
                noise = entry.noise * (max(own, entry.added) or 1.0) / (own or 1.0)
                if what == "gradient of the loss" and (noise >= FLIPPED or own < least * entry.added):
                    found.add(path)
        return frozenset(found)

    @cached_property
    def drift(self) -> dict[str, float]:
        """{step: how far apart updates of rounding alone have taken the sides}: what follows rounds otherwise."""
        found: dict[str, float] = {}
        for key in self.keys:
            if key[0].startswith(STEP) and key[2] == WEIGHT and key[1] in self.only_rounding and self.asked(key):
                error = apart(*(None if entry is None else entry.values for entry in self.entry(key))).error
                found[key[0]] = found.get(key[0], 0.0) + error
        return found


def pair(a: Trace | str | Path, b: Trace | str | Path, rename: Rename) -> Both:
    """The two traces, the first under the names of the second; SpecError for traces of different questions."""
    first, second = _trace(a, "a"), _trace(b, "b")
    both = Both(renamed(first, rename, second.paths), second)
    wanted, got = [], []
    for what, x, y in _questions(both):
        if x != y:
            wanted.append(what)
            got.append(f"{what} {x} and {y}" if what not in ("inputs", "targets") else f"other {what}")
    if wanted:
        raise SpecError(
            "diff(a, b)",
            wanted=f"traces of the same {' and '.join(wanted)}",
            got="; ".join(got),
            fix="record both on the same arrays, with the same dtype=, seed= and training",
        )
    return both


def _questions(both: Both) -> Iterable[tuple[str, object, object]]:
    """(what, of a, of b) of all that two traces must have been asked alike; of training what both were asked for."""
    x, y = both.a.origin, both.b.origin
    yield from (("dtype", x.dtype, y.dtype), ("seed", x.seed, y.seed), ("inputs", x.inputs, y.inputs))
    if sorted(x.outputs) == sorted(y.outputs):
        yield "order of outputs", ", ".join(x.outputs), ", ".join(y.outputs)
    if x.loss and y.loss:
        yield from (("targets", x.targets, y.targets), ("loss", x.loss, y.loss))
    if x.optimizer and y.optimizer:
        yield "optimizer", x.optimizer, y.optimizer
    if x.masks and y.masks:
        yield "masks", x.masks, y.masks


def _trace(given: object, name: str) -> Trace:
    if isinstance(given, Trace):
        return given
    if not isinstance(given, (str, os.PathLike)):
        raise SpecError(
            f"diff({name}=…)",
            wanted="a trace, or the path of one",
            got=shown(given),
            fix="ig.diff(ig.record(net, x), path)",
        )
    return Trace.load(Path(given))


def renamed(trace: Trace, rename: Rename, known: Iterable[str]) -> Trace:
    """The trace under other paths: of a mapping {path or its beginning: other}, or by a function of a path."""
    if rename is None:
        return trace
    if not callable(rename) and not (
        isinstance(rename, Mapping) and all(isinstance(word, str) for pair in rename.items() for word in pair)
    ):
        raise SpecError(
            "diff(rename=…)",
            wanted="{path in a, or its beginning: path in b}, or a function of a path",
            got=shown(rename),
            fix='rename={"encoder.layer": "blocks"}',
        )
    if isinstance(rename, Mapping):
        for old in rename:
            if not any(_below(path, old) for path in trace.paths):
                near = get_close_matches(old, trace.paths, 1)
                raise SpecError(
                    f"diff(rename={{{old!r}: …}})",
                    wanted="a path of the first trace, or the beginning of some",
                    got=repr(old),
                    fix=f"rename={{{near[0]!r}: …}}" if near else "trace.paths lists them",
                )

    def new(path: str) -> str:
        if path in FIXED:
            return path
        base, mark, call = path.partition("#")
        return f"{_other(base, rename)}{mark}{call}"

    paths = {path: new(path) for path in dict.fromkeys([*trace.nodes, *trace.paths])}
    became: dict[str, str] = {}
    for old, made in paths.items():
        if became.setdefault(made, old) != old:
            raise SpecError(
                "diff(rename=…)",
                wanted="another path for each",
                got=f"{became[made]!r} and {old!r}, which both become {made!r}",
                fix="rename the other one as well",
            )

    def reads(node: Node) -> Node:
        return replace(node, reads=tuple((paths.get(path, path), what) for path, what in node.reads))

    nodes = {paths[path]: reads(node) for path, node in trace.nodes.items()}
    entries = {(section, paths[path], what): entry for (section, path, what), entry in trace.entries.items()}
    return Trace(trace.origin, nodes, entries)


def _below(path: str, start: str) -> bool:
    return f"{path.partition('#')[0]}.".startswith(f"{start}.")


def _by_function(rename: Callable[[str], str], path: str) -> str:
    """SpecError unless it makes a path of a path."""
    wanted, fix = "a function of a path that returns a path", "lambda path: path.replace('fc', 'head')"
    try:
        made = rename(path)
    except Exception as error:
        got = told_with_line(error)
        raise SpecError(f"diff(rename=…)({path!r})", wanted=wanted, got=got, fix=fix) from error
    if not isinstance(made, str):
        raise SpecError(f"diff(rename=…)({path!r})", wanted=wanted, got=shown(made), fix=fix)
    return made


def _other(path: str, rename: Rename) -> str:
    if callable(rename):
        return _by_function(rename, path)
    assert rename is not None
    starts = [old for old in rename if _below(path, old)]
    if not starts:
        return path
    longest = max(starts, key=len)
    return f"{rename[longest]}{path[len(longest) :]}".removeprefix(".")
