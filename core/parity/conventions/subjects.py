"""What a side gave of a node or a loss, and what it would give if it followed another convention, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.base.description import Description
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import Array, Arrays, State
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.added import added_up, terms_of
from isograd.core.parity.conventions.table import Variant
from isograd.core.parity.derivative import SLOPES, Moving, slope_of
from isograd.core.parity.formulas import BUFFER_FORMULAS, FORMULAS, LOSS_FORMULAS, Seen
from isograd.core.parity.matching import TOLERANCE, difference, largest
from isograd.core.parity.stages.trial import Outcome, Trial
from isograd.core.parity.witness import Evaluated, weighed

LIMIT = TOLERANCE["node", "float64"]
SCREENED = 2  # rows of a batch that a convention is tried on before the whole

AS_DESCRIBED = Variant("")


class Subject(Protocol):
    """What a side gave of something, in float64, and what it would give by a variant."""

    @property
    def spec(self) -> Description: ...

    @property
    def outputs(self) -> Mapping[str, Array]: ...

    @property
    def gradients(self) -> Mapping[str, Array | None]: ...

    def added(self, what: str) -> float:
        """The size of what is added up to make it."""

    def by(self, variant: Variant) -> Mapping[str, Array]:
        """The outputs."""

    def fits(self, variant: Variant) -> bool:
        """Whether its outputs may be those that were given, by a part of them."""

    def slope(self, variant: Variant, what: str, v: Array) -> float:
        """Σ gradient · v"""


class _Varied(Evaluated):
    """A layer by a variant of its formula."""

    def __init__(self, of: Evaluated, variant: Variant) -> None:
        super().__init__(of.layer, of.state, of.inputs, of.run)
        self.variant = variant

    def _at(
        self, state: State, inputs: tuple[Any, ...], seen: Seen | None = None, ops: Namespace = NUMPY
    ) -> tuple[tuple[Any, ...], State]:
        layer, p = self.layer, nest(state)
        with np.errstate(all="ignore"):
            y = (self.variant.formula or FORMULAS[type(layer)])(layer, ops, p, inputs, self.run)
            moves = ops is NUMPY and self.run.training and layer.buffers(*(tuple(v.shape[1:]) for v in inputs))
            buffers = self.variant.buffers or BUFFER_FORMULAS.get(type(layer))
            after = {**p, **buffers(layer, ops, p, inputs, self.run)} if moves and buffers else p
        return y if isinstance(y, tuple) else (y,), flatten(after)


@dataclass(frozen=True)
class OfNode:
    """What a side made of a trial in float64."""

    trial: Trial
    outcome: Outcome

    @property
    def spec(self) -> Description:
        return self.trial.layer

    @property
    def outputs(self) -> Mapping[str, Array]:
        return self.outcome.outputs

    @cached_property
    def gradients(self) -> Mapping[str, Array | None]:
        """Of every weight and every input of floats; None for one that was not given. Where it raised, of nothing."""
        if self.outcome.raised is not None:
            return {}
        inputs = self.trial.inputs
        weights = self.trial.layer.weights(*(x.shape[1:] for x in inputs))
        wanted = [*(f"dx{k or ''}" for k, x in enumerate(inputs) if x.dtype.kind == "f"), *(f"d{k}" for k in weights)]
        return {name: self.outcome.gradients.get(name) for name in dict.fromkeys([*wanted, *self.outcome.gradients])}

    @cached_property
    def formula(self) -> Evaluated:
        return Evaluated.of(self.trial)

    @cached_property
    def sizes(self) -> dict[str, float]:
        return added_up(self.trial)

    @cached_property
    def terms(self) -> Mapping[str, Array]:
        return terms_of(self.trial)

    def added(self, what: str) -> float:
        """Of an output by its terms alone: it costs less than what adds up to weights' gradients."""
        if what in self.gradients:
            return self.sizes.get(what, 0.0)
        return largest(self.terms[what]) if what in self.terms else 0.0

    def by(self, variant: Variant) -> Mapping[str, Array]:
        return self.described if variant is AS_DESCRIBED else self._by(variant)

    @cached_property
    def described(self) -> Mapping[str, Array]:
        return self._by(AS_DESCRIBED)

    def _by(self, variant: Variant) -> Mapping[str, Array]:
        y, after = _Varied(self.formula, variant).outputs()
        made = {f"output{k or ''}": _in_axes(np.asarray(part), variant.axes) for k, part in enumerate(y)}
        return made | {f"buffer {name}": values for name, values in after.items()}

    def fits(self, variant: Variant) -> bool:
        """Where it raised, its backward did: what else than outputs of other shapes than described explains that?"""
        if self.outcome.raised is not None:
            made, described = self.by(variant), self.by(AS_DESCRIBED)
            return any(made[name].shape != described[name].shape for name in described)
        if not variant.by_rows or variant.axes is not None:
            return True
        return all(self._begins(variant, part, self.outputs) for part in self.parts)

    @cached_property
    def parts(self) -> list[tuple[slice, ...]]:
        """Few samples, and before them few steps of these, where they are enough for what the outputs begin with."""
        few = slice(SCREENED)
        shapes = [x.shape for x in self.trial.inputs]
        tried: list[tuple[slice, ...]] = (
            [(few, few)] if isinstance(self.trial.layer, Recurrent) and len(shapes) == 1 else []
        )
        tried += [(few,)] if all(shape[:1] == (self.trial.rows,) for shape in shapes) else []
        return [part for part in tried if self._begins(AS_DESCRIBED, part, self.by(AS_DESCRIBED))]

    def _begins(self, variant: Variant, part: tuple[slice, ...], outputs: Mapping[str, Array]) -> bool:
        """Whether outputs begin as a part of the inputs gives them by a variant; of some steps the first one."""
        held = self.formula
        first = Evaluated(held.layer, held.state, tuple(x[part] for x in held.inputs), held.run)
        y, _ = _Varied(first, variant).outputs()
        names = list(outputs)[: len(y) if len(part) == 1 else 1]
        pairs = [(outputs[name], np.asarray(each)) for name, each in zip(names, y, strict=False)]
        return not any(difference(a[part], b.astype(a.dtype), added=largest(a)).exceeds(LIMIT) for a, b in pairs)

    def slope(self, variant: Variant, what: str, v: Array) -> float:
        share = variant.share(what, self.formula.inputs) if variant.share else 1.0
        if not variant.of_gradients_alone:
            return share * self._slope(variant, what, v)
        if what not in self.as_described:
            self.as_described[what] = self._slope(AS_DESCRIBED, what, v)
        return share * self.as_described[what]

    @cached_property
    def as_described(self) -> dict[str, float]:
        """The slopes of the description's formula that were asked for, each along one direction alone."""
        return {}

    def _slope(self, variant: Variant, what: str, v: Array) -> float:
        of = _Varied(self.formula, variant)
        frozen = self.trial.layer.weights(*(x.shape[1:] for x in self.trial.inputs)).get(what[1:])
        place = self.formula.inputs[self.formula.places[what]] if what in self.formula.places else of.state[what[1:]]
        if variant.axes is not None and what in self.formula.places and v.ndim == len(variant.axes):
            back = v.transpose(np.argsort(variant.axes))
            v = back if back.shape == place.shape else v
        v = np.array(np.broadcast_to(v, place.shape))
        if frozen is not None and frozen.frozen_row is not None:
            v[frozen.frozen_row] = 0
        dys = [np.asarray(dy, np.float64) for dy in self.trial.upstream()]
        return weighed(dys, [slope_of(y) for y in of.at(what, SLOPES, lambda x: Moving(x, v))])


def _in_axes(y: Array, axes: tuple[int, ...] | None) -> Array:
    return y.transpose(axes) if axes is not None and y.ndim == len(axes) else y


@dataclass(frozen=True)
class OfLoss:
    """A loss's value and gradient as a side has them, in float64."""

    spec: Any
    arrays: Arrays  # predictions, targets, dL
    said: Mapping[str, Array]

    @property
    def outputs(self) -> Mapping[str, Array]:
        return {"loss": self.said["loss"]}

    @property
    def gradients(self) -> Mapping[str, Array | None]:
        return {"dprediction": self.said["dprediction"]}

    def added(self, what: str) -> float:
        """The loss of predictions that tell nothing; of a gradient nothing more than itself."""
        p, t, _ = self.arrays
        with np.errstate(all="ignore"):
            of_nothing = LOSS_FORMULAS[type(self.spec)](self.spec, NUMPY, self.spec.telling_nothing(p), t)
        return largest(np.asarray(of_nothing)) if what == "loss" else 0.0

    def by(self, variant: Variant) -> Mapping[str, Array]:
        return {"loss": np.asarray(self._value(variant, NUMPY, self.arrays[0]))}

    def fits(self, variant: Variant) -> bool:
        return True

    def slope(self, variant: Variant, what: str, v: Array) -> float:
        value = self._value(variant, SLOPES, Moving(self.arrays[0], v))
        return weighed([self.arrays[2]], [slope_of(value)]) * (
            variant.share(what, self.arrays[:2]) if variant.share else 1.0
        )

    def _value(self, variant: Variant, ops: Namespace, p: Any) -> Any:
        with np.errstate(all="ignore"):
            return (variant.formula or LOSS_FORMULAS[type(self.spec)])(self.spec, ops, p, self.arrays[1])
