"""Cases of dropout. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Dropout: [
        Case(L.Dropout(0.4), ((3, 4),), "scaled in training"),
        Case(L.Dropout(0.4, scale="inference"), ((3, 4),), "scaled in evaluation (the book)"),
        Case(L.Dropout(0.0), ((7,),), "nothing dropped"),
        Case(L.Dropout(1.0), ((7,),), "everything dropped: 1/(1−p) must not divide by zero"),
        Case(L.Dropout(0.4), (Form((3, BATCH, 4)),), "the batch elsewhere"),
    ],
    L.Dropout1d: [
        Case(L.Dropout1d(0.4), ((4, 3),), "whole channels of sequences"),
        Case(L.Dropout1d(0.4, scale="inference"), ((4, 3),), "scaled in evaluation"),
    ],
    L.Dropout2d: [
        Case(L.Dropout2d(0.4), ((4, 2, 3),), "whole channels, scaled in training"),
        Case(L.Dropout2d(0.4, scale="inference"), ((4, 2, 3),), "whole channels, scaled in evaluation (the book)"),
    ],
    L.Dropout3d: [
        Case(L.Dropout3d(0.4), ((4, 2, 1, 3),), "whole channels of volumes"),
        Case(L.Dropout3d(0.4, scale="inference"), ((4, 2, 1, 3),), "scaled in evaluation"),
    ],
    L.AlphaDropout: [
        Case(L.AlphaDropout(0.4), ((3, 4),), "what is dropped becomes SELU's value far left"),
        Case(L.AlphaDropout(0.0), ((7,),), "nothing dropped"),
        Case(L.AlphaDropout(1.0), ((7,),), "everything dropped: 0, not a division by it"),
        Case(L.AlphaDropout(0.3), ((),), "samples that are single numbers", batch=9),
        Case(L.AlphaDropout(0.4), (Form((3, BATCH, 4)),), "the batch elsewhere"),
    ],
    L.FeatureAlphaDropout: [
        Case(L.FeatureAlphaDropout(0.4), ((4, 2, 3),), "whole channels of images"),
        Case(L.FeatureAlphaDropout(0.6), ((7,),), "channels of one number each"),
        Case(L.FeatureAlphaDropout(1.0), ((3, 2),), "everything dropped"),
    ],
    L.StochasticDepth: [
        Case(L.StochasticDepth(0.4, "row"), ((2, 3),), "a draw for each sample", batch=9),
        Case(L.StochasticDepth(0.4, "batch"), ((2, 3),), "one draw for all, kept", batch=4),
        Case(L.StochasticDepth(0.9, "batch"), ((3,),), "one draw for all, dropped", batch=4),
        Case(L.StochasticDepth(0.0, "row"), ((3,),), "nothing dropped"),
        Case(L.StochasticDepth(1.0, "row"), ((3,),), "everything dropped: 1/(1−p) must not divide by zero"),
        Case(L.StochasticDepth(0.4, "row"), ((),), "samples that are single numbers", batch=9),
    ],
}
