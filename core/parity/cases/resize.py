"""Cases of the layers that change an image's size."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Upsample: [
        Case(L.Upsample(scale_factor=2), ((2, 2, 3),), "nearest, doubled"),
        Case(L.Upsample(scale_factor=(1.7, 0.6)), ((1, 4, 5),), "nearest, uneven factors, one that shrinks"),
        Case(L.Upsample(size=(5, 3)), ((1, 3, 2),), "nearest, to a size"),
        Case(L.Upsample(scale_factor=3), ((2, 3),), "nearest, one axis"),
        Case(L.Upsample(scale_factor=2, mode="bilinear"), ((2, 2, 3),), "bilinear, doubled"),
        Case(L.Upsample(scale_factor=1.6, mode="bilinear"), ((1, 4, 3),), "bilinear, a factor that does not divide"),
        Case(L.Upsample(size=(2, 7), mode="bilinear"), ((1, 5, 3),), "bilinear, to a size, one axis shrinks"),
        Case(
            L.Upsample(size=(5, 1), mode="bilinear", align_corners=True), ((1, 3, 4),), "corners on corners, one place"
        ),
    ],
    L.ZeroPad2d: [
        Case(L.ZeroPad2d(2), ((2, 3, 2),), "all sides"),
        Case(L.ZeroPad2d((1, 0, 2, 3)), ((1, 2, 3),), "left, right, top, bottom, each its own"),
    ],
}
