"""Elementwise nonlinearities that draw values towards 0, or put a number in their place."""

from __future__ import annotations

from dataclasses import field

from isograd.core.base.description import Finite, NonNegative, describes
from isograd.core.layers.base import Pointwise


@describes("layer")
class Softsign(Pointwise):
    """y = x / (1 + |x|); the derivative at 0 is 1"""


@describes("layer")
class Softshrink(Pointwise):
    """y = x − lambd for x > lambd, x + lambd for x < −lambd, else 0; the derivative at both ends is 0, as in torch"""

    lambd: NonNegative = field(kw_only=False, default=0.5)


@describes("layer")
class Hardshrink(Pointwise):
    """y = 0 for −lambd ≤ x ≤ lambd, else x; the derivative at both ends is 0, as in torch

    With a negative lambd there is nothing between, and y = x.
    """

    lambd: Finite = field(kw_only=False, default=0.5)


@describes("layer")
class Tanhshrink(Pointwise):
    """y = x − tanh x"""


@describes("layer")
class Threshold(Pointwise):
    """y = x for x > threshold, else value; the derivative at the threshold is 0, as in torch"""

    threshold: Finite = field(kw_only=False)
    value: Finite = field(kw_only=False)
