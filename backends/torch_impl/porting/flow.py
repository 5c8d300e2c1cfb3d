"""Where two records of calls part: the first call of each side that makes of equal values what the other has not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from isograd.backends.torch_impl.porting.recording import Step, Value
from isograd.core.base.types import Array
from isograd.core.parity.matching import NOISE_FACTOR, TOLERANCE, difference

MASKED = -9000.0
"""What stands at or below it is masked out, whichever of −10⁴, −10⁹, the smallest number or −∞ a side writes there."""


@dataclass(frozen=True)
class Parting:
    """The call, or what was given to it, that makes on each side what the other has not; None: no such."""

    mine: Step | Value | None
    theirs: Step | Value | None


@dataclass(eq=False)
class Flows:
    """The steps and outputs of both sides. Two values are equal where rounding explains what is between them."""

    theirs: Sequence[Step]
    mine: Sequence[Step]
    outputs: tuple[list[Value], list[Value]]
    dtype: str

    @cached_property
    def values(self) -> tuple[list[Value], list[Value]]:
        """All that either side has, inputs and weights included."""
        sides = []
        for steps, outputs in zip((self.theirs, self.mine), self.outputs, strict=True):
            found = {id(v): v for step in steps for v in (*step.inputs, *step.outputs)} | {id(v): v for v in outputs}
            sides.append(list(found.values()))
        return sides[0], sides[1]

    @cached_property
    def forms(self) -> dict[tuple[int, bool], Array]:
        return {}

    def form(self, value: Value, exact: bool) -> Array:
        """Its numbers, what is masked out as −∞; in order of size unless their places count."""
        key = (id(value), exact)
        if key not in self.forms:
            numbers = value.values.detach().numpy()
            if numbers.dtype.kind == "f":
                numbers = np.where(numbers <= MASKED, -np.inf, numbers)
                numbers = numbers if exact else np.sort(numbers, axis=None)
            else:
                numbers = numbers if exact else numbers.reshape(-1)
            self.forms[key] = numbers
        return self.forms[key]

    def equal(self, a: Value, b: Value, *, exact: bool) -> bool:
        x, y = self.form(a, exact), self.form(b, exact)
        if x.size != y.size or x.dtype != y.dtype or (exact and x.shape != y.shape):
            return False
        return not difference(x, y).exceeds(NOISE_FACTOR * TOLERANCE["node", self.dtype])

    def known(self, value: Value, side: int, *, exact: bool) -> bool:
        """Whether the other side has the value anywhere."""
        return any(self.equal(value, other, exact=exact) for other in self.values[1 - side])

    def first(self, side: int, ends: Sequence[Value], *, exact: bool) -> list[Step | Value]:
        """What the unknown values among `ends` come from: calls whose inputs are all known, or given values."""
        known = self._knowing(side, exact=exact)
        found: dict[int, Step | Value] = {}
        for value in self._unknown(ends, known):
            step = value.maker
            if step is None or all(map(known, step.inputs)):
                found[id(step or value)] = step or value
        return sorted(found.values(), key=_order)

    def apart(self, side: int) -> list[Step]:
        """All calls of a side that lead to what the other has not."""
        values = self._unknown(self.outputs[side], self._knowing(side, exact=False))
        return sorted({id(v.maker): v.maker for v in values if v.maker is not None}.values(), key=_order)

    def _knowing(self, side: int, *, exact: bool) -> Callable[[Value], bool]:
        """Whether the other side has a value, asked once for each."""
        cache: dict[int, bool] = {}

        def known(value: Value) -> bool:
            if id(value) not in cache:
                cache[id(value)] = self.known(value, side, exact=exact)
            return cache[id(value)]

        return known

    def _unknown(self, ends: Sequence[Value], known: Callable[[Value], bool]) -> list[Value]:
        """The unknown values among `ends`, and those that they are made of."""
        found: dict[int, Value] = {}
        left = [value for value in ends if not known(value)]
        while left:
            value = left.pop()
            if id(value) not in found:
                found[id(value)] = value
                left += [each for each in (value.maker.inputs if value.maker else ()) if not known(each)]
        return list(found.values())

    def parting(self) -> Parting:
        """Values are known in whatever arrangement, unless that explains nothing."""
        for exact in (False, True):
            mine = self.first(1, self.outputs[1], exact=exact)
            theirs = self.first(0, self.outputs[0], exact=exact)
            if mine or theirs:
                found = _chosen(mine, theirs)
                return found if exact else self.rearranged(found)
        return Parting(None, None)

    def rearranged(self, found: Parting) -> Parting:
        """Where both call the same with the same arguments, and an input has other places: who put it there."""
        mine, theirs = found.mine, found.theirs
        if not isinstance(mine, Step) or not isinstance(theirs, Step) or mine.token != theirs.token:
            return found
        if mine.label is None and mine.other_than(theirs):
            return found
        for a, b in zip(theirs.inputs, mine.inputs, strict=False):
            if a.values.shape == b.values.shape and not self.equal(a, b, exact=True):
                deeper = _chosen(self.first(1, [b], exact=True), self.first(0, [a], exact=True))
                if deeper.mine is not None or deeper.theirs is not None:
                    return deeper
        return found


def _order(found: Step | Value) -> int:
    return found.index if isinstance(found, Step) else -1


def _chosen(mine: Sequence[Step | Value], theirs: Sequence[Step | Value]) -> Parting:
    """Of several the first that computes with floats; of theirs the one that calls the same, if there is one."""
    a = _best(mine)
    same = [each for each in theirs if isinstance(each, Step) and isinstance(a, Step) and each.token == a.token]
    return Parting(a, _best(same) or _best(theirs))


def _best(found: Sequence[Step | Value]) -> Step | Value | None:
    floats = [each for each in found if computes(each)]
    return next(iter(floats or found), None)


def computes(found: Step | Value) -> bool:
    """Whether it is a call with a float among what it makes."""
    return isinstance(found, Step) and any(v.values.is_floating_point() for v in found.outputs) and bool(found.inputs)


@dataclass(frozen=True)
class Mask:
    """What a call masks out, and what says so: of equal masks of several samples and heads, one."""

    entries: Array
    made: Step | Value | None


def mask_of(steps: Sequence[Step]) -> Mask | None:
    """The first mask of several calls."""
    for step in steps:
        for value in step.outputs:
            if value.values.dim() >= 2 and hidden(value).any() and not any(map(_hides, step.inputs[:1])):
                flat = hidden(value).reshape(-1, *value.values.shape[-2:])
                entries = flat[0] if (flat == flat[0]).all() else hidden(value)
                return Mask(entries, _source(step))
    return None


def hidden(value: Value) -> Array:
    """Which entries of a float are masked out."""
    numbers: Array = value.values.numpy()
    return numbers <= MASKED if numbers.dtype.kind == "f" else np.zeros(numbers.shape, bool)


def _hides(value: Value) -> bool:
    return bool(hidden(value).any())


def _source(step: Step) -> Step | Value | None:
    """What the mask of a masking call comes from, past what only selects from it or turns it round."""
    masks = [v for v in step.inputs if v.values.dtype == torch.bool or _hides(v)]
    if not masks:
        return step
    value = masks[0]
    while value.maker is not None and value.maker.name in PASSED_ON and value.maker.inputs:
        value = value.maker.inputs[0]
    return value.maker or value


PASSED_ON = ("invert", "logical_not", "bitwise_not", "getitem", "unsqueeze", "view", "expand", "to", "bool", "eq")
