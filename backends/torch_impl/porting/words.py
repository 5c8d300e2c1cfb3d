"""What differs between two parts, in words: class, options, bias, order of calls, arguments, masks."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
from torch import nn

from isograd.backends.torch_impl.porting.alignment import Alignment, parent
from isograd.backends.torch_impl.porting.flow import Flows, Parting, mask_of
from isograd.backends.torch_impl.porting.recording import Step, Value
from isograd.core.base.errors import shortened, shown

SIMPLE = (bool, int, float, str, tuple, type(None))
LONGEST = 120  # characters of a part's options
MANY = 4  # times as many calls: then one side does by hand what the other leaves to a function of torch


def called(label: str) -> str:
    """Mine's part in a sentence."""
    return f"`mine.{label}`" if label else "`mine`"


def options_of(part: nn.Module) -> dict[str, Any]:
    """The simple attributes that a part was made with."""
    return {
        name: value
        for name, value in vars(part).items()
        if not name.startswith("_") and name != "training" and isinstance(value, SIMPLE)
    }


def other_options(theirs: nn.Module, mine: nn.Module) -> list[str]:
    """The names of the attributes that both have and that differ."""
    a, b = options_of(theirs), options_of(mine)
    return [name for name in b if name in a and (type(a[name]), a[name]) != (type(b[name]), b[name])]


def options(path: str, label: str, theirs: nn.Module, mine: nn.Module, names: list[str]) -> str:
    """ "`mine.act` is GELU(approximate='tanh'), theirs `act` GELU(approximate='none')" """
    a, b = (_written(part, names) for part in (theirs, mine))
    return f"{called(label)} is {b}, theirs{_if_other(path, label)} {a}"


def _written(part: nn.Module, names: list[str]) -> str:
    held = options_of(part)
    told = ", ".join(f"{name}={shown(held[name])}" for name in names)
    said = told if names else shortened(part.extra_repr(), LONGEST)
    return f"{type(part).__name__}({said})"


def _if_other(path: str, label: str) -> str:
    return f", `{path}`," if path != label else ""


def missing(path: str, label: str, alignment: Alignment) -> str | None:
    """Weights of a part that the other side's has not."""
    lacking = [each.rpartition(".")[2] for each in alignment.only_theirs if parent(each) == path]
    more = [each.rpartition(".")[2] for each in alignment.only_mine if parent(each) == label]
    if lacking and not more and any(parent(match.theirs) == path for match in alignment.weights):
        return f"{called(label)} has no {' and no '.join(lacking)}, theirs{_if_other(path, label)} has"
    if more and not lacking and any(parent(match.mine) == label for match in alignment.weights):
        return f"{called(label)} has {' and '.join(more)}, theirs{_if_other(path, label)} has none"
    return None


def transposed(label: str, weight: str) -> str:
    return f"{called(label)} agrees with theirs once `mine.{weight}` is transposed"


def parted(flows: Flows, parting: Parting) -> list[str]:
    """What the calls of both sides say of where they part."""
    mine, theirs = parting.mine, parting.theirs
    order = _order(flows, mine, theirs)
    if order:
        return [order]
    mask = _mask(flows)
    if mask:
        return [mask]
    if mine is None or theirs is None:
        return [f"only {'mine' if theirs is None else 'theirs'} has {_told(mine if theirs is None else theirs)}"]
    if isinstance(mine, Step) and isinstance(theirs, Step) and mine.name == theirs.name:
        return [_both(mine, theirs)]
    if isinstance(mine, Value) or isinstance(theirs, Value):
        return [_given(mine, theirs)]
    by_hand = _by_hand(flows, mine, theirs)
    if by_hand:
        return [by_hand]
    return [f"from equal values mine goes on with {_told(mine)}, theirs with {_told(theirs)}"]


def _given(mine: Step | Value, theirs: Step | Value) -> str:
    """A tensor that a side did not make, and that the other has nowhere."""
    if isinstance(mine, Value):
        instead = f"; theirs has {_told(theirs)} there" if isinstance(theirs, Value) and theirs.name else ""
        return f"mine uses {_told(mine)}, whose numbers theirs has nowhere{instead}"
    return f"theirs uses {_told(theirs)}, whose numbers mine has nowhere; mine goes on with {_told(mine)}"


def _by_hand(flows: Flows, mine: Step, theirs: Step) -> str | None:
    """One side calls one function for what the other does in several calls: which of them is wrong nobody can say."""
    sides = {"theirs": _up_to_a_part(flows.apart(0)), "mine": _up_to_a_part(flows.apart(1))}
    one, several = sorted(sides, key=lambda name: len(sides[name]))
    if len(sides[several]) < MANY * max(len(sides[one]), 1):
        return None
    step = theirs if one == "theirs" else mine
    lines = list(dict.fromkeys(each.place for each in sides[several] if each.place))
    where = " to ".join(dict.fromkeys([lines[0], lines[-1]])) if lines else "its own code"
    return f"what {one} makes by {step.name} at {step.place} {several} makes by {len(sides[several])} calls, {where}"


def _up_to_a_part(steps: list[Step]) -> list[Step]:
    return list(takewhile(lambda step: step.label is None, steps))


def _told(found: Step | Value | None) -> str:
    if isinstance(found, Step):
        return found.text if len(found.text) <= LONGEST else found.saying(())
    if isinstance(found, Value):
        shape = list(found.values.shape)
        return (
            f"`{found.name}`"
            if found.name
            else f"a tensor {shape} that it was given, or made outside torch's functions"
        )
    return "nothing"


def _both(mine: Step, theirs: Step) -> str:
    """One function, and the arguments that differ; where none does, all of them."""
    other = mine.other_than(theirs)
    texts = [step.saying(other) if other else step.text for step in (mine, theirs)]
    return f"mine: {texts[0]}, theirs: {texts[1]}"


def _order(flows: Flows, mine: Step | Value | None, theirs: Step | Value | None) -> str | None:
    """ "mine calls act before norm, theirs norm before act": each has the other's call further on."""
    if not isinstance(mine, Step) or not isinstance(theirs, Step) or mine.token == theirs.token:
        return None
    later = any(step.token == mine.token and step.index > theirs.index for step in flows.theirs)
    sooner = any(step.token == theirs.token and step.index > mine.index for step in flows.mine)
    if not later or not sooner:
        return None
    a, b = (f"`{step.label}`" if step.label else step.name for step in (mine, theirs))
    at = [f" ({step.place})" if step.place else "" for step in (mine, theirs)]
    return f"mine calls {a} before {b}{at[0]}, theirs {b} before {a}{at[1]}"


def _mask(flows: Flows) -> str | None:
    """How many entries of a mask differ, and what made each side's."""
    a, b = mask_of(flows.theirs), mask_of(flows.mine)
    if a is None or b is None or a.entries.shape != b.entries.shape or np.array_equal(a.entries, b.entries):
        return None
    count = f"{int(np.sum(a.entries != b.entries))} of {a.entries.size} entries"
    return f"the mask differs at {count}; mine made by {_told(b.made)}, theirs by {_told(a.made)}"


def detached(flows: Flows) -> str | None:
    """A call after which no gradient flows on one side alone."""
    cut = [[step for step in steps if _cuts(step)] for steps in (flows.theirs, flows.mine)]
    for here, there, name, other in ((1, 0, "mine", "theirs"), (0, 1, "theirs", "mine")):
        if len(cut[here]) > len(cut[there]):
            known = [step.name for step in cut[there]]
            step = next((step for step in cut[here] if step.name not in known), cut[here][0])
            return f"no gradient passes {name}: {_told(step)}; in {other} it does"
    return None


def _cuts(step: Step) -> bool:
    return any(v.grad for v in step.inputs) and any(not v.grad and v.values.is_floating_point() for v in step.outputs)


def other_arguments(flows: Flows) -> str | None:
    """Calls of one function in the same turn whose arguments differ: what no output shows."""
    for name in dict.fromkeys(step.name for step in flows.mine):
        pairs = zip(*([s for s in steps if s.name == name] for steps in (flows.theirs, flows.mine)), strict=False)
        for a, b in pairs:
            if a.label is None and b.label is None and b.other_than(a):
                return _both(b, a)
    return None


def untied(groups: tuple[list[list[str]], list[list[str]]]) -> str | None:
    """A weight that is one on one side and several on the other."""
    for here, there, name, other in ((0, 1, "theirs", "mine"), (1, 0, "mine", "theirs")):
        for group in groups[here]:
            if not any(set(group) <= set(each) for each in groups[there]):
                return f"{' and '.join(f'`{p}`' for p in group)} are one weight in {name}, and several in {other}"
    return None
