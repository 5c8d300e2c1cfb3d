"""One plan of two: a module's graphs in training and in evaluation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from isograd.backends.torch_impl.importer.plan import Fixed, Given, Out, Plan, Ref, State, Step
from isograd.core import layers as core
from isograd.core.base.errors import SpecError

DROPS = (core.Dropout, core.Dropout2d, core.StochasticDepth)
"""Layers that stand in the graph of training alone, and pass everything on in evaluation."""


@dataclass(frozen=True)
class Both:
    """The plan of training; `evaluation`: which of its outputs evaluation has, where it has not all of them."""

    plan: Plan
    evaluation: tuple[int, ...] | None


def both(training: Plan, evaluation: Plan, name: str) -> Both:
    """SpecError where evaluation computes anything that training does not, or drops at random."""
    seen: dict[str, int] = {}
    trained, evaluated = _keys(training, seen), _keys(evaluation, seen)
    for step in evaluation.steps:
        if _drops(step):
            raise _other(name, f"{step.layer!r}, which drops in evaluation too, at {step.place}")
    known = set(trained.steps.values())
    for step in evaluation.steps:
        if evaluated.steps[id(step)] not in known:
            raise _other(name, f"another operation in evaluation, first {step.layer!r} at {step.place}")
    outputs = [trained.of(ref) for ref in training.outputs]
    wanted = [evaluated.of(ref) for ref in evaluation.outputs]
    for k, (key, ref) in enumerate(zip(wanted, evaluation.outputs, strict=True)):
        if key not in outputs:
            at = f", {ref.step.layer!r} at {ref.step.place}" if isinstance(ref, Out) else ""
            raise _other(name, f"output {k} in evaluation is none of training's{at}")
    if wanted == outputs:
        return Both(training, None)
    return Both(training, tuple(outputs.index(key) for key in wanted))


def _drops(step: Step) -> bool:
    return isinstance(step.layer, DROPS) or bool(getattr(step.layer, "dropout", 0))


def _other(name: str, got: str) -> SpecError:
    return SpecError(
        f"from_torch({name})",
        wanted="a module that computes the same in training and in evaluation, but for dropout and statistics",
        got=got,
        fix="import the part that both modes share",
    )


class _Keys:
    """A number for every step and ref of a plan: the same one where the same is computed."""

    def __init__(self, seen: dict[str, int]) -> None:
        self.seen = seen
        self.steps: dict[int, int] = {}
        self.passed: dict[int, int] = {}

    def number(self, text: str) -> int:
        return self.seen.setdefault(text, len(self.seen))

    def of(self, ref: Ref) -> int:
        match ref:
            case Given(index):
                return self.number(f"input {index}")
            case State(path):
                return self.number(f"state {path}")
            case Fixed(values, _):
                held = values.detach().cpu().contiguous()
                digest = blake2b(held.numpy().tobytes()).hexdigest()
                return self.number(f"array {held.dtype} {tuple(held.shape)} {digest}")
            case Out(step, index):
                if id(step) in self.passed:
                    return self.passed[id(step)]
                return self.number(f"output {self.steps[id(step)]} {index}")

    def enter(self, step: Step) -> None:
        inputs = [self.of(ref) for ref in step.inputs]
        weights = {name: self.of(ref) for name, ref in step.weights.items()}
        options = {key: value for key, value in step.layer.to_dict().items() if key not in ("name", "dropout")}
        self.steps[id(step)] = self.number(json.dumps([options, inputs, weights], sort_keys=True))
        if isinstance(step.layer, DROPS):
            self.passed[id(step)] = inputs[0]


def _keys(plan: Plan, seen: dict[str, int]) -> Any:
    made = _Keys(seen)
    for step in plan.steps:
        made.enter(step)
    return made
