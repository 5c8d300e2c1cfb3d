"""Cases of padding any axes, and the last one, two or three."""

from __future__ import annotations

from typing import Any

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

SHAPES = ((2, 4), (2, 3, 4), (1, 3, 4, 3))
SIDES = ((2, 1), (1, 0, 2, 1), (2, 1, 0, 2, 1, 2))
CROPS = ((2, -1), (-1, 2, 1, -1), (1, -2, 0, 2, -1, 1))
"""Of one, two and three axes."""


def sides_of(*kinds: Any, **options: Any) -> dict[type[Description], list[Case]]:
    """The kinds for one, two and three axes, each padded alike, unevenly, and cropped on some sides."""
    return {
        kind: [
            Case(kind(1, **options), (shape,), "all sides"),
            Case(kind(sides, **options), (shape,), "each side its own"),
            Case(kind(crops, **options), (shape,), "some sides grow, others are cropped"),
        ]
        for kind, shape, sides, crops in zip(kinds, SHAPES, SIDES, CROPS, strict=True)
    }


CASES: dict[type[Description], list[Case]] = {
    L.Pad: [
        Case(L.Pad((1, 2, 0, 3)), ((3, 4),), "zeros, uneven sides"),
        Case(L.Pad((-1, 2, 1, -2), value=0.5), ((4, 5),), "a value; one side grows, the other is cropped"),
        Case(L.Pad((0, 0, 2, 1)), (Form((3, BATCH)),), "in front of the batch"),
        Case(L.Pad((1, 1), value=-3), (Form((2, 3), "integer"),), "whole numbers without a batch"),
        Case(L.Pad((2, 0), value=1), (Form((BATCH, 3), "boolean"),), "a mask"),
        Case(L.Pad((2, 1, 1, 3), mode="reflect"), ((2, 4, 5),), "reflected, images"),
        Case(L.Pad((2, 1, 0, 0, 0, 3), mode="reflect"), (Form((4, BATCH, 3)),), "reflected, the batch between"),
        Case(L.Pad((2, 3), mode="replicate"), ((2, 4),), "the ends again, a sequence"),
        Case(L.Pad((3, 0, 1, 2), mode="replicate"), (Form((2, 3)),), "the ends again, no batch"),
        Case(L.Pad((1, 2, 3, 1), mode="circular"), ((2, 3, 4),), "round, a whole turn"),
        Case(L.Pad((1, 2), mode="circular"), (Form((3,)),), "round, one axis alone"),
        Case(L.Pad((-2, 3, 2, -1), mode="reflect"), ((2, 4, 6),), "mirrored, then cropped"),
        Case(L.Pad((-3, 2), mode="replicate"), ((2, 4),), "the ends again, then cropped"),
        Case(L.Pad((-2, 2, 1, -3), mode="circular"), ((2, 5, 4),), "cropped, then round"),
    ],
    **sides_of(L.ConstantPad1d, L.ConstantPad2d, L.ConstantPad3d, value=-1.5),
    **sides_of(L.ZeroPad1d, L.ZeroPad2d, L.ZeroPad3d),
    **sides_of(L.ReflectionPad1d, L.ReflectionPad2d, L.ReflectionPad3d),
    **sides_of(L.ReplicationPad1d, L.ReplicationPad2d, L.ReplicationPad3d),
    **sides_of(L.CircularPad1d, L.CircularPad2d, L.CircularPad3d),
}
