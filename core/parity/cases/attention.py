"""Cases of attention and of the encoding of places."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

X, LENGTHS = (5, 6), ()
QUERY, KEY, VALUE = (3, 6), (5, 4), (5, 3)

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
    ],
    L.PositionalEncoding: [
        Case(L.PositionalEncoding(), ((6, 4),), "sines and cosines"),
        Case(L.PositionalEncoding(), ((7, 5),), "an odd width: the last column is a sine"),
        Case(L.PositionalEncoding(), ((1, 1),), "one place, one feature"),
        Case(L.PositionalEncoding(learned=True), ((4, 3),), "a weight, the same for all samples"),
        Case(L.PositionalEncoding(), ((301, 6),), "many places", large=True),
    ],
}
