"""Custom layers and losses: the user's function is recorded, its gradients are the record walked backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.backends.numpy_impl.autodiff import Tensor, gradients, plain
from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.losses import LOSSES, LossBackward
from isograd.backends.numpy_impl.namespace import RECORDING
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.core.base.types import Array, Backward, State, Tree
from isograd.core.graph.custom import CustomLayer, CustomLoss


@OPERATIONS.implements(CustomLayer)
def custom_layer(spec: CustomLayer, p: Tree, *x: Array, run: NodeRun) -> tuple[Any, Backward]:
    """y = f(x, w)        dx = Σ dy · ∂y/∂x        dw = Σ dy · ∂y/∂w, by the record of f"""
    inputs = [Tensor(v) if run.needs_dx and v.dtype.kind == "f" else v for v in x]
    weights = {name: Tensor(values) for name, values in p.items()}
    outputs = spec.compute(RECORDING, tuple(inputs), weights, spec.out_shapes(*(v.shape[1:] for v in x)))

    def backward(*dy: Array) -> tuple[Any, State]:
        wanted = [v for v in inputs if isinstance(v, Tensor)]
        found = gradients(outputs, [*wanted, *weights.values()], dy)
        given = iter(found)
        dx = tuple(next(given) if isinstance(v, Tensor) else None for v in inputs)
        grads = dict(zip(weights, given, strict=True))
        return dx if len(dx) > 1 else dx[0], grads

    y = tuple(plain(output) for output in outputs)
    return y if len(y) > 1 else y[0], backward


@LOSSES.implements(CustomLoss)
def custom_loss(spec: CustomLoss, p: Array, t: Array) -> tuple[Array, LossBackward]:
    """L = f(p, t)        dp = dL · ∂L/∂p, by the record of f"""
    prediction = Tensor(p)
    loss = spec.value(RECORDING, prediction, t.astype(np.int64) if spec.labels else t)

    def backward(dL: Any) -> Any:
        (dp,) = gradients(loss, [prediction], dL)
        return dp

    return plain(loss), backward
