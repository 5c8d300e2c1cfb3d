"""A window of a max pooling that lies on padding alone is refused, whatever the sizes: held against looking at each."""

from __future__ import annotations

from itertools import product

import pytest

import isograd as ig


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_windows_on_padding_alone_are_those_that_are_refused(ceil_mode: bool) -> None:
    refused = 0
    for kernel, stride, dilation, size in product(range(1, 6), range(1, 5), range(1, 7), range(1, 9)):
        for padding in range(kernel // 2 + 1):
            layer = ig.MaxPool1d(kernel, stride=stride, dilation=dilation, padding=padding, ceil_mode=ceil_mode)
            (axis,) = layer.windows((1, size))
            if axis.out < 1:
                continue
            starts = range(-padding, -padding + stride * axis.out, stride)
            empty = [s for s in starts if not any(0 <= s + dilation * u < size for u in range(kernel))]
            try:
                ig.Sequential([layer], input_shape=(1, size))
                told = ""
            except ig.ShapeError as error:
                told = str(error)
            assert ("a window of padding alone" in told) == bool(empty), (layer, size)
            refused += bool(empty)
    assert refused > 10
