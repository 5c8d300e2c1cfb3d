"""Cases of the layers that turn whole numbers into vectors."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Embedding: [
        Case(L.Embedding(4, 3), ((6,),), "words that come again: their gradients add up"),
        Case(L.Embedding(3, 2, padding_idx=-1), ((2, 4),), "several axes, a row for nothing: no gradient"),
        Case(L.Embedding(50, 2), ((),), "one word a sample, most rows never read", batch=1),
        Case(L.Embedding(7, 3), ((301,),), "many more words than rows: long sums", batch=17, large=True),
        Case(L.Embedding(70_000, 2), ((211,),), "more rows than two bytes count", batch=3, large=True),
        Case(L.Embedding(5, 3), (Form((4, BATCH), "integer"),), "the batch elsewhere"),
        Case(L.Embedding(5, 3), (Form((6,), "integer"),), "places: no batch"),
    ],
    L.OneHot: [
        Case(L.OneHot(4), ((6,),), "a sequence"),
        Case(L.OneHot(3), ((),), "one number a sample"),
        Case(L.OneHot(5), (Form((4, BATCH), "integer"),), "the batch elsewhere"),
    ],
}
