"""What a user reads when a description cannot be: where, wanted, got, fix (and the path of shapes), word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from message_helpers import raised

import isograd as ig

KEYWORDS = "out_features, name=, bias=, weight_init=, bias_init="
a, b = ig.Input((4,)), ig.Input((5,))
shared = ig.Linear(3)


def two_graphs() -> Any:
    """One layer object in the outer graph and in an inner one."""
    inner = ig.Sequential([shared], input_shape=(4,))
    return ig.build(ig.Model(inputs=a, outputs=shared(a) + inner(a)))


MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "first weights that float32 does not hold": (
        lambda: ig.build(ig.Sequential([ig.Linear(3, weight_init=ig.init.Constant(1e300))], input_shape=(5,))),
        """WeightsError: the model's first weights: 0.weight
  wanted numbers that are finite in float32, at most 3.4e+38
  got    1e+300 at [0, 0]
  fix    dtype="float64", or smaller numbers; nothing was changed""",
    ),
    "weights that float32 does not hold": (
        lambda: ig.build(ig.Sequential([ig.Linear(1, bias=False)], input_shape=(1,)), {"0.weight": [[1e39]]}),
        """WeightsError: build(weights=…): 0.weight
  wanted numbers that are finite in float32, at most 3.4e+38
  got    1e+39 at [0, 0]
  fix    dtype="float64", or smaller numbers; nothing was changed""",
    ),
    "a shape in the middle of a Sequential": (
        lambda: ig.Sequential([ig.Linear(6), ig.Reshape((2, 3)), ig.Reshape((4,))], input_shape=(5,)),
        """ShapeError: layer 3 of 3, Reshape((4,))
  wanted a shape of 6 values, as the input has
  got    (4,)
  path   (N, 5) → Linear(6) → (N, 6) → Reshape((2, 3)) → (N, 2, 3)
  fix    change the shape, or what feeds it (N, 2, 3); one entry may be -1""",
    ),
    "a shape in a Sequential inside a Sequential": (
        lambda: ig.Sequential([ig.Linear(6), ig.Sequential([ig.Softmax(dim=2)])], input_shape=(5,)),
        """ShapeError: layer 1 of 1, Softmax(dim=2)
  wanted dim in 1…1 or −1…−1
  got    dim=2 for (N, 6)
  path   (N, 6)
  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed""",
    ),
    "a shape in a graph": (
        lambda: ig.Tanh()(ig.Linear(3)(a)) + b,
        """ShapeError: Add()
  wanted shapes of equal rank whose axes are equal or 1
  got    (N, 3) and (N, 5)
  path   (N, 4) → Linear(3) → (N, 3) → Tanh() → (N, 3)   and   (N, 5)
  fix    bring them to one shape with Linear, Reshape or Flatten""",
    ),
    "a matrix product": (
        lambda: a @ b,
        """ShapeError: MatMul()
  wanted a (N, …, i, k) and b (N, …, k, j)
  got    (N, 4) and (N, 5)
  path   (N, 4)   and   (N, 5)
  fix    reshape or transpose one of them, so that a's last axis is b's last but one""",
    ),
    "a concatenation": (
        lambda: ig.Concat(dim=2)(ig.Input((2, 3)), ig.Input((4, 3))),
        """ShapeError: Concat(dim=2)
  wanted shapes that agree in all axes but 2
  got    (N, 2, 3) and (N, 4, 3)
  path   (N, 2, 3)   and   (N, 4, 3)
  fix    bring the other axes to one size""",
    ),
    "the batch axis": (
        lambda: ig.LogSoftmax(dim=0)(a),
        """ShapeError: LogSoftmax(dim=0)
  wanted dim in 1…1 or −1…−1
  got    dim=0 for (N, 4)
  path   (N, 4)
  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed""",
    ),
    "a sample without features": (
        lambda: ig.Linear(3)(ig.Input(())),
        """ShapeError: Linear(3)
  wanted (N, …, features)
  got    (N,)
  path   (N,)
  fix    give every sample at least one feature""",
    ),
    "too few inputs": (
        lambda: ig.Add()(a),
        """ShapeError: Add()
  wanted 2 or more inputs
  got    1
  path   (N, 4)
  fix    call it with 2 or more graph values""",
    ),
    "a model given another shape": (
        lambda: ig.Model(inputs=a, outputs=ig.ReLU()(a))(b),
        """ShapeError: Model(1 nodes)
  wanted (N, 4)
  got    (N, 5)
  path   (N, 5)
  fix    change the model's Input, or what feeds it""",
    ),
    "a shared layer fed two widths, Sequential": (
        lambda: ig.Sequential([shared, shared], input_shape=(4,)),
        """ShapeError: '0', Linear(3), called again
  wanted (N, 4)
  got    (N, 3)
  path   (N, 4) → Linear(3) → (N, 3)
  fix    a shared layer needs inputs of one shape; make a second layer, or change what feeds it""",
    ),
    "a shared layer fed two widths, Model": (
        lambda: ig.Model(inputs=[a, b], outputs=shared(a) + shared(b)),
        """ShapeError: 'linear', Linear(3), called again
  wanted (N, 4)
  got    (N, 5)
  path   (N, 5)
  fix    a shared layer needs inputs of one shape; make a second layer, or change what feeds it""",
    ),
    "a layer object in two graphs": (
        two_graphs,
        """SpecError: sequential.0, Linear(3)
  wanted a layer object in one graph only
  got    the same object at linear
  fix    make the part that shares it a model of its own, and call that model twice""",
    ),
    "torch's Linear(in, out)": (
        lambda: ig.Linear(64, 32),
        f"""SpecError: Linear(64, 32)
  wanted 1 positional argument (out_features)
  got    2: 64, 32
  fix    Linear(32): input sizes are inferred; give options by keyword: {KEYWORDS}""",
    ),
    "torch's SGD(lr, momentum)": (
        lambda: ig.SGD(0.1, 0.9),
        """SpecError: SGD(0.1, 0.9)
  wanted 1 positional argument (lr)
  got    2: 0.1, 0.9
  fix    give options by keyword: lr, maximize=, momentum=, dampening=, weight_decay=, nesterov=, velocity=""",
    ),
    "torch's Sequential(a, b)": (
        lambda: ig.Sequential(ig.ReLU(), ig.Tanh()),
        """SpecError: Sequential
  wanted its layers in one list
  got    ReLU() by itself
  fix    ig.Sequential([ReLU(), …])""",
    ),
    "something that is no layer": (
        lambda: ig.Sequential([ig.ReLU(), 3]),
        """SpecError: Sequential([ReLU(), 3])
  wanted layers: an instance of Layer
  got    3
  fix    change layers=""",
    ),
    "no layers": (
        lambda: ig.Sequential([]),
        """SpecError: Sequential([])
  wanted one layer or more
  got    none
  fix    use [ig.Identity()]""",
    ),
    "an argument that is missing": (
        lambda: ig.Linear(),
        """SpecError: Linear()
  wanted out_features
  got    nothing
  fix    Linear(out_features, …)""",
    ),
    "an option that is missing": (
        lambda: ig.StepDecay(gamma=0.5),
        """SpecError: StepDecay(gamma=0.5)
  wanted step_size
  got    nothing
  fix    StepDecay(step_size=…)""",
    ),
    "an unknown option": (
        lambda: ig.Linear(3, bais=False),
        f"""SpecError: Linear(3, bais=False)
  wanted options among {KEYWORDS}
  got    bais=
  fix    drop bais= or mend it""",
    ),
    "a number of the wrong type": (
        lambda: ig.Linear(3.5),
        """SpecError: Linear(3.5)
  wanted out_features: a valid integer
  got    3.5
  fix    change out_features=""",
    ),
    "an option of the wrong type": (
        lambda: ig.Linear(3, weight_init="xavier"),
        """SpecError: Linear(3, weight_init='xavier')
  wanted weight_init: an instance of Initializer
  got    'xavier'
  fix    change weight_init=""",
    ),
    "a size out of range": (
        lambda: ig.Linear(0),
        """SpecError: Linear(0)
  wanted out_features: greater than 0
  got    0
  fix    change out_features=""",
    ),
    "a probability out of range": (
        lambda: ig.Dropout(1.2),
        """SpecError: Dropout(1.2)
  wanted p: less than or equal to 1
  got    1.2
  fix    change p=""",
    ),
    "a choice that does not exist": (
        lambda: ig.GELU(approximate="erf"),
        """SpecError: GELU(approximate='erf')
  wanted approximate: 'none' or 'tanh'
  got    'erf'
  fix    change approximate=""",
    ),
    "options that contradict each other": (
        lambda: ig.SGD(0.1, nesterov=True),
        """SpecError: SGD(0.1, nesterov=True)
  wanted momentum > 0 and dampening 0 with nesterov=True
  got    momentum=0.0, dampening=0.0
  fix    SGD(lr, momentum=0.9, nesterov=True)""",
    ),
    "an option that is needed": (
        lambda: ig.ExponentialDecay(),
        """SpecError: ExponentialDecay()
  wanted final_lr= or gamma=, one of them
  got    neither
  fix    ExponentialDecay(gamma=0.9)""",
    ),
    "an unknown gain": (
        lambda: ig.init.calculate_gain("swish"),
        """SpecError: calculate_gain('swish')
  wanted one of linear, sigmoid, tanh, relu, selu, leaky_relu
  got    'swish'
  fix    name one of them, or give the number as gain=""",
    ),
    "an orthogonal bias": (
        lambda: ig.build(ig.Sequential([ig.Linear(3, bias_init=ig.init.Orthogonal())], input_shape=(4,))),
        """SpecError: Orthogonal()
  wanted a weight of two or more axes
  got    shape (3,)
  fix    use it for a weight, not a bias""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_every_time(case: str) -> None:
    """Raised twice: the first use of a description may complete it, and must not change its words."""
    action, text = MESSAGES[case]
    assert raised(action) == text
    assert raised(action) == text
