"""Engines by name: with options bound, from other distributions, and what they must have to be judged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_helpers import install

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.torch_impl import TorchBackend
from isograd.core.engine.protocol import Backend, Judged, options_when_compared
from isograd.core.parity.pair import Pair

MODEL = ig.Sequential([ig.Linear(6), ig.GELU(), ig.Dropout(0.3), ig.Linear(3)], input_shape=(5,))
X = np.random.default_rng(0).normal(size=(8, 5))
LABELS = np.arange(8) % 3

MINE = '''
from isograd.backends.numpy_impl import NumpyBackend

class Mine:
    """An engine with nothing but what the protocol asks for."""
    name = "mine"
    variants = {"two": {"threads": 2}, "one": {"threads": 1}}

    def __init__(self):
        self.inner, self.given = NumpyBackend(), []

    def build(self, model, state, *, seed, dtype, **options):
        self.given.append(options)
        return self.inner.build(model, state, seed=seed, dtype=dtype, **options)

    def source(self, description):
        return "mine.py"
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an engine that another distribution declares."""
    install(tmp_path, "mine-engine", {"mine": "mine_module:Mine"})
    (tmp_path / "mine_module.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "mine"


def test_the_engines_that_are_installed_have_names(mine: str) -> None:
    assert {"numpy", "numpy_reference", "torch", mine} <= set(ig.backend_names())
    for name in ("numpy", "numpy_reference", "torch", mine):
        engine = ig.get_backend(name)
        assert isinstance(engine, Backend)
        assert engine.name == name == ig.build(MODEL, backend=name).backend


def test_a_variant_is_the_engine_with_options_bound(mine: str) -> None:
    engine: Any = ig.get_backend("mine:two")
    net = engine.build(MODEL, ig.build(MODEL).state_dict(), seed=0, dtype=np.dtype("float32"))
    assert engine.name == "mine:two"
    assert engine.engine.given == [{"threads": 2}]
    assert engine.source(ig.Linear(3)) == "mine.py"
    assert net.model is MODEL
    assert ig.build(MODEL, backend="mine:two").backend == "mine:two"


def test_of_several_variants_the_last_one_counts(mine: str) -> None:
    engine: Any = ig.get_backend("mine:two:one")
    ig.build(MODEL, backend="mine:two:one", threads=1)  # says what the name says
    engine.build(MODEL, ig.build(MODEL).state_dict(), seed=0, dtype=np.dtype("float32"))
    assert engine.engine.given == [{"threads": 1}]


def test_a_variant_is_judged_as_its_engine_is(mine: str) -> None:
    """Losses, schedules and laws by themselves where the engine can be asked, masks shared where it shares them."""
    compiled = ig.get_backend("torch:compile")
    assert isinstance(compiled, Judged)
    assert options_when_compared(compiled) == TorchBackend.when_compared
    asked = ig.CrossEntropyLoss(), X[:, :3], LABELS, np.asarray(1.0)
    found, wanted = (engine.evaluate_loss(*asked) for engine in (compiled, TorchBackend()))
    assert all(map(np.array_equal, found, wanted))
    decay = ig.LinearDecay(final_lr=0.01)
    assert compiled.learning_rates(decay, 0.1, 3) == TorchBackend().learning_rates(decay, 0.1, 3)
    assert not isinstance(ig.get_backend("mine"), Judged)
    assert not isinstance(ig.get_backend("mine:two"), Judged)
    assert options_when_compared(ig.get_backend("mine:two")) == options_when_compared(NumpyBackend()) == {}


def test_an_engine_from_elsewhere_is_compared_without_options_of_others(mine: str) -> None:
    """Options such as torch's shared masks are never handed to it: it would take them for its user's."""
    report = ig.check_parity(MODEL, X, backends=(mine, "numpy_reference"), dtypes=("float64",))
    assert report.passed, report
    pair = Pair.named(mine, "torch")
    pair.build(MODEL, ig.build(MODEL).state_dict(), seed=0, dtype="float32")
    given: Any = pair.left
    assert given.given == [{}]


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_the_compiled_engine_passes_parity() -> None:
    report = ig.check_parity(
        MODEL,
        X,
        LABELS,
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.Adam(0.01),
        steps=2,
        backends=("torch:compile", "numpy"),
    )
    assert report.passed, report
    assert "torch:compile against numpy" in str(report)
