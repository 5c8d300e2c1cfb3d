"""A weight that has several names: given out under each, taken under any, one weight all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import isograd as ig

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
x = ig.Input((4,))
head = ig.Linear(4, name="head")
MODEL = ig.Model(inputs=x, outputs=head(ig.Tanh()(head(x))), tied={"tail.weight": "head.weight", "b": "head.bias"})
START = ig.build(MODEL, seed=3).state_dict()


@BOTH
def test_a_state_dict_has_every_name(backend: str) -> None:
    state = ig.build(MODEL, backend=backend, seed=3).state_dict()
    assert list(state) == ["head.weight", "head.bias", "tail.weight", "b"]
    assert np.array_equal(state["tail.weight"], state["head.weight"])
    state["b"] += 1
    assert not np.array_equal(state["b"], state["head.bias"])  # each is a copy of its own


@BOTH
@pytest.mark.parametrize(
    "names", [("head.weight", "head.bias"), ("tail.weight", "b"), ("head.weight", "b"), tuple(START)]
)
def test_either_name_is_taken(backend: str, names: tuple[str, ...]) -> None:
    net = ig.build(MODEL, backend=backend, seed=5)
    net.load_state_dict({name: START[name] for name in names})
    built = ig.build(MODEL, backend=backend, weights={name: START[name] for name in names})
    for path, values in START.items():
        assert np.array_equal(net.state_dict()[path], values)
        assert np.array_equal(built.state_dict()[path], values)


def test_text_files_and_other_shapes_keep_the_names(tmp_path: Path) -> None:
    assert ig.Model.from_json(MODEL.to_json()) == MODEL
    assert ig.Model(inputs=x, outputs=head(ig.Tanh()(head(x)))) != MODEL
    again, weights = ig.load(ig.save(tmp_path / "model.safetensors", MODEL, START))
    assert list(weights) == ["head.weight", "head.bias"]
    assert again.tied(*again.input_shapes) == MODEL.tied((4,)) == {"tail.weight": "head.weight", "b": "head.bias"}


@BOTH
def test_names_of_inner_models_stand_below_theirs(backend: str) -> None:
    start = ig.Input((4,))
    outer = ig.Model(inputs=start, outputs=ig.Linear(2)(MODEL.with_input_shapes((4,))(start)))
    (inner,) = {path.partition(".")[0] for path in outer.tied((4,))}
    state = ig.build(outer, backend=backend).state_dict()
    assert np.array_equal(state[f"{inner}.tail.weight"], state[f"{inner}.head.weight"])


def test_parity_is_of_the_weights_not_of_their_names() -> None:
    rng = np.random.default_rng(0)
    options = {"loss": ig.MSELoss(), "optimizer": ig.Adam(0.01), "weights": START, "steps": 3}
    assert ig.check_parity(MODEL, rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), **options).passed
