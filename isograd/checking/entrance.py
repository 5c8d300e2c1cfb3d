"""`ig.check_operation`: what is handed in, and which kind of description judges it."""

from __future__ import annotations

from inspect import isclass
from typing import Any

import numpy as np

from isograd.checking.layers import check_layer
from isograd.checking.losses import check_loss
from isograd.checking.optimizers import check_optimizer
from isograd.checking.report import OperationReport
from isograd.core.base.description import Description
from isograd.core.base.errors import DataError, SpecError, shown
from isograd.core.base.types import Arrays
from isograd.core.graph.composite import Composite
from isograd.core.layers.base import Layer
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.formulas import FORMULAS, LOSS_FORMULAS


def check_operation(mine: Any, like: Description, *, x: Any = None, name: str | None = None) -> OperationReport:
    """Is somebody's own forward and backward, loss or optimizer what `like` says? What is right, what wrong, and why?

    What is right is the formula of `like` in float64, and its derivative. `mine` is run on inputs of the layer's own
    cases, or on the batch `x` (of several inputs a tuple), and on runs that each change one thing: a batch of 1, one
    step, dy of one 1 among zeros, symmetric kernels, inputs of one sign, of 0, equal, large, read-only, not contiguous,
    in float32, a second call. Of a layer (`like=ig.Conv2d(8, 3)`) `mine` is

        (forward, backward)    forward(x, w, b) → y, or (y, cache);  backward(dy, cache), or backward(dy, x, w, b),
                               → dx, or (dx, dw, db), or (dx, {"w": dw, "b": db})
        an object, a class, or what makes one when it is called    forward(x) → y;  backward(dy) → as above, the
                               gradients of weights returned, or kept: dW, W_grad, grads["W"], param_grads
        a class as in the book (Weidman 2019), Operation, ParamOperation or Layer    param, param_grad; params,
                               param_grads
        a torch.autograd.Function    apply(x, w, b)

    Weights come as arguments, to the constructor, as attributes, or in `params`, by their names: PyTorch's, or common
    others (w, W, kernel, gamma; b, beta; W_ih, Wx; W_hh, Wh, U). They have PyTorch's layout, (out, in), or are given
    transposed where the outputs are right that way. A class is made anew for every run, an object copied. The mode is
    told by training=, train=, inference= or mode=, by an attribute `training`, or by train() and eval().

    A loss (`like=ig.CrossEntropyLoss()`): forward(prediction, target) → L and backward() → dp, or one function that
    returns both. An optimizer (`like=ig.Adam(0.01)`): step(params, grads) of two dicts, writing in place or returning
    the new ones; a function (w, g, state) → (w, state); or the book's step() with `net`. Its rate is the attribute lr,
    or an argument.

    An exception of `mine` is a finding, with its line. Raises where nobody knows how to call `mine`, or `like` is no
    layer, loss or optimizer that can be judged alone.
    """
    called = name or _name(mine)
    if isinstance(like, Loss) and type(like) in LOSS_FORMULAS:
        return check_loss(mine, called, like)
    if isinstance(like, Optimizer):
        return check_optimizer(mine, called, like)
    if isinstance(like, Layer) and not isinstance(like, Composite) and type(like) in FORMULAS:
        return check_layer(mine, called, like, None if x is None else _inputs(x))
    raise SpecError(
        "check_operation(mine, like=…)",
        wanted="the description of a layer, a loss or an optimizer",
        got=shown(like),
        fix="like=ig.Conv2d(8, 3)",
    )


def _name(mine: Any) -> str:
    """What a text calls it."""
    if isinstance(mine, (tuple, list)) and mine:
        return " and ".join(str(getattr(part, "__name__", part)) for part in mine)
    own = getattr(mine, "__name__", None)
    return str(own) if own is not None and (isclass(mine) or callable(mine)) else type(mine).__name__


def _inputs(x: Any) -> Arrays:
    """The batch that is given, as arrays."""
    given = tuple(np.asarray(each) for each in (x if isinstance(x, tuple) else (x,)))
    for k, array in enumerate(given):
        if array.dtype.kind not in "fiu" or array.ndim < 1 or len(array) < 2:
            raise DataError(
                f"check_operation(x=…): input {k}",
                wanted="a batch of numbers, of at least two samples",
                got=f"{array.dtype}{list(array.shape)}",
                fix="x=rng.normal(size=(4, …)); of several inputs a tuple",
            )
    return given
