"""Two sides run on the same weights and inputs, and what each makes held against the other's by rounding alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np

from isograd.backends.torch_impl.porting.alignment import Alignment, within
from isograd.backends.torch_impl.porting.masks import Layouts, layouts_of
from isograd.backends.torch_impl.porting.side import WHOLE, Call, Found, Ran, Side, place_among
from isograd.backends.torch_impl.porting.structures import Inputs
from isograd.core.base.types import Array, Shape, State
from isograd.core.parity.matching import Sides
from isograd.core.parity.stages.rounding import Judged, Key, Rounding, least_noise

NAMES = ("theirs", "mine")
TRAINING = {False: "evaluation", True: "training"}


@dataclass(frozen=True)
class Judgement:
    """One array of both sides, and how it was judged."""

    key: Key
    judged: Judged
    values: Sides

    @property
    def failed(self) -> bool:
        return self.judged.failed

    @property
    def unsteady(self) -> bool:
        return self.judged.unsteady

    @property
    def inner(self) -> bool:
        """Whether it is an output somewhere inside: it shows the way, and judges nothing."""
        return self.key[1].startswith("output") and self.key[0] != WHOLE


@dataclass
class Comparison:
    """Both sides, theirs first, the weights that they have in common, and what each is called with."""

    theirs: Side
    mine: Side
    alignment: Alignment
    state: State
    inputs: tuple[Inputs, Inputs]
    dtype: str
    seed: int
    calls: dict[bool, dict[str, list[Call]]] = field(default_factory=dict)  # of each mode and side
    outputs: dict[str, int] = field(default_factory=dict)
    unplaced: dict[str, tuple[Shape, Shape]] = field(default_factory=dict)  # draws whose entries nobody can pair

    names = NAMES

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.theirs, self.mine

    def part(self, label: str) -> tuple[str, str]:
        """The paths of a label: theirs and mine."""
        return next((match.theirs, match.mine) for match in self.alignment.modules if match.mine == label)

    def begun(self, side: Side, ran: Ran, *, training: bool) -> None:
        """What the first run of a side shows: the calls inside, and the number of outputs."""
        self.calls.setdefault(training, {})[side.name] = ran.calls
        self.outputs[side.name] = len(ran.outputs)
        if side is self.theirs:
            self.mine.order[training] = ran.places

    def share_draws(self) -> None:
        """After a run of both in training: which parts' draws are counted by themselves.

        Those that both call and that draw as often on both sides; of others the part around them counts.
        """
        drawn = [list(side.drawn) for side in self.sides]
        called = [{call.label for call in calls} for calls in self.calls[True].values()]
        places = called[0] & called[1]
        while True:
            counts = [Counter(place_among(running, places) for running in each) for each in drawn]
            other = {place for place in places if counts[0][place] != counts[1][place]}
            if not other:
                break
            places -= other
        for side in self.sides:
            side.places = frozenset(places)
        if all(drawn):
            self._place_draws()

    def _place_draws(self) -> None:
        """Masks fall on the same entries where both sides drop of the same numbers in another order."""
        found = []
        for side, inputs in zip(self.sides, self.inputs, strict=True):
            side.load(self.state)
            found.append(side.dropped(inputs))
        self.mine.layouts = layouts_of(found[0], found[1], self.dtype)
        self.theirs.layouts = Layouts(kept=self.mine.layouts.kept)
        self.unplaced = {
            name: (found[0][name].values.shape, found[1][name].values.shape) for name in sorted(self.mine.layouts.kept)
        }

    def whole(self, *, training: bool, beside: bool = True) -> list[Judgement]:
        """Outputs of every call, of the whole, statistics and gradients. `beside`: whether what differs is looked for
        again beside a kink, as long as nothing is known to be wrong."""
        outputs = min(self.outputs.values())
        return self.judged(("", ""), self.inputs, training=training, outputs=outputs, backward=True, beside=beside)

    def alone(self, label: str, number: int, *, training: bool) -> list[Judgement] | None:
        """A part by itself, mine's fed with what theirs was: None where it was not called, or does not run so."""
        inputs = self.fed(label, number, training=training)
        if inputs is None:
            return None
        theirs, mine = (self.call(side, label, number, training=training) for side in (0, 1))
        assert theirs is not None
        assert mine is not None
        shapes = [[y.shape for y in call.outputs] for call in (theirs, mine)]
        count = min(map(len, shapes))
        same = shapes[0][:count] == shapes[1][:count]
        try:
            return self.judged(self.part(label), inputs, training=training, outputs=count, backward=same)
        except Exception:  # a part that needs what is around it, or does not take what the other side's was given
            return None

    def fed(self, label: str, number: int, *, training: bool) -> tuple[Inputs, Inputs] | None:
        """What both sides' part is called with when it is run by itself."""
        calls = [self.call(side, label, number, training=training) for side in (0, 1)]
        if calls[0] is None or calls[1] is None:
            return None
        filled = calls[1].inputs.filled(calls[0].inputs)
        return None if filled is None else (calls[0].inputs, filled)

    def call(self, side: int, label: str, number: int, *, training: bool) -> Call | None:
        """The record of a call of one side."""
        path = self.part(label)[side]
        labelled = self.sides[side].labels[path]
        return next((c for c in self.calls[training][NAMES[side]] if (c.label, c.number) == (labelled, number)), None)

    def judged(
        self,
        parts: tuple[str, str],
        inputs: tuple[Inputs, Inputs],
        *,
        training: bool,
        outputs: int,
        backward: bool,
        beside: bool = True,
    ) -> list[Judgement]:
        """Everything that both parts make, judged against how far each is from itself."""
        options = {"training": training, "outputs": outputs}

        def found(side: int, state: Mapping[str, Array], given: Inputs) -> Found:
            return self.sides[side].measured(parts[side], state, given, backward=backward, **options)  # type: ignore[arg-type]

        held = self._held(parts)
        both = found(0, held, inputs[0]), found(1, held, inputs[1])
        moved = _moved(lambda *nudge: self.theirs.shaken(held, *nudge), inputs, found)

        @cache
        def sizes() -> Found:
            return self.theirs.sizes(parts[0], held, inputs[0], **options)  # type: ignore[arg-type]

        def added(key: Key) -> float:
            size = float(sizes()[key]) if key[1] in ("gradient", "buffer") and key in sizes() else 0.0
            return size if np.isfinite(size) else 0.0

        return judgements(self.names, both, self.dtype, moved, added, beside=beside)

    def _held(self, parts: tuple[str, str]) -> State:
        """The common weights that two parts hold."""
        keys = {key for path, (key, _) in self.mine.sources.items() if within(path, parts[1])}
        return {key: values for key, values in self.state.items() if key in keys or within(key, parts[0])}


def _moved(
    shaken: Callable[[int, int], State],
    inputs: tuple[Inputs, Inputs],
    found: Callable[[int, Mapping[str, Array], Inputs], Found],
) -> Callable[[int, int, int], Found]:
    """What a side finds when the common weights and the inputs are moved by so many units in the last place."""
    once = lru_cache(1)(shaken)

    def moved(side: int, units: int, draw: int) -> Found:
        return found(side, once(units, draw), inputs[side].nudged(units, draw))

    return moved


@dataclass(frozen=True)
class _Named:
    """What a judge of rounding asks of a pair."""

    names: tuple[str, str]


def judgements(
    names: tuple[str, str],
    both: tuple[Found, Found],
    dtype: str,
    moved: Callable[[int, int, int], Found],
    added: Callable[[Key], float] = lambda key: 0.0,
    *,
    beside: bool = True,
) -> list[Judgement]:
    """One for each array, in theirs' order; of outputs inside those that both sides have, and have in one size."""
    keys = [key for key in {**both[0], **both[1]} if _comparable(key, *both)]
    sorts = {key for key in keys if _rearranged(key, *both)}

    def flat(found: Found) -> Found:
        return found | {key: np.sort(found[key], axis=None) for key in sorts if key in found}

    rounding = Rounding(
        _Named(names), (flat(both[0]), flat(both[1])), least_noise(dtype, ()), lambda *n: flat(moved(*n)), added, beside
    )
    judged: list[Judgement] = []
    for key in keys:
        values = dict(zip(names, (side.get(key) for side in rounding.found), strict=True))
        judged.append(Judgement(key, rounding.judge(key), values))
        rounding.beside = rounding.beside and not judged[-1].failed  # what comes of a fault needs no other cause
    return judged


def _comparable(key: Key, theirs: Found, mine: Found) -> bool:
    """Gradients of a weight that only one side has are compared where they are not 0."""
    if key in theirs and key in mine:
        return True
    return key[1] == "gradient" and bool(np.any((theirs | mine)[key]))


def _rearranged(key: Key, theirs: Found, mine: Found) -> bool:
    """An output inside of as many entries, in another shape: its entries are compared in order of size."""
    if key[0] == WHOLE or not key[1].startswith("output") or not (key in theirs and key in mine):
        return False
    return theirs[key].shape != mine[key].shape and theirs[key].size == mine[key].size
