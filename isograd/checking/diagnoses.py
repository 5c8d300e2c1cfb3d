"""The table of diagnoses: a pattern of what is right and wrong, in words. The first that fits is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograd.checking.alterations import alterations
from isograd.checking.evidence import MISSING, Evidence, Result, close_to
from isograd.checking.probes import ALONE
from isograd.core.base.types import Array
from isograd.core.layers import ReLU, ReLU6
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.matching import NAN, largest

LITTLE = 1e-4
"""A relative error below this one is no other formula: something small is added, or computed in float32."""


@dataclass(frozen=True)
class Diagnosis:
    """A pattern and its words: `told(evidence, what)` is the text where it fits. `of`: "y", "d" or both."""

    name: str
    of: str
    told: Callable[[Evidence, str], str | None]


def diagnosed(evidence: Evidence, what: str) -> tuple[str, str]:
    """(the diagnosis' name, its words) for a quantity that is wrong in some run."""
    kind = "d" if what.startswith("d") else "y"
    for diagnosis in DIAGNOSES:
        if kind in diagnosis.of and (text := diagnosis.told(evidence, what)) is not None:
            return diagnosis.name, text
    wrong = [*dict.fromkeys(result.probe.about for result in evidence.where_wrong(what))]
    return "other", f"{evidence.named(what)} is wrong for {', '.join(wrong[:4])}{', …' * (len(wrong) > 4)}"


def raised(e: Evidence, what: str) -> str | None:
    result = next((r for r in e.where_wrong(what) if r.found[what].fault == "raised"), None)
    if result is None:
        return None
    part = "forward" if "forward" in result.ran.raised else "backward"
    error = result.ran.raised[part]
    told = result.ran.told(part)
    if isinstance(error, NotImplementedError):
        return f"{part} is not written yet: {told}"
    everywhere = len(e.where_wrong(what)) == len(e.results)
    return f"{part} raises {told}" + ("" if everywhere else f", for {result.probe.about}")


def missing(e: Evidence, what: str) -> str | None:
    if not any(r.found[what].fault == MISSING for r in e.where_wrong(what)):
        return None
    if what.startswith("y"):
        return f"{e.named(what)} is not returned by forward"
    if what.startswith("dx"):
        return f"{e.named(what)} is not returned by backward"
    return f"{e.named(what)} is nowhere: return it from backward, or keep it as an attribute of that name"


def no_array(e: Evidence, what: str) -> str | None:
    fault = next((f for r in e.where_wrong(what) if (f := r.found[what].fault) and "in place of" in f), None)
    return None if fault is None else f"{e.named(what)} is {fault}"


def shaped(e: Evidence, what: str) -> str | None:
    for result in e.where_wrong(what):
        fault = result.found[what].fault
        if fault is not None and fault.startswith("shape"):
            mine, right = result.mine(what), result.truth[what]
            turned = mine.ndim == 2 and mine.T.shape == right.shape and close_to(mine.T, right, result)
            return f"{e.named(what)} has {fault}" + (": transpose it" if turned else f" (for {result.probe.about})")
    return None


def overflows(e: Evidence, what: str) -> str | None:
    if e.wrong(what, "large") and not any(r.wrong(what) for r in e.main()):
        return (
            f"{e.named(what)} is NaN or infinite for inputs around 1000: exp overflows, so subtract the largest first"
        )
    return None


def not_a_number(e: Evidence, what: str) -> str | None:
    result = next((r for r in e.where_wrong(what) if r.found[what].fault == NAN), None)
    return None if result is None else f"{e.named(what)} is NaN for {result.probe.about}"


def always_true(e: Evidence, what: str) -> str | None:
    if not isinstance(e.layer, (ReLU, ReLU6)) or not e.wrong(what, "negative"):
        return None
    result = e.results["negative"]
    whole = result.probe.trial.inputs[0] if what == "y" else result.probe.trial.upstream()[0]
    if close_to(result.mine(what), np.asarray(whole), result):
        return f"{e.named(what)}: the mask is always true: negative inputs pass"
    return None


def cut_in_time(e: Evidence, what: str) -> str | None:
    result = e.of("last step")
    if not isinstance(e.layer, Recurrent) or result is None or not result.wrong(what):
        return None
    mine = result.mine("dx")
    if not isinstance(mine, np.ndarray) or mine.shape != result.truth["dx"].shape or mine[:, :-1].any():
        return None
    if what == "dx":
        return f"{e.named(what)}: the gradient to earlier steps is exactly 0: the recurrent path is cut"
    return f"{e.named(what)} is of each step by itself: the gradient to earlier steps is exactly 0"


def nothing_flows(e: Evidence, what: str) -> str | None:
    if any(not np.any(r.mine(what)) and r.wrong(what) for r in e.main()):
        return f"{e.named(what)} is exactly 0"
    return None


def altered(e: Evidence, what: str) -> str | None:
    if not any(r.wrong(what) for r in e.main()):
        return None
    for words, other in alterations(e.layer):
        if e.explained(what, other):
            return f"{e.named(what)}: {words}"
    return None


def deaf(e: Evidence, what: str) -> str | None:
    one, three = e.of("batch"), e.of("tripled")
    if one is None or three is None or not one.wrong(what):
        return None
    if close_to(one.mine(what), three.mine(what), one):
        return f"{e.named(what)} does not depend on dy: it is right for dy of ones at best"
    return None


def passed_on(e: Evidence, what: str) -> str | None:
    if what == "dx" and all(close_to(r.mine(what), r.probe.trial.upstream()[0], r) for r in e.main()):
        return f"{e.named(what)} is dy itself: the layer's own derivative is left out"
    return None


def factor_of(mine: Any, right: Array, result: Result) -> float | None:
    """c where mine = c · right, entry by entry."""
    if not isinstance(mine, np.ndarray) or mine.shape != right.shape or not largest(right):
        return None
    at = np.unravel_index(int(np.argmax(np.abs(right))), right.shape)
    c = float(mine[at] / right[at])
    return c if np.isfinite(c) and c != 0 and close_to(mine, c * right, result) else None


def scaled(e: Evidence, what: str) -> str | None:
    found = {r.probe.name: factor_of(r.mine(what), r.truth[what], r) for r in e.main() if what in r.found}
    if not found or any(c is None for c in found.values()):
        return None
    many = e.results["batch"].probe.trial.rows
    c, alone = found.get("batch"), found.get("one")
    named = e.named(what)
    if c is None:
        return None
    if alone is not None and np.isclose(alone, 1) and np.isclose(c, many):
        return f"{named} is N times too large for a batch of N"
    if alone is not None and np.isclose(alone, 1) and np.isclose(c * many, 1):
        return f"{named} is divided by N: it is the mean over the batch, where dy asks for the sum"
    if np.isclose(c, 1) or (alone is not None and not np.isclose(alone, c)):
        return None
    return f"{named} has the wrong sign" if np.isclose(c, -1) else f"{named} is {c:.6g} times what it should be"


def only_for_one(e: Evidence, what: str) -> str | None:
    many = e.of("batch")
    alone = [r for name, r in e.results.items() if name == "one" or name.startswith(ALONE)]
    if many is not None and alone and many.wrong(what) and not any(r.wrong(what) for r in alone):
        text = f"{e.named(what)} is right for batch 1, wrong for batch {many.probe.trial.rows}"
        return f"{text}: samples and {'positions' if many.truth['y'].ndim > 2 else 'features'} are mixed up"
    return None


def only_for_one_step(e: Evidence, what: str) -> str | None:
    if e.right(what, "one step") and e.wrong(what, "one"):
        count = e.results["one"].probe.trial.inputs[0].shape[1]
        ends = "the state is not carried on as it should" if what.startswith("y") else "a path through time is lost"
        return f"{e.named(what)} is right for one step, wrong for {count}: {ends}"
    return None


def only_for(name: str, words: str, *, opposite: str = "batch") -> Callable[[Evidence, str], str | None]:
    """Right in the run of this name, wrong where nothing is special, and in the opposite run."""

    def told(e: Evidence, what: str) -> str | None:
        fits = e.right(what, name) and e.wrong(what, opposite) and all(r.wrong(what) for r in e.main())
        return f"{e.named(what)} {words}" if fits else None

    return told


def not_for(name: str, words: str) -> Callable[[Evidence, str], str | None]:
    """Wrong in the run of this name alone."""

    def told(e: Evidence, what: str) -> str | None:
        wrong = [r.probe.name for r in e.where_wrong(what)]
        return f"{e.named(what)} {words}" if wrong == [name] else None

    return told


def at_zero(e: Evidence, what: str) -> str | None:
    if [r.probe.name for r in e.where_wrong(what)] != ["zeros"]:
        return None
    result = e.results["zeros"]
    at = result.found[what].index
    mine, right = result.mine(what)[at], result.truth[what][at]
    return f"{e.named(what)} at 0 is {mine:.6g}: not between the derivatives on both sides, {right:.6g} by convention"


def by_a_little(e: Evidence, what: str) -> str | None:
    wrong = e.where_wrong(what)
    errors = [r.found[what].error for r in wrong]
    if wrong and not any(r.found[what].fault for r in wrong) and max(errors) < LITTLE:
        return f"{e.named(what)} is off by {max(errors):.0e}: a small constant is added or cut off, or float32 is used"
    return None


DIAGNOSES: tuple[Diagnosis, ...] = (
    Diagnosis("raised", "yd", raised),
    Diagnosis("missing", "yd", missing),
    Diagnosis("no array", "yd", no_array),
    Diagnosis("shape", "yd", shaped),
    Diagnosis("overflow", "yd", overflows),
    Diagnosis("NaN", "yd", not_a_number),
    Diagnosis("mask always true", "yd", always_true),
    Diagnosis("path through time cut", "d", cut_in_time),
    Diagnosis("exactly 0", "yd", nothing_flows),
    Diagnosis("little", "yd", by_a_little),
    Diagnosis("altered", "yd", altered),
    Diagnosis("dy ignored", "d", deaf),
    Diagnosis("dy itself", "d", passed_on),
    Diagnosis("factor", "yd", scaled),
    Diagnosis("batch mixed up", "yd", only_for_one),
    Diagnosis("one step", "yd", only_for_one_step),
    Diagnosis(
        "ones", "d", only_for("ones", "is right for dy of ones alone: dy is summed or multiplied at the wrong place")
    ),
    Diagnosis("symmetric", "yd", only_for("symmetric", "is right for symmetric kernels alone: a kernel is flipped")),
    Diagnosis(
        "positive",
        "yd",
        only_for("positive", "is right for positive inputs, wrong where some are negative", opposite="negative"),
    ),
    Diagnosis(
        "negative",
        "yd",
        only_for("negative", "is right for negative inputs, wrong where some are positive", opposite="positive"),
    ),
    Diagnosis(
        "ties", "d", not_for("repeated", "is wrong where values are equal: each of them gets the whole gradient")
    ),
    Diagnosis("zeros", "d", at_zero),
    Diagnosis("zero inputs", "yd", not_for("zeros", "is wrong for inputs of 0 alone")),
    Diagnosis("evaluation", "yd", not_for("evaluation", "is right in training, wrong in evaluation")),
)
"""In the order in which they are asked: what explains more comes first."""


def names() -> Iterator[str]:
    return (diagnosis.name for diagnosis in DIAGNOSES)
