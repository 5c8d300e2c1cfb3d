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
        Case(L.Upsample(scale_factor=(2.3, 1.3)), ((1, 3, 3),), "nearest, sizes that double and stay by other factors"),
        Case(L.Upsample(scale_factor=3), ((2, 3),), "nearest, one axis"),
        Case(L.Upsample(scale_factor=2, mode="bilinear"), ((2, 2, 3),), "bilinear, doubled"),
        Case(L.Upsample(scale_factor=1.6, mode="bilinear"), ((1, 4, 3),), "bilinear, a factor that does not divide"),
        Case(L.Upsample(scale_factor=(1.3, 2.4), mode="bilinear"), ((1, 3, 3),), "bilinear, a size that stays"),
        Case(L.Upsample(size=(2, 7), mode="bilinear"), ((1, 5, 3),), "bilinear, to a size, one axis shrinks"),
        Case(
            L.Upsample(size=(5, 1), mode="bilinear", align_corners=True), ((1, 3, 4),), "corners on corners, one place"
        ),
        Case(
            L.Upsample(size=(300, 2), mode="bilinear"),
            ((1, 511, 2),),
            "places so far on that float32 rounds them",
            batch=2,
            large=True,
        ),
        Case(L.Upsample(size=5, mode="linear"), ((2, 3),), "linear, one axis"),
        Case(L.Upsample(scale_factor=1.5, mode="linear", align_corners=True), ((2, 4),), "linear, corners on corners"),
        Case(L.Upsample(size=(3, 5, 2), mode="trilinear"), ((1, 2, 3, 3),), "trilinear, to a size"),
        Case(
            L.Upsample(scale_factor=2, mode="trilinear", align_corners=True),
            ((1, 2, 1, 3),),
            "trilinear, corners on corners",
        ),
        Case(L.Upsample(size=(7, 3), mode="nearest-exact"), ((1, 4, 5),), "nearest to the middle, to a size"),
        Case(L.Upsample(scale_factor=1.3, mode="nearest-exact"), ((1, 3),), "nearest to the middle, a size that stays"),
        Case(L.Upsample(scale_factor=1.7, mode="nearest-exact"), ((2, 5),), "nearest to the middle, by a factor"),
        Case(L.Upsample(size=(3, 5), mode="area"), ((2, 7, 4),), "means of places, one axis grows"),
        Case(L.Upsample(scale_factor=0.4, mode="area"), ((2, 8),), "means of places, by a factor"),
        Case(L.Upsample(scale_factor=2, mode="bicubic"), ((1, 3, 4),), "bicubic, doubled: the ends' places repeat"),
        Case(L.Upsample(scale_factor=(1.3, 2.4), mode="bicubic"), ((1, 3, 3),), "bicubic, a size that stays"),
        Case(L.Upsample(size=(2, 7), mode="bicubic"), ((1, 6, 5),), "bicubic, to a size, one axis shrinks"),
        Case(
            L.Upsample(size=(7, 1), mode="bicubic", align_corners=True),
            ((1, 4, 5),),
            "bicubic, corners on corners, one place",
        ),
        Case(L.Upsample(size=(3, 8), mode="bilinear", antialias=True), ((1, 8, 5),), "triangles that grow on one axis"),
        Case(L.Upsample(scale_factor=0.4, mode="bicubic", antialias=True), ((1, 9, 7),), "cubics that grow"),
        Case(
            L.Upsample(size=(3, 6), mode="bicubic", align_corners=True, antialias=True),
            ((1, 7, 4),),
            "cubics, the distance that corners on corners leave",
        ),
        Case(
            L.Upsample(size=(1, 3), mode="bilinear", align_corners=True, antialias=True),
            ((2, 5, 4),),
            "triangles, corners on corners, one place",
        ),
        Case(
            L.Upsample(size=(3, 1), mode="bilinear", antialias=True),
            ((2, 5, 4),),
            "an image of width 1, where PyTorch's kernel is wrong",
        ),
        Case(
            L.Upsample(scale_factor=(0.6, 0.3), mode="bicubic", antialias=True),
            ((1, 5, 4),),
            "an image of width 1, by factors",
        ),
        Case(
            L.Upsample(scale_factor=(1.7, 0.6), mode="bilinear", recompute_scale_factor=True),
            ((1, 4, 5),),
            "bilinear, by the factors that the sizes differ by",
        ),
        Case(
            L.Upsample(scale_factor=1.3, mode="bicubic", recompute_scale_factor=True),
            ((1, 3, 3),),
            "bicubic, a size that stays by a recomputed factor",
        ),
        Case(
            L.Upsample(scale_factor=2.4, recompute_scale_factor=True),
            ((2, 2, 3, 2),),
            "nearest, three axes, recomputed",
        ),
    ],
    L.UpsamplingNearest2d: [
        Case(L.UpsamplingNearest2d(scale_factor=2), ((2, 2, 3),), "doubled"),
        Case(L.UpsamplingNearest2d(size=(5, 2)), ((1, 3, 4),), "to a size"),
    ],
    L.UpsamplingBilinear2d: [
        Case(L.UpsamplingBilinear2d(scale_factor=(2, 1.5)), ((2, 2, 3),), "by factors"),
        Case(L.UpsamplingBilinear2d(size=(5, 1)), ((1, 3, 4),), "to a size, one place"),
    ],
}
