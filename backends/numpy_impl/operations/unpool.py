"""What was pooled, put back where it stood."""

from __future__ import annotations

from math import prod

import numpy as np

from isograd.backends.numpy_impl.operations.indexing import check_places
from isograd.backends.numpy_impl.operations.registry import implements
from isograd.core.base.types import Array, Backward, MaybeArrays, State, Tree
from isograd.core.engine.context import Run
from isograd.core.layers import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from isograd.core.layers.unpool import MaxUnpooling


@implements(MaxUnpool1d, MaxUnpool2d, MaxUnpool3d)
def max_unpool(spec: MaxUnpooling, p: Tree, x: Array, indices: Array, *, run: Run) -> tuple[Array, Backward]:
    """y[n,c,indices[n,c,q]] = x[n,c,q], else 0        dx[n,c,q] = dy[n,c,indices[n,c,q]]"""
    sizes = spec.sizes(x.shape[1:])
    check_places(spec, indices, prod(sizes))
    channels = x.shape[0] * x.shape[1]
    places = indices.reshape(channels, -1)
    y = np.zeros((channels, prod(sizes)), x.dtype)
    np.put_along_axis(y, places, x.reshape(channels, -1), 1)

    def backward(dy: Array) -> tuple[MaybeArrays, State]:
        dx = np.take_along_axis(dy.reshape(channels, -1), places, 1)
        return (dx.reshape(x.shape), None), {}

    return y.reshape(*x.shape[:2], *sizes), backward
