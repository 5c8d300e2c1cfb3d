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
        Case(L.Embedding(4, 3, scale_grad_by_freq=True), ((6,),), "the gradient of a row divided by its words"),
        Case(L.Embedding(9, 3, scale_grad_by_freq=True), ((2,),), "divided, of words that stand once", batch=2),
        Case(
            L.Embedding(3, 2, padding_idx=1, scale_grad_by_freq=True),
            (Form((4, BATCH), "integer"),),
            "divided, a row for nothing, the batch elsewhere",
        ),
    ],
    L.EmbeddingBag: [
        Case(L.EmbeddingBag(5, 3), ((4,),), "means: words that come again"),
        Case(L.EmbeddingBag(3, 2, padding_idx=-1), ((2,),), "means of what is no padding, bags of nothing", batch=12),
        Case(L.EmbeddingBag(5, 3, mode="sum"), ((4,),), "sums"),
        Case(L.EmbeddingBag(5, 3, mode="sum"), ((4,), (4,)), "sums with weights"),
        Case(L.EmbeddingBag(3, 2, mode="sum", padding_idx=0), ((3,), (3,)), "weights, padding has none", batch=9),
        Case(L.EmbeddingBag(6, 3, mode="max"), ((4,),), "the largest"),
        Case(L.EmbeddingBag(3, 2, mode="max", padding_idx=2), ((2,),), "the largest, bags of nothing", batch=12),
        Case(
            L.EmbeddingBag(4, 3, mode="sum", padding_idx=1, scale_grad_by_freq=True),
            ((3,), (3,)),
            "sums with weights, gradients divided",
        ),
        Case(L.EmbeddingBag(4, 3, scale_grad_by_freq=True), ((3,),), "means, gradients divided"),
    ],
    L.OneHot: [
        Case(L.OneHot(4), ((6,),), "a sequence"),
        Case(L.OneHot(3), ((),), "one number a sample"),
        Case(L.OneHot(5), (Form((4, BATCH), "integer"),), "the batch elsewhere"),
    ],
}
