"""Cases of the layers that have no room of their own beside this file. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.graph.model import Model
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.values import Input
from isograd.core.parity.cases.kinds import Case


def _branches() -> Model:
    x = Input((4,))
    h = L.Tanh()(L.Linear(3)(x))
    return Model(inputs=x, outputs=[L.Linear(2)(h) + L.Linear(2)(x), h])


def _shared() -> Model:
    x = Input((3,))
    twice = L.Linear(3)
    return Model(inputs=x, outputs=twice(L.Tanh()(twice(x))))


def _nested() -> Model:
    x, y = Input((4,)), Input((3,))
    inner = Sequential([L.Linear(3), L.Tanh()])
    a, b = _branches()(x)
    return Model(inputs=[x, y], outputs=L.Concat()(inner(x) * y, inner(x), a, b))


SEVERAL_AXES = (3, 4)
LAYER_CASES: dict[type[Description], list[Case]] = {
    L.Linear: [
        Case(L.Linear(3), ((4,),), "plain"),
        Case(L.Linear(3, bias=False), ((4,),), "no bias, batch of one", batch=1),
        Case(L.Linear(2), ((3, 4),), "time axis: every step through the same weights"),
        Case(L.Linear(1), ((1,),), "one feature in, one out"),
        Case(L.Linear(2), ((512,),), "long rows, few outputs: multiplied in slices", batch=16),
    ],
    L.Identity: [Case(L.Identity(), (SEVERAL_AXES,), "nothing changes")],
    L.Flatten: [
        Case(L.Flatten(), ((2, 3, 4),), "all axes of a sample"),
        Case(L.Flatten(start_dim=2, end_dim=3), ((2, 3, 4, 2),), "some axes in the middle"),
        Case(L.Flatten(), ((),), "samples without axes become one feature"),
    ],
    L.Reshape: [
        Case(L.Reshape((4, 3)), ((2, 6),), "reading order is kept, not transposed"),
        Case(L.Reshape((-1, 2)), ((2, 3, 2),), "one axis inferred"),
    ],
    L.Dropout: [
        Case(L.Dropout(0.4), (SEVERAL_AXES,), "scaled in training"),
        Case(L.Dropout(0.4, scale="inference"), (SEVERAL_AXES,), "scaled in evaluation (the book)"),
        Case(L.Dropout(0.0), ((7,),), "nothing dropped"),
        Case(L.Dropout(1.0), ((7,),), "everything dropped: 1/(1−p) must not divide by zero"),
    ],
    L.Add: [
        Case(L.Add(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Add(), ((3, 4), (1, 4), (3, 1)), "three, broadcast over different axes"),
    ],
    L.Subtract: [
        Case(L.Subtract(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Subtract(), ((1, 4), (3, 1)), "both broadcast"),
    ],
    L.Multiply: [
        Case(L.Multiply(), ((3, 4), (3, 4)), "two of one shape"),
        Case(L.Multiply(), ((3, 1), (3, 4), (1, 4)), "three, broadcast: each gets the product of the others"),
    ],
    L.MatMul: [
        Case(L.MatMul(), ((2, 3), (3, 4)), "a matrix for each sample"),
        Case(L.MatMul(), ((2, 2, 3), (2, 3, 4)), "several matrices for each sample"),
    ],
    L.Concat: [
        Case(L.Concat(), ((2, 3), (4, 3)), "along the first axis of a sample"),
        Case(L.Concat(dim=-1), ((2, 3), (2, 1), (2, 2)), "three, along the last axis"),
    ],
    L.Sigmoid: [
        Case(L.Sigmoid(), ((6,),), "plain"),
        Case(L.Sigmoid(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.Tanh: [Case(L.Tanh(), (SEVERAL_AXES,), "plain"), Case(L.Tanh(), ((6,),), "saturated", scale=100.0)],
    L.ReLU: [
        Case(L.ReLU(), (SEVERAL_AXES,), "both sides of 0"),
        Case(L.ReLU(), ((6,),), "exactly 0: derivative 0", scale=0.0),
    ],
    L.LeakyReLU: [
        Case(L.LeakyReLU(), (SEVERAL_AXES,), "default slope"),
        Case(L.LeakyReLU(negative_slope=0.3), ((6,),), "a slope that shows"),
        Case(L.LeakyReLU(negative_slope=0.3), ((3,),), "exactly 0: derivative the slope, as torch", scale=0.0),
    ],
    L.ELU: [
        Case(L.ELU(), (SEVERAL_AXES,), "plain"),
        Case(L.ELU(alpha=0.7), ((6,),), "alpha that shows"),
        Case(L.ELU(alpha=0.7), ((6,),), "inputs of order 1000: exp overflows on the linear side", scale=1000.0),
    ],
    L.GELU: [
        Case(L.GELU(), (SEVERAL_AXES,), "erf form"),
        Case(L.GELU(approximate="tanh"), (SEVERAL_AXES,), "tanh form"),
        Case(L.GELU(), ((8,),), "tails", scale=6.0),
    ],
    L.SiLU: [Case(L.SiLU(), (SEVERAL_AXES,), "plain"), Case(L.SiLU(), ((6,),), "tails", scale=100.0)],
    L.Softplus: [
        Case(L.Softplus(), (SEVERAL_AXES,), "plain"),
        Case(L.Softplus(beta=2.0, threshold=1.0), ((12,),), "both sides of a threshold that shows"),
        Case(L.Softplus(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.Softmax: [
        Case(L.Softmax(), ((6,),), "last axis"),
        Case(L.Softmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.Softmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
    ],
    L.LogSoftmax: [
        Case(L.LogSoftmax(), ((6,),), "last axis"),
        Case(L.LogSoftmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.LogSoftmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
    ],
    Sequential: [
        Case(
            Sequential([L.Linear(6), L.Tanh(), L.Dropout(0.3), L.Linear(2)]), ((4,),), "prefixed names, dropout inside"
        ),
    ],
    Model: [
        Case(_branches(), ((4,),), "a value that feeds two nodes, two outputs, one of them read on"),
        Case(_shared(), ((3,),), "a layer called twice: its gradients add up"),
        Case(_nested(), ((4,), (3,)), "two inputs, models inside a model, one of them called twice"),
    ],
}
