"""Cases of normalisation."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form, Rows
from isograd.core.parity.cases.kinds import Case

FAR = (1000.0, 1001.0, 1003.0)
"""Whose variance is lost where they are squared before their mean is taken off."""

CASES: dict[type[Description], list[Case]] = {
    L.BatchNorm1d: [
        Case(L.BatchNorm1d(), ((3,),), "features"),
        Case(
            L.BatchNorm1d(eps=0.3), ((3,),), "two values a channel: unbiased, their variance is twice as large", batch=2
        ),
        Case(L.BatchNorm1d(affine=False), ((3,),), "no weights, but running statistics"),
        Case(L.BatchNorm1d(bias=False), ((3, 2),), "a weight without a bias"),
        Case(L.BatchNorm1d(momentum=0.3, eps=0.1), ((2, 4),), "sequences, options that show"),
        Case(L.BatchNorm1d(), ((2, 70),), "sequences whose rows are summed by themselves", batch=3),
    ],
    L.BatchNorm2d: [
        Case(L.BatchNorm2d(), ((3, 2, 3),), "plain"),
        Case(L.BatchNorm2d(eps=0.3), ((2, 2, 2),), "batch of one: its places alone", batch=1),
        Case(L.BatchNorm2d(momentum=None), ((2, 3, 2),), "the mean of all batches so far"),
        Case(L.BatchNorm2d(affine=False), ((2, 3, 1),), "no weight, no bias"),
        Case(L.BatchNorm2d(affine=False), ((2, 8, 9),), "no weight, no bias, longer rows"),
        Case(L.BatchNorm2d(), ((2, 91, 92),), "channels of more places than are repeated", batch=2, large=True),
        Case(L.BatchNorm2d(track_running_stats=False), ((2, 2, 3),), "the batch's own statistics in evaluation too"),
    ],
    L.BatchNorm3d: [
        Case(L.BatchNorm3d(), ((2, 2, 3, 2),), "plain"),
        Case(L.BatchNorm3d(momentum=0.3, affine=False), ((3, 1, 2, 2),), "no weights, a momentum that shows"),
    ],
    L.InstanceNorm1d: [
        Case(L.InstanceNorm1d(), ((2, 5),), "plain"),
        Case(L.InstanceNorm1d(affine=True, track_running_stats=True, momentum=0.3), ((2, 5),), "affine, remembered"),
        Case(L.InstanceNorm1d(affine=True, bias=False, eps=0.2), ((3, 4),), "a weight without a bias"),
    ],
    L.InstanceNorm3d: [
        Case(L.InstanceNorm3d(affine=True), ((2, 2, 1, 3),), "affine"),
        Case(L.InstanceNorm3d(track_running_stats=True), ((2, 2, 2, 2),), "remembered, no weights"),
    ],
    L.InstanceNorm2d: [
        Case(L.InstanceNorm2d(), ((2, 3, 4),), "a large mean beside small differences", among=FAR),
        Case(L.InstanceNorm2d(), ((2, 3, 3),), "plain"),
        Case(L.InstanceNorm2d(affine=True, track_running_stats=True, momentum=0.3), ((2, 2, 3),), "affine, remembered"),
    ],
    L.LayerNorm: [
        Case(L.LayerNorm(), ((4,),), "one axis"),
        Case(L.LayerNorm(), ((6,),), "a large mean beside small differences", among=FAR),
        Case(L.LayerNorm(), ((3, 4),), "one axis of two: time steps by themselves"),
        Case(L.LayerNorm(axes=2, bias=False, eps=0.2), ((2, 3, 2),), "two axes of three, no bias"),
        Case(L.LayerNorm(elementwise_affine=False), ((5,),), "no weight, no bias"),
        Case(L.LayerNorm(), (Form((3, BATCH, 4)),), "the batch elsewhere"),
    ],
    L.RMSNorm: [
        Case(L.RMSNorm(), ((4,),), "one axis"),
        Case(L.RMSNorm(eps=0.2), ((3, 4),), "one axis of two: time steps by themselves"),
        Case(L.RMSNorm(axes=2, elementwise_affine=False), ((2, 3, 2),), "two axes of three, no weight"),
        Case(L.RMSNorm(), ((5,),), "small values: the eps of each dtype shows", scale=3e-4),
        Case(L.RMSNorm(axes=2), (Form((Rows(2), 3, 4)),), "windows of the batch"),
    ],
    L.GroupNorm: [
        Case(L.GroupNorm(2), ((4, 2, 2),), "two groups"),
        Case(L.GroupNorm(2), ((4, 6),), "a large mean beside small differences", among=FAR),
        Case(L.GroupNorm(1, eps=0.2), ((3, 2),), "one group, sequences"),
        Case(L.GroupNorm(3, affine=False), ((3, 2, 2),), "a group for each channel, no weight"),
        Case(L.GroupNorm(2, bias=False), ((4, 3),), "a weight without a bias"),
    ],
    L.LocalResponseNorm: [
        Case(L.LocalResponseNorm(2), ((4, 3),), "an even window: one more channel before than behind"),
        Case(L.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0), ((5, 2, 2),), "options that show"),
        Case(
            L.LocalResponseNorm(5, alpha=2.0, beta=-1.0), ((3, 2, 1, 2),), "a window wider than the channels, volumes"
        ),
        Case(L.LocalResponseNorm(9, alpha=2.0), ((2, 3),), "wider on both sides"),
        Case(L.LocalResponseNorm(1, alpha=1.0), ((3, 4),), "each channel by itself"),
        Case(L.LocalResponseNorm(3, alpha=1.0), ((4, 2),), "inputs of order 10000", scale=1e4),
    ],
}
