"""Which part is at fault by itself, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from isograd.backends.torch_impl.porting import words
from isograd.backends.torch_impl.porting.alignment import is_bare, within
from isograd.backends.torch_impl.porting.comparing import TRAINING, Comparison, Judgement
from isograd.backends.torch_impl.porting.flow import Flows
from isograd.backends.torch_impl.porting.recording import Recorder, Value, recorded
from isograd.backends.torch_impl.porting.side import WHOLE, Ran, Side
from isograd.core.base.errors import shortened
from isograd.core.parity.matching import NAN, entries, structure
from isograd.core.parity.verdict import Culprit, Row

TURNED = 16  # square weights of one part that are tried the other way round
LONGEST = 100


@dataclass(frozen=True)
class Own:
    """A part that is wrong by itself, in one of its calls: what differs of it first."""

    label: str
    number: int
    training: bool
    first: Judgement


def own_faults(comparison: Comparison, whole: Sequence[Judgement], *, training: bool) -> list[Own]:
    """The parts that differ from theirs though they are given the same, and nothing inside them does.

    Where an output differs: in the order of execution. Where none does, by their gradients and statistics, from the
    last to the first.
    """
    calls = list(dict.fromkeys((c.label, c.number) for c in comparison.calls[training]["theirs"]))
    wrong = {each.key for each in whole if each.failed and each.key[1].startswith("output")}
    right = {each.key for each in whole if not each.failed}
    forward = bool(wrong)
    if forward:
        calls = [(label, k) for label, k in calls if not label or (label, _what(k)) in wrong]
        calls = [(label, k) for label, k in calls if not _enclosed(label, right)]
    else:
        calls = sorted(calls, key=lambda call: -len(call[0].split(".")) if call[0] else 0)
    found: list[Own] = []
    for label, number in calls:
        if any(within(each.label, label) for each in found):
            continue
        alone = whole if not label else comparison.alone(label, number, training=training)
        failed = [each for each in alone or () if each.failed and not _beneath(each, label, forward=forward)]
        if failed:
            found.append(Own(label, number, training, failed[0]))
    if forward:
        return found
    order = [label for label, _ in reversed([(c.label, c.number) for c in comparison.calls[training]["theirs"]])]
    return sorted(found, key=lambda each: order.index(each.label))


def _what(number: int) -> str:
    return f"output of call {number + 1}" if number else "output"


def _enclosed(label: str, right: set[tuple[str, str]]) -> bool:
    """Whether a part around it is right: then what differs inside does not come out."""
    names = label.split(".")
    return any((".".join(names[:k]), "output") in right for k in range(1, len(names)))


def _beneath(each: Judgement, label: str, *, forward: bool) -> bool:
    """Whether it is no judgement of the part itself, but of something inside; outputs alone count where one differs."""
    if each.key[1].startswith("output"):
        return each.key[0] != (label or WHOLE)
    return forward


@dataclass
class Explainer:
    """Says why a part differs."""

    comparison: Comparison

    def culprit(self, own: Own) -> tuple[Row, Culprit]:
        """The row of what differs first of the part by itself, and the culprit with its reason."""
        comparison, first = self.comparison, own.first
        part = comparison.mine.half.parts[comparison.part(own.label)[1]]
        sentences, place = self.reasons(own)
        gap, path = first.judged.gap, own.label or WHOLE
        what = first.key[1] if first.key[0] == path else f"{first.key[1]} of {first.key[0]}"
        mode = TRAINING[own.training]
        note = f"{mode}; alone, given what theirs is given"
        row = Row.of(gap, "node", comparison.dtype, path, what, first.judged.allowed, note, comparison.names)
        structural = gap.fault not in (None, NAN)
        claims = structure(first.values) if structural else entries(first.values, gap.index)
        culprit = Culprit(
            stage="node",
            dtype=comparison.dtype,
            path=path,
            layer=described(part),
            what=what,
            error=gap.error,
            allowed=first.judged.allowed,
            fault=gap.fault,
            index=gap.index,
            mode=mode,
            values=claims,
            witness="theirs",
            quantity=what if structural else f"{what}{list(gap.index)}",
            claims=claims,
            guilty="mine",
            source=place or type(part).__name__,
            because="\n  ".join(sentences),
        )
        return row, culprit

    def reasons(self, own: Own) -> tuple[list[str], str]:
        """(sentences, the line of mine that they speak of)"""
        path, mine_path = self.comparison.part(own.label)
        theirs, mine = self.comparison.theirs.half.parts[path], self.comparison.mine.half.parts[mine_path]
        lacking = words.missing(path, own.label, self.comparison.alignment)
        if lacking:
            return [lacking], ""
        names = words.other_options(theirs, mine)
        if names and (type(theirs) is type(mine) or is_bare(mine)):
            one = [name for name in names if self.settled(own, theirs, mine, name)]
            if one or type(theirs) is type(mine):
                return [words.options(path, own.label, theirs, mine, one[:1] or names)], ""
        for weight in self.squares(mine_path):
            if self.turned(own, weight):
                return [words.transposed(own.label, weight)], ""
        flows, _recorders = self.flows(own)
        found, place = self.in_calls(own, flows)
        if found and not is_bare(mine):
            return found, place
        if type(theirs) is not type(mine) or theirs.extra_repr() != mine.extra_repr():
            told = [] if _of_torch(theirs) and _of_torch(mine) else found
            return [words.options(path, own.label, theirs, mine, []), *told], place
        return found, place

    def in_calls(self, own: Own, flows: Flows) -> tuple[list[str], str]:
        """What the recorded calls say."""
        output = own.first.key[1].startswith("output")
        parting = flows.parting() if output else None
        if parting is not None and (parting.mine is not None or parting.theirs is not None):
            place = getattr(parting.mine, "place", "")
            return words.parted(flows, parting), place
        groups = tied(self.comparison.theirs), tied(self.comparison.mine)
        said = [self.frozen(own), words.untied(groups), words.detached(flows), words.other_arguments(flows)]
        if own.first.key[1] == "buffer":
            said = [words.other_arguments(flows)]
        return [each for each in said if each][:1], ""

    def frozen(self, own: Own) -> str | None:
        """A weight that only one side trains."""
        for side, other in ((self.comparison.mine, "theirs"), (self.comparison.theirs, "mine")):
            for path, weight in side.weights.items():
                if (
                    isinstance(weight, nn.Parameter)
                    and not weight.requires_grad
                    and side.label(path) == own.first.key[0]
                ):
                    return f"`{path}` of {side.name} requires no gradient, {other}' does"
        return None

    def flows(self, own: Own) -> tuple[Flows, tuple[Recorder, Recorder]]:
        """The own calls of both sides in one run of the part; parts that both call are one call each."""
        comparison = self.comparison
        inputs = comparison.fed(own.label, own.number, training=own.training) if own.label else comparison.inputs
        assert inputs is not None
        called = [{c.label for c in calls} for calls in comparison.calls[own.training].values()]
        atomic = (called[0] & called[1]) - {own.label, ""}
        made: list[tuple[Recorder, Ran]] = []
        for k, side in enumerate(comparison.sides):
            side.load(comparison.state)
            path = comparison.part(own.label)[k]
            made.append(recorded(side, path, inputs[k], atomic, training=own.training))
        count = min(len(ran.outputs) for _, ran in made)
        ends: list[list[Value]] = [[rec.value(y) for y in ran.outputs[:count]] for rec, ran in made]
        (a, _), (b, _) = made
        return Flows(a.steps, b.steps, (ends[0], ends[1]), comparison.dtype), (a, b)

    def right(self, own: Own) -> bool:
        """Whether what differed of the part does not any more."""
        comparison = self.comparison
        if own.label:
            again = comparison.alone(own.label, own.number, training=own.training)
        else:
            again = comparison.whole(training=own.training)
        return again is not None and not any(
            each.failed or each.unsteady for each in again if each.key == own.first.key
        )

    def settled(self, own: Own, theirs: nn.Module, mine: nn.Module, name: str) -> bool:
        """Whether mine is right with theirs' value of an option."""
        before = getattr(mine, name)
        try:
            setattr(mine, name, getattr(theirs, name))
            return self.right(own)
        except Exception:  # an option that cannot be changed by itself says nothing
            return False
        finally:
            setattr(mine, name, before)

    def squares(self, path: str) -> list[str]:
        """Mine's square weights, at a path and beneath."""
        side = self.comparison.mine
        found = [p for p in side.sources if within(p, path) and _square(side.half.weight(p))]
        return found if len(found) <= TURNED else []

    def turned(self, own: Own, weight: str) -> bool:
        """Whether mine is right with a weight the other way round."""
        with flipped(self.comparison.mine, weight):
            return self.right(own)


@contextmanager
def flipped(side: Side, weight: str) -> Iterator[None]:
    """Inside, a weight is loaded the other way round."""
    before = dict(side.sources)
    key, turned = before[weight]
    side.sources = {**before, weight: (key, not turned)}
    try:
        yield
    finally:
        side.sources = before


def _of_torch(part: nn.Module) -> bool:
    """Whether its code is torch's own, whose lines say nothing."""
    return type(part).__module__.startswith("torch.nn.")


def _square(values: Tensor) -> bool:
    return values.dim() == 2 and values.shape[0] == values.shape[1]


def tied(side: Side) -> list[list[str]]:
    """The weights that have several names, as both sides call them."""
    found: dict[int, list[str]] = {}
    for path in side.half.weights:
        found.setdefault(id(side.half.weight(path)), []).append(side.label(path))
    return [names for names in found.values() if len(names) > 1]


def described(part: nn.Module) -> str:
    """A part in about a line."""
    return shortened(f"{type(part).__name__}({part.extra_repr()})", LONGEST)
