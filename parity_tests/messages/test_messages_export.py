"""What a user reads who exports what cannot be; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig

MODEL = ig.Sequential([ig.Linear(2)], input_shape=(3,))
WEIGHTS = ig.build(MODEL, seed=0).state_dict()


@ig.custom()
def exported_twice(ops: Any, x: Any) -> Any:
    """y = 2x"""
    return 2 * x


def test_another_target(tmp_path: Path) -> None:
    assert raised(lambda: ig.export(MODEL, WEIGHTS, "onnx", tmp_path / "made")) == (
        """SpecError: export(…, 'onnx', …)
  wanted "numpy" or "torch"
  got    'onnx'
  fix    to="numpy\""""
    )
    assert not list(tmp_path.iterdir())


def test_what_is_no_model(tmp_path: Path) -> None:
    assert raised(lambda: ig.export(ig.Linear(2), WEIGHTS, "numpy", tmp_path / "made")) == (  # type: ignore[arg-type]
        """SpecError: export(model, …)
  wanted a Model or Sequential
  got    Linear(2)
  fix    ig.export(net.model, net.state_dict(), …), or ig.from_torch(module, example) first"""
    )


def test_a_layer_of_ones_own(tmp_path: Path) -> None:
    inner = ig.Sequential([exported_twice()], name="mine")
    model = ig.Sequential([ig.Linear(2), inner], input_shape=(3,))
    text = raised(lambda: ig.export(model, ig.build(model).state_dict(), "numpy", tmp_path / "made"))
    lines = text.replace(str(Path(__file__)), "FILE").splitlines()
    assert lines[0] == "SpecError: mine.0: exported_twice()"
    assert lines[1] == "  wanted layers whose source isograd has: an export stands without yours"
    assert lines[2].startswith("  got    `exported_twice` in ")
    assert lines[3] == "  fix    build it of isograd's layers, or export the model around it and add it there"
    assert not list(tmp_path.iterdir())


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    text = raised(lambda: ig.export(MODEL, {}, "numpy", tmp_path / "made"))
    assert text.splitlines()[0] == "WeightsError: export"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float16", 3, np.float32])
def test_another_dtype(dtype: Any, tmp_path: Path) -> None:
    lines = raised(lambda: ig.export(MODEL, WEIGHTS, "numpy", tmp_path / "made", dtype=dtype)).splitlines()
    assert lines[0] == "SpecError: export(dtype=…)"
    assert lines[1] == '  wanted "float32" or "float64"'
    assert not list(tmp_path.iterdir())
