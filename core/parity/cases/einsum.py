"""Cases of sums of products by Einstein's notation."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Einsum: [
        Case(L.Einsum("bik,bkj->bij"), ((2, 3), (3, 4)), "a matrix for each sample"),
        Case(L.Einsum("bhid,bhjd->bhij"), ((2, 3, 4), (2, 5, 4)), "scores of attention"),
        Case(L.Einsum("nchw, co -> nohw"), ((3, 2, 2), Form((3, 4))), "a weight, and another order of axes"),
        Case(L.Einsum("ab,cb,ad->cd"), (Form((2, BATCH)), Form((3, BATCH)), Form((2, 4))), "three, summed over N"),
        Case(L.Einsum("ncv,kvw->nkw"), ((3, 4), Form((2, 4, 5))), "a letter of one value alone is summed"),
        Case(L.Einsum("nij->nji"), ((2, 3),), "one value, turned"),
        Case(L.Einsum("ij,ij->"), (Form((2, 3)), Form((2, 3))), "to one number"),
        Case(L.Einsum("ni,nj->nij"), ((3,), (4,)), "an outer product"),
    ],
}
