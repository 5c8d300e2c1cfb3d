"""The engine of examples/jax_engine, installed as any other and judged as isograd's own are; skipped without JAX."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_helpers import install_jax_engine
from message_helpers import raised
from namespace_cases import NAMESPACE_CASES, FunctionCase

import isograd as ig
from isograd.backends.torch_impl.namespace import TENSORS
from isograd.core.base.arrays import NUMPY, Namespace
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array
from isograd.core.engine.protocol import Judged
from isograd.core.parity.cases import CASES
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import FAMILIES, case_trial, suite

os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0"
)  # thousands of shapes are compiled, and run once
jax = pytest.importorskip("jax", reason="JAX is not installed")
torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example where Python finds it, for the time of these tests."""
    site = tmp_path_factory.mktemp("site")
    before = list(sys.path)
    sys.path[:0] = install_jax_engine(site)
    yield site
    sys.path[:] = before
    jax.clear_caches()


def namespace() -> tuple[Namespace, Any]:
    from isograd_jax.namespace import ARRAYS, exact

    return ARRAYS, exact


def test_it_is_found_by_name_and_has_all_that_is_judged() -> None:
    engine = ig.get_backend("jax")
    assert "jax" in ig.backend_names()
    assert type(engine).__module__ == "isograd_jax"
    assert isinstance(engine, Judged)


def test_it_changes_no_setting_of_the_process() -> None:
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend="jax", dtype="float64")
    assert net.forward(np.ones((4, 3))).dtype == np.float64
    assert jax.numpy.ones(1).dtype == np.float32
    assert jax.config.jax_default_matmul_precision is None


def test_its_namespace_is_the_whole_of_isograds() -> None:
    ops, _ = namespace()
    assert set(vars(ops)) == {name for name in vars(Namespace) if not name.startswith("_")}


@pytest.mark.parametrize("case", NAMESPACE_CASES, ids=[case.title for case in NAMESPACE_CASES])
def test_every_function_and_its_gradients_are_those_of_the_other_engines(case: FunctionCase) -> None:
    """Ties included: which of two equal values gets the gradient is part of what a function means."""
    ops, exact = namespace()
    arrays = case.arrays()
    dy = random_upstream(np.asarray(case.function(NUMPY, *arrays)).shape, 0, case.title, FLOATS["float64"])
    x = [torch.tensor(array, requires_grad=True) for array in arrays]
    y = case.function(TENSORS, *x)
    wanted: list[Array] = [y.detach().numpy()]
    wanted += [
        g.numpy() for g in torch.autograd.grad(y, x, torch.from_numpy(dy), allow_unused=True, materialize_grads=True)
    ]
    with exact():
        value, pullback = jax.vjp(lambda *given: case.function(ops, *given), *arrays)
        found = [np.asarray(v) for v in (value, *pullback(dy))]
    for ours, theirs in zip(found, wanted, strict=True):
        assert not difference(ours, theirs).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_the_first_case_of_every_layer_agrees_with_torch(kind: type) -> None:
    """In float64, in training; `test_every_case_of_every_description_agrees_with_torch` takes the rest."""
    rows, culprit = compare_node(Pair.named("torch", "jax"), case_trial(CASES[kind][0], "float64", training=True))
    assert culprit is None
    assert not any(row.failed for row in rows)


EVERY = [kind for family in FAMILIES for kind in family.cases if not getattr(kind, "searches", False)]


def test_an_optimizer_that_searches_is_refused_by_name() -> None:
    net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend="jax")
    with pytest.raises(ig.BackendError, match="LBFGS"):
        ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.LBFGS()).step(np.ones((4, 3)), np.ones((4, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_case_of_every_description_agrees_with_torch(kind: type) -> None:
    """Both dtypes, both modes; a layer that the engine lacked would have a culprit as well."""
    checks = [check for described, _, check in suite(Pair.named("torch", "jax")) if described is kind]
    assert checks
    for check in checks:
        for rows, culprit in check():
            assert culprit is None, culprit
            assert not any(row.failed for row in rows)
    jax.clear_caches()  # what is compiled stays in memory: several GB for all cases together


LAYERS = [ig.Conv2d(2, 3), ig.BatchNorm2d(), ig.ReLU(), ig.Flatten(), ig.Dropout(0.3), ig.Linear(4)]
MIXED = ig.Sequential(LAYERS, input_shape=(1, 5, 5))
IMAGES, LABELS = np.random.default_rng(0).normal(size=(6, 1, 5, 5)), np.arange(6) % 4


@pytest.mark.slow
def test_a_model_trains_as_in_numpy() -> None:
    report = ig.check_parity(
        MIXED,
        IMAGES,
        LABELS,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.Adam(0.01),
        clip=ig.ClipNorm(0.5),
        steps=2,
        batch_size=3,
        backends=("numpy", "jax"),
        dtypes=("float64",),
    )
    assert report.passed, report
    stages = {"node", "loss", "end to end", "clipping", "locked step", "free run"}
    assert {row.stage for row in report.rows} == stages


def text_model() -> ig.Model:
    words, state = ig.Input((3,)), ig.Input((1, 5))
    y, last = ig.GRU(5)(ig.Embedding(4, 3)(words), state)
    return ig.Model(inputs=(words, state), outputs=(ig.Linear(4)(y), last))


def test_fit_carries_state_and_evaluates_as_in_numpy() -> None:
    """Whole numbers, an output without a loss, states handed from batch to batch, a memory that crosses engines."""
    tokens = np.random.default_rng(1).integers(0, 4, 49)
    ends = []
    for backend in ("numpy", "jax"):
        net = ig.build(text_model(), backend=backend, dtype="float64")
        loss = (ig.CrossEntropyLoss(dim=-1), None)
        trainer = ig.Trainer(net, loss=loss, optimizer=ig.SGD(0.1, momentum=0.9), carry="detached")
        data = ig.Streams(tokens, rows=4, length=3)
        history = trainer.fit(data, validation=data, epochs=2)
        losses = np.array([v for epoch in history.epochs for v in (epoch.train_loss, epoch.validation_loss)])
        outputs = trainer.predict(data)[0]
        ends.append({"losses": losses, "outputs": outputs} | net.state_dict() | trainer.learner.state_dict())
    assert set(ends[0]) == set(ends[1])
    for name, values in ends[0].items():
        assert not difference(ends[1][name], values).exceeds(TOLERANCE["free run", "float64"]), name


def test_a_loss_that_is_no_number_changes_nothing() -> None:
    net = ig.build(ig.Sequential([ig.Linear(4)], input_shape=(3,)), backend="jax")
    trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1, momentum=0.9))
    before = net.state_dict()
    spoilt = np.ones((6, 3))
    spoilt[0, 1] = np.nan
    assert raised(lambda: trainer.step(spoilt, LABELS)).startswith("NonFiniteError: input 0[0, 1]")
    assert all(np.array_equal(values, before[path]) for path, values in net.state_dict().items())
    assert set(trainer.learner.state_dict()) == {"step"}


def test_it_has_no_options() -> None:
    assert (
        raised(lambda: ig.build(MIXED, backend="jax", device="cpu"))
        == """BackendError: backend="jax"
  wanted no options
  got    device='cpu'
  fix    drop it"""
    )
