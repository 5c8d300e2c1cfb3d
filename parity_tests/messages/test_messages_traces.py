"""What a user reads who records or compares what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from message_helpers import raised
from safetensors.numpy import save_file
from torch import nn

import isograd as ig

MODEL = ig.Sequential([ig.Linear(3), ig.Tanh(), ig.Linear(2)], input_shape=(4,))
X, Y = np.linspace(-1, 1, 8).reshape(2, 4), np.zeros((2, 2))
MODULE = nn.Linear(4, 2)
TENSOR = torch.ones(2, 4)


def record(**asked: Any) -> str:
    return raised(lambda: ig.record(ig.build(MODEL), X, **asked))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"targets": Y},
            """SpecError: record(targets=…)
  wanted loss=
  got    none
  fix    loss=ig.MSELoss()""",
        ),
        (
            {"loss": ig.MSELoss()},
            """SpecError: record(loss=…)
  wanted targets=
  got    none
  fix    record(net, x, targets=y, loss=…)""",
        ),
        (
            {"steps": 2},
            """SpecError: record(steps=…)
  wanted optimizer=
  got    none
  fix    optimizer=ig.SGD(0.1)""",
        ),
        (
            {"optimizer": ig.SGD(0.1), "steps": 2},
            """SpecError: record(optimizer=…)
  wanted loss= and targets=
  got    none
  fix    loss=ig.MSELoss()""",
        ),
        (
            {"optimizer": ig.SGD(0.1), "targets": Y, "loss": ig.MSELoss()},
            """SpecError: record(steps=0)
  wanted 1 or more
  got    0
  fix    steps=1""",
        ),
        (
            {"optimizer": "adam"},
            """SpecError: record(optimizer=…)
  wanted an optimizer description, or None
  got    'adam'
  fix    optimizer=ig.SGD(0.1)""",
        ),
        (
            {"kwargs": {"mask": 1}},
            """SpecError: record(kwargs=…)
  wanted an nn.Module as the first argument
  got    {'mask': 1}
  fix    drop kwargs=""",
        ),
        (
            {"masks": "order"},
            """SpecError: record(masks=…)
  wanted an nn.Module as the first argument
  got    'order'
  fix    drop masks=""",
        ),
        (
            {"seed": 0.5},
            """SpecError: record(seed=0.5)
  wanted a whole number
  got    0.5
  fix    seed=0""",
        ),
        (
            {"path": 3},
            """FileError: record(3)
  wanted a path
  got    3
  fix    record("net.safetensors")""",
        ),
    ],
)
def test_a_record_that_cannot_be(asked: dict[str, Any], told: str) -> None:
    assert record(**asked) == told


def test_what_is_no_network() -> None:
    assert (
        raised(lambda: ig.record(MODEL, X))
        == """SpecError: record(net)
  wanted a network, or an nn.Module
  got    Sequential([Linear(3), Tanh(), Linear(2)])
  fix    ig.record(ig.build(model), x)"""
    )


def test_a_network_that_cannot_be_copied() -> None:
    class Own:
        def __init__(self, net: Any) -> None:
            self.net = net

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__") or name == "compared":
                raise AttributeError(name)
            return getattr(self.__dict__["net"], name)

        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("it holds a lock")

    told = raised(lambda: ig.record(Own(ig.build(MODEL)), X)).splitlines()
    assert told[:2] == [
        "BackendError: record(net)",
        "  wanted a network of 'numpy' that can be copied: record leaves yours as it is",
    ]
    assert told[2].startswith("  got    TypeError: it holds a lock (")
    assert told[3] == "  fix    give it a __deepcopy__, or a compared() (core/engine/protocol.py)"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"masks": "same"},
            """SpecError: record(masks=…)
  wanted 'paths' or 'order'
  got    'same'
  fix    masks="paths\"""",
        ),
        (
            {"loss": (ig.MSELoss(), ig.MSELoss()), "targets": Y},
            """SpecError: record(loss=…)
  wanted one for each of the module's 1 outputs (None: not trained on)
  got    2
  fix    loss=(ig.MSELoss(), None)""",
        ),
        (
            {"loss": "mse", "targets": Y},
            """SpecError: record(loss=…)
  wanted a loss description
  got    'mse'
  fix    loss=ig.MSELoss()""",
        ),
        (
            {"loss": ig.MSELoss(reduction="none"), "targets": Y},
            """SpecError: MSELoss(reduction='none')
  wanted a loss that is one number
  got    reduction="none"
  fix    reduction="mean\"""",
        ),
        (
            {"loss": ig.MSELoss(), "targets": (Y, Y)},
            """DataError: record(targets=…)
  wanted 1 arrays, one for each loss
  got    2
  fix    targets=(y1, y2)""",
        ),
    ],
)
def test_a_record_of_a_module_that_cannot_be(asked: dict[str, Any], told: str) -> None:
    assert raised(lambda: ig.record(MODULE, TENSOR, **asked)) == told


def test_a_module_without_tensors_or_of_two_dtypes() -> None:
    assert (
        raised(lambda: ig.record(MODULE, 3))
        == """SpecError: record(Linear)
  wanted a tensor at least among the inputs
  got    none
  fix    record(module, x)"""
    )
    assert (
        raised(lambda: ig.record(nn.Linear(4, 2).double(), TENSOR))
        == """SpecError: record(Linear)
  wanted weights and inputs of one dtype, float32 or float64
  got    torch.float32, torch.float64
  fix    module.float(), x.float()"""
    )


def test_traces_of_other_questions() -> None:
    def trace(x: Any = X, dtype: str = "float32", **asked: Any) -> ig.Trace:
        return ig.record(ig.build(MODEL, dtype=dtype), x, **asked)

    assert (
        raised(lambda: ig.diff(trace(), trace(X + 1, "float64", seed=1)))
        == """SpecError: diff(a, b)
  wanted traces of the same dtype and seed and inputs
  got    dtype float32 and float64; seed 0 and 1; other inputs
  fix    record both on the same arrays, with the same dtype=, seed= and training"""
    )
    first = trace(targets=Y, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), steps=1)
    second = trace(targets=Y + 1, loss=ig.L1Loss(), optimizer=ig.SGD(0.2), steps=1)
    assert raised(lambda: ig.diff(first, second)).splitlines()[1:3] == [
        "  wanted traces of the same targets and loss and optimizer",
        "  got    other targets; loss MSELoss() and L1Loss(); optimizer SGD(0.1) and SGD(0.2)",
    ]


def test_what_is_no_trace_to_compare_and_names_that_nobody_has() -> None:
    trace = ig.record(ig.build(MODEL), X)
    assert (
        raised(lambda: ig.diff(3, trace))  # type: ignore[arg-type]
        == """SpecError: diff(a=…)
  wanted a trace, or the path of one
  got    3
  fix    ig.diff(ig.record(net, x), path)"""
    )
    assert (
        raised(lambda: ig.diff(trace, trace, rename=[("0", "1")]))  # type: ignore[arg-type]
        == """SpecError: diff(rename=…)
  wanted {path in a, or its beginning: path in b}, or a function of a path
  got    [('0', '1')]
  fix    rename={"encoder.layer": "blocks"}"""
    )
    assert (
        raised(lambda: ig.diff(trace, trace, rename={"0.wait": "1"}))
        == """SpecError: diff(rename={'0.wait': …})
  wanted a path of the first trace, or the beginning of some
  got    '0.wait'
  fix    rename={'0.weight': …}"""
    )
    assert (
        raised(lambda: ig.diff(trace, trace, rename={"0": "2"}))
        == """SpecError: diff(rename=…)
  wanted another path for each
  got    '0' and '2', which both become '2'
  fix    rename the other one as well"""
    )
    assert (
        raised(lambda: trace["0.wait"])
        == """SpecError: trace['0.wait']
  wanted a path of the trace
  got    '0.wait'
  fix    trace['0.weight']"""
    )


def test_files_that_are_no_traces(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        return raised(lambda: ig.Trace.load(path)).replace(str(path), "FILE")

    assert (
        told(tmp_path / "none")
        == """FileError: Trace.load('FILE')
  wanted an existing file
  got    no such file
  fix    mend the path"""
    )
    ig.save(tmp_path / "model", MODEL, ig.build(MODEL).state_dict())
    assert (
        told(tmp_path / "model")
        == """FileError: Trace.load('FILE')
  wanted a trace, as ig.record writes it
  got    a model that ig.save wrote
  fix    ig.load(path)"""
    )
    save_file({"a": np.ones(2)}, tmp_path / "other")
    assert (
        told(tmp_path / "other")
        == """FileError: Trace.load('FILE')
  wanted a trace, as ig.record writes it
  got    safetensors without a trace's manifest
  fix    ig.record(net, inputs, path=…)"""
    )
    path = ig.record(ig.build(MODEL), X).save(tmp_path / "t")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert (
        told(path)
        == """FileError: Trace.load('FILE')
  wanted a whole trace, as ig.record wrote it
  got    a damaged one: its values do not match their checksum
  fix    restore it from a copy"""
    )


def test_a_file_of_another_format(tmp_path: Path) -> None:
    trace = ig.record(ig.build(MODEL), X)
    path = replace(trace, origin=replace(trace.origin, format=2)).save(tmp_path / "t")
    assert (
        raised(lambda: ig.Trace.load(path)).replace(str(path), "FILE")
        == """FileError: Trace.load('FILE')
  wanted a trace of format 1
  got    one of format 2
  fix    install the isograd that wrote it, or record again"""
    )


def test_masks_that_are_keyed_otherwise() -> None:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.drop(x)
            return y

    by_path, by_order = ig.record(Dropping(), TENSOR), ig.record(Dropping(), TENSOR, masks="order")
    assert raised(lambda: ig.diff(by_path, by_order)).splitlines()[1:3] == [
        "  wanted traces of the same masks",
        "  got    masks paths and order",
    ]


def of_dictionary(*keys: str) -> ig.Trace:
    class Named(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            found = {"mean": x + 1, "square": x * x}
            return {key: found[key] for key in keys}

    return ig.record(Named(), TENSOR)


def test_outputs_in_another_order_are_no_answers_to_one_question() -> None:
    text = raised(lambda: ig.diff(of_dictionary("mean", "square"), of_dictionary("square", "mean")))
    assert text.splitlines()[1:3] == [
        "  wanted traces of the same order of outputs",
        "  got    order of outputs ['mean'], ['square'] and ['square'], ['mean']",
    ]


@pytest.mark.parametrize(
    ("rename", "got"),
    [(lambda: "a", "TypeError: <lambda>() takes 0 positional arguments but 1 was given"), (len, "6")],
    ids=["no argument", "a number"],
)
def test_a_function_that_makes_no_path_of_a_path(rename: Any, got: str) -> None:
    trace = ig.record(MODULE, TENSOR)
    text = raised(lambda: ig.diff(trace, trace, rename=rename))
    assert text.splitlines()[0].startswith("SpecError: diff(rename=…)(")
    assert text.splitlines()[1] == "  wanted a function of a path that returns a path"
    assert text.splitlines()[2].startswith(f"  got    {got}")
