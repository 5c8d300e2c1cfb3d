"""Graphs: names, sharing, operators, several inputs and outputs, models in models, JSON, equality."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from graph_helpers import (
    BOTH,
    EVERY,
    an_input_passed_on,
    batch,
    models_in_models,
    operators,
    outputs,
    plain,
    shared_in_a_model,
    shared_in_a_row,
)

import isograd as ig
from isograd.core.parity.matching import TOLERANCE, difference


def names(model: ig.core.composite.Composite) -> list[str]:
    return [node.name for node in model.graph(*model.input_shapes).nodes]


def test_names_are_positions_in_a_sequential_and_kinds_in_a_model() -> None:
    a = ig.Input((3,))
    h = ig.LeakyReLU()(ig.Linear(3, name="linear_1")(ig.Linear(3)(a)))
    model = ig.Model(inputs=a, outputs=ig.LogSoftmax()(ig.Linear(2)(ig.Linear(3)(h)) - ig.Linear(2, name="b")(h)))
    assert names(model) == [
        "linear",
        "linear_1",
        "leaky_relu",
        "linear_2",
        "linear_3",
        "b",
        "subtract",
        "log_softmax",
    ]
    assert names(plain()) == ["0", "1", "head"]
    assert names(shared_in_a_row()) == ["0", "1", "0#2", "1#2", "4"]
    assert names(shared_in_a_model()) == ["linear", "linear#2", "linear#3", "subtract"]
    assert names(models_in_models()) == ["linear", "block", "block#2", "sequential", "concat"]


def test_nodes_stand_in_an_order_of_execution_whatever_the_order_of_outputs() -> None:
    a = ig.Input((3,))
    first = ig.Tanh()(a)
    second = ig.ReLU()(first)
    assert names(ig.Model(inputs=a, outputs=[second, first])) == ["tanh", "relu"]


@BOTH
def test_weights_stand_under_dotted_names_once_each(backend: str) -> None:
    owners = ("linear", "block.linear", "sequential.0.0")
    paths = [f"{owner}.{name}" for owner in owners for name in ("weight", "bias")]
    assert list(ig.build(models_in_models(), backend=backend).state_dict()) == paths
    assert list(ig.build(shared_in_a_row(), backend=backend).state_dict()) == [
        "0.weight",
        "0.bias",
        "1.0.weight",
        "1.0.bias",
    ]


@BOTH
def test_a_shared_layer_adds_its_gradients(backend: str) -> None:
    """y = w(w x + b) + b: dy/dw = 2 w x + b, dy/db = w + 1, dy/dx = w²; whole numbers, so exactly."""
    layer = ig.Linear(1)
    for model in (
        ig.Sequential([layer, layer], input_shape=(1,)),
        ig.Model(inputs=(a := ig.Input((1,))), outputs=layer(layer(a))),
    ):
        path = "0" if isinstance(model, ig.Sequential) else "linear"
        net = ig.build(model, {f"{path}.weight": np.array([[3.0]]), f"{path}.bias": np.array([5.0])}, backend=backend)
        assert net.forward(np.array([[2.0]])).tolist() == [[3.0 * 11.0 + 5.0]]
        dx, dw = net.backward(np.array([[10.0]]))
        assert dx.tolist() == [[90.0]]
        assert {k: v.tolist() for k, v in dw.items()} == {f"{path}.weight": [[170.0]], f"{path}.bias": [40.0]}


@BOTH
def test_one_step_moves_a_shared_weight_once(backend: str) -> None:
    layer = ig.Linear(1)
    net = ig.build(
        ig.Sequential([layer, layer], input_shape=(1,)),
        {"0.weight": np.array([[3.0]]), "0.bias": np.array([5.0])},
        backend=backend,
    )
    trainer = ig.Trainer(net, loss=ig.L1Loss(), optimizer=ig.SGD(0.125))
    assert trainer.step(np.array([[2.0]]), np.array([[30.0]])) == 8.0
    assert {k: v.tolist() for k, v in net.state_dict().items()} == {
        "0.weight": [[3.0 - 17 / 8]],
        "0.bias": [5.0 - 4 / 8],
    }


@BOTH
def test_operators_and_their_gradients(backend: str) -> None:
    """y = ((a + b) ⊙ (a − b)) b for 2×2 matrices, worked out by hand with whole numbers."""
    net = ig.build(operators(), backend=backend)
    a, b = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([[[2.0, 0.0], [1.0, 3.0]]])
    assert net.forward(a, b).tolist() == [[[-3 * 2 + 4 * 1, 4 * 3], [8 * 2 + 7 * 1, 7 * 3]]]
    (da, db), dw = net.backward(np.array([[[1.0, 0.0], [0.0, 2.0]]]))
    assert dw == {}  # dM = dy bᵀ = [[2, 1], [0, 6]];  da = 2a ⊙ dM;  db = −2b ⊙ dM + Mᵀ dy
    assert da.tolist() == [[[4.0, 4.0], [0.0, 48.0]]]
    assert db.tolist() == [[[-8.0 - 3.0, 16.0], [4.0, -36.0 + 14.0]]]


@BOTH
def test_several_outputs_take_one_dy_each(backend: str) -> None:
    net = ig.build(
        an_input_passed_on(), {"linear.weight": np.diag([1.0, 2.0, 3.0]), "linear.bias": np.ones(3)}, backend=backend
    )
    x = np.array([[1.0, 1.0, 1.0]], np.float32)
    same, scaled = net.forward(x)
    same[:] = 7.0  # what is handed out is the caller's
    assert (x.tolist(), scaled.tolist()) == ([[1.0, 1.0, 1.0]], [[2.0, 3.0, 4.0]])
    dx, _ = net.backward(np.array([[10.0, 20.0, 30.0]]), np.array([[1.0, 1.0, 1.0]]))
    assert dx.tolist() == [[11.0, 22.0, 33.0]]


@EVERY
def test_json_gives_the_same_model_the_same_weights_and_the_same_outputs(make: Callable[[], ig.Model]) -> None:
    model = make()
    again = type(model).from_json(model.to_json())
    assert again == model
    assert hash(again) == hash(model)
    assert again.to_json() == model.to_json()
    assert again.summary() == model.summary()
    for backend in ("numpy", "torch"):
        before, after = (ig.build(m, backend=backend, seed=5).state_dict() for m in (model, again))
        assert {k: v.tolist() for k, v in before.items()} == {k: v.tolist() for k, v in after.items()}
        for y, z in zip(outputs(model, backend), outputs(again, backend), strict=True):
            np.testing.assert_array_equal(y, z)


@EVERY
def test_both_engines_compute_the_same_graph(make: Callable[[], ig.Model]) -> None:
    for y, z in zip(outputs(make(), "numpy"), outputs(make(), "torch"), strict=True):
        assert not difference(y, z).exceeds(TOLERANCE["node", "float64"])


def test_every_description_round_trips_with_options_that_are_not_the_default() -> None:
    for made in (
        ig.Linear(3, bias=False, weight_init=ig.init.KaimingNormal(mode="fan_out", gain=2.0)),
        ig.Linear(3, name="h"),
        ig.Reshape((2, -1)),
        ig.CrossEntropyLoss(weight=(1.0, 2.0), label_smoothing=0.1),
        ig.AdamW(0.1, betas=(0.8, 0.9)),
        ig.ClipNorm(2.0),
        ig.WarmUp(length=3, then=ig.CosineDecay(final_lr=0.1), per="step"),
        ig.EarlyStopping(patience=2),
        ig.Accuracy(),
    ):
        assert type(made).from_json(made.to_json()) == made


def test_descriptions_are_equal_by_value_and_sharing_is_part_of_it() -> None:
    layer = ig.Linear(3)
    assert ig.Linear(3) == ig.Linear(3)
    assert ig.Linear(3) != ig.Linear(3, bias=False)
    assert ig.Linear(3) != ig.Linear(3, name="h")
    assert plain() == plain()
    assert shared_in_a_model() == shared_in_a_model()
    assert ig.Sequential([layer, layer], input_shape=(3,)) != ig.Sequential([layer, ig.Linear(3)], input_shape=(3,))
    assert ig.Sequential([layer], input_shape=(3,)) != ig.Sequential([layer], input_shape=(4,))


def test_summary() -> None:
    assert (
        plain().summary()
        == """\
input  Input      (N, 3)
0      Linear(4)  (N, 4)  16 weights
1      Tanh()     (N, 4)
head   Linear(2)  (N, 2)  10 weights
26 weights in all"""
    )
    assert (
        shared_in_a_model().summary()
        == """\
input     Input       (N, 3)
other     Input       (N, 3)
linear    Linear(3)   (N, 3)  12 weights
linear#2  Linear(3)   (N, 3)
linear#3  Linear(3)   (N, 3)
subtract  Subtract()  (N, 3)
12 weights in all"""
    )


@BOTH
def test_activations_name_every_node_in_order(backend: str) -> None:
    net = ig.build(shared_in_a_model(), backend=backend, dtype="float64")
    seen = net.activations(*batch(net.model))
    assert list(seen) == ["linear", "linear#2", "linear#3", "subtract"]
    np.testing.assert_array_equal(seen["subtract"][0], seen["linear#2"][0] - seen["linear#3"][0])
    np.testing.assert_array_equal(seen["subtract"][0], net.forward(*batch(net.model)))


def of_the_batch_last() -> ig.Model:
    a = ig.Input((3,))
    return ig.Model(inputs=a, outputs=[ig.Permute((1, 0))(a), ig.Compare("gt", number=0.0)(a)], name="turned")


@BOTH
def test_a_model_inside_another_gives_values_of_any_form(backend: str) -> None:
    a = ig.Input((3,))
    turned, positive = of_the_batch_last()(ig.Tanh()(a))
    assert [str(v.form) for v in (turned, positive)] == ["(3, N)", "(N, 3) boolean"]
    model = ig.Model(inputs=a, outputs=ig.Where()(positive, ig.Permute((1, 0))(turned), a))
    x = batch(model)[0]
    y = ig.build(model, backend=backend, dtype="float64").forward(x)
    np.testing.assert_array_equal(y < 0, x < 0)


def test_a_model_of_values_that_are_no_samples_takes_its_own_inputs_alone() -> None:
    rows = ig.View(("2N", 3))(ig.Input((2, 3)))
    with pytest.raises(ig.ShapeError, match=r"inputs \(N, 3\): an output is \(3, N\)"):
        of_the_batch_last()(rows)
