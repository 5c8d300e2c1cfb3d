"""Cases of the nonlinearities."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.forms import BATCH, Form
from isograd.core.parity.cases.kinds import Case

CASES: dict[type[Description], list[Case]] = {
    L.Sigmoid: [
        Case(L.Sigmoid(), ((6,),), "plain"),
        Case(L.Sigmoid(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
        Case(L.Sigmoid(), (Form((3, BATCH, 2)),), "the batch elsewhere"),
    ],
    L.Tanh: [
        Case(L.Tanh(), ((3, 4),), "plain"),
        Case(L.Tanh(), ((6,),), "saturated", scale=100.0),
        Case(L.Tanh(), ((3,),), "exactly 0: derivative 1", scale=0.0),
    ],
    L.ReLU: [
        Case(L.ReLU(), ((3, 4),), "both sides of 0"),
        Case(L.ReLU(), ((6,),), "exactly 0: derivative 0", scale=0.0),
    ],
    L.ReLU6: [
        Case(L.ReLU6(), ((3, 4),), "below 0, between, above 6", scale=6.0),
        Case(L.ReLU6(), ((8,),), "exactly 0 and 6: derivative 0", among=(0.0, 6.0)),
    ],
    L.Hardtanh: [
        Case(L.Hardtanh(), ((3, 4),), "below −1, between, above 1"),
        Case(L.Hardtanh(min_val=-0.5, max_val=2.0), ((3, 4),), "ends that show", scale=2.0),
        Case(L.Hardtanh(min_val=-0.5, max_val=2.0), ((8,),), "exactly the ends: derivative 0", among=(-0.5, 2.0)),
    ],
    L.Hardsigmoid: [
        Case(L.Hardsigmoid(), ((3, 4),), "below −3, between, above 3", scale=3.0),
        Case(L.Hardsigmoid(), ((8,),), "exactly −3 and 3: derivative 0", among=(-3.0, 3.0)),
    ],
    L.Hardswish: [
        Case(L.Hardswish(), ((3, 4),), "below −3, between, above 3", scale=3.0),
        Case(L.Hardswish(), ((8,),), "exactly −3 and 3: derivatives 0 and 1", among=(-3.0, 3.0)),
    ],
    L.LeakyReLU: [
        Case(L.LeakyReLU(), ((3, 4),), "default slope"),
        Case(L.LeakyReLU(negative_slope=0.3), ((6,),), "a slope that shows"),
        Case(L.LeakyReLU(negative_slope=0.3), ((3,),), "exactly 0: derivative the slope, as torch", scale=0.0),
    ],
    L.PReLU: [
        Case(L.PReLU(), ((3, 4),), "one slope for all channels"),
        Case(L.PReLU(3), ((3, 2, 2),), "a slope for each channel of images"),
        Case(L.PReLU(4), ((4,),), "a slope for each feature"),
        Case(L.PReLU(), ((),), "samples that are single numbers"),
        Case(L.PReLU(2), ((2, 3),), "exactly 0: derivative the slope, as torch", scale=0.0),
    ],
    L.ELU: [
        Case(L.ELU(), ((3, 4),), "plain"),
        Case(L.ELU(alpha=0.7), ((6,),), "alpha that shows"),
        Case(L.ELU(alpha=0.7), ((3,),), "exactly 0: derivative alpha, as torch", scale=0.0),
        Case(L.ELU(alpha=0.7), ((6,),), "inputs of order 1000: exp overflows on the linear side", scale=1000.0),
    ],
    L.CELU: [
        Case(L.CELU(), ((3, 4),), "plain"),
        Case(L.CELU(alpha=0.7), ((6,),), "alpha that shows"),
        Case(L.CELU(alpha=-0.7), ((6,),), "a negative alpha: steeper the farther left"),
        Case(L.CELU(alpha=0.7), ((3,),), "exactly 0: derivative 1, as torch", scale=0.0),
        Case(L.CELU(alpha=0.7), ((6,),), "inputs of order 10000: exp overflows on the linear side", scale=1e4),
    ],
    L.RReLU: [
        Case(L.RReLU(), ((3, 4),), "slopes at random in training, their mean in evaluation"),
        Case(L.RReLU(lower=-0.5, upper=2.0), ((6,),), "bounds that show"),
        Case(L.RReLU(lower=0.3, upper=0.3), ((6,),), "one slope alone"),
        Case(L.RReLU(), ((7,),), "exactly 0: derivative the slope, as torch", scale=0.0),
        Case(L.RReLU(), (Form((3, BATCH, 2)),), "the batch elsewhere"),
    ],
    L.SELU: [
        Case(L.SELU(), ((3, 4),), "both sides of 0"),
        Case(L.SELU(), ((3,),), "exactly 0: derivative λ·α, as torch", scale=0.0),
        Case(L.SELU(), ((6,),), "inputs of order 1000: exp overflows on the linear side", scale=1000.0),
    ],
    L.GELU: [
        Case(L.GELU(), ((3, 4),), "erf form"),
        Case(L.GELU(approximate="tanh"), ((3, 4),), "tanh form"),
        Case(L.GELU(), ((8,),), "tails", scale=6.0),
        Case(L.GELU(), (Form((3, 4)),), "no batch"),
    ],
    L.SiLU: [Case(L.SiLU(), ((3, 4),), "plain"), Case(L.SiLU(), ((6,),), "tails", scale=100.0)],
    L.Mish: [
        Case(L.Mish(), ((3, 4),), "plain"),
        Case(L.Mish(), ((8,),), "tails", scale=10.0),
        Case(L.Mish(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.GLU: [
        Case(L.GLU(), ((6,),), "halves of the last axis"),
        Case(L.GLU(dim=1), ((4, 3),), "halves of an axis that is not the last"),
        Case(L.GLU(), ((6,),), "inputs of order 1000: the gate is open or shut", scale=1000.0),
        Case(L.GLU(dim=0), (Form((4, BATCH)),), "the batch elsewhere, halves of the first axis"),
    ],
    L.LogSigmoid: [
        Case(L.LogSigmoid(), ((3, 4),), "plain"),
        Case(L.LogSigmoid(), ((8,),), "tails", scale=10.0),
        Case(L.LogSigmoid(), ((6,),), "inputs of order 10000: exp overflows", scale=1e4),
    ],
    L.Softplus: [
        Case(L.Softplus(), ((3, 4),), "plain"),
        Case(L.Softplus(beta=2.0, threshold=1.0), ((12,),), "both sides of a threshold that shows"),
        Case(L.Softplus(threshold=0.0), ((3,),), "exactly at the threshold: not yet linear", scale=0.0),
        Case(L.Softplus(), ((6,),), "inputs of order 1000: exp overflows", scale=1000.0),
    ],
    L.Softmax: [
        Case(L.Softmax(), ((6,),), "last axis"),
        Case(L.Softmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.Softmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
        Case(L.Softmax(dim=0), (Form((3, BATCH, 2)),), "the batch elsewhere, along the first axis"),
        Case(L.Softmax(), (Form((3, 4)),), "no batch"),
        Case(L.Softmax(dim=-3), ((3, 2, 2),), "channels of images, counted from the end"),
    ],
    L.LogSoftmax: [
        Case(L.LogSoftmax(), ((6,),), "last axis"),
        Case(L.LogSoftmax(dim=1), ((3, 4),), "an axis that is not the last"),
        Case(L.LogSoftmax(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
        Case(L.LogSoftmax(dim=1), (Form((3, 4, BATCH)),), "the batch at the end"),
    ],
    L.Softmin: [
        Case(L.Softmin(), ((6,),), "last axis"),
        Case(L.Softmin(dim=-2), ((3, 4, 2),), "an axis that is not the last, counted from the end"),
        Case(L.Softmin(), ((6,),), "logits of order 1000: exp overflows", scale=1000.0),
        Case(L.Softmin(dim=0), (Form((3, BATCH)),), "the batch elsewhere, along the first axis"),
    ],
}
