"""The runs that tell a layer's typical faults apart: each changes one thing of what the operation is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.forms import BATCH, Form
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Arrays, Shape
from isograd.core.layers.base import Layer, Pointwise
from isograd.core.layers.pool import MaxPooling
from isograd.core.layers.recurrent import Recurrent
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.suite import case_trial

ROWS = 4
ALONE = "sample "
BESIDE = 1e-14  # how far from a kink both of its sides are looked at: what is smooth changes by less than rounding
LARGE = 10.0  # inputs of a scale from here on belong to cases of saturation


@dataclass(frozen=True)
class Probe:
    """A run, and what is asked of it: every value, gradients between those on both sides of a kink, or numbers at all.

    `about`: as a text names it. `main`: nothing about it is special.
    """

    name: str
    about: str
    trial: Trial
    main: bool = False
    asked: str = "values"
    sides: tuple[Trial, ...] = field(default=(), repr=False)


def base_trial(layer: Layer, inputs: Arrays | None) -> Trial:
    """What all runs start from: the inputs of the layer's own case that fits it, or those given, in a batch of ROWS."""
    if inputs is None:
        case = fitting(layer)
        trial = case_trial(replace(case, layer=layer, batch=ROWS), "float64", True)
        return replace(trial, path="check")
    forms = tuple(Form.of_sample(x.shape[1:], "integer" if x.dtype.kind in "iu" else "float") for x in inputs)
    case = Case(layer, forms, "given", batch=len(inputs[0]))
    given = tuple(x if x.dtype.kind in "iu" else x.astype(np.float64) for x in inputs)
    Trial("check", layer, given, {}, "float64", True, forms=forms).model.graph(*(form.shape for form in forms))
    return replace(case_trial(case, "float64", True), inputs=given, path="check")


def fitting(layer: Layer) -> Case:
    """A case of the layer's kind whose inputs the layer takes: plain ones and those with steps and batches first."""
    known = [case for case in CASES.get(type(layer), []) if all(map(by_sample, case.forms))]
    cases = [case for case in known if not case.large and not case.among and 0 < case.scale < LARGE]
    grown = [replace(case, inputs=tuple(map(larger, case.inputs))) for case in cases]
    for case in [*sorted(cases, key=_plainness), *grown]:
        try:
            made = layer.checked_forms(*case.forms)
            layer.weights(*case.shapes)
        except Exception:  # another case's inputs may fit
            continue
        if all(0 not in form.shape for form in made):
            return case
    raise SpecError(
        f"check_operation(mine, like={layer!r})",
        wanted="inputs that the layer takes",
        got=f"none among the cases of {type(layer).__name__}",
        fix="give a batch of them: x=rng.normal(size=(4, …))",
    )


def by_sample(form: Form) -> bool:
    """Whether an input is a batch of samples."""
    return form.axes[:1] == (BATCH,) and all(isinstance(size, int) for size in form.axes[1:])


def _plainness(case: Case) -> tuple[int, bool, int]:
    """Few inputs, no axis of length 1, few axes; among equals the first case is the plainest."""
    return len(case.inputs), any(1 in shape for shape in case.shapes), sum(map(len, case.shapes))


def larger(entry: Shape | Form) -> Shape | Form:
    """Places four times as far, for windows that are larger than those of the cases."""
    return entry if isinstance(entry, Form) or len(entry) < 2 else (entry[0], *(4 * n for n in entry[1:]))


def sample(trial: Trial, k: int) -> Trial:
    """The run of one of its samples alone."""
    given = None if trial.given is None else tuple(dy[k : k + 1] for dy in trial.given)
    return replace(trial, inputs=tuple(x[k : k + 1] for x in trial.inputs), given=given)


def steps(trial: Trial, count: int) -> Trial:
    """The run of its first steps."""
    given = None if trial.given is None else (trial.given[0][:, :count], *trial.given[1:])
    first = trial.inputs[0][:, :count]
    forms = (Form.of_sample(first.shape[1:]), *trial.forms[1:])
    return replace(trial, inputs=(first, *trial.inputs[1:]), given=given, forms=forms)


def with_inputs(trial: Trial, change: Callable[[Array], Array]) -> Trial:
    return replace(trial, inputs=tuple(change(x) if x.dtype.kind == "f" else x for x in trial.inputs))


def with_dys(trial: Trial, change: Callable[[Array], Array]) -> Trial:
    """dy changed; of outputs that somebody does not return it stays 0."""
    return replace(trial, given=tuple(change(dy) if dy.any() else dy for dy in trial.upstream()))


def one_hot(dy: Array) -> Array:
    """All zeros but one entry, of the last sample, not at a border where there is room."""
    place = (len(dy) - 1, *(n // 2 for n in dy.shape[1:]))
    made = np.zeros_like(dy)
    made[place] = 1.0
    return made


def at_last_step(dy: Array) -> Array:
    """dy where it is of the last step."""
    made = np.zeros_like(dy)
    made[:, -1] = dy[:, -1]
    return made


def mirrored(w: Array) -> Array:
    """A kernel that looks the same from every side."""
    for axis in range(2, w.ndim):
        w = np.asarray((w + np.flip(w, axis)) / 2)
    return w


def probes(base: Trial, *, modes: bool) -> Iterator[Probe]:
    """Every run of a layer, the plainest first."""
    layer = base.layer
    least = layer.least_rows(*(x.shape[1:] for x in base.inputs))
    if least <= 1:
        yield Probe("one", "a batch of 1", sample(base, 0), main=True)
        for k in range(1, base.rows):
            yield Probe(f"{ALONE}{k}", "a batch of 1", sample(base, k))
    if isinstance(layer, Recurrent):
        one = sample(base, 0)
        yield Probe("one step", "one step", steps(one, 1))
        yield Probe("last step", "dy at the last step alone", replace(one, given=_last_only(one)))
    yield Probe("batch", f"a batch of {base.rows}", base, main=True)
    yield Probe("one-hot", "dy of one 1 among zeros", with_dys(base, one_hot))
    yield Probe("ones", "dy of ones", with_dys(base, np.ones_like))
    yield Probe("tripled", "3·dy", with_dys(base, lambda dy: 3 * dy))
    if not layer.integer_inputs(*(x.shape[1:] for x in base.inputs)):
        yield from _of_inputs(base)
    if any(w.ndim > 2 for w in base.state.values()):
        state = {name: mirrored(w) for name, w in base.state.items()}
        yield Probe("symmetric", "kernels that are symmetric", replace(base, state=state))
    if modes and layer.buffers(*(x.shape[1:] for x in base.inputs)):
        yield Probe("evaluation", "evaluation", replace(base, training=False))


def _last_only(trial: Trial) -> Arrays:
    first, *others = trial.upstream()
    return (at_last_step(first), *(np.zeros_like(dy) for dy in others))


def _of_inputs(base: Trial) -> Iterator[Probe]:
    """Runs whose inputs are of one sign, equal, 0, or large."""
    yield Probe("positive", "positive inputs", with_inputs(base, lambda x: np.abs(x) + 0.1))
    yield Probe("negative", "negative inputs", with_inputs(base, lambda x: -np.abs(x) - 0.1))
    around = tuple(with_inputs(base, lambda x, h=h: np.full_like(x, h)) for h in (-BESIDE, 0, BESIDE))  # type: ignore[misc]
    nothing = with_inputs(base, np.zeros_like)
    if isinstance(base.layer, Pointwise):
        yield Probe("zeros", "inputs of 0", nothing, asked="between", sides=around)
    elif not isinstance(base.layer, MaxPooling):
        yield Probe("zeros", "inputs of 0", nothing)
    rng = generator(0, "equal values")
    equal = with_inputs(base, lambda x: rng.choice([0.5, 1.0], x.shape))
    if not isinstance(base.layer, Pointwise):
        asked = "shared" if isinstance(base.layer, MaxPooling) else "values"
        yield Probe("repeated", "inputs of many equal values", equal, asked=asked)
    yield Probe("large", "inputs around 1000", with_inputs(base, lambda x: 1000 * x), asked="finite")
