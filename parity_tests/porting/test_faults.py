"""What else a comparison of two modules finds, what it lets pass, and what it leaves as it was."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import isograd as ig
from porting.originals import ResidualNet
from porting.ports import Cnn
from porting.test_alignment import batch
from porting.test_ports import images, made


class Mine(nn.Module):
    """Linear, BatchNorm, tanh, Linear, by functions; options plant what no output of evaluation shows."""

    def __init__(self, *, momentum: float = 0.1, cut: bool = False, swapped: bool = False, side: bool = False) -> None:
        super().__init__()
        self.momentum, self.cut, self.swapped, self.side = momentum, cut, swapped, side
        self.up, self.down = nn.Linear(4, 6), nn.Linear(6, 3)
        self.scale, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("variance", torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        if self.swapped:
            x = torch.tanh(x)
        x = F.batch_norm(x, self.mean, self.variance, self.scale, self.shift, self.training, self.momentum)
        x = x.detach() if self.cut else x
        x = x if self.swapped else torch.tanh(x)
        y: Tensor = self.down(x)
        return y


def layers() -> list[nn.Module]:
    """The same as modules."""
    return [nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)]


def theirs() -> nn.Sequential:
    return nn.Sequential(*layers())


FOUND: dict[str, tuple[dict[str, Any], str]] = {
    "momentum of a function": ({"momentum": 0.2}, "mine: batch_norm(momentum=0.2) at test_faults.py:"),
    "a gradient that is cut": ({"cut": True}, "no gradient passes mine: detach() at test_faults.py:"),
    "functions in another order": ({"swapped": True}, "mine calls tanh before batch_norm (test_faults.py:"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_differs_in_a_modules_own_code_is_found(name: str) -> None:
    options, sentence = FOUND[name]
    assert ig.compare_modules(theirs(), Mine(), batch()).passed
    report = ig.compare_modules(theirs(), Mine(**options), batch())
    assert [culprit.path for culprit in report.culprits] == ["model"]
    assert report.culprit.because.startswith(sentence)


def test_a_weight_that_is_frozen_is_named() -> None:
    mine = theirs()
    mine[3].weight.requires_grad_(False)
    report = ig.compare_modules(theirs(), mine, batch())
    assert report.culprit.because == "`3.weight` of mine requires no gradient, theirs' does"


def test_the_same_layers_in_another_row_are_told_by_their_calls() -> None:
    linear, norm, act, head = layers()
    report = ig.compare_modules(theirs(), nn.Sequential(linear, act, norm, head), batch())
    assert report.culprit.because == "mine calls `1` before `2`, theirs `2` before `1`"


def test_outputs_of_other_sizes_are_a_fault_of_their_own() -> None:
    original = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
    report = ig.compare_modules(original, nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), images())
    assert report.culprit.fault == "shape (4, 4, 8, 8) against (4, 4, 6, 6)"
    assert report.culprit.because == "`mine.0` is Conv2d(padding=(0, 0)), theirs Conv2d(padding=(1, 1))"


class Parts(nn.Module):
    """What differs inside and comes to nothing: (x + 1) − 1 by parts that add and take away, or take away and add."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.there, self.back, self.head = Shift(sign), Shift(-sign), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.back(self.there(x)))
        return y


class Shift(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return x + self.by


def test_what_differs_inside_and_comes_to_nothing_is_reported_and_no_failure() -> None:
    report = ig.compare_modules(Parts(1.0), Parts(-1.0), batch().round())
    assert report.passed, str(report)
    told = [row for row in report.rows if row.path == "there"]
    assert {row.allowed for row in told} == {None}
    assert all(row.note.endswith("; comes to nothing") for row in told)


@dataclass
class Answer:
    scores: Tensor
    inside: dict[str, Any]


class Structured(nn.Module):
    """Gives a dataclass, takes its input by name, axes as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, *, row: Tensor, more: list[Tensor]) -> Answer:
        y = self.head(row + more[0])
        return Answer(y, {"twice": [2 * y]})


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, values: Tensor, more: tuple[Tensor, ...]) -> Tensor:
        y: Tensor = self.head(values + more[0])
        return y


def test_structures_are_taken_and_given_by_name_and_what_one_side_gives_more_is_told() -> None:
    x = batch()
    named, other = {"row": x, "more": [x.numpy()]}, {"values": x, "more": (x,)}
    report = ig.compare_modules(Structured(), Plain(), (), kwargs=named, mine_kwargs=other)
    assert report.passed, str(report)
    assert {"dx", "dx1"} <= {row.what for row in report.rows}
    told = "theirs returns 2 tensors, the other 1: only the first 1 are compared"
    assert [entry.why for entry in report.not_judged] == [told]


def test_neither_module_is_changed_nor_the_generator() -> None:
    originals = made(ResidualNet), made(Cnn, eps=1e-3)
    kept = copy.deepcopy(originals)
    originals[0].eval()
    before = torch.random.get_rng_state()
    ig.compare_modules(
        *originals, images(), loss=ig.MSELoss(), targets=torch.ones(4, 5), optimizer=ig.SGD(0.1), steps=1
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [module.training for module in originals] == [False, True]
    for module, copied in zip(originals, kept, strict=True):
        assert all(
            torch.equal(a, b) for a, b in zip(module.state_dict().values(), copied.state_dict().values(), strict=True)
        )
        assert {p.dtype for p in module.parameters()} == {torch.float32}
        assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
        assert all(p.grad is None for p in module.parameters())


def test_two_runs_say_the_same() -> None:
    first, second = (ig.compare_modules(made(ResidualNet), made(Cnn, rate=0.3), images()).to_json() for _ in range(2))
    assert first == second


def test_a_weight_that_one_side_does_not_train_shows_in_the_steps() -> None:
    class Trained(nn.Module):
        """Its second weight is a view that no optimizer is given."""

        def __init__(self, *, given: bool) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 2)
            self.second.weight.requires_grad_(given)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.second(self.first(x))
            return y

    learning = {"loss": ig.MSELoss(), "targets": torch.ones(3, 2), "optimizer": ig.SGD(0.1, momentum=0.9)}
    report = ig.compare_modules(Trained(given=True), Trained(given=False), batch(), **learning)
    failed = [row for row in report.rows if row.stage == "locked step" and row.failed]
    assert [(row.path, row.what) for row in failed] == [("second.weight", "after step 1")]
