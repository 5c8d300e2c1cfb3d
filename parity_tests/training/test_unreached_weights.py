"""Weights that no loss reaches have no gradient: no optimizer moves them, decay or not, as PyTorch's does not."""

from __future__ import annotations

import numpy as np
import pytest
from training_helpers import BOTH

import isograd as ig

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))


def two_ends() -> ig.Model:
    """A head without a loss, plain, inside a model, behind a StopGradient; a weight of the graph; a shared layer."""
    x = ig.Input((4,))
    a = ig.Input((4,))
    shared = ig.Linear(4, name="shared")
    inner = ig.Model(inputs=a, outputs=[ig.Linear(4, name="left")(a), ig.Linear(2, name="right")(a)], name="inner")
    stopped = ig.StopGradient()(ig.Linear(4, name="stopped")(x))
    token = ig.Expand(("N", 4))(ig.Parameter((1, 4), name="token"), x)
    left, _ = inner(shared(x) + stopped)
    again, right = inner(left)
    return ig.Model(inputs=x, outputs=[again, right, ig.Linear(2, name="head")(shared(x)), x + token])


REACHED = {"shared.weight", "shared.bias", "inner.left.weight", "inner.left.bias"}
LOSSES = (ig.MSELoss(), None, None, None)
OPTIMIZERS = (
    ig.SGD(0.1, weight_decay=0.1, momentum=0.9),
    ig.Adam(0.1, weight_decay=0.1),
    ig.AdamW(0.1, weight_decay=0.1),
    ig.NAdam(0.1, weight_decay=0.1),
)


@BOTH
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_they_stay_as_they_are(backend: str, optimizer: ig.Optimizer) -> None:
    net = ig.build(two_ends(), backend=backend, dtype="float64")
    before = net.state_dict()
    learner = net.learner(LOSSES, optimizer)
    for _ in range(2):
        learner.step((X,), (Y,), optimizer.lr)
    after = net.state_dict()
    assert {path for path in before if not np.array_equal(before[path], after[path])} == REACHED
    gradients = learner.gradients((X,), (Y,))[2]
    assert {path for path in gradients if gradients[path].any()} == REACHED
    assert set(gradients) == set(before)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, ig.LBFGS(0.1)], ids=lambda o: type(o).__name__)
def test_both_engines_do_the_same_step_for_step(optimizer: ig.Optimizer) -> None:
    report = ig.check_parity(two_ends(), X, Y, loss=LOSSES, optimizer=optimizer, clip=ig.ClipNorm(0.5), steps=3)
    assert report.passed, str(report)


def test_a_model_that_is_called_twice_adds_what_each_call_has() -> None:
    left, right = (ig.Input((4,)) for _ in range(2))
    inner = ig.Model(inputs=[left, right], outputs=[ig.Linear(2, name="a")(left), ig.Linear(2, name="b")(right)])
    x = ig.Input((4,))
    model = ig.Model(inputs=x, outputs=inner(x, x)[0] + inner(ig.Tanh()(x), x)[1])
    assert ig.check_gradients(model, X).passed


@BOTH
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, ig.LBFGS(0.1)], ids=lambda o: type(o).__name__)
def test_a_loss_that_reaches_none_leaves_all_as_they_are(backend: str, optimizer: ig.Optimizer) -> None:
    x = ig.Input((4,))
    model = ig.Model(inputs=x, outputs=ig.StopGradient()(ig.Linear(4)(x)))
    net = ig.build(model, backend=backend, dtype="float64")
    before = net.state_dict()
    for clip in (None, ig.ClipNorm(0.1), ig.ClipValue(0.1)):
        learner = net.learner((ig.MSELoss(),), optimizer, clip)
        learner.step((X,), (Y,), 0.1)
        assert not any(g.any() for g in learner.gradients((X,), (Y,))[2].values())
        assert all(np.array_equal(before[path], values) for path, values in net.state_dict().items())


@pytest.mark.parametrize("sources", [1, 3])
@pytest.mark.parametrize("width", [4, 6])
def test_a_loss_of_the_shares_of_attention_leaves_what_makes_its_values_as_it_is(sources: int, width: int) -> None:
    """y is not asked for: neither the projection out of it nor, where values have their own, that into them."""
    ends = [ig.Input((3, 4)), *(ig.Input((5, width)) for _ in range(sources - 1))]
    fed = [ig.Linear(end.shape[-1], name=f"into_{k}")(end) for k, end in enumerate(ends)]
    shares = ig.MultiheadAttention(2, need_weights=True, add_bias_kv=True, name="attention")(*fed)[1]
    model = ig.Model(inputs=ends, outputs=shares)
    x = tuple(RNG.normal(size=(2, *end.shape)) for end in ends)
    y = RNG.normal(size=(2, *model.out_shapes(*model.input_shapes)[0]))
    report = ig.check_parity(model, x, y, loss=ig.MSELoss(), optimizer=ig.AdamW(0.1, weight_decay=0.5), steps=2)
    assert report.passed, str(report)
    net = ig.build(model, dtype="float64")
    before = net.state_dict()
    net.learner((ig.MSELoss(),), ig.AdamW(0.1, weight_decay=0.5)).step(x, (y,), 0.1)
    after = net.state_dict()
    stay = {path for path in before if np.array_equal(before[path], after[path])}
    own = {"attention.v_proj_weight"} if "attention.v_proj_weight" in before else set()
    of_values = {f"into_2.{name}" for name in ("weight", "bias")} if sources == 3 else set()
    assert stay == {"attention.out_proj.weight", "attention.out_proj.bias", "attention.bias_v"} | own | of_values


@pytest.mark.parametrize("steps", [1, 4])
def test_a_loss_of_cells_alone_does_not_reach_the_last_projection_of_a_single_step(steps: int) -> None:
    x = ig.Input((steps, 3))
    _, (_, cells) = ig.LSTM(5, num_layers=2, bidirectional=True, proj_size=2, name="lstm")(x)
    model = ig.Model(inputs=x, outputs=cells)
    given, y = RNG.normal(size=(3, steps, 3)), RNG.normal(size=(3, 4, 5))
    report = ig.check_parity(model, given, y, loss=ig.MSELoss(), optimizer=ig.AdamW(0.1, weight_decay=0.5), steps=2)
    assert report.passed, str(report)
    net = ig.build(model, dtype="float64")
    before = net.state_dict()
    net.learner((ig.MSELoss(),), ig.AdamW(0.1, weight_decay=0.5)).step((given,), (y,), 0.1)
    stay = {path for path, values in net.state_dict().items() if np.array_equal(before[path], values)}
    assert stay == ({"lstm.weight_hr_l1", "lstm.weight_hr_l1_reverse"} if steps == 1 else set())
