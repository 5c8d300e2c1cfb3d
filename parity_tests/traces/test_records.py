"""What is recorded of a network: in both engines the same, of every kind of model, and the network stays as it is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from false_alarms import DTYPES, ORDINARY, Ordinary
from second_calls import label
from trace_helpers import ADAM, CNN, LABELS, LOSS, X, bits, trace_of

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.network import NumpyNetwork
from isograd.core.parity.cases import CASES, Case
from isograd.core.parity.suite import case_trial

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])


def of_case(case: Case, backend: str, dtype: str) -> ig.Trace:
    trial = case_trial(case, dtype, training=True)
    model = trial.model
    owner = model.graph(*model.input_shapes).nodes[0].owner
    state = {f"{owner}.{name}": values for name, values in trial.state.items()}
    return ig.record(ig.build(model, state, backend=backend, dtype=dtype), trial.rounded_inputs() or (np.zeros(1),))


def every_case() -> Iterator[Any]:
    """The first case of each kind in float64; all of them, in both dtypes, in the second tier."""
    for cases in CASES.values():
        for k, case in enumerate(cases):
            for dtype in DTYPES:
                early = k == 0 and dtype == "float64" and not case.large
                yield pytest.param(case, dtype, id=f"{label(case)}, {dtype}", marks=[] if early else pytest.mark.slow)


@pytest.mark.parametrize(("case", "dtype"), list(every_case()))
def test_every_case_is_recorded_alike_by_both_engines(case: Case, dtype: str) -> None:
    report = ig.diff(*(of_case(case, backend, dtype) for backend in ("numpy", "torch")))
    assert report.passed, report
    assert not report.not_judged


def of_ordinary(ordinary: Ordinary, backend: str, dtype: str, seed: int, **asked: Any) -> ig.Trace:
    rng = np.random.default_rng(seed)
    model, x, y = ordinary.model(), ordinary.inputs(rng), ordinary.targets(rng)
    net = ig.build(model, backend=backend, dtype=dtype, seed=seed)
    training = {"targets": y, "loss": ordinary.loss, "optimizer": ordinary.optimizer, "steps": 3}
    return ig.record(net, x, seed=seed, **training, **asked)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_models_train_alike_though_some_of_it_is_rounding_alone(name: str, dtype: str) -> None:
    traces = [of_ordinary(ORDINARY[name], backend, dtype, 8) for backend in ("numpy", "torch")]
    report = ig.diff(*traces)
    assert report.passed, report
    assert ig.diff(traces[0], of_ordinary(ORDINARY[name], "torch", dtype, 8, sketches=True)).passed


@BOTH
def test_a_network_stays_as_it_is_bit_for_bit(backend: str) -> None:
    net = ig.build(CNN, backend=backend)
    trainer = ig.Trainer(net, loss=LOSS, optimizer=ADAM)
    trainer.step(X, LABELS)
    y = net.forward(X, training=True)
    dy = np.ones_like(y)
    held, memory, backward = bits(net), pickle.dumps(trainer.learner.state_dict()), net.backward(dy)
    first = ig.record(net, X, targets=LABELS, loss=LOSS, optimizer=ADAM, steps=2)
    assert bits(net) == held
    assert pickle.dumps(trainer.learner.state_dict()) == memory
    again = net.backward(dy)
    assert np.array_equal(again[0], backward[0])
    assert all(np.array_equal(again[1][path], g) for path, g in backward[1].items())
    assert ig.record(net, X, targets=LABELS, loss=LOSS, optimizer=ADAM, steps=2).entries == first.entries
    assert bits(net) == held


def test_the_users_arrays_stay_as_they_are_and_are_not_kept() -> None:
    x = X.copy()
    trace = ig.record(ig.build(CNN), x)
    assert np.array_equal(x, X)
    before = trace["0"]["evaluation output"].copy()
    x[:] = 0
    assert np.array_equal(trace["0"]["evaluation output"], before)


def test_masks_follow_the_seed_of_the_record_in_both_engines() -> None:
    """Not that of the network: torch's own masks, of its generator, take no part."""
    nets = [ig.build(CNN, backend="numpy", seed=0), ig.build(CNN, backend="torch", seed=0)]
    a, b = (ig.record(net, X, seed=3) for net in nets)
    assert ig.diff(a, b).passed
    other = ig.record(nets[0], X, seed=4)
    dropped = [trace["3"]["training output"] == 0 for trace in (a, b, other)]
    assert np.array_equal(dropped[0], dropped[1])
    assert not np.array_equal(dropped[0], dropped[2])


def test_what_is_kept_is_in_the_order_of_computation() -> None:
    trace = trace_of("numpy", steps=2)
    sections = list(dict.fromkeys(section for section, _, _ in trace.entries))
    assert sections == ["start", "evaluation", "training", "step 1", "step 2"]
    outputs = [path for section, path, _ in trace.entries if section == "evaluation"]
    assert outputs == ["0", "1", "2", "3", "4", "5", "6", "model"]
    gradients = [path for _, path, what in trace.entries if what == "gradient"]
    assert gradients == ["6.bias", "6.weight", "4.bias", "4.weight", "1.bias", "1.weight", "0.bias", "0.weight"]
    assert set(trace["6.bias"]) == {
        "start weight",
        "training gradient",
        "training gradient of the loss",
        *(f"step {k} {what}" for k in (1, 2) for what in ("weight", "exp_avg", "exp_avg_sq")),
    }
    assert trace.nodes["4"].reads == (("3", "output"), ("4.weight", "weight"), ("4.bias", "weight"))


def test_what_is_kept_is_what_the_network_computes() -> None:
    net = ig.build(CNN, dtype="float64")
    trace = ig.record(net, X, targets=LABELS, loss=LOSS, optimizer=ADAM, steps=2)
    assert np.array_equal(trace["model"]["evaluation output"], net.forward(X))
    learner = net.learner((LOSS,), ADAM)
    loss, dx, grads = learner.gradients((X,), (LABELS,))
    assert float(trace["loss"]["training value"]) == loss
    assert np.array_equal(trace["input"]["training dx of the loss"], dx[0])
    assert np.array_equal(trace["0.weight"]["training gradient of the loss"], grads["0.weight"])
    for step in (1, 2):
        learner.step((X,), (LABELS,), ADAM.lr)
        state = net.state_dict()
        for path, values in state.items():
            assert np.array_equal(trace[path][f"step {step} weight"], values), path
    assert np.array_equal(trace["0.weight"]["step 2 exp_avg"], learner.state_dict()["exp_avg/0.weight"])


def test_a_trace_is_a_value() -> None:
    trace = trace_of("numpy")
    assert pickle.loads(pickle.dumps(trace)) == trace
    assert "0.weight" in trace
    assert "none" not in trace
    assert len(trace) == len(trace.entries)
    assert set(trace) == set(trace.paths)
    with pytest.raises(ValueError, match="read-only"):
        trace["0"]["evaluation output"][:] = 0
    assert trace_of("torch").entries != trace.entries


def test_a_summary_says_what_where_and_how_much() -> None:
    first, second, *rest = str(trace_of("numpy", sketches=True)).splitlines()
    assert first.startswith("trace of Sequential of 7 nodes (Conv2d(3, 3), BatchNorm2d(), Tanh(), …)")
    assert second.startswith("  numpy, float64, seed 0, recorded 20")
    assert rest[0] == "  105 arrays: 11 of start, 8 of evaluation, 30 of training, 56 of steps"
    assert rest[1] == "  23 of them as sketches"
    assert rest[2] == "  2 steps of Adam(0.01) on CrossEntropyLoss()"


class Restless(NumpyBackend):
    """Adds a little to what it puts out, another little each time."""

    def build(self, *given: Any, **options: Any) -> Any:
        net: Any = super().build(*given, **options)
        net.__class__ = RestlessNetwork
        return net


class RestlessNetwork(NumpyNetwork):
    def forward(self, *inputs: Any, training: bool = False) -> Any:
        self.calls = getattr(self, "calls", 0) + 1
        return super().forward(*inputs, training=training) + self.calls / 1000


def test_an_engine_that_does_not_repeat_itself_is_known() -> None:
    assert trace_of("numpy").origin.repeats
    assert not trace_of(Restless()).origin.repeats
