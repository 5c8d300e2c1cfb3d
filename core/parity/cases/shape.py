"""Cases of the layers that move values."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Identity: [
        Case(L.Identity(), ((3, 4),), "nothing changes"),
        Case(L.Identity(), (Form((3, BATCH)),), "the batch elsewhere"),
    ],
    L.Flatten: [
        Case(L.Flatten(), ((2, 3, 4),), "all axes of a sample"),
        Case(L.Flatten(start_dim=2, end_dim=3), ((2, 3, 4, 2),), "some axes in the middle"),
        Case(L.Flatten(start_dim=-3, end_dim=-2), ((2, 3, 4),), "axes counted from the end"),
        Case(L.Flatten(), ((),), "samples without axes become one feature"),
    ],
    L.Reshape: [
        Case(L.Reshape((4, 3)), ((2, 6),), "reading order is kept, not transposed"),
        Case(L.Reshape((-1, 2)), ((2, 3, 2),), "one axis inferred"),
    ],
    L.Unflatten: [
        Case(L.Unflatten(1, (2, 3)), ((6,),), "one axis as two"),
        Case(L.Unflatten(-2, (-1, 2, 1)), ((3, 4, 2),), "an axis counted from the end, one entry inferred"),
    ],
}
