"""Functions written once: as layers and losses of both engines, in files, and judged like built-in ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from graph_helpers import BOTH
from message_helpers import raised

import isograd as ig
from isograd.backends.numpy_impl.derivatives import RULES, Rule
from isograd.backends.torch_impl.namespace import TensorFunctions
from isograd.core.parity.matching import TOLERANCE, difference


@ig.custom
def soft_gate(ops, x, *, beta: float = 1.0):  # type: ignore[no-untyped-def]
    """y = x σ(βx)"""
    return x * ops.sigmoid(beta * x)


@ig.custom(weights=lambda x: {"scale": x[-1:], "bias": x[-1:]})
def affine(ops, x, w, *, mode: Literal["plain", "square"] = "plain"):  # type: ignore[no-untyped-def]
    return (x * x if mode == "square" else x) * w["scale"] + w["bias"]


@ig.custom(weights=lambda x, *, out: {"weight": (out, x[-1]), "slope": ()}, init={"slope": ig.init.Constant(0.25)})
def leaky_linear(ops, x, w, *, out: int):  # type: ignore[no-untyped-def]
    y = x @ ops.swapaxes(w["weight"], 0, 1)
    return ops.where(y > 0, y, w["slope"] * y)


@ig.custom
def extremes(ops, *x):  # type: ignore[no-untyped-def]
    joined = ops.stack(x, axis=1)
    return ops.max(joined, axis=1), -ops.max(-joined, axis=1)


@ig.custom(kind="loss")
def soft_error(ops, prediction, target, *, reduction: Literal["mean", "sum"] = "mean"):  # type: ignore[no-untyped-def]
    e = ops.abs(prediction - target)
    each = e + ops.log1p(ops.exp(-2 * e)) - 0.6931471805599453
    return ops.mean(each) if reduction == "mean" else ops.sum(each)


@ig.custom(kind="class loss")
def likelihood(ops, prediction, target):  # type: ignore[no-untyped-def]
    logp = prediction - ops.log(ops.sum(ops.exp(prediction), axis=1, keepdims=True))
    return -ops.mean(logp[np.arange(len(target)), target])


MODEL = ig.Sequential([leaky_linear(out=6), soft_gate(beta=2.0), affine(mode="square"), ig.Linear(3)], input_shape=(5,))
RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(8, 5)), RNG.normal(size=(8, 3)), np.arange(8) % 3


def test_a_function_becomes_a_description() -> None:
    assert repr(soft_gate(beta=2.0)) == "soft_gate(beta=2.0)"
    assert repr(soft_gate()) == "soft_gate()"
    assert soft_gate(beta=2.0) == soft_gate(beta=2.0) != soft_gate()
    assert soft_gate.__doc__ == "y = x σ(βx)"  # type: ignore[attr-defined]
    assert isinstance(soft_gate(), ig.Layer)
    weights = MODEL.weights((5,))
    assert {path: w.shape for path, w in weights.items() if not path.startswith("3")} == {
        "0.weight": (6, 5),
        "0.slope": (),
        "2.scale": (6,),
        "2.bias": (6,),
    }
    assert weights["0.weight"].fans == ig.init.Fans(5, 6)
    state = ig.build(MODEL).state_dict()
    assert (state["0.slope"], set(state["2.scale"]), set(state["2.bias"])) == (0.25, {1.0}, {0.0})
    assert 0 < np.abs(state["0.weight"]).max() <= 5**-0.5


@pytest.mark.parametrize(("loss", "y"), [(soft_error(), Y), (soft_error(reduction="sum"), Y), (likelihood(), LABELS)])
def test_both_engines_compute_the_same(loss: ig.core.losses.Loss, y: np.ndarray) -> None:
    report = ig.check_parity(MODEL, X, y, loss=loss, optimizer=ig.Adam(0.01), steps=3)
    assert report.passed, str(report)
    assert ig.check_gradients(MODEL, X, y, loss=loss).passed


def test_several_inputs_and_outputs_in_a_graph() -> None:
    a, b, c = (ig.Input((4,)) for _ in range(3))
    high, low = extremes()(a, soft_gate()(b), c)
    model = ig.Model(inputs=[a, b, c], outputs=[high - low, low])
    x = tuple(RNG.normal(size=(3, 5, 4)))
    assert ig.check_parity(model, x).passed
    for backend in ("numpy", "torch"):
        net = ig.build(model, backend=backend, dtype="float64")
        columns = np.stack([x[0], net.forward(*x)[1] * 0 + x[1] / (1 + np.exp(-x[1])), x[2]])
        assert not difference(net.forward(*x)[0], np.ptp(columns, 0)).exceeds(TOLERANCE["node", "float64"])


@BOTH
def test_a_model_of_custom_functions_trains(backend: str) -> None:
    x = RNG.normal(size=(200, 5)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    model = ig.Sequential([leaky_linear(out=16), soft_gate(), affine(), ig.Linear(2)], input_shape=(5,))
    trainer = ig.Trainer(ig.build(model, backend=backend), loss=likelihood(), optimizer=ig.Adam(0.02))
    history = trainer.fit((x, y), validation=(x, y), epochs=25, batch_size=20)
    assert history.epochs[-1].validation_loss < 0.5 * history.epochs[0].validation_loss


def test_files_hold_the_name_and_the_options_alone(tmp_path: Path) -> None:
    net = ig.build(MODEL, seed=3)
    ig.save(tmp_path / "model.safetensors", MODEL, net.state_dict())
    model, weights = ig.load(tmp_path / "model.safetensors")
    assert model == MODEL
    assert np.array_equal(ig.build(model, weights).forward(X), net.forward(X))
    loss = soft_error(reduction="sum")
    assert type(loss).from_json(loss.to_json()) == loss
    assert '"custom_layer": "soft_gate"' in MODEL.to_json()
    unknown = MODEL.to_json().replace('"soft_gate"', '"swoosh"')
    assert raised(lambda: ig.Sequential.from_json(unknown)).splitlines()[0::3] == [
        'SpecError: layer 1 of a Sequential: "custom_layer": "swoosh"',
        "  fix    run its @ig.custom function before reading: a file holds the name alone, never code",
    ]


def test_a_cell_run_again_replaces_its_function() -> None:
    def cell(factor: float) -> Any:
        @ig.custom
        def scaled(ops, x):  # type: ignore[no-untyped-def]
            return x * factor

        return scaled

    first = ig.Sequential([cell(2.0)()], input_shape=(1,))
    again = ig.Sequential([cell(3.0)()], input_shape=(1,))
    read = ig.Sequential.from_json(first.to_json())
    assert [float(ig.build(m).forward(np.ones((1, 1)))[0, 0]) for m in (first, again, read)] == [2.0, 3.0, 3.0]


def test_a_wrong_derivative_of_the_record_is_blamed_on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    forward, _ = RULES["sigmoid"]
    monkeypatch.setitem(RULES, "sigmoid", Rule(forward, lambda k: lambda dy, y, x: dy * y))
    culprit = ig.check_parity(ig.Sequential([soft_gate()], input_shape=(3,)), X[:, :3]).culprit
    assert culprit is not None
    assert (culprit.what, culprit.guilty) == ("dx", "numpy")
    assert "look at `soft_gate` in test_custom.py, line" in culprit.text
    assert culprit.text.endswith("differentiated by backends/numpy_impl/autodiff.py")


def test_a_wrong_function_of_a_namespace_is_blamed_on_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorFunctions, "sigmoid", lambda self, x: torch.sigmoid(-x))
    report = ig.check_parity(ig.Sequential([soft_gate()], input_shape=(3,)), X[:, :3])
    assert report.culprit is not None
    assert (report.culprit.what, report.culprit.guilty) == ("output", "torch")
    monkeypatch.setattr(TensorFunctions, "abs", lambda self, x: torch.square(x))
    model = ig.Sequential([ig.Linear(3)], input_shape=(5,))
    assert not ig.check_parity(model, X, Y, loss=soft_error()).passed


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_computes_the_same() -> None:
    plain, compiled = (ig.build(MODEL, backend="torch", compile=on) for on in (False, True))
    assert not difference(compiled.forward(X), plain.forward(X)).exceeds(TOLERANCE["node", "float32"])


def layer(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    """Decorates the function and builds a model with it behind Linear(4)."""
    return lambda: ig.Sequential([ig.Linear(4), ig.custom(**options)(function)()], input_shape=(3,))


def wide(ops, x):  # type: ignore[no-untyped-def]
    return x @ ops.constant(np.ones((3, 2)), x)


def ReLU(ops, x):  # type: ignore[no-untyped-def]
    return x


def untyped(ops, x, *, beta=1.0):  # type: ignore[no-untyped-def]
    return x


def array_option(ops, x, *, table: np.ndarray):  # type: ignore[no-untyped-def]
    return x


def named(ops, x, *, name: str = "a"):  # type: ignore[no-untyped-def]
    return x


def weightless(ops, x, w):  # type: ignore[no-untyped-def]
    return x


def mixing(ops, x):  # type: ignore[no-untyped-def]
    return ops.mean(x, axis=0)


def masked(ops, x):  # type: ignore[no-untyped-def]
    return x > 0


def numpyish(ops, x):  # type: ignore[no-untyped-def]
    return np.exp(x)


def widened(ops, x):  # type: ignore[no-untyped-def]
    return x * np.ones(4)


def gram(ops, x):  # type: ignore[no-untyped-def]
    return x @ ops.swapaxes(x, 0, 1)


def positional(ops, x, beta=1.0):  # type: ignore[no-untyped-def]
    return x


def wrong_default(ops, x, *, beta: float = "a"):  # type: ignore[no-untyped-def,assignment]
    return x


def complex_default(ops, x, *, beta: complex = 1j):  # type: ignore[no-untyped-def]
    return x


def everything(ops, x, **options):  # type: ignore[no-untyped-def]
    return x


def elementwise(ops, prediction, target):  # type: ignore[no-untyped-def]
    return prediction - target


def run(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    return lambda: ig.build(layer(function, **options)()).forward(X[:, :3])


MESSAGES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "a built-in name": (layer(ReLU), ["ig.custom: ReLU", "a name of its own", "the name of a built-in layer"]),
    "an option without a type": (layer(untyped), ["a type for every option", "beta without one", "beta: float = …"]),
    "a type that JSON lacks": (layer(array_option), ["options of types that are kept in JSON", "float, int, bool"]),
    "an option of a name in use": (layer(named), ["options of other names", "name="]),
    "w without weights": (layer(weightless), ["a parameter w and weights=, or neither", "w without weights="]),
    "weights without w": (layer(wide, weights=lambda x: {}), ["a parameter w and weights=, or neither"]),
    "options of any name": (layer(everything), ["a signature (ops, x, …", "(ops, x, **options)"]),
    "an option before the star": (layer(positional), ["a signature (ops, x, …", "name every option after a *"]),
    "a default of another type": (layer(wrong_default), ["wrong_default(beta='a')", "beta: a valid number"]),
    "a default that JSON lacks": (layer(complex_default), ["options of types that are kept in JSON", "complex is not"]),
    "an unknown kind": (layer(wide, kind="cell"), ["kind= among layer, loss, class loss", "'cell'"]),
    "a loss of one argument": (layer(wide, kind="loss"), ["a signature (ops, prediction, target"]),
    "a function that fails": (
        layer(wide),
        [
            "ShapeError: layer 2 of 2, wide()",
            "a function that takes (N, 4)",
            "ValueError in line",
            "path   (N, 3) → Linear(4) → (N, 4)",
            "mend `wide` in test_custom.py, line",
        ],
    ),
    "a batch that is mixed up": (
        layer(mixing),
        ["layer 2 of 2, mixing()", "outputs (N, …): a row for each of the 2 samples given", "(4,)", "never mixed"],
    ),
    "a shape that depends on the batch": (layer(gram), ["does not depend on the batch size", "((2,),) and ((3,),)"]),
    "no floats": (layer(masked), ["an array of floats", "bool"]),
    "NumPy's own functions": (run(numpyish), ["operators and functions of ops", "in line", "ops.exp(x) in place of"]),
    "a wider dtype": (run(widened), ["float32[8, 4]", "float64[8, 4]", "ops.constant(values, x)"]),
    "weights that fail": (
        layer(weightless, weights=lambda x: {"w": (x[3],)}),
        ["weights= that takes the inputs' shapes", "IndexError: tuple index out of range", "mend weights= of"],
    ),
    "a weight of no size": (
        layer(weightless, weights=lambda x: {"w": (0,)}),
        ["plain names and positive sizes from weights=", "'w': (0,)"],
    ),
    "a loss that is no number": (
        lambda: ig.custom(kind="loss")(elementwise)().check((3,), Y),
        ["elementwise()", "one number in the prediction's dtype", "float64[2, 3]", "return ops.mean(…)"],
    ),
    "targets of another shape": (lambda: soft_error().check((4,), Y), ["soft_error()", "targets (N, 4)"]),
    "labels out of range": (lambda: likelihood().check((2,), LABELS), ["class indices 0…1", "int64, 0…2"]),
    "labels of another shape": (lambda: likelihood().check((3,), Y), ["class indices (N,)"]),
    "a bad option": (lambda: soft_gate(beta="a"), ["soft_gate(beta='a')", "beta: a valid number"]),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_mistake_is_told(case: str) -> None:
    action, parts = MESSAGES[case]
    text = raised(action)
    assert {"wanted", "got", "fix"} <= set(text.split())
    assert [part for part in parts if part not in text] == [], text


def test_a_weight_that_torch_cannot_hold_is_told() -> None:
    @ig.custom(weights=lambda x: {"training": x})
    def odd(ops, x, w):  # type: ignore[no-untyped-def]
        return x * w["training"]

    model = ig.Sequential([odd()], input_shape=(2,))
    assert "a name that torch.nn.Module leaves free" in raised(lambda: ig.build(model, backend="torch"))
