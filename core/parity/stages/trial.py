"""A layer with everything that one run of it needs, and what one engine makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from isograd.core.base.errors import BackendError
from isograd.core.base.forms import Form
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.protocol import Backend
from isograd.core.graph.model import Model
from isograd.core.graph.values import Input
from isograd.core.layers.base import Layer
from isograd.core.parity.natures import NOT_IMPLEMENTED, RAISED
from isograd.core.parity.pair import build_in


@dataclass(frozen=True)
class Trial:
    """A layer with everything that one run of it needs."""

    path: str  # how the report names it
    layer: Layer
    inputs: Arrays  # batch first, float64 or whole numbers; rounded to the dtype of the trial
    state: Mapping[str, Array]  # weights and buffers under the layer's own names
    dtype: str
    training: bool
    seed: int = 0
    step: int = 0  # the position that randomness is keyed by
    given: Arrays | None = None  # the dy of each output, where it is not drawn
    forms: tuple[Form, ...] = ()  # of the inputs, where one is no batch of samples that are computed with

    @cached_property
    def model(self) -> Model:
        """The layer as the only node of a model, whose inputs have names that it has not.

        Where the layer has none the model has one all the same, which feeds nothing.
        """
        of = "" if self.layer.name is None else f"of_{self.layer.name.replace('.', '_')}_"
        forms = self.forms or [Form.of_sample(x.shape[1:]) for x in self.inputs]
        ends = [Input.of(form, name=f"{of}{k}" if of else None) for k, form in enumerate(forms)]
        spare = [] if ends else [Input((), name=f"{of}0" if of else None)]
        return Model(inputs=ends or spare, outputs=self.layer(*ends), kept=spare)

    def changed(self, **changes: Any) -> Trial:
        """The same with other numbers, of the same shapes: its model is the one that is made already."""
        return replace(self, **changes).of_model(self.model)

    def of_model(self, model: Model | None) -> Trial:
        """The same, of a `model` that was made for it already."""
        if model is not None:
            vars(self)["model"] = model
        return self

    @property
    def rows(self) -> int:
        """N, as the inputs show it."""
        forms = self.forms or [Form.of_sample(x.shape[1:]) for x in self.inputs]
        return next((n for form, x in zip(forms, self.inputs, strict=True) if (n := form.rows_of(x.shape))), 1)

    @property
    def mode(self) -> str:
        return "training" if self.training else "evaluation"

    def rounded_inputs(self) -> Arrays:
        return tuple(np.array(x, FLOATS[self.dtype] if x.dtype.kind == "f" else x.dtype) for x in self.inputs)

    def upstream(self) -> Arrays:
        """The dy of each output: random, unless given."""
        return tuple(np.array(dy, FLOATS[self.dtype]) for dy in (self._drawn if self.given is None else self.given))

    @cached_property
    def _drawn(self) -> Arrays:
        model = self.model
        shapes = [form.sizes(self.rows) for form in model.graph(*model.input_shapes).out_forms]
        return tuple(
            random_upstream(shape, self.seed, f"{self.path}/{k}", FLOATS[self.dtype]) for k, shape in enumerate(shapes)
        )


@dataclass
class Outcome:
    """What one backend made of a trial: arrays by name in the order in which they are computed."""

    outputs: dict[str, Array]
    gradients: dict[str, Array]
    written: list[str]  # what was written to and should not have been
    raised: Exception | None = None

    @property
    def fault(self) -> str | None:
        """Why there is nothing to compare: an engine says itself that it lacks a layer, or it raised."""
        if self.raised is None:
            return None
        return NOT_IMPLEMENTED if isinstance(self.raised, BackendError) else RAISED


class Bench:
    """A trial's layer as the only node of a network of one engine, which is run on whatever it is given."""

    def __init__(self, backend: Backend, trial: Trial) -> None:
        model, self.trial = trial.model, trial
        self.name = model.graph(*model.input_shapes).nodes[0].owner
        self.net = build_in(
            backend, model, {f"{self.name}.{k}": v for k, v in trial.state.items()}, trial.seed, trial.dtype
        )

    def outputs(self, inputs: Arrays) -> dict[str, Array]:
        """{"output…": what it makes of inputs}, at the trial's step"""
        self.net.at_step(self.trial.step)
        y = self.net.forward(*(inputs or (np.zeros(1),)), training=self.trial.training)
        return {f"output{k or ''}": value for k, value in enumerate(y if isinstance(y, tuple) else (y,))}

    def gradients(self, dys: Arrays) -> dict[str, Array]:
        """{"dx…", "d" + weight: what it makes of the dy of its last outputs}"""
        dx, dw = self.net.backward(*dys)
        found = {f"d{path.removeprefix(f'{self.name}.')}": g for path, g in dw.items()}
        inputs, dxs = self.trial.inputs, dx if isinstance(dx, tuple) else (dx,)
        computed = zip(inputs, dxs, strict=bool(inputs))
        return found | {f"dx{k or ''}": g for k, (x, g) in enumerate(computed) if x.dtype.kind == "f"}


def run_trial(backend: Backend, trial: Trial) -> Outcome:
    """Forward and backward of the trial's one-node model; an exception becomes part of the outcome."""
    inputs, dys = trial.rounded_inputs(), trial.upstream()
    kept = [x.copy() for x in (*inputs, *dys)]
    outcome = Outcome({}, {}, [])
    try:
        bench = Bench(backend, trial)
        net, name = bench.net, bench.name
        before = net.state_dict()
        outcome.outputs = bench.outputs(inputs)
        buffers = set(trial.layer.buffers(*(x.shape[1:] for x in trial.inputs)))
        after = net.state_dict()
        outcome.outputs |= {f"buffer {k}": after[f"{name}.{k}"] for k in sorted(buffers)}
        outcome.gradients = bench.gradients(dys)
        outcome.written = [
            what
            for what, old, new in zip(["x"] * len(inputs) + ["dy"] * len(dys), kept, (*inputs, *dys), strict=True)
            if not np.array_equal(old, new, equal_nan=True)
        ]
        after = net.state_dict()
        weights = [k for k in before if k.removeprefix(f"{name}.") not in buffers]
        outcome.written += [k for k in weights if not np.array_equal(before[k], after[k])]
    except Exception as error:
        outcome.raised = error
    return outcome
