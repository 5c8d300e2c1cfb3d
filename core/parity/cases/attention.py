"""Cases of attention and of the encoding of places."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

X, LENGTHS = (5, 6), ()
MHA = L.MultiheadAttention
HIDDEN, ADDED = Form((1, 1, 5, 5), "boolean"), Form((BATCH, 2, 5, 5))
PADDED = Form((BATCH, 1, 1, 5), "boolean")
QUERY, KEY, VALUE = (3, 6), (5, 4), (5, 3)
SDPA = L.ScaledDotProductAttention
Q, K, V = (2, 3, 4), (2, 5, 4), (2, 5, 3)

CASES: dict[type[Description], list[Case]] = {
    L.MultiheadAttention: [
        Case(L.MultiheadAttention(2), (X,), "self-attention: Q, K and V of one product", batch=3),
        Case(L.MultiheadAttention(3), ((3, 6), (5, 6), (5, 6)), "cross-attention of one width", batch=3),
        Case(L.MultiheadAttention(2), (QUERY, KEY, VALUE), "other widths: three weights instead of one", batch=2),
        Case(L.MultiheadAttention(2), ((4, 6), (7, 6), (7, 5)), "only the values are of another width", batch=2),
        Case(L.MultiheadAttention(2, causal=True), (X,), "causal: the first place sees itself alone", batch=3),
        Case(L.MultiheadAttention(2), (X, LENGTHS), "lengths: keys that are padding are hidden", batch=4),
        Case(L.MultiheadAttention(2, causal=True), (X, LENGTHS), "both masks at once", batch=4),
        Case(L.MultiheadAttention(2), (QUERY, KEY, VALUE, LENGTHS), "cross-attention with lengths of the keys"),
        Case(L.MultiheadAttention(2, causal=True), (X, X, X), "causal over three inputs of one length", batch=2),
        Case(L.MultiheadAttention(1), ((4, 3),), "one head", batch=2),
        Case(L.MultiheadAttention(4), ((3, 4),), "heads of one feature, batch of one", batch=1),
        Case(L.MultiheadAttention(2), ((1, 4),), "one place: the softmax of a single score", batch=3),
        Case(L.MultiheadAttention(2, bias=False), (X, LENGTHS), "no biases", batch=2),
        Case(L.MultiheadAttention(2, bias=False), (QUERY, KEY, VALUE), "no biases, three weights", batch=2),
        Case(L.MultiheadAttention(2, need_weights=True), (X,), "weights as a second output", batch=3),
        Case(L.MultiheadAttention(3, need_weights=True, causal=True), (X, LENGTHS), "weights under masks", batch=4),
        Case(L.MultiheadAttention(2, dropout=0.4), (X,), "weights dropped after the softmax", batch=3),
        Case(
            L.MultiheadAttention(2, dropout=0.4, need_weights=True, causal=True),
            (X, LENGTHS),
            "dropped weights are what is returned",
            batch=3,
        ),
        Case(L.MultiheadAttention(2, dropout=0.3, bias=False), (QUERY, KEY, VALUE, LENGTHS), "dropout across", batch=3),
        Case(L.MultiheadAttention(2, dropout=1.0), ((3, 4),), "everything dropped: 1/(1−p) must not divide by zero"),
        Case(L.MultiheadAttention(2), (X, LENGTHS), "scores beyond exp's range", batch=3, scale=1000.0),
        Case(L.MultiheadAttention(2), ((13, 10),), "an odd number of places, heads of five features", batch=7),
        Case(
            L.MultiheadAttention(2, causal=True, need_weights=True),
            ((260, 4), LENGTHS),
            "masks over more places than a byte counts",
            batch=2,
            large=True,
        ),
        Case(MHA(2), (X, HIDDEN), "attn_mask of booleans, the same for all"),
        Case(MHA(2), (X, ADDED), "attn_mask of floats for every head, which have a gradient", batch=3),
        Case(MHA(2), (X, Form((1, 1, 5, 5)), PADDED), "floats that are a weight, and padding", batch=3),
        Case(MHA(2, causal=True), (X, PADDED, LENGTHS), "padding, lengths, causal: places that see nothing", batch=9),
        Case(MHA(2, need_weights=True), (QUERY, KEY, VALUE, Form((BATCH, 1, 3, 5), "boolean")), "weights of masks"),
        Case(
            MHA(2, need_weights=True), ((3, 4), Form((BATCH, 2, 3, 3), "boolean")), "places that see nothing", batch=9
        ),
        Case(MHA(2, dropout=0.4), (X, ADDED, PADDED), "masks and dropout", batch=3),
        Case(MHA(2, add_bias_kv=True), (X,), "a learned key and value after those of the sequence", batch=3),
        Case(MHA(2, add_zero_attn=True, causal=True), (X,), "a key of zeros that causal does not hide", batch=3),
        Case(MHA(2, add_bias_kv=True, add_zero_attn=True), (QUERY, KEY, VALUE), "both, three weights", batch=3),
        Case(
            MHA(2, add_bias_kv=True, add_zero_attn=True, need_weights=True, average_attn_weights=False, dropout=0.3),
            (X, ADDED, PADDED, LENGTHS),
            "everything at once, the weights of each head",
            batch=3,
        ),
        Case(MHA(2, add_bias_kv=True, bias=False), (X, Form((BATCH, 1, 1, 5))), "padding of floats, no bias", batch=3),
        Case(MHA(2, need_weights=True, average_attn_weights=False), (X,), "the weights of each head", batch=3),
    ],
    L.ScaledDotProductAttention: [
        Case(SDPA(), (Q, K, V), "heads, another width of values"),
        Case(SDPA(scale=0.7), ((3, 4), (5, 4), (5, 2)), "no heads, a scale of its own"),
        Case(SDPA(causal=True), (Q, K, V), "causal, more keys than queries"),
        Case(SDPA(), (Q, K, V, Form((BATCH, 1, 3, 5), "boolean")), "a mask of booleans, the same for all heads"),
        Case(SDPA(), (Q, (2, 2, 4), (2, 2, 3), Form((3, 2), "boolean")), "places that attend to nothing", batch=3),
        Case(SDPA(), (Q, K, V, Form((1, 2, 3, 5))), "a mask of floats, a weight, with a gradient"),
        Case(SDPA(), (Form((1, 2, 3, 4)), K, V), "queries that are a weight"),
        Case(SDPA(), (Q, Form((2, 5, 4)), V), "keys that are a weight of fewer axes"),
        Case(SDPA(), (Form((Rows(2), 3, 4)), Form((Rows(2), 5, 4)), Form((Rows(2), 5, 3))), "windows of the batch"),
        Case(SDPA(enable_gqa=True), ((4, 3, 4), (2, 5, 4), (2, 5, 3)), "a head of keys and values for two of queries"),
        Case(SDPA(dropout=0.4), (Q, K, V), "dropout of the shares"),
        Case(SDPA(dropout=0.4), (Form((1, 3, 4)), Form((1, 5, 4)), (5, 3)), "dropout, the batch in the values alone"),
        Case(
            SDPA(dropout=0.4, enable_gqa=True, scale=0.5),
            ((4, 3, 4), (2, 5, 4), (2, 5, 3), Form((3, 5), "boolean")),
            "dropout, a mask, shared heads",
        ),
        Case(SDPA(dropout=0.4), (Q, (2, 2, 4), (2, 2, 3), Form((BATCH, 1, 3, 2), "boolean")), "dropout, nothing seen"),
        Case(SDPA(dropout=0.4, causal=True), (Q, Q, (2, 3, 3)), "dropout and causal"),
        Case(SDPA(), ((2, 3, 4), (2, 5, 4), (2, 5, 3)), "large scores: exp would overflow", scale=8.0),
    ],
    L.PositionalEncoding: [
        Case(L.PositionalEncoding(), ((6, 4),), "sines and cosines"),
        Case(L.PositionalEncoding(), ((7, 5),), "an odd width: the last column is a sine"),
        Case(L.PositionalEncoding(), ((1, 1),), "one place, one feature"),
        Case(L.PositionalEncoding(learned=True), ((4, 3),), "a weight, the same for all samples"),
        Case(L.PositionalEncoding(), ((301, 6),), "many places", large=True),
    ],
}
