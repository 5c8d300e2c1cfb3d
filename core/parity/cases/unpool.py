"""Cases of what was pooled, put back where it stood. Places are so many that no two indices name one."""

from __future__ import annotations

from typing import Any

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case


def unpooled(layer: Any, shape: tuple[int, ...], why: str, places: int, batch: int = 2) -> Case:
    """x and its indices, of 0 … places − 1"""
    forms = (Form((BATCH, *shape)), Form((BATCH, *shape), "integer"))
    return Case(layer, forms, why, batch=batch, values=range(places))


CASES: dict[type[Description], list[Case]] = {
    L.MaxUnpool1d: [
        unpooled(L.MaxUnpool1d(40), (2, 2), "plain", 80),
        unpooled(L.MaxUnpool1d(30, stride=40, padding=3, output_size=75), (2, 2), "another size", 75),
        unpooled(L.MaxUnpool1d(4), (3, 1), "one entry a channel: no other takes its place", 4, batch=5),
    ],
    L.MaxUnpool2d: [
        unpooled(L.MaxUnpool2d((9, 8), stride=(8, 7), padding=(1, 2)), (2, 2, 1), "all axes differ", 60),
        unpooled(L.MaxUnpool2d(6, output_size=(14, 4)), (1, 2, 1), "another size", 56),
        unpooled(L.MaxUnpool2d((2, 3)), (3, 1, 1), "one entry a channel", 6),
    ],
    L.MaxUnpool3d: [
        unpooled(L.MaxUnpool3d((2, 3, 4)), (3, 1, 1, 1), "one entry a channel", 24),
        unpooled(L.MaxUnpool3d((4, 3, 4), stride=(3, 3, 2), padding=(0, 0, 1)), (1, 1, 2, 1), "all axes differ", 48),
    ],
}
