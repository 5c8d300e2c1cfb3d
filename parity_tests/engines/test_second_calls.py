"""What a network computed before, and what it is asked for in between, leaves no trace in what it computes next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_helpers import BOTH, GRAPHS, batch
from second_calls import (
    CALLS,
    EVERY_CASE,
    OF_SAMPLES,
    assert_close,
    assert_same_bits,
    called_thrice,
    copied,
    named,
    network,
    other_inputs,
    other_upstream,
    owner_of,
)

import isograd as ig
from isograd.core.parity.cases import Case
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.suite import case_trial


def gradients(net: Any, dys: Any) -> dict[str, Any]:
    """Copies of what backward gives, whose own the caller may write to."""
    dx, dw = net.backward(*dys)
    found = {**named(dx=dx), **dw}
    assert all(values is None or values.flags.writeable for values in found.values())
    return copied(found)


@BOTH
@EVERY_CASE
def test_a_second_forward_is_what_backward_belongs_to_and_backward_can_be_asked_again(case: Case, backend: str) -> None:
    trial = case_trial(case, "float64", training=True)
    x, dys, others = trial.rounded_inputs(), trial.upstream(), other_upstream(trial)
    fresh = network(backend, trial)
    y = fresh.forward(*x, training=True)
    wanted, with_others = gradients(fresh, dys), None
    fresh.forward(*x, training=True)
    with_others = gradients(fresh, others)

    net = network(backend, trial)
    net.forward(*other_inputs(trial), training=True)
    gradients(net, others)
    assert_same_bits(named(y=net.forward(*x, training=True)), named(y=y))
    assert_same_bits(gradients(net, dys), wanted)
    assert_same_bits(gradients(net, others), with_others)
    assert_same_bits(gradients(net, dys), wanted)


def look(net: Any, trial: Trial) -> None:
    """Ask a network for all that may be asked between a forward and its backward."""
    x = other_inputs(trial)
    outputs = net.model.out_shapes(*net.model.input_shapes)
    learner = net.learner((ig.MSELoss(),) * len(outputs), ig.SGD(0.1))
    targets = tuple(np.ones((len(x[0]), *shape)) for shape in outputs)
    net.predict(*x, batch_size=2)
    with np.errstate(all="ignore"):
        learner.evaluate(ig.ArrayDataset(x, targets), [np.arange(len(x[0]))])
        net.activations(*x)
        net.activations(*x, training=True)
        try:
            learner.gradients(x, targets)
        except ig.NonFiniteError:
            assert not np.isfinite(trial.inputs[0]).all()
    net.state_dict()
    learner.state_dict()


@BOTH
@OF_SAMPLES
def test_a_look_between_forward_and_backward_changes_nothing(case: Case, backend: str) -> None:
    trial = case_trial(case, "float64", training=True)
    x, dys = trial.rounded_inputs(), trial.upstream()
    quiet, looked = network(backend, trial), network(backend, trial)
    for net in (quiet, looked):
        net.at_step(3)
        net.forward(*x, training=True)
    look(looked, trial)
    assert_same_bits(looked.state_dict(), quiet.state_dict())
    assert_same_bits(gradients(looked, dys), gradients(quiet, dys))
    look(looked, trial)
    assert_same_bits(looked.state_dict(), quiet.state_dict())
    assert_same_bits(*(named(y=net.forward(*x, training=True)) for net in (looked, quiet)))
    assert_same_bits(looked.state_dict(), quiet.state_dict())


@OF_SAMPLES
def test_both_engines_agree_on_a_layer_that_is_called_three_times(case: Case, pair: Pair) -> None:
    rows, culprit = compare_node(pair, case_trial(called_thrice(case), "float64", training=True))
    failed = [f"{row.what}: {row.fault or row.error}" for row in rows if row.failed]
    assert not failed, "\n".join([*failed, culprit.text if culprit else ""])


@OF_SAMPLES
def test_three_calls_add_their_gradients_up_and_move_the_buffers_three_times(case: Case) -> None:
    """Evaluation: nothing is dropped. Buffers in training: as three forwards one after the other leave them.

    Of the NumPy engine: the other agrees with it.
    """
    trial, single = (case_trial(c, "float64", training=False) for c in (called_thrice(case), case))
    shared, one = called_with(trial, single), network("numpy", single)
    x, dys, width = trial.rounded_inputs(), trial.upstream(), len(case.shapes)
    calls = [x[k : k + width] for k in range(0, len(x), width)]
    shares = [dys[k : k + len(dys) // CALLS] for k in range(0, len(dys), len(dys) // CALLS)]
    shared.forward(*x)
    _, found = shared.backward(*dys)
    summed: dict[str, Any] = {}
    for call, share in zip(calls, shares, strict=True):
        one.forward(*call)
        for path, values in one.backward(*share)[1].items():
            summed[path] = summed.get(path, 0) + values
    owner, own = (owner_of(net.model) for net in (shared, one))
    assert_close(found, {f"{owner}{path.removeprefix(own)}": v for path, v in summed.items()})
    if dropless(case):
        shared.forward(*x, training=True)
        for call in calls:
            one.forward(*call, training=True)
        assert_close(
            shared.state_dict(), {f"{owner}{path.removeprefix(own)}": v for path, v in one.state_dict().items()}
        )


def dropless(case: Case) -> bool:
    """Whether training draws nothing: masks follow the node's name, which is another for each call."""
    return "dropout" not in repr(case.layer).lower() or "dropout=0.0" in repr(case.layer)


def called_with(trial: Trial, single: Trial) -> Any:
    """The network of three calls, with the weights of the single one."""
    assert isinstance(trial.layer, ig.Model)
    owner = owner_of(trial.layer)
    weights = {f"{owner}.{name}": np.asarray(values) for name, values in single.state.items()}
    return ig.build(trial.layer, weights, backend="numpy", dtype="float64")


BATCHES = [(1, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3), (8, 3), (9, 9), (9, 10), (9, 8), (5, 256)]


def predicting() -> ig.Sequential:
    """Running statistics, dropout, attention: what differs in evaluation, and what must not mix samples."""
    return ig.Sequential(
        [
            *(ig.Conv2d(3, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.Dropout2d(0.4), ig.Reshape((3, 16))),
            *(ig.MultiheadAttention(2, dropout=0.3), ig.LayerNorm(), ig.Flatten(), ig.Dropout(0.3), ig.Linear(4)),
        ],
        input_shape=(1, 4, 4),
    )


@BOTH
@pytest.mark.parametrize("name", [*GRAPHS, "predicting"])
def test_predict_is_forward_however_the_batch_is_cut(name: str, backend: str) -> None:
    model = predicting() if name == "predicting" else GRAPHS[name]()
    net = ig.build(model, backend=backend, dtype="float64", seed=3)
    net.forward(*batch(model, 6), training=True)  # statistics that are not those of the start
    trainer = ig.Trainer(net, loss=(ig.MSELoss(),) * len(model.out_shapes(*model.input_shapes)), optimizer=ig.SGD())
    for rows, size in BATCHES:
        x = batch(model, rows)
        wanted = named(y=net.forward(*x))
        assert_close(named(y=net.predict(*x, batch_size=size)), wanted)
        assert_close(named(y=trainer.predict(tuple(x), batch_size=size)), wanted)


@BOTH
@pytest.mark.parametrize("rows", [255, 256, 257, 513])
def test_predict_keeps_every_row_at_its_usual_border(rows: int, backend: str) -> None:
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend=backend, dtype="float64")
    x = np.random.default_rng(rows).normal(size=(rows, 3))
    assert_close({"y": net.predict(x)}, {"y": net.forward(x)})
    trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD())
    assert_close({"y": trainer.predict(x)}, {"y": net.forward(x)})


@BOTH
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 33])
def test_one_network_takes_batches_of_any_size_one_after_the_other(rows: int, backend: str) -> None:
    """The NumPy engine makes one program for every power of two."""
    model = predicting()
    net = ig.build(model, backend=backend, dtype="float64", seed=3)
    x = batch(model, 33)
    whole = net.forward(*x)
    part = [v[:rows] for v in x]
    assert_close({"y": net.forward(*part)}, {"y": whole[:rows]})
    dx, dw = net.backward(np.ones((rows, 4)))
    fresh = ig.build(model, backend=backend, dtype="float64", seed=3)
    fresh.forward(*part)
    dx2, dw2 = fresh.backward(np.ones((rows, 4)))
    assert_same_bits({"dx": dx, **dw}, {"dx": dx2, **dw2})


def arrays_of(*values: Any) -> list[np.ndarray]:
    """Every array in tuples, dicts and lists of them."""
    found: list[np.ndarray] = []
    for value in values:
        if isinstance(value, np.ndarray):
            found.append(value)
        elif isinstance(value, dict):
            found += arrays_of(*value.values())
        elif isinstance(value, (tuple, list)):
            found += arrays_of(*value)
    return found


@BOTH
@OF_SAMPLES
def test_what_was_given_and_what_was_returned_is_the_callers_own(case: Case, backend: str) -> None:
    """He may write to it: nothing that is computed later changes."""
    trial = case_trial(case, "float64", training=True)
    x, dys = trial.rounded_inputs(), trial.upstream()
    net, wanted = network(backend, trial), network(backend, trial)
    wanted.forward(*x, training=True)
    expected = gradients(wanted, dys)
    given, upstream = [v.copy() for v in x], [dy.copy() for dy in dys]
    y = net.forward(*given, training=True)
    state = copied(net.state_dict())
    dx, dw = net.backward(*upstream)
    learner = net.learner((ig.MSELoss(),) * len(dys), ig.SGD(0.1, momentum=0.9))
    returned = arrays_of(y, dx, dw, net.state_dict(), learner.state_dict(), net.activations(*x), net.predict(*x))
    for values in returned:
        assert not any(np.shares_memory(values, other) for other in (*given, *upstream))
    for values in (*returned, *given, *upstream):
        values[...] = 77
    assert_same_bits(gradients(net, dys), expected)
    assert_same_bits(net.state_dict(), state)
    assert_same_bits(named(y=net.forward(*x)), named(y=wanted.forward(*x)))
