"""What differs first between two traces, and whether it is an error of its own, as far as traces can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from isograd.core.parity.matching import NAN, Difference
from isograd.core.parity.stages.end_to_end import BUFFER, OF_THE_LOSS
from isograd.core.parity.stages.rounding import ADVICE
from isograd.core.parity.traces.entry import EVALUATION, GIVEN, LOSS, START, STEP, TRAINING, WEIGHT, WHOLE, Key
from isograd.core.parity.traces.pairing import Both
from isograd.core.parity.traces.sketch import described, entry
from isograd.core.parity.verdict import Claim, Culprit, Row

PHASES = (START, EVALUATION, TRAINING, "gradient", "loss", "gradient of the loss", "steps")
"""The parts of a run, each of which can only differ by its own fault or by that of one before it."""
FEW = 4  # nodes that a sentence names


@dataclass(frozen=True)
class Judged:
    """The comparison of one entry; `drift`: how far apart it is all the same, where each side is right by the rules."""

    row: Row
    gap: Difference
    drift: float = 0.0


def phase(key: Key) -> str:
    """Which part of the run it belongs to."""
    section, path, what = key
    if section.startswith(STEP):
        return "steps"
    if section != TRAINING:
        return section
    if what.endswith(OF_THE_LOSS):
        return "gradient of the loss"
    if path == LOSS:
        return "loss"
    return TRAINING if what == BUFFER or what.startswith(("output", "input")) else "gradient"


def culprits(both: Both, judged: Mapping[Key, Judged]) -> list[Culprit]:
    """What differs first in each phase, but for what shows the same twice."""
    return list(_Blame(both, judged).found())


class _Blame:
    """Two traces and what of them differs."""

    def __init__(self, both: Both, judged: Mapping[Key, Judged]) -> None:
        self.both, self.judged = both, judged
        self.failed = [key for key, found in judged.items() if found.row.failed and not found.row.unsteady]
        self.first: dict[str, Key] = {}
        for key in self.failed:
            self.first.setdefault(phase(key), key)

    def found(self) -> Iterator[Culprit]:
        for name in PHASES:
            key = self.first.get(name)
            if key is None or (name == TRAINING and self._again(key)):
                continue
            inherited = self._cause(name, key)
            yield self._culprit(key, inherited, "" if inherited else self._own(name, key))
        doubtful = [key for key, found in self.judged.items() if found.row.failed and found.row.unsteady]
        for key in doubtful[:1]:
            yield self._culprit(key, None, ADVICE)

    def _again(self, key: Key) -> bool:
        """Whether evaluation differs first at the same node."""
        before = self.first.get(EVALUATION)
        return before is not None and before[1:] == key[1:]

    def _cause(self, name: str, key: Key) -> str | None:
        """What an entry follows from: a weight that it reads, or what differs in an earlier part of the run."""
        if name in (EVALUATION, TRAINING):
            weights = [path for path, what in self._reads(key) if what == WEIGHT and self._fails((START, path, WEIGHT))]
            if not weights and key[2] == BUFFER and self._fails((START, key[1], WEIGHT)):
                weights = [key[1]]
            if weights:
                return f"{weights[0]}, which differs at the start"
            nodes = [(key[0], *read) for read in self._reads(key) if self._fails((key[0], *read))]
            if key[2] == BUFFER:
                nodes = [other for other in self.failed if phase(other) == name and other[2] != BUFFER]
            return f"{nodes[0][2]} of {nodes[0][1]}, which differs before it" if nodes else None
        earlier = [other for other in PHASES[: PHASES.index(name)] if other in self.first and other != EVALUATION]
        if name == START or not earlier:
            return None
        _, path, what = self.first[earlier[0]]
        at = "which differs at the start" if earlier[0] == START else "which differs before it"
        return f"{path if earlier[0] == START else f'{what} of {path}'}, {at}"

    def _own(self, name: str, key: Key) -> str:
        """Why the error is nobody else's, in words; and how both describe the node, where they differ in that."""
        path = key[1]
        told = {
            START: "the two runs start from different weights",
            "loss": "what the model predicts is equal",
            "steps": "what was computed before it is equal",
        }.get(name, "")
        if name in ("gradient", "gradient of the loss"):
            told = self._of_backward(key)
        elif name in (EVALUATION, TRAINING):
            unknown = self._unknown(key)
            told = "what enters it is equal"
            if unknown:
                told = f"its own, or of what only one side shows before it: {_few(unknown)}"
        words = self.both.words(self._node(path))
        if key[2].startswith(GIVEN):
            return f"what is compared before it is equal: it is the code that calls {path}"
        if words is not None and words[0] != words[1]:
            told += f"; {self.both.names[0]} has {words[0]}, {self.both.names[1]} {words[1]}"
        return told

    def _of_backward(self, key: Key) -> str:
        """Gradients nearer to the end are equal: whose backward stands between them and this one."""
        section, path, what = key
        start, label = self._node(path), OF_THE_LOSS if what.endswith(OF_THE_LOSS) else ""
        told = "outputs, and the gradients nearer to the end, are equal: "
        if what.startswith("dy") or path == GIVEN:
            return f"{told}of the backward of {_few(self._after(start, label)) or 'the whole'}"
        sisters = [other for other in self.judged if other[::2] == key[::2] and self._node(other[1]) == start]
        if self._equal((section, start, f"dy{label}")) or any(map(self._equal, sisters)):
            return f"{told}its own"
        between = self._after(start, label)
        return f"{told}its own, or of the backward of {_few(between)}" if between else f"{told}its own"

    def _after(self, start: str, label: str) -> list[str]:
        """The nodes that read what `start` computes, up to and with those whose own gradients are equal."""
        readers: dict[str, list[str]] = {}
        nodes = {**self.both.b.nodes, **self.both.a.nodes}
        for path, node in nodes.items():
            if path != WHOLE and not any(other.startswith(f"{path}.") for other in nodes):
                for read, _ in node.reads:
                    readers.setdefault(read, []).append(path)
        found: dict[str, None] = {}
        waiting = [path for path in nodes if start in (path, path.partition("#")[0])] or [start]
        while waiting:
            for path in readers.get(waiting.pop(), []):
                if path not in found:
                    found[path] = None
                    waiting += [] if self._has_equal_gradients(path, label) else [path]
        return [path for path in nodes if path in found]

    def _has_equal_gradients(self, path: str, label: str) -> bool:
        """Whether the dy that reaches a node is equal, as its own weights' gradients, or the dy itself, show."""
        if self._equal((TRAINING, path, f"dy{label}")):
            return True
        owner = path.partition("#")[0]
        named = [key for key in self.judged if key[0] == TRAINING and key[1].rpartition(".")[0] == owner]
        own = [key for key in named if key[2] == f"gradient{label}"]
        return bool(own) and all(self._equal(key) for key in own)

    def _equal(self, key: Key) -> bool:
        found = self.judged.get(key)
        return found is not None and not found.row.failed

    def _unknown(self, key: Key) -> list[str]:
        """The nodes between this one and what is compared before it, that one side alone shows."""
        found: dict[str, None] = {}
        waiting = self._reads(key)
        while waiting:
            path, what = waiting.pop()
            if what == WEIGHT or (key[0], path, what) in self.judged or path in found or self.both.node(path) is None:
                continue
            found[path if what.startswith("output") else f"what enters {path}"] = None
            waiting += self._reads((key[0], path, what)) if what.startswith("output") else []
        return list(found)

    def _reads(self, key: Key) -> list[tuple[str, str]]:
        """What enters a node; of what enters it nothing is known to enter."""
        if key[2].startswith(GIVEN):
            return []
        node = self.both.node(self._node(key[1]))
        return [] if node is None else list(node.reads)

    def _fails(self, key: Key) -> bool:
        found = self.judged.get(key)
        return found is not None and found.row.failed

    def _node(self, path: str) -> str:
        """The node of this path, or the one whose weight stands there."""
        return path if self.both.node(path) is not None else path.rpartition(".")[0]

    def _layer(self, key: Key) -> str:
        origin = self.both.b.origin
        if phase(key) == "steps" and key[1] != LOSS:
            return origin.optimizer
        if key[1] == LOSS:
            return origin.loss
        node = self.both.node(self._node(key[1])) or self.both.node(WHOLE)
        return origin.model if node is None else node.layer

    def _culprit(self, key: Key, inherited: str | None, because: str) -> Culprit:
        row, gap = self.judged[key].row, self.judged[key].gap
        section, path, what = key
        values = {
            name: None if found is None else found.values
            for name, found in zip(self.both.names, self.both.entry(key), strict=True)
        }
        claims: dict[str, Claim] = {}
        for name, kept in values.items():
            number = None if gap.fault not in (None, NAN) else entry(kept, gap.index)
            if gap.fault not in (None, NAN):
                claims[name] = described(kept)
            elif number is not None:
                claims[name] = number
        return Culprit(
            stage=row.stage,
            dtype=row.dtype,
            path=path,
            layer=self._layer(key),
            what=f"{what} after {section}" if section.startswith(STEP) else what,
            error=row.error,
            allowed=row.allowed,
            fault=row.fault,
            index=gap.index,
            mode=section,
            values=claims,
            witness="traces",
            quantity=f"{what} of {path}{list(gap.index) or ''}",
            claims=claims,
            inherited=inherited,
            because=because,
        )


def _few(paths: list[str]) -> str:
    return f"{', '.join(paths[:FEW])}{f' and {len(paths) - FEW} more' if len(paths) > FEW else ''}"
