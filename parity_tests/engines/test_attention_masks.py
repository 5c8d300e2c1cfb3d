"""Masks of every form that torch.nn.MultiheadAttention takes, held against torch itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from graph_helpers import BOTH
from torch import nn

import isograd as ig
from isograd.core.base.forms import Form, Rows
from isograd.core.parity.matching import TOLERANCE, difference

RNG = np.random.default_rng(0)
X, KEY = RNG.normal(size=(3, 4, 8)), RNG.normal(size=(3, 5, 6))
HIDDEN = RNG.random((4, 5)) < 0.4
HIDDEN[:, 0] = False
FLOATS = RNG.normal(size=(6, 4, 5))
PADDED = np.arange(5) >= np.array([5, 2, 3])[:, None]


def assert_near(a: Any, b: Any) -> None:
    """Equal within what the one table allows a node."""
    found = difference(np.asarray(a), np.asarray(b))
    assert not found.exceeds(TOLERANCE["node", "float64"]), found


GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "(T, S) of booleans, kept by the model": (
        {"attn_mask": ig.Buffer((4, 5), name="hidden", kind="boolean")},
        {"attn_mask": HIDDEN},
    ),
    "(N·heads, T, S) of floats": ({"attn_mask": ig.Input.of(Form((Rows(2), 4, 5)), name="m")}, {"attn_mask": FLOATS}),
    "padding of booleans": (
        {"key_padding_mask": ig.Input((5,), name="p", kind="boolean")},
        {"key_padding_mask": PADDED},
    ),
    "both of floats": (
        {"attn_mask": ig.Input.of(Form((Rows(2), 4, 5)), name="m"), "key_padding_mask": ig.Input((5,), name="p")},
        {"attn_mask": FLOATS, "key_padding_mask": np.where(PADDED, -np.inf, 0.5)},
    ),
}


@BOTH
@pytest.mark.parametrize("options", [{}, {"add_bias_kv": True, "add_zero_attn": True}, {"bias": False}], ids=str)
@pytest.mark.parametrize("each", [None, True, False], ids=["no weights", "mean weights", "weights of each head"])
@pytest.mark.parametrize("why", GIVEN)
def test_torchs_own_attention_under_the_same_masks(why: str, each: bool | None, options: Any, backend: str) -> None:
    values, arrays = GIVEN[why]
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(8, 2, kdim=6, vdim=6, batch_first=True, dtype=torch.float64, **options)
    for held in theirs.parameters():
        nn.init.normal_(held)
    layer = ig.MultiheadAttention(
        2, need_weights=each is not None, average_attn_weights=each is not False, name="a", **options
    )
    query, key = ig.Input((4, 8), name="q"), ig.Input((5, 6), name="k")
    ends = [query, key, *(value for value in values.values() if isinstance(value, ig.Input))]
    given = [
        array for value, array in zip(values.values(), arrays.values(), strict=True) if isinstance(value, ig.Input)
    ]
    model = ig.Model(inputs=ends, outputs=layer(query, key, key, **values))
    weights = {f"a.{name}": held.detach().numpy() for name, held in theirs.state_dict().items()}
    net = ig.build(
        model, weights | ({"hidden": HIDDEN * 1.0} if len(ends) == 2 else {}), backend=backend, dtype="float64"
    )
    assert [name for name in net.state_dict() if name != "hidden"] == [f"a.{name}" for name in theirs.state_dict()]

    x, k = (torch.from_numpy(v).requires_grad_() for v in (X, KEY))
    tensors = {name: torch.from_numpy(v).requires_grad_(v.dtype != bool) for name, v in arrays.items()}
    y, shares = theirs(x, k, k, need_weights=each is not None, average_attn_weights=each is not False, **tensors)
    outputs = [y] if each is None else [y, shares]
    dys = [RNG.uniform(0.5, 1.5, v.shape) for v in outputs]
    torch.autograd.backward(outputs, [torch.from_numpy(dy) for dy in dys])
    made = net.forward(X, KEY, *given, training=True)
    for ours, wanted in zip(made if isinstance(made, tuple) else (made,), outputs, strict=True):
        assert_near(ours, wanted.detach().numpy())
    dx, grads = net.backward(*dys)
    found = [x.grad, k.grad, *(tensor.grad for tensor in tensors.values())]
    for ours, wanted in zip(dx, found, strict=len(dx) > 2):
        assert (ours is None) == (wanted is None)
        assert wanted is None or np.isfinite(ours).all()
        if wanted is not None:
            assert_near(ours, wanted.numpy())
    for name, held in theirs.named_parameters():
        assert_near(grads[f"a.{name}"], held.grad)


@BOTH
@pytest.mark.parametrize("weights", [False, True])
def test_a_place_that_may_attend_to_nothing_attends_to_nothing(weights: bool, backend: str) -> None:
    x, padding = ig.Input((5, 6)), ig.Input((5,), kind="boolean")
    layer = ig.MultiheadAttention(2, need_weights=weights, bias_init=ig.init.Constant(0.25))
    model = ig.Model(inputs=[x, padding], outputs=layer(x, key_padding_mask=padding))
    net = ig.build(model, backend=backend, dtype="float64")
    hidden = PADDED.copy()
    hidden[1] = True
    made = net.forward(KEY, hidden, training=True)
    y, *shares = made if weights else (made,)
    assert (y[1] == 0.25).all()
    assert not any(each[1].any() for each in shares)
    (dx, _), grads = net.backward(*(np.ones_like(v) for v in (y, *shares)))
    assert not dx[1].any()
    assert all(np.isfinite(v).all() for v in (dx, *grads.values()))
    again = net.predict(KEY, hidden)
    assert np.isfinite(again[0] if weights else again).all()
