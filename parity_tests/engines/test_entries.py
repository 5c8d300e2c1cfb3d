"""Weights and buffers as entries of a graph, the batch anywhere, and outputs that training alone has."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.errors import DataError, ShapeError, SpecError, WeightsError
from isograd.core.base.forms import Form, Rows
from isograd.core.parity.matching import TOLERANCE, difference

BACKENDS = ("numpy", "torch")
WORDS = np.arange(20).reshape(4, 5) % 12


def tied() -> ig.Model:
    """One table embeds and classifies; a token of the graph's own stands before every sentence."""
    table = ig.Parameter((12, 8), name="wte.weight")
    token = ig.Parameter((1, 1, 8), name="cls")
    words = ig.Input((5,), name="words")
    h = ig.Embedding(12, 8, name="embedding").with_weights(weight=table)(words)
    h = ig.Concat(dim=1, name="joined")(ig.Expand(("N", 1, 8), name="start")(token, h), h)
    return ig.Model(inputs=words, outputs=ig.Linear(12, bias=False, name="head").with_weights(weight=table)(h))


def computed() -> ig.Model:
    """A convolution whose weight is another parameter, scaled row by row: weight normalisation."""
    v, g = ig.Parameter((4, 3, 3, 3), name="conv.v"), ig.Parameter((4, 1, 1, 1), name="conv.g", init=ig.init.Ones())
    size = ig.Reduce("norm", dims=(1, 2, 3), keepdim=True, name="conv.size")(v)
    weight = ig.Multiply(name="conv.scaled")(g, ig.Binary("div", name="conv.unit")(v, size))
    image = ig.Input((3, 6, 6), name="image")
    return ig.Model(inputs=image, outputs=ig.Conv2d(4, 3, bias=False, name="conv").with_weights(weight=weight)(image))


def inside() -> ig.Model:
    """A weight of a part of a layer, and one of a model inside: what stands beside them is the layer's own."""
    shared = ig.Parameter((8, 8), name="shared")
    x = ig.Input((3, 8), name="x")
    h = ig.MultiheadAttention(2, name="attention").with_weights({"out_proj.weight": shared})(x)
    after = ig.Sequential([ig.Linear(8), ig.Tanh()], input_shape=(3, 8), name="after")
    return ig.Model(inputs=x, outputs=after.with_weights({"0.weight": shared})(h))


def masked() -> ig.Model:
    """Whole numbers and booleans of the graph's own: a buffer that says what is kept."""
    kept = ig.Buffer((3,), name="kept", kind="boolean")
    x = ig.Input((3,), name="x")
    return ig.Model(inputs=x, outputs=ig.Where(name="chosen")(kept, x, ig.Number("mul", 0.5, name="halved")(x)))


def heads() -> ig.Model:
    """Two outputs in training, of which evaluation has the second."""
    x = ig.Input((6,), name="x")
    h = ig.Tanh(name="act")(ig.Linear(5, name="body")(x))
    aside, last = ig.Linear(3, name="aside")(h), ig.Linear(2, name="last")(h)
    return ig.Model(inputs=x, outputs=[aside, last], evaluation=[1])


MODELS = {
    "tied": (tied, (WORDS,), np.arange(24).reshape(4, 6) % 12, ig.CrossEntropyLoss(dim=-1)),
    "computed": (computed, (np.random.default_rng(0).normal(size=(4, 3, 6, 6)),), None, None),
    "inside": (inside, (np.random.default_rng(0).normal(size=(4, 3, 8)),), None, None),
    "masked": (masked, (np.random.default_rng(0).normal(size=(4, 3)),), None, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_both_engines_agree_on_graphs_with_entries(name: str) -> None:
    make, inputs, targets, loss = MODELS[name]
    model = make()
    options = {} if loss is None else {"loss": loss, "optimizer": ig.Adam(0.01), "steps": 3}
    report = ig.check_parity(model, inputs, targets, **options)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_entries_are_the_slopes_of_the_forward(name: str) -> None:
    make, inputs, _, _ = MODELS[name]
    report = ig.check_gradients(make(), inputs)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", [*MODELS, "heads"])
def test_graphs_with_entries_go_through_json_and_files(name: str, tmp_path: Path) -> None:
    model = heads() if name == "heads" else MODELS[name][0]()
    again = ig.Model.from_json(model.to_json())
    assert again == model
    assert again.to_json() == model.to_json()
    net = ig.build(model, seed=3)
    ig.save(tmp_path / "model", model, net.state_dict())
    loaded, weights = ig.load(tmp_path / "model")
    assert loaded == model
    assert {path: v.shape for path, v in weights.items()} == {path: v.shape for path, v in net.state_dict().items()}


def test_a_table_that_two_layers_read_has_one_name_and_the_sum_of_their_gradients() -> None:
    model = tied()
    assert list(model.weights((5,))) == ["cls", "wte.weight"] or set(model.weights((5,))) == {"cls", "wte.weight"}
    for backend in BACKENDS:
        net = ig.build(model, backend=backend, seed=0, dtype="float64")
        y = net.forward(WORDS)
        _, dw = net.backward(np.ones_like(y))
        state = net.state_dict()
        h = np.concatenate([np.broadcast_to(state["cls"], (4, 1, 8)), state["wte.weight"][WORDS]], axis=1)
        expected = np.broadcast_to(h.sum((0, 1)), (12, 8)).copy()
        np.add.at(expected, WORDS.ravel(), state["wte.weight"].sum(0))
        limit = TOLERANCE["node", "float64"]
        assert not difference(dw["wte.weight"], expected).exceeds(limit)
        assert not difference(dw["cls"], 4 * state["wte.weight"].sum(0).reshape(1, 1, 8)).exceeds(limit)


def test_a_parameter_stands_under_its_path_in_torchs_module() -> None:
    net = ig.build(computed(), backend="torch", seed=0)
    assert {path for path, _ in net.module.named_parameters()} == {"conv.v", "conv.g"} | {
        path for path, _ in net.module.named_parameters() if path == "conv.weight"
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_evaluation_gives_the_outputs_that_it_has_and_runs_no_other(backend: str) -> None:
    model = heads()
    net = ig.build(model, backend=backend, seed=0, dtype="float64")
    x = np.random.default_rng(1).normal(size=(4, 6))
    aside, last = net.forward(x, training=True)
    alone = net.forward(x, training=False)
    assert np.array_equal(alone, last)
    assert aside.shape == (4, 3)
    assert list(net.activations(x)) == ["body", "act", "last"]
    assert np.array_equal(net.predict(x), last)
    _, dw = net.backward(np.ones_like(alone))
    assert not dw["aside.weight"].any()
    assert dw["last.weight"].any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_trainer_evaluates_what_evaluation_has(backend: str) -> None:
    rng = np.random.default_rng(2)
    x, a, b = rng.normal(size=(12, 6)), rng.integers(0, 3, 12), rng.integers(0, 2, 12)
    net = ig.build(heads(), backend=backend, seed=0, dtype="float64")
    losses = [ig.CrossEntropyLoss(), ig.CrossEntropyLoss()]
    trainer = ig.Trainer(net, loss=losses, optimizer=ig.SGD(0.1), metrics=[ig.Accuracy()])
    trainer.fit((x, (a, b)), validation=(x, (a, b)), epochs=2, batch_size=5)
    told = trainer.evaluate((x, (a, b)))
    predicted = net.predict(x)
    assert told["accuracy"] == np.mean(predicted.argmax(1) == b)


def test_both_engines_agree_where_evaluation_has_fewer_outputs() -> None:
    rng = np.random.default_rng(3)
    x, a, b = rng.normal(size=(6, 6)), rng.integers(0, 3, 6), rng.integers(0, 2, 6)
    losses = [ig.CrossEntropyLoss(), ig.CrossEntropyLoss()]
    report = ig.check_parity(heads(), x, (a, b), loss=losses, optimizer=ig.SGD(0.1), steps=3)
    assert report.passed, str(report)


def test_kept_inputs_and_weights_belong_to_a_model_that_does_not_use_them() -> None:
    x, unused = ig.Input((3,), name="x"), ig.Input((2,), name="unused")
    spare = ig.Parameter((2, 2), name="spare")
    model = ig.Model(inputs=[x, unused], outputs=ig.Tanh()(x), kept=[unused, spare])
    assert ig.Model.from_json(model.to_json()) == model
    for backend in BACKENDS:
        net = ig.build(model, backend=backend)
        y = net.forward(np.ones((2, 3)), np.ones((2, 2)))
        (_, nothing), dw = net.backward(np.ones_like(y))
        assert not nothing.any()
        assert not dw["spare"].any()


def test_what_is_no_weight_of_the_layer_is_refused() -> None:
    x, table = ig.Input((3,)), ig.Parameter((4, 3), name="table")
    with pytest.raises(ShapeError) as caught:
        ig.Linear(5).with_weights(weight=table)(x)
    assert str(caught.value).splitlines() == [
        "Linear(5)",
        "  wanted weight of shape (5, 3)",
        "  got    (4, 3)",
        "  path   (N, 3)",
        "  fix    ig.Parameter of that shape, or what makes one",
    ]
    with pytest.raises(ShapeError, match="names among weight, bias"):
        ig.Linear(4).with_weights(table=table)(x)


def test_two_entries_of_one_name_are_refused() -> None:
    x = ig.Input((3,))
    a, b = ig.Parameter((3,), name="a.w"), ig.Parameter((3,), name="a.w")
    with pytest.raises(SpecError, match=r"'a\.w' twice"):
        ig.Model(inputs=x, outputs=ig.Add()(ig.Add()(x, a), b))


@pytest.mark.parametrize("chosen", [[], [2], [0, 0], "ab", [True]])
def test_outputs_of_evaluation_that_there_are_not_are_refused(chosen: object) -> None:
    x = ig.Input((3,))
    with pytest.raises(SpecError, match="positions among the 2 outputs, each once"):
        ig.Model(inputs=x, outputs=[ig.Tanh()(x), ig.ReLU()(x)], evaluation=chosen)  # type: ignore[arg-type]


def test_a_state_must_have_the_entries() -> None:
    net = ig.build(tied())
    state = net.state_dict()
    del state["cls"]
    with pytest.raises(WeightsError, match="missing cls"):
        net.load_state_dict(state)


def test_a_damaged_record_of_entries_is_refused() -> None:
    record = json.loads(tied().to_json())
    record["entries"]["cls"]["shape"] = ["N", 2]
    with pytest.raises(SpecError, match="a shape without the batch's rows"):
        ig.Model.from_json(json.dumps(record))


def test_numbers_that_the_graph_computes_and_no_row_has_are_refused() -> None:
    words = ig.Input((3,), name="words", kind="integer")
    before = ig.Number("sub", 1, name="before")(words)
    net = ig.build(ig.Model(inputs=words, outputs=ig.Embedding(5, 2)(before)))
    net.forward(np.array([[1, 2, 5]]))
    for wrong in (0, 6):
        with pytest.raises(DataError, match=r"whole numbers 0…4"):
            net.forward(np.array([[1, 2, wrong]]))


def test_a_model_whose_evaluation_has_fewer_outputs_is_no_part_of_another() -> None:
    with pytest.raises(ShapeError) as caught:
        heads()(ig.Input((6,)))
    assert caught.value.wanted == "a model that gives the same outputs in training and in evaluation"
    assert caught.value.got == "one whose evaluation gives 1 of 2"


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_no_mask_is_no_boolean_input(backend: str) -> None:
    mask = ig.Input((3,), name="mask", kind="boolean")
    chosen = ig.Where(name="chosen")(mask, ig.Parameter((3,), name="a"), ig.Parameter((3,), name="b"))
    net = ig.build(ig.Model(inputs=mask, outputs=chosen), backend=backend)
    trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1))
    kept = np.array([[True, False, True]])
    before = net.forward(kept)
    trainer.step(kept, np.zeros((1, 3)))
    after = net.forward(kept)
    assert not np.array_equal(before, after)
    for ask in (net.forward, net.predict, lambda x: trainer.step(x, np.zeros((1, 3)))):
        with pytest.raises(DataError, match="booleans"):
            ask(np.array([[0.5, 0.0, 1.0]]))
    assert np.array_equal(net.forward(kept), after)


def test_a_module_of_any_name_that_torch_leaves_free_is_built() -> None:
    x = ig.Input((3,))
    net = ig.build(ig.Model(inputs=x, outputs=ig.Linear(2, name="nodes")(x)), backend="torch")
    assert list(net.state_dict()) == ["nodes.weight", "nodes.bias"]


def test_an_input_that_is_no_batch_of_samples_comes_back_from_json_as_it_is() -> None:
    x = ig.Input((4,), name="x")
    table, tokens = ig.Input.of(Form((3, 4)), name="table"), ig.Input.of(Form((Rows(2), 4)), name="tokens")
    hidden, turned = ig.Input.of(Form((4,), "boolean"), name="hidden"), ig.Input.of(Form((3, Rows())), name="turned")
    y = ig.MaskedFill(0.0)(ig.Add()(x, ig.Reduce("sum", dims=(0,))(table)), hidden)
    model = ig.Model(inputs=(x, table, tokens, hidden, turned), outputs=y, kept=[tokens, turned])
    back = ig.Model.from_json(model.to_json())
    assert back.input_forms == model.input_forms
    assert back.to_json() == model.to_json()
    given = [np.ones((2, 4)), np.ones((3, 4)), np.ones((4, 4)), np.array([True, False, True, False]), np.ones((3, 2))]
    assert np.array_equal(ig.build(back).forward(*given), ig.build(model).forward(*given))
