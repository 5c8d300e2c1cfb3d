"""What attention and its blocks promise beyond their cases: torch's own layers, masks that hide, other sizes, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from graph_helpers import BOTH
from torch import nn

import isograd as ig
from isograd.core.base.types import Shape
from isograd.core.layers.base import Layer
from isograd.core.parity.cases import Case
from isograd.core.parity.matching import LAW_ALLOWED, TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial, distribution_gap
from isograd.fuzzing.families import attention, several

LENGTHS = np.array([5, 1, 3])
X = np.random.default_rng(0).normal(size=(3, 5, 8))
DY = np.random.default_rng(1).uniform(0.5, 1.5, size=X.shape)


def assert_near(a: Any, b: Any, stage: tuple[str, str] = ("node", "float64")) -> None:
    """Equal within what the one table allows a node."""
    found = difference(np.asarray(a), np.asarray(b))
    assert not found.exceeds(TOLERANCE[stage]), found


def model_of(layer: Layer, *shapes: Shape) -> ig.Model:
    ends = [ig.Input(shape) for shape in shapes]
    return ig.Model(inputs=ends, outputs=layer(*ends))


def masks(causal: bool, lengths: bool) -> dict[str, torch.Tensor]:
    """What torch's encoder layer is given for X."""
    above = torch.ones(5, 5, dtype=torch.bool).triu(1)
    after = torch.arange(5) >= torch.from_numpy(LENGTHS)[:, None]
    return ({"src_mask": above} if causal else {}) | ({"src_key_padding_mask": after} if lengths else {})


@BOTH
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_torchs_own_encoder_layer_with_the_same_weights_computes_the_same(
    activation: Any, norm_first: bool, bias: bool, causal: bool, lengths: bool, backend: str
) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"activation": activation, "norm_first": norm_first, "bias": bias, "layer_norm_eps": 1e-3}
    theirs = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True, dtype=torch.float64, **options)
    for values in theirs.parameters():
        nn.init.normal_(values)
    ours = ig.TransformerEncoderLayer(2, dim_feedforward=12, dropout=0.0, causal=causal, name="block", **options)
    assert_same_block(ours, theirs, backend, causal=causal, lengths=lengths)


@BOTH
@pytest.mark.parametrize("lengths", [False, True])
def test_the_decoder_block_is_torchs_encoder_layer_as_gpt_uses_it(lengths: bool, backend: str) -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(8, 4, 32, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float64)
    ours = ig.TransformerDecoderBlock(4, dropout=0.0, name="block")
    assert_same_block(ours, theirs, backend, causal=True, lengths=lengths)


def assert_same_block(ours: Layer, theirs: nn.Module, backend: str, *, causal: bool, lengths: bool) -> None:
    """Outputs in both modes, dx and every weight's gradient; state_dict of one loaded as it is into the other."""
    weights = {f"block.{name}": values.detach().numpy() for name, values in theirs.state_dict().items()}
    inputs = (X, LENGTHS) if lengths else (X,)
    net = ig.build(model_of(ours, *(v.shape[1:] for v in inputs)), weights, backend=backend, dtype="float64")
    x = torch.from_numpy(X.copy()).requires_grad_()
    y = theirs(x, **masks(causal, lengths))
    y.backward(torch.from_numpy(DY))
    assert_near(net.forward(*inputs, training=True), y.detach().numpy())
    dx, grads = net.backward(DY)
    assert_near(dx[0] if lengths else dx, x.grad)
    assert set(grads) == {f"block.{name}" for name, _ in theirs.named_parameters()}
    for name, values in theirs.named_parameters():
        assert_near(grads[f"block.{name}"], values.grad)
    with torch.no_grad():  # evaluation without gradients: torch's fused forms
        assert_near(net.predict(*inputs), theirs.eval()(x, **masks(causal, lengths)).numpy())


@BOTH
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_padding_changes_neither_outputs_nor_gradients(dropout: float, backend: str) -> None:
    """Each sample of a padded batch is what it is alone, cut to its length."""
    layer = ig.TransformerEncoderLayer(2, dim_feedforward=6, dropout=dropout, name="block")
    net = ig.build(model_of(layer, (5, 8), ()), backend=backend, dtype="float64")
    real = np.arange(5) < LENGTHS[:, None]
    dy = np.where(real[:, :, None], DY, 0)
    y = net.forward(X, LENGTHS)
    (dx, no), grads = net.backward(dy)
    assert no is None
    assert not dx[~real].any()
    total = {path: np.zeros_like(values) for path, values in grads.items()}
    for n, length in enumerate(LENGTHS):
        alone = ig.build(model_of(layer, (int(length), 8)), net.state_dict(), backend=backend, dtype="float64")
        assert_near(y[n, :length], alone.forward(X[n : n + 1, :length])[0])
        single, parts = alone.backward(dy[n : n + 1, :length])
        assert_near(dx[n, :length], single[0])
        total = {path: total[path] + parts[path] for path in total}
    for path, values in grads.items():
        assert_near(values, total[path])


@BOTH
def test_a_causal_block_sees_nothing_of_what_comes_later(backend: str) -> None:
    blocks = [ig.TransformerDecoderBlock(2, dropout=0.0) for _ in range(2)]
    net = ig.build(ig.Sequential(blocks, input_shape=(5, 8)), backend=backend, dtype="float64")
    for t in range(5):
        net.forward(X)
        dx, _ = net.backward(DY * (np.arange(5) == t)[:, None])
        assert not dx[:, t + 1 :].any()
        assert dx[:, : t + 1].all()


@BOTH
def test_a_layer_called_on_two_lengths_has_masks_and_places_of_each(backend: str) -> None:
    a, b = ig.Input((5, 8)), ig.Input((3, 8))
    places, attention = ig.PositionalEncoding(), ig.MultiheadAttention(2, causal=True, name="attention")
    outputs = [attention(places(a)), attention(places(b))]
    net = ig.build(ig.Model(inputs=[a, b], outputs=outputs), backend=backend, dtype="float64")
    both = net.forward(X, X[:, :3])
    for x, y in zip((X, X[:, :3]), both, strict=True):
        alone = ig.Sequential([places, attention], input_shape=x.shape[1:])
        assert_near(y, ig.build(alone, net.state_dict(), dtype="float64").forward(x))
    assert_near(both[0][:, :3], both[1])


def test_encoded_places_are_those_of_the_paper() -> None:
    y = ig.build(ig.Sequential([ig.PositionalEncoding()], input_shape=(5, 8)), dtype="float64").forward(
        np.zeros_like(X)
    )
    assert_near(y[0, 3, 4], np.sin(3 / 100))
    assert_near(y[0, 2, 3], np.cos(2 / 10))


def test_ordinary_training_uses_pytorchs_own_attention_and_dropout() -> None:
    model = ig.Sequential([ig.MultiheadAttention(2, dropout=0.5)], input_shape=(5, 8))
    net = ig.build(model, backend="torch")
    first = net.forward(X, training=True)
    assert isinstance(net.module[0], nn.MultiheadAttention)
    net.at_step(1)
    assert not np.array_equal(net.forward(X, training=True), first)
    shared = ig.build(model, backend="torch", shared_randomness=True)
    assert np.array_equal(shared.forward(X, training=True), shared.forward(X, training=True))


@pytest.mark.parametrize("widths", [(256, 256, 256), (256, 300, 300)])
def test_initial_weights_follow_torchs_laws(widths: tuple[int, int, int]) -> None:
    query, key, value = widths
    same = query == key
    shapes = [(1, 256)] if same else [(1, width) for width in widths]
    state = ig.build(model_of(ig.MultiheadAttention(4, name="a"), *shapes), dtype="float64").state_dict()
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(query, 4, kdim=key, vdim=value, dtype=torch.float64).state_dict()
    assert list(state) == [f"a.{name}" for name in theirs]
    for name, values in theirs.items():
        if values.ndim == 1:
            assert np.array_equal(state[f"a.{name}"], values.numpy())
        else:
            assert distribution_gap(state[f"a.{name}"].ravel(), values.numpy().ravel()) < LAW_ALLOWED


def test_a_small_language_model_trains_alike_in_both_engines() -> None:
    words, lengths = ig.Input((6,)), ig.Input(())
    h = ig.PositionalEncoding(learned=True)(ig.Embedding(7, 8)(words))
    for _ in range(2):
        h = ig.TransformerDecoderBlock(2, dropout=0.2)(h, lengths=lengths)
    model = ig.Model(inputs=[words, lengths], outputs=ig.Linear(7)(ig.LayerNorm()(h)))
    assert ig.Model.from_json(model.to_json()) == model
    rng = np.random.default_rng(2)
    x, t = rng.integers(0, 7, (5, 6)), rng.integers(0, 7, (5, 6))
    loss, clip = ig.CrossEntropyLoss(dim=-1), ig.ClipNorm(1.0)
    report = ig.check_parity(
        model, (x, rng.integers(1, 7, 5)), t, loss=loss, optimizer=ig.AdamW(0.01), clip=clip, steps=5
    )
    assert report.passed, str(report)


def test_random_configurations_agree_with_torch(pair: Pair) -> None:
    for k, (layer, shapes, batch) in enumerate(several(attention, 400)):
        case = Case(layer, shapes, f"drawn, number {k}", batch, scale=0.3)  # no softmax so sharp that its slope cancels
        trial = case_trial(case, "float64", training=k % 3 > 0)
        _, culprit = compare_node(pair, trial)
        assert culprit is None, f"{culprit.text}\non {shapes}, batch of {batch}"


def test_the_sweep_holds_every_form() -> None:
    made = list(several(attention, 400))
    for kind in (ig.MultiheadAttention, ig.TransformerEncoderLayer):
        found = {(layer.causal, len(shapes), layer.dropout > 0) for layer, shapes, _ in made if isinstance(layer, kind)}
        counts = (1, 2, 3, 4) if kind is ig.MultiheadAttention else (1, 2)
        assert found == {(causal, n, drops) for causal in (True, False) for n in counts for drops in (True, False)}
