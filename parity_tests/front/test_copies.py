"""Copied and pickled: descriptions, models and errors come back as they were, and go on alike."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.description import REGISTRY, Description
from isograd.core.base.errors import IsogradError
from isograd.core.layers.base import Misfit
from isograd.core.parity.cases import CASES, SCHEDULE_CASES

COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))  # type: ignore[misc]
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}
again = pytest.mark.parametrize("again", COPIES.values(), ids=COPIES)


def graph() -> ig.Model:
    """Two inputs, a layer called twice, a model in the model, several outputs."""
    x, lengths = ig.Input((4, 3), name="x"), ig.Input((), name="lengths")
    shared = ig.Linear(3, name="shared")
    y, (h, c) = ig.LSTM(3)(shared(x), lengths=lengths)
    inner = ig.Sequential([ig.Linear(3), ig.Tanh()])
    block = ig.Residual([ig.TransformerEncoderLayer(3, dim_feedforward=5)])
    return ig.Model(inputs=[x, lengths], outputs=[inner(inner(block(shared(y)))), h, c], name="whole")


def described(cls: type[Description]) -> Description | None:
    if cls in CASES:
        return CASES[cls][0].layer
    if cls in SCHEDULE_CASES:
        return SCHEDULE_CASES[cls][0].schedule
    try:
        return cls()
    except ig.SpecError:
        return None


def halves(prediction: Any, target: Any) -> float:
    return 0.5


KINDS = [cls for family, members in REGISTRY.items() if not family.startswith("custom") for cls in members.values()]
ONES = {
    **{cls.__name__: made for cls in KINDS if cls is not ig.Model and (made := described(cls)) is not None},
    "ClipNorm": ig.ClipNorm(1.0),
    "ClipValue": ig.ClipValue(1.0),
    "Constant": ig.init.Constant(1.0),
    "WarmUp": ig.WarmUp(length=3, then=ig.StepDecay(step_size=2)),
    "Model": graph(),
    "FunctionMetric": ig.metric(halves),
    "WeightedLoss": ig.WeightedLoss(ig.MSELoss(reduction="none")),
}


def test_one_of_every_kind_is_copied() -> None:
    assert {type(made) for made in ONES.values()} == set(KINDS)


@again
@pytest.mark.parametrize("made", ONES.values(), ids=ONES)
def test_a_description_comes_back_equal_and_frozen(made: Description, again: Callable[[Any], Any]) -> None:
    found = again(made)
    assert type(found) is type(made)
    assert found == made
    assert hash(found) == hash(made)
    assert repr(found) == repr(made)
    assert found.to_json() == made.to_json()
    with pytest.raises(AttributeError):
        found.name = "other"


@again
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_model_computes_as_the_one_that_it_was_copied_from(backend: str, again: Callable[[Any], Any]) -> None:
    model = graph()
    ig.build(model)  # which resolves what is in it
    found = again(model)
    x, lengths = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 4, 3), np.array([2, 4])
    one, other = (ig.build(m, backend=backend, seed=3) for m in (model, found))
    assert list(one.state_dict()) == list(other.state_dict())
    assert sum(name.startswith("shared") for name in other.state_dict()) == 2  # a layer called twice is one
    for y, z in zip(one.forward(x, lengths), other.forward(x, lengths), strict=True):
        np.testing.assert_array_equal(y, z)
    assert found.with_input_shapes((5, 3), ()).input_shapes == ((5, 3), ())


@again
def test_a_custom_layer_comes_back_where_its_function_is_known(again: Callable[[Any], Any]) -> None:
    found = again(scaled(factor=3.0))
    assert found == scaled(factor=3.0)
    assert found.to_json() == scaled(factor=3.0).to_json()


@ig.custom
def scaled(ops: Any, x: Any, *, factor: float = 2.0) -> Any:
    return factor * x


def kinds_of(error: type[IsogradError]) -> list[type[IsogradError]]:
    return [error, *(kind for below in error.__subclasses__() for kind in kinds_of(below))]


class Special(ig.DataError):
    """An error of somebody else's, made from something else."""

    def __init__(self, row: int) -> None:
        super().__init__("row", wanted="a number", got="none", fix="give one", path="a → b")
        self.row = row


@again
@pytest.mark.parametrize("kind", kinds_of(IsogradError), ids=lambda kind: kind.__name__)
def test_an_error_comes_back_with_its_parts(kind: type[IsogradError], again: Callable[[Any], Any]) -> None:
    error = kind(7) if kind is Special else kind("here", wanted="a", got="b" * 5000, fix="c", path="d")  # type: ignore[arg-type, call-arg]
    error.add_note("in epoch 3")
    found = again(error)
    assert type(found) is kind
    assert str(found) == str(error)
    assert vars(found) == vars(error)
    assert found.__notes__ == ["in epoch 3"]
    assert len(found.got) <= 1000


def test_an_error_crosses_to_another_process() -> None:
    """As it does from a pool's worker, which pickles what is raised."""
    with pytest.raises(ig.SpecError) as caught:
        ig.Linear(-1)
    found = pickle.loads(pickle.dumps(caught.value))
    assert (found.where, found.wanted, found.got, found.fix) == (
        "Linear(-1)",
        "out_features: greater than 0",
        "-1",
        "change out_features=",
    )
    misfit = pickle.loads(pickle.dumps(Misfit("a", "b", "c")))
    assert (misfit.wanted, misfit.got, misfit.fix) == ("a", "b", "c")
