"""Somebody's optimizer, judged: the weights after every step, by runs that each change one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import isclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from isograd.checking.calling import OPTIMIZERS, parameters, refused
from isograd.checking.diagnoses import LITTLE
from isograd.checking.making import made_by
from isograd.checking.ran import Ran, guarded
from isograd.checking.report import FORWARD, MANNERS, Criterion, Finding, OperationReport, with_points
from isograd.checking.spelling import OPTIONS, found_among
from isograd.checking.steps import Rule, other_rules, right_rule
from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.formulas import OPTIMIZER_FORMULAS
from isograd.core.parity.matching import TOLERANCE, difference

Weights = dict[str, Array]
WORDS = ("gradients are left alone", "a second optimizer", "float32")
SHAPES = {"weight": (3, 4), "bias": (3,)}


@dataclass(frozen=True)
class Run:
    """Steps with these gradients, each with a rate of its own; `criterion`: what it is judged under."""

    name: str
    criterion: str
    weights: Weights
    gradients: tuple[Weights, ...]
    rates: tuple[float, ...]


def runs(optimizer: Optimizer) -> Iterator[Run]:
    """From the first step of one weight to many of several."""
    rng = generator(0, "check of an optimizer")
    weights = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    gradients = tuple({name: rng.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(5))
    one = {"weight": weights["weight"]}
    alone = tuple({"weight": g["weight"]} for g in gradients)
    rates = (optimizer.lr,) * 5
    yield Run("the first step", "the first step", one, alone[:1], rates[:1])
    yield Run("five steps", "later steps", one, alone, rates)
    yield Run("two weights", "several weights", weights, gradients, rates)
    changing = tuple(optimizer.lr * share for share in (1.0, 1.0, 0.5, 0.5, 0.1))
    yield Run("changing rates", "changing rates", one, alone, changing)
    tiny = tuple({"weight": 1e-9 * g["weight"]} for g in alone)
    yield Run("tiny gradients", "tiny gradients", one, tiny, rates)
    nothing = tuple({"weight": 0 * g["weight"]} for g in alone)
    yield Run("gradients of 0", "gradients of 0", one, nothing[:2], rates[:2])


def stepped(mine: Any, like: Optimizer, run: Run, *, wrote: list[str] | None = None) -> tuple[list[Weights], Ran]:
    """(the weights after each step, what was raised)"""
    ran = Ran()
    found: list[Weights] = []
    weights = {name: w.copy() for name, w in run.weights.items()}
    with guarded(ran, "step"):
        step = stepping(mine, like)
        for g, lr in zip(run.gradients, run.rates, strict=True):
            given = {name: v.copy() for name, v in g.items()}
            weights = step(weights, given, lr)
            found.append({name: np.array(w) for name, w in weights.items()})
            if wrote is not None:
                wrote += [name for name in g if not np.array_equal(given[name], g[name])]
    if isinstance(ran.raised.get("step"), SpecError):
        raise ran.raised["step"]
    return found, ran


def stepping(mine: Any, like: Optimizer) -> Callable[[Weights, Weights, float], Weights]:
    """(weights, gradients, rate) ↦ the new weights, by a fresh optimizer of somebody's."""
    if callable(mine) and not isclass(mine) and not hasattr(mine, "step") and len(parameters(mine)) >= 2:
        return _of_function(mine)
    made, _ = made_by(mine, like, {})
    if not callable(getattr(made, "step", None)):
        raise refused(mine, OPTIMIZERS, "write step(params, grads)")
    rate = found_among([*getattr(made, "__dict__", {})], "lr", OPTIONS)
    names = parameters(made.step)

    def step(weights: Weights, gradients: Weights, lr: float) -> Weights:
        if rate is not None and lr != like.lr:
            setattr(made, rate, lr)
        if not names:  # the book's: the optimizer holds the network (Weidman 2019)
            held, came = list(weights.values()), list(gradients.values())
            made.net = SimpleNamespace(params=lambda: held, param_grads=lambda: came)
            made.step()
            return dict(zip(weights, held, strict=True))
        by_name = {p.name: lr for p in names[2:] if found_among([p.name], "lr", OPTIONS)}
        returned = made.step(weights, gradients, **by_name)
        return returned if isinstance(returned, dict) else weights

    return step


def taking(mine: Any, like: Optimizer, run: Run) -> Any:
    """`mine` as it is, or, where a step with dictionaries raises and one with lists does not, behind one of lists."""
    if not stepped(mine, like, run)[1].raised:
        return mine

    def listed() -> Any:
        return Listed(made_by(mine, like, {})[0], like)

    return listed if not stepped(listed, like, run)[1].raised else mine


class Listed:
    """An optimizer whose step takes two lists."""

    def __init__(self, made: Any, like: Optimizer) -> None:
        self.made, self.lr, self.first = made, like.lr, like.lr
        self.rate = found_among([*getattr(made, "__dict__", {})], "lr", OPTIONS)

    def step(self, params: Weights, grads: Weights) -> Weights:
        """The weights behind a step; the rate handed on where there is an attribute for it."""
        if self.rate is not None and self.lr != self.first:
            setattr(self.made, self.rate, self.lr)
        held = list(params.values())
        returned = self.made.step(held, list(grads.values()))
        return dict(zip(params, returned if isinstance(returned, list) else held, strict=True))


def _of_function(function: Callable[..., Any]) -> Callable[[Weights, Weights, float], Weights]:
    """(w, g, state) → (new w, new state), or the new w alone; a state of its own for each weight."""
    states: dict[str, Any] = {}
    names = [p.name for p in parameters(function)]
    third = names[2:3]

    def step(weights: Weights, gradients: Weights, lr: float) -> Weights:
        new = {}
        for name, w in weights.items():
            state = [states.setdefault(name, {})] if third and not found_among(third, "lr", OPTIONS) else []
            by_name = {n: lr for n in names[2:] if found_among([n], "lr", OPTIONS)}
            returned = function(w, gradients[name], *state, **by_name)
            new[name], states[name] = returned if isinstance(returned, tuple) else (returned, states.get(name))
        return new

    return step


def by_rule(rule: Rule, run: Run) -> list[Weights]:
    """The weights after each step by a rule."""
    step, weights, found = rule(), run.weights, []
    for g, lr in zip(run.gradients, run.rates, strict=True):
        weights = step(weights, g, lr)
        found.append(weights)
    return found


def gap(mine: Sequence[Mapping[str, Array]], right: Sequence[Weights], start: Weights) -> tuple[int, str, float]:
    """(the first step that differs, of which weight, how much): a share of the largest step or weight."""
    for k, truth in enumerate(right):
        for name, w in truth.items():
            came = mine[k].get(name) if k < len(mine) else None
            if came is None or came.shape != w.shape:
                return k, name, float("inf")
            before = right[k - 1][name] if k else start[name]
            found = difference(came - before, w - before, added=float(np.abs(w).max()) * 1e-3)
            if found.exceeds(TOLERANCE["locked step", "float64"]):
                return k, name, found.error
    return len(right), "", 0.0


def check_optimizer(mine: Any, name: str, optimizer: Optimizer) -> OperationReport:
    """A report of the weights after each step."""
    if type(optimizer) not in OPTIMIZER_FORMULAS:
        raise SpecError(
            f"check_operation(…, like={optimizer!r})",
            wanted="an optimizer whose step is of one weight at a time",
            got=type(optimizer).__name__,
            fix="ig.check_parity judges it as part of a training",
        )
    for shape in SHAPES.values():
        optimizer.memory(shape)  # raises for one that cannot train such weights
    all_runs = list(runs(optimizer))
    mine = taking(mine, optimizer, all_runs[0])
    came = {run.name: stepped(mine, optimizer, run) for run in all_runs}
    right = {run.name: by_rule(right_rule(optimizer), run) for run in all_runs}
    wrong = {run.name for run in all_runs if gap(came[run.name][0], right[run.name], run.weights)[1]}
    criteria = []
    for run in all_runs:
        findings: tuple[Finding, ...] = ()
        if run.name in wrong:
            diagnosis, text = diagnosed(optimizer, run, all_runs, came, right, wrong)
            findings = (Finding(diagnosis, text, example(run, came[run.name][0], right[run.name])),)
        criteria.append(Criterion(run.criterion, FORWARD, int(not findings), 1, findings))
    if came["five steps"][1].raised:
        criteria += [Criterion(word, MANNERS, 0, 0) for word in WORDS]
    else:
        judged = zip(WORDS, manners(mine, optimizer, all_runs[1]), strict=True)
        criteria += [Criterion(word, MANNERS, int(not each), 1, tuple(each)) for word, each in judged]
    return OperationReport(name, repr(optimizer), with_points(criteria))


def diagnosed(
    optimizer: Optimizer,
    run: Run,
    all_runs: list[Run],
    came: Mapping[str, tuple[list[Weights], Ran]],
    right: Mapping[str, list[Weights]],
    wrong: set[str],
) -> tuple[str, str]:
    """(the diagnosis' name, its words) for a run that is wrong."""
    found, ran = came[run.name]
    if ran.raised:
        unwritten = isinstance(ran.raised["step"], NotImplementedError)
        return "raised", f"step {'is not written yet:' if unwritten else 'raises'} {ran.told('step')}"
    if any(not np.isfinite(w).all() for weights in found for w in weights.values()):
        return "NaN", f"the weights are NaN for {run.name}: nothing keeps the division from 0/0"
    if all(np.array_equal(w, run.weights[name]) for name, w in found[-1].items()):
        return "nothing moves", "the weights do not change: write to them in place, or return the new ones"
    for words, rule in other_rules(optimizer):
        fits = all(not gap(came[each.name][0], by_rule(rule, each), each.weights)[1] for each in all_runs)
        if fits:
            return "other rule", words
    for words, rule in other_rules(optimizer):
        if not gap(found, by_rule(rule, run), run.weights)[1]:
            return "other rule", words
    if run.name == "two weights" and "five steps" not in wrong:
        return "shared state", "right for one weight, wrong for two: state or the count of steps is shared between them"
    if run.name == "changing rates" and "five steps" not in wrong:
        return (
            "rates",
            "right for a constant rate, wrong once it changes: is the rate inside the velocity, or read once?",
        )
    step, _, error = gap(found, right[run.name], run.weights)
    if error < LITTLE:
        return "little", f"off by {error:.0e} of a step, for {run.name}: a small constant, or float32 on the way"
    if step > 0:
        return (
            "later steps",
            f"right up to step {step}, wrong from step {step + 1}: what is remembered is wrong or lost",
        )
    return "other", f"wrong from the first step on, for {run.name}"


def example(run: Run, found: list[Weights], right: list[Weights]) -> str:
    """The worst entry of the first step that is wrong."""
    step, name, _ = gap(found, right, run.weights)
    if step >= len(found) or found[step].get(name) is None or found[step][name].shape != right[step][name].shape:
        return ""
    mine, truth = found[step][name], right[step][name]
    at = difference(mine, truth).index
    return f"{name} after step {step + 1}: at {list(at)} {mine[at]:.8g}, should be {truth[at]:.8g}"


def manners(mine: Any, optimizer: Optimizer, run: Run) -> Iterator[list[Finding]]:
    """What is found wrong of each of WORDS."""
    wrote: list[str] = []
    found, _ = stepped(mine, optimizer, run, wrote=wrote)
    yield [Finding("written to", "the gradients are written to: work on a copy")] if wrote else []
    again, _ = stepped(mine, optimizer, run)
    told = "a second optimizer goes on where the first one was: its state belongs to the class or to a default argument"
    yield [Finding("class state", told)] if gap(again, found, run.weights)[1] else []
    weights = {name: w.astype(np.float32) for name, w in run.weights.items()}
    gradients = tuple({name: g.astype(np.float32) for name, g in each.items()} for each in run.gradients)
    narrow, ran = stepped(mine, optimizer, replace(run, weights=weights, gradients=gradients))
    if ran.raised:
        yield [Finding("float32", f"step raises {ran.told('step')} for float32")]
        return
    kept = {w.dtype for each in narrow for w in each.values()} == {np.dtype(np.float32)}
    yield [] if kept else [Finding("float32", "weights of float32 become float64")]
