"""Torch's own transformers with the same weights, under the same masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from graph_helpers import BOTH
from torch import nn

import isograd as ig
from isograd.core.base.forms import Form, Rows
from isograd.core.layers.base import Layer
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(0)
SRC, TGT = RNG.normal(size=(3, 5, 8)), RNG.normal(size=(3, 4, 8))
SIZES = {"src": 5, "tgt": 4, "memory": 5}
LATER = np.triu(np.ones((4, 4), bool), 1)
CROSS = RNG.normal(size=(6, 4, 5))
SOME = RNG.normal(size=(5, 5))
PADDED = {name: np.arange(size) >= np.array([size, 2, 3])[:, None] for name, size in SIZES.items()}

GIVEN: dict[str, dict[str, Any]] = {  # by torch's names
    "nothing": {},
    "padding of memory alone": {"memory_key_padding_mask": PADDED["memory"]},
    "masks of every form": {
        "src_mask": SOME,
        "tgt_mask": LATER,
        "memory_mask": CROSS,
        "src_key_padding_mask": np.where(PADDED["src"], -np.inf, 0.25),
        "tgt_key_padding_mask": PADDED["tgt"],
    },
}
SMALL: dict[str, Any] = {"dim_feedforward": 6, "dropout": 0.0}


def assert_near(a: Any, b: Any) -> None:
    """Equal within what the one table allows a node."""
    found = difference(np.asarray(a), np.asarray(b))
    assert not found.exceeds(TOLERANCE["node", "float64"]), found


def entrance(name: str, values: Any) -> ig.Value:
    """The Input for an array, its batch where torch has it."""
    kind: Any = "boolean" if values.dtype == bool else "float"
    rows = {3: (Rows(),), 6: (Rows(2),)}.get(len(values), ())
    return ig.Input.of(Form((*rows, *values.shape[len(rows) :]), kind), name=name)


def assert_same(ours: Layer, theirs: nn.Module, arrays: dict[str, Any], masks: dict[str, Any], backend: str) -> None:
    """Outputs, every input's and weight's gradient; state_dict of one loaded as it is into the other."""
    torch.manual_seed(0)
    for held in theirs.parameters():
        nn.init.normal_(held, std=0.5)
    ends = {name: entrance(name, values) for name, values in (arrays | masks).items()}
    sequences = [ends[name] for name in arrays]
    model = ig.Model(inputs=list(ends.values()), outputs=ours(*sequences, **{name: ends[name] for name in masks}))
    if model.batch_first:
        assert ig.Model.from_json(model.to_json()) == model
    weights = {f"t.{name}": held.detach().numpy() for name, held in theirs.state_dict().items()}
    net = ig.build(model, weights, backend=backend, dtype="float64")
    assert set(net.state_dict()) == set(weights)
    tensors = {k: torch.from_numpy(v).requires_grad_(v.dtype != bool) for k, v in (arrays | masks).items()}
    y = theirs(*(tensors[name] for name in arrays), **{name: tensors[name] for name in masks})
    dy = RNG.uniform(0.5, 1.5, tuple(y.shape))
    y.backward(torch.from_numpy(dy))
    assert_near(net.forward(*arrays.values(), *masks.values(), training=True), y.detach().numpy())
    dx, grads = net.backward(dy)
    for found, tensor in zip(dx if isinstance(dx, tuple) else (dx,), tensors.values(), strict=True):
        assert (found is None) == (tensor.grad is None)
        if tensor.grad is not None:
            assert_near(found, tensor.grad.numpy())
    for name, held in theirs.named_parameters():
        assert_near(grads[f"t.{name}"], held.grad)


def of(prefixes: tuple[str, ...], why: str) -> dict[str, Any]:
    """Those of the masks that begin so; of both kinds torch would have one dtype: floats."""
    found = {name: values for name, values in GIVEN[why].items() if name.startswith(prefixes)}
    floats = {prefix for prefix in prefixes for name, v in found.items() if name.startswith(prefix) and v.dtype != bool}
    return {
        name: np.where(v, -np.inf, 0.0) if v.dtype == bool and name.startswith(tuple(floats)) and floats else v
        for name, v in found.items()
    }


@BOTH
@pytest.mark.parametrize("why", GIVEN)
@pytest.mark.parametrize("norm_first", [True, False])
def test_the_decoder_layer_is_torchs(norm_first: bool, why: str, backend: str) -> None:
    options: dict[str, Any] = {**SMALL, "norm_first": norm_first, "activation": "gelu", "bias": not norm_first}
    theirs = nn.TransformerDecoderLayer(8, 2, batch_first=True, dtype=torch.float64, **options)
    ours = ig.TransformerDecoderLayer(2, name="t", **options)
    assert_same(ours, theirs, {"tgt": TGT, "memory": SRC}, of(("tgt", "memory"), why), backend)


@BOTH
@pytest.mark.parametrize("why", GIVEN)
def test_the_stacks_are_torchs(why: str, backend: str) -> None:
    small: dict[str, Any] = {**SMALL, "batch_first": True, "dtype": torch.float64}
    norm = nn.LayerNorm(8, dtype=torch.float64)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, **small), 2, norm, enable_nested_tensor=False)
    ours: Layer = ig.TransformerEncoder(ig.TransformerEncoderLayer(2, **SMALL), 2, norm=ig.LayerNorm(), name="t")
    masks = {name.replace("src_mask", "mask"): values for name, values in of(("src",), why).items()}
    assert_same(ours, encoder, {"src": SRC}, masks, backend)
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, **small), 2)
    ours = ig.TransformerDecoder(ig.TransformerDecoderLayer(2, **SMALL), 2, name="t")
    assert_same(ours, decoder, {"tgt": TGT, "memory": SRC}, of(("tgt", "memory"), why), backend)


@BOTH
@pytest.mark.parametrize("why", GIVEN)
def test_the_whole_transformer_is_torchs(why: str, backend: str) -> None:
    sizes: dict[str, Any] = {"num_encoder_layers": 1, "num_decoder_layers": 2, **SMALL}
    theirs = nn.Transformer(8, 2, batch_first=True, dtype=torch.float64, **sizes)
    ours = ig.Transformer(2, name="t", **sizes)
    assert_same(ours, theirs, {"src": SRC, "tgt": TGT}, of(("src", "tgt", "memory"), why), backend)


@BOTH
def test_a_decoder_that_is_causal_needs_no_mask(backend: str) -> None:
    tgt, memory, mask = ig.Input((4, 8)), ig.Input((5, 8)), ig.Input.of(Form((4, 4), "boolean"), name="mask")
    causal, plain = (ig.TransformerDecoderLayer(2, causal=c, name="t", **SMALL) for c in (True, False))
    a = ig.build(ig.Model(inputs=[tgt, memory], outputs=causal(tgt, memory)), backend=backend, dtype="float64")
    model = ig.Model(inputs=[tgt, memory, mask], outputs=plain(tgt, memory, tgt_mask=mask))
    b = ig.build(model, a.state_dict(), backend=backend, dtype="float64")
    assert_near(a.forward(TGT, SRC), b.forward(TGT, SRC, LATER))


def test_all_matrices_of_a_transformer_are_drawn_by_one_law_and_every_layer_by_itself() -> None:
    src, tgt = ig.Input((5, 8)), ig.Input((4, 8))
    model = ig.Model(inputs=[src, tgt], outputs=ig.Transformer(2, num_encoder_layers=2, name="t", **SMALL)(src, tgt))
    state = ig.build(model, seed=1).state_dict()
    first, second = (state[f"t.encoder.layers.{k}.linear1.weight"] for k in (0, 1))
    assert not np.array_equal(first, second)
    bound = np.sqrt(6 / (8 + 6))  # Xavier's; torch's of a Linear alone would be 1/√8
    matrices = [v for name, v in state.items() if name.endswith(("linear1.weight", "linear2.weight"))]
    assert 0.9 * bound < max(np.abs(v).max() for v in matrices) <= bound
    assert state["t.decoder.layers.0.multihead_attn.in_proj_weight"].std() > 0


REFUSED = {
    "a decoder of one sequence": (
        lambda: ig.TransformerDecoderLayer(2)(ig.Input((4, 8)), ig.Input((4, 4, 4))),
        "TransformerDecoderLayer(2)\n"
        "  wanted tgt and memory (N, T, E), after them masks (N, num_heads, T, S)\n"
        "  got    (N, 4, 8) and (N, 4, 4, 4)\n"
        "  path   (N, 4, 8)   and   (N, 4, 4, 4)\n"
        "  fix    give masks by their names, as torch has them",
    ),
    "memory of another width": (
        lambda: ig.TransformerDecoderLayer(2)(ig.Input((4, 8)), ig.Input((5, 6))),
        "TransformerDecoderLayer(2)\n"
        "  wanted memory as wide as tgt: (N, S, 8)\n"
        "  got    (N, 5, 6)\n"
        "  path   (N, 4, 8)   and   (N, 5, 6)\n"
        "  fix    ig.Linear before one of them",
    ),
    "a mask for other places": (
        lambda: ig.Transformer(2)(ig.Input((5, 8)), ig.Input((4, 8)), memory_mask=ig.Input((5, 4), kind="boolean")),
        "  wanted masks of booleans or floats that broadcast to (N, 2, 4, 5)\n  got    (N, 1, 5, 4)\n",
    ),
    "a decoder by itself": (
        lambda: ig.build(ig.TransformerDecoderLayer(2)),
        "TransformerDecoderLayer(2)\n"
        "  wanted a model around it, which says what comes in\n"
        "  got    a TransformerDecoderLayer by itself\n"
        "  fix    ig.Model(inputs=[tgt, memory], outputs=TransformerDecoderLayer(2)(tgt, memory))",
    ),
    "a stack of what is no layer of it": (
        lambda: ig.TransformerEncoder(ig.Linear(3), 2),  # type: ignore[arg-type]
        "TransformerEncoder(Linear(3), 2)\n"
        "  wanted encoder_layer: an instance of TransformerEncoderLayer\n"
        "  got    Linear(3)\n"
        "  fix    change encoder_layer=",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_does_not_fit_is_explained(why: str) -> None:
    build, text = REFUSED[why]
    with pytest.raises(ig.IsogradError) as caught:
        build()
    assert text in str(caught.value), str(caught.value)
