"""Cases of how alike two values are, along an axis."""

from __future__ import annotations

from math import inf

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.CosineSimilarity: [
        Case(L.CosineSimilarity(), ((4,), (4,)), "features"),
        Case(L.CosineSimilarity(dim=-2), ((3, 4, 2), (3, 4, 2)), "an axis that is not the last, counted from the end"),
        Case(L.CosineSimilarity(dim=3), ((1, 2, 4), (3, 1, 4)), "both broadcast"),
        Case(L.CosineSimilarity(eps=2.0), ((4,), (4,)), "some norms below eps: they do not move", batch=9),
        Case(L.CosineSimilarity(eps=2.0), ((3,), (3,)), "norms of exactly eps: they move", among=(0.0, 2.0), batch=16),
        Case(L.CosineSimilarity(), ((4,), (4,)), "nothing but zeros", scale=0.0),
        Case(L.CosineSimilarity(), ((4,), (4,)), "inputs of order 10000", scale=1e4),
        Case(L.CosineSimilarity(dim=2), (Form((3, BATCH, 2)), Form((1, 2))), "the batch elsewhere, and a weight"),
    ],
    L.PairwiseDistance: [
        Case(L.PairwiseDistance(), ((4,), (4,)), "features"),
        Case(L.PairwiseDistance(p=1, keepdim=True), ((3, 4), (3, 4)), "p = 1, the axis kept"),
        Case(L.PairwiseDistance(p=3, eps=0.5), ((3, 4), (1, 4)), "p = 3, an eps that shows, broadcast"),
        Case(L.PairwiseDistance(p=1.5), ((5,), (5,)), "a broken p"),
        Case(L.PairwiseDistance(p=0.5), ((5,), (5,)), "p below 1"),
        Case(L.PairwiseDistance(p=inf), ((5,), (5,)), "the largest difference"),
        Case(L.PairwiseDistance(p=inf, eps=0), ((5,), (5,)), "the largest of equal ones: shared", among=(0.0, 1.0)),
        Case(L.PairwiseDistance(eps=0), ((2,), (2,)), "equal values: derivative 0", among=(0.0, 1.0), batch=9),
        Case(L.PairwiseDistance(), ((3,), (3,)), "inputs of order 10000", scale=1e4),
    ],
}
