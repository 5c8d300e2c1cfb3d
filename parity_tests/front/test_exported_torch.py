"""Graphs of every build as plain nn.Modules: their numbers, the names of their state, and how they read."""

from __future__ import annotations

import numpy as np
import pytest
from exported_torch import check_drawn, source_of

import isograd as ig

RNG = np.random.default_rng(0)
FLAT, SEQUENCE = RNG.normal(size=(5, 4)), RNG.normal(size=(2, 5, 4))
CNN = '''from torch import Tensor, nn


class Exported(nn.Sequential):
    """(N, 1, 28, 28) → (N, 10)"""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, kernel_size=5, padding=2),  # (N, 16, 28, 28)
            nn.Tanh(),
            nn.Flatten(),  # (N, 12544)
            nn.Dropout(0.2),
            nn.Linear(12544, 10),  # (N, 10)
        )'''
CHARACTERS = '''class TransformerDecoderBlock(nn.Module):
    """2 and 3 more: (N, 25, 32) → (N, 25, 32)"""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(32)
        self.self_attn = nn.MultiheadAttention(32, 4, dropout=0.1, batch_first=True)
        self.dropout1 = nn.Dropout(0.1)
        self.norm2 = nn.LayerNorm(32)
        self.linear1 = nn.Linear(32, 128)
        self.activation = nn.GELU()
        self.dropout = nn.Dropout(0.1)
        self.linear2 = nn.Linear(128, 32)
        self.dropout2 = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(x)  # (N, 25, 32)
        h, _ = self.self_attn(h, h, h, attn_mask=causal_mask(h), is_causal=True, need_weights=False)
        h = self.dropout1(h)
        x = x + h
        h = self.norm2(x)
        h = self.linear1(h)  # (N, 25, 128)
        h = self.activation(h)
        h = self.dropout(h)
        h = self.linear2(h)  # (N, 25, 32)
        h = self.dropout2(h)
        return x + h


class Exported(nn.ModuleDict):
    """(N, 25) → (N, 25, 65)"""

    def __init__(self) -> None:
        super().__init__()
        self["0"] = nn.Embedding(65, 32)
        for name in ("2", "3", "4", "5"):
            self[name] = TransformerDecoderBlock()
        self["6"] = nn.Linear(32, 65)

    def forward(self, x: Tensor) -> Tensor:
        x = self["0"](x)  # (N, 25, 32)
        x = x + sinusoids(25, 32).to(x)
        for name in ("2", "3", "4", "5"):
            x = self[name](x)
        return self["6"](x)  # (N, 25, 65)'''


def test_a_convolutional_network_reads_as_a_person_writes_it() -> None:
    layers = [ig.Conv2d(16, 5, padding=2), ig.Tanh(), ig.Flatten(), ig.Dropout(0.2), ig.Linear(10)]
    assert source_of(ig.Sequential(layers, input_shape=(1, 28, 28))) == CNN


def test_a_transformer_has_one_class_for_blocks_that_are_alike() -> None:
    layers = [ig.Embedding(65, 32), ig.PositionalEncoding(), *(ig.TransformerDecoderBlock(4) for _ in range(4))]
    model = ig.Sequential([*layers, ig.Linear(65)], input_shape=(25,))
    assert source_of(model).endswith(CHARACTERS)


def linear(name: str) -> ig.Linear:
    return ig.Linear(4, name=name)


@pytest.mark.parametrize(
    "names",
    [
        ["keys", "2x", "a.ü.0.b", "__dunder", "my layer", 'a "quoted" one', "lambda"],
        ["h.1", "torch", "h.inner", "x", "h", "nn", "self", "_like_"],
        ["b.0", "b.1", "c.0.a", "c.0.b", "c.1.a", "c.1.b", "c.2.a", "c.2.b"],
        ["0", "1", "2"],
        ["Model.a", "Model.b", "Tensor.a", "Tensor.b", "F.a", "F.b"],
    ],
)
@pytest.mark.parametrize("given", ["class", "x", "block", "torch", "self", "first"])
def test_any_name_that_isograd_takes_is_a_name_of_the_state(names: list[str], given: str) -> None:
    x, y = ig.Input((4,), name=f"{given}_") if given in names else ig.Input((4,), name=given), ig.Input((4,), name="F")
    h = ig.Linear(4, name="last")(ig.TopK(8, dim=1)(ig.Concat(dim=1)(x, ig.Hardsigmoid()(y)))[0])
    for name in names:
        h = linear(name)(h)
    check_drawn(ig.Model(inputs=[x, y], outputs=h), FLAT, FLAT)


def test_nodes_under_one_path_that_do_not_follow_each_other_are_no_class() -> None:
    x = ig.Input((4,))
    h = linear("b.1")(linear("c")(linear("b.0.a")(linear("b.0.b")(x))))
    check_drawn(ig.Model(inputs=x, outputs=linear("d.a")(h) + linear("d.b")(h)), FLAT)


def test_what_training_alone_computes_stands_below_an_if() -> None:
    x = ig.Input((4,))
    first, h = linear("first")(x), ig.Tanh()(linear("stem")(x))
    aux = linear("aux.b")(linear("aux.a")(h))
    model = ig.Model(inputs=x, outputs=[first, linear("head")(h), aux], evaluation=[1])
    check_drawn(model, FLAT)
    assert "        if self.training:\n            y = self.aux(x)" in source_of(model)


def test_a_path_of_which_evaluation_runs_a_part_is_no_class() -> None:
    x = ig.Input((4,))
    outputs = [linear(f"both.{name}")(x) for name in ("first", "second", "third")]
    check_drawn(ig.Model(inputs=x, outputs=outputs, evaluation=[1]), FLAT)


def test_an_output_may_be_an_input_and_come_twice() -> None:
    x = ig.Input((4,))
    y = linear("y")(x)
    check_drawn(ig.Model(inputs=x, outputs=[x, y, x, y]), FLAT)


def test_a_value_that_is_read_again_keeps_its_name() -> None:
    x = ig.Input((4,))
    a = linear("a")(x)
    b, c = ig.Tanh()(a), ig.ReLU()(a)
    d = ig.Multiply()(b, c, a, x)
    check_drawn(ig.Model(inputs=x, outputs=ig.Concat(dim=1)(d, a, b, d, c, x)), FLAT)


def test_weights_and_buffers_of_the_graph_stand_where_their_names_say() -> None:
    table, token = ig.Parameter((4, 4), name="enc.table"), ig.Parameter((4,), name="deep.0.token")
    mask, count = ig.Buffer((4,), name="deep.mask", kind="boolean"), ig.Buffer((4,), name="count", kind="integer")
    unused = ig.Parameter((2,), name="unused.one two")
    x = ig.Input((4,))
    h = linear("enc.b")(linear("enc.a")(ig.MatMul(name="enc.m")(x, table)))
    y = ig.Where()(mask, linear("dec.b")(ig.MatMul(name="dec.a")(h, table)), h + token)
    out = linear("deep.lin").with_weights(weight=table)(y)
    check_drawn(ig.Model(inputs=x, outputs=[out, count], kept=[unused]), FLAT)


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (ig.Linear(4, bias=False), (4,)),
        (ig.Conv1d(4, 3, padding=1, stride=2), (5, 4)),
        (ig.Conv1d(4, 3, padding=(2, 0)), (5, 4)),
        (ig.Conv1d(5, 3, padding=1, padding_mode="circular", groups=5), (5, 4)),
        (ig.LayerNorm(), (5, 4)),
        (ig.LSTM(3, num_layers=2, bidirectional=True), (5, 4)),
        (ig.GRU(3, reset="before"), (5, 4)),
        (ig.MultiheadAttention(2), (5, 4)),
        (ig.PositionalEncoding(learned=True), (5, 4)),
        (ig.PReLU(), (5, 4)),
    ],
)
def test_a_layer_may_be_given_all_its_weights(layer: ig.Layer, shape: tuple[int, ...], computed: bool) -> None:
    weights = {name: ig.Parameter(w.shape, name=f"w.{name}") for name, w in layer.weights(*[shape]).items()}
    given = {name: ig.Number("mul", 2.0)(w) for name, w in weights.items()} if computed else weights
    x = ig.Input(shape)
    y = layer.with_weights(given)(x)
    check_drawn(ig.Model(inputs=x, outputs=y[0] if isinstance(y, tuple) else y), RNG.normal(size=(3, *shape)))


@pytest.mark.parametrize("name", ["weight", "bias"])
@pytest.mark.parametrize("layer", [ig.Linear(4, name="own"), ig.GroupNorm(2, name="own")])
def test_a_layer_may_be_given_some_of_its_weights(layer: ig.Layer, name: str) -> None:
    x = ig.Input((4,))
    value = ig.Parameter(layer.weights((4,))[name].shape, name="value")
    check_drawn(ig.Model(inputs=x, outputs=layer.with_weights({name: value})(x)), FLAT)


def test_a_layer_whose_weights_stand_under_a_modules_name_is_that_module() -> None:
    words, table = ig.Input((3,)), ig.Parameter((5, 4), name="wte.weight")
    h = ig.Embedding(5, 4, name="wte.embedding").with_weights(weight=table)(words)
    y = ig.Linear(5, bias=False, name="head.linear").with_weights(weight=table)(linear("body")(h))
    model = ig.Model(inputs=words, outputs=y, tied={"head.weight": "wte.weight"})
    check_drawn(model, RNG.integers(0, 5, (2, 3)))
    text = source_of(model)
    for line in (
        "self.wte = nn.Embedding(5, 4)",
        "self.head = nn.Linear(4, 5, bias=False)",
        "self.head.weight = self.wte.weight",
        "return self.head(x)",
    ):
        assert line in text


def test_two_layers_with_one_weight_are_functions_of_it() -> None:
    words, table = ig.Input((3,)), ig.Parameter((5, 4), name="wte.weight")
    h = ig.Embedding(5, 4, name="wte.embedding").with_weights(weight=table)(words)
    y = ig.Linear(5, bias=False, name="wte.linear").with_weights(weight=table)(h)
    model = ig.Model(inputs=words, outputs=y)
    check_drawn(model, RNG.integers(0, 5, (2, 3)))
    assert "F.embedding(x, self.weight)" in source_of(model)


def test_what_is_not_trained_is_a_parameter_without_a_gradient() -> None:
    held = {
        "weight": ig.Buffer((4, 4), name="frozen.weight"),
        "bias": ig.Buffer((4,), name="frozen.bias"),
    }
    x = ig.Input((4,))
    model = ig.Model(inputs=x, outputs=linear("frozen.linear").with_weights(held)(linear("free")(x)))
    module = check_drawn(model, FLAT)
    assert [name for name, p in module.named_parameters() if not p.requires_grad] == ["frozen.weight", "frozen.bias"]


def test_second_names_are_names_of_the_same_tensor() -> None:
    x = ig.Input((4,))
    tied = {"b.weight": "a.weight", "bn.other": "bn.running_mean", "q.0.z": "a.bias", "top two": "a.bias"}
    module = check_drawn(ig.Model(inputs=x, outputs=ig.BatchNorm1d(name="bn")(linear("a")(x)), tied=tied), FLAT)
    state = module.state_dict(keep_vars=True)
    assert all(state[name] is state[path] for name, path in tied.items() if path != "bn.running_mean")


def test_models_within_models_and_models_called_twice() -> None:
    inner = ig.Sequential([ig.Linear(4), ig.Residual([ig.Linear(4), ig.ReLU()])])
    named = ig.Sequential([ig.Linear(4, name="a"), ig.Sigmoid(), ig.Reshape((4,)), ig.Linear(4, name="b")])
    outer = ig.Residual([ig.Linear(4), ig.Dropout(0.3)], shortcut=ig.Linear(4))
    check_drawn(ig.Sequential([inner, outer, named, inner, named], input_shape=(4,)), FLAT)


def test_a_model_called_on_values_of_two_shapes_is_one_module() -> None:
    block = ig.Sequential([ig.Conv2d(2, 3, padding=1), ig.GlobalAvgPool(), ig.Reshape((2, 1, 1))], name="block")
    x = ig.Input((2, 8, 8))
    check_drawn(ig.Model(inputs=x, outputs=block(block(x))), RNG.normal(size=(2, 2, 8, 8)))


def test_a_layer_without_weights_may_be_another_module_for_another_shape() -> None:
    up, x = ig.Upsample(scale_factor=(2, 1), mode="bilinear", antialias=True), ig.Input((2, 3, 1))
    flat = ig.Flatten()
    y = flat(up(up(x)))
    check_drawn(ig.Model(inputs=x, outputs=[y, flat(ig.Reduce("sum", dims=(1,))(y))]), RNG.normal(size=(2, 2, 3, 1)))
