"""The texts of what attention and its blocks refuse."""

from __future__ import annotations

import numpy as np
import pytest

import isograd as ig


def of_lengths(*lengths: int) -> None:
    """A block over five places, given these lengths."""
    x, ends = ig.Input((5, 8)), ig.Input(())
    model = ig.Model(inputs=[x, ends], outputs=ig.TransformerEncoderLayer(2)(x, lengths=ends))
    ig.build(model).forward(np.zeros((len(lengths), 5, 8)), np.array(lengths))


REJECTED = {
    "heads that do not divide the width": (
        lambda: ig.Sequential([ig.MultiheadAttention(4)], input_shape=(5, 6)),
        "layer 1 of 1, MultiheadAttention(4)\n"
        "  wanted a width that 4 heads divide\n"
        "  got    6 features in (N, 5, 6)\n"
        "  path   (N, 5, 6)\n"
        "  fix    another num_heads, or another width of what feeds this layer",
    ),
    "heads that do not divide the width of a block": (
        lambda: ig.Sequential([ig.TransformerDecoderBlock(4)], input_shape=(5, 6)),
        "layer 1 of 1, TransformerDecoderBlock(4)\n"
        "  wanted a width that 4 heads divide\n"
        "  got    6 features in (N, 5, 6)\n"
        "  path   (N, 5, 6)\n"
        "  fix    another num_heads, or another width of what feeds this layer",
    ),
    "no heads": (
        lambda: ig.MultiheadAttention(0),
        "MultiheadAttention(0)\n  wanted num_heads: greater than 0\n  got    0\n  fix    change num_heads=",
    ),
    "the input is no sequence": (
        lambda: ig.Sequential([ig.MultiheadAttention(2)], input_shape=(6,)),
        "layer 1 of 1, MultiheadAttention(2)\n"
        "  wanted (N, T, F): features at every step\n"
        "  got    (N, 6)\n"
        "  path   (N, 6)\n"
        "  fix    batch first, then time, then features",
    ),
    "an image alone, of as many axes as a mask": (
        lambda: ig.MultiheadAttention(2)(ig.Input((2, 3, 4))),
        "MultiheadAttention(2)\n"
        "  wanted (x), (query, key, value), and lengths (N,) after either\n"
        "  got    (N, 2, 3, 4)\n"
        "  path   (N, 2, 3, 4)\n"
        "  fix    lengths=ig.Input(()); for cross-attention give query, key and value",
    ),
    "places of what is no sequence": (
        lambda: ig.Sequential([ig.PositionalEncoding()], input_shape=(6,)),
        "layer 1 of 1, PositionalEncoding()\n"
        "  wanted (N, T, F): features at every step\n"
        "  got    (N, 6)\n"
        "  path   (N, 6)\n"
        "  fix    batch first, then time, then features",
    ),
    "a key without its value": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), ig.Input((4, 6))),
        "MultiheadAttention(2)\n"
        "  wanted (x), (query, key, value), and lengths (N,) after either\n"
        "  got    (N, 5, 6) and (N, 4, 6)\n"
        "  path   (N, 5, 6)   and   (N, 4, 6)\n"
        "  fix    lengths=ig.Input(()); for cross-attention give query, key and value",
    ),
    "lengths of a sequence": (
        lambda: ig.MultiheadAttention(2)(*[ig.Input((5, 6))] * 3, lengths=ig.Input((5,))),
        "MultiheadAttention(2)\n"
        "  wanted (x), (query, key, value), and lengths (N,) after either\n"
        "  got    (N, 5, 6) and (N, 5, 6) and (N, 5, 6) and (N, 5)\n"
        "  path   (N, 5, 6)   and   (N, 5, 6)   and   (N, 5, 6)   and   (N, 5)\n"
        "  fix    lengths=ig.Input(()); for cross-attention give query, key and value",
    ),
    "too many inputs": (
        lambda: ig.MultiheadAttention(2)(*[ig.Input((5, 6))] * 5),
        "MultiheadAttention(2)\n"
        "  wanted (x), (query, key, value), and lengths (N,) after either\n"
        "  got    (N, 5, 6) and (N, 5, 6) and (N, 5, 6) and (N, 5, 6) and (N, 5, 6)\n"
        "  path   (N, 5, 6)   and   (N, 5, 6)   and   (N, 5, 6)   and   (N, 5, 6)   and   (N, 5, 6)\n"
        "  fix    lengths=ig.Input(()); for cross-attention give query, key and value",
    ),
    "a mask of one axis": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), attn_mask=ig.Buffer((5,), name="mask")),
        "MultiheadAttention(2)\n"
        "  wanted attn_mask (T, S), (N·num_heads, T, S), (N, T, S) or (N, num_heads, T, S)\n"
        "  got    (5,)\n"
        "  fix    a graph value: ig.Input, ig.Parameter, ig.Buffer, or what a layer makes of one",
    ),
    "padding that is an array": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), key_padding_mask=np.zeros((3, 5), bool)),  # type: ignore[arg-type]
        "MultiheadAttention(2)\n"
        "  wanted key_padding_mask (N, S)\n"
        "  got    ndarray\n"
        "  fix    a graph value: ig.Input, ig.Parameter, ig.Buffer, or what a layer makes of one",
    ),
    "a mask for other places": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), attn_mask=ig.Input((5, 4), kind="boolean")),
        "MultiheadAttention(2)\n"
        "  wanted masks of booleans or floats that broadcast to (N, 2, 5, 5)\n"
        "  got    (N, 1, 5, 4) boolean\n"
        "  path   (N, 5, 6)   and   (N, 5, 4) boolean → View(('N', 1, 5, 4)) → (N, 1, 5, 4) boolean\n"
        "  fix    attn_mask=(T, S) or (N·num_heads, T, S), key_padding_mask=(N, S): T queries, S keys",
    ),
    "a mask of whole numbers": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), key_padding_mask=ig.Input((5,), kind="integer")),
        "MultiheadAttention(2)\n"
        "  wanted masks of booleans or floats that broadcast to (N, 2, 5, 5)\n"
        "  got    (N, 1, 1, 5) integer\n"
        "  path   (N, 5, 6)   and   (N, 5) integer → View(('N', 1, 1, 5)) → (N, 1, 1, 5) integer\n"
        "  fix    attn_mask=(T, S) or (N·num_heads, T, S), key_padding_mask=(N, S): T queries, S keys",
    ),
    "fewer values than keys": (
        lambda: ig.MultiheadAttention(2)(ig.Input((5, 6)), ig.Input((4, 6)), ig.Input((3, 6))),
        "MultiheadAttention(2)\n"
        "  wanted a value for every key\n"
        "  got    4 keys and 3 values\n"
        "  path   (N, 5, 6)   and   (N, 4, 6)   and   (N, 3, 6)\n"
        "  fix    give both the same number of places",
    ),
    "causal over two sequences": (
        lambda: ig.MultiheadAttention(2, causal=True)(ig.Input((5, 6)), ig.Input((4, 6)), ig.Input((4, 6))),
        "MultiheadAttention(2, causal=True)\n"
        "  wanted as many keys as queries with causal=True\n"
        "  got    5 queries and 4 keys\n"
        "  path   (N, 5, 6)   and   (N, 4, 6)   and   (N, 4, 6)\n"
        "  fix    causal=False: which of two sequences' places is earlier is not defined",
    ),
    "a block by itself": (
        lambda: ig.build(ig.TransformerEncoderLayer(2)),
        "TransformerEncoderLayer(2)\n"
        "  wanted a model around it, which says what comes in\n"
        "  got    a TransformerEncoderLayer by itself\n"
        "  fix    ig.Sequential([TransformerEncoderLayer(2)], input_shape=(25, 64))",
    ),
    "an activation that blocks do not have": (
        lambda: ig.TransformerEncoderLayer(2, activation="tanh"),
        "TransformerEncoderLayer(2, activation='tanh')\n"
        "  wanted activation: 'relu' or 'gelu'\n"
        "  got    'tanh'\n"
        "  fix    change activation=",
    ),
    "lengths beyond the sequence": (
        lambda: of_lengths(1, 6, 5),
        "input 1[1]\n  wanted whole numbers 1…5\n  got    6\n  fix    mend the data, or change the layer that reads it",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_what_does_not_fit_is_explained(why: str) -> None:
    build, text = REJECTED[why]
    with pytest.raises(ig.IsogradError) as caught:
        build()
    assert str(caught.value) == text
