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
from isograd.backends.torch_impl.porting import stepping
from porting.originals import ResidualNet
from porting.ports import Cnn
from porting.test_alignment import Two, batch
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


OPTIONS: dict[str, tuple[nn.Module, nn.Module, str]] = {
    "activation": (
        nn.GELU(),
        nn.GELU(approximate="tanh"),
        "`mine.1` is GELU(approximate='tanh'), theirs GELU(approximate='none')",
    ),
    "another activation": (nn.ELU(), nn.SELU(), "`mine.1` is SELU(), theirs ELU(alpha=1.0)"),
    "rate": (nn.Dropout(0.2), nn.Dropout(0.4), "`mine.1` is Dropout(p=0.4), theirs Dropout(p=0.2)"),
    "axis": (nn.Softmax(-1), nn.Softmax(0), "`mine.1` is Softmax(dim=0), theirs Softmax(dim=-1)"),
    "one of several": (
        nn.LayerNorm(4, eps=1e-5, elementwise_affine=False),
        nn.LayerNorm((4,), eps=1e-3, elementwise_affine=False),
        "`mine.1` is LayerNorm(eps=0.001), theirs LayerNorm(eps=1e-05)",
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_a_layer_is_named_with_its_path(name: str) -> None:
    original, port, sentence = OPTIONS[name]
    head = nn.Linear(4, 4)
    report = ig.compare_modules(nn.Sequential(head, original), nn.Sequential(head, port), batch())
    assert (report.culprit.path, report.culprit.because) == ("1", sentence), str(report)


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
    assert report.verdict.endswith("as far as both return it: theirs returns 2 tensors, mine returns 1 tensors")


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


class Counting(nn.Module):
    """Adds how often it was called before; a table that has no counterpart."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)
        self.register_buffer("calls", torch.zeros(1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(x) + self.calls[0, 0]
        self.calls += 1
        return y


def test_every_run_begins_with_what_the_module_held_at_first() -> None:
    assert ig.compare_modules(Counting(), nn.Sequential(nn.Linear(4, 3)), batch()).passed


def test_every_step_of_mine_begins_where_theirs_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    step, seen = stepping._Learner.step, list[tuple[str, list[Tensor]]]()

    def noted(learner: Any) -> float:
        mine = learner.side.name == "mine"
        for path, weight in learner.weights.items():
            held = [weight.detach(), *(v for v in learner.optimizer.state[weight].values() if isinstance(v, Tensor))]
            turned = [v.T if mine and v.dim() == 2 else v for v in held]
            seen.append((learner.side.label(path), [v.clone() for v in turned]))
        loss = step(learner)
        with torch.no_grad():
            for weight in learner.weights.values() if mine else ():
                weight += torch.finfo(weight.dtype).eps
                learner.optimizer.state[weight]["exp_avg"] += torch.finfo(weight.dtype).eps ** 2
        return loss

    monkeypatch.setattr(stepping._Learner, "step", noted)
    learning = {"loss": ig.MSELoss(), "targets": torch.ones(3, 6), "optimizer": ig.Adam(0.01), "steps": 2}
    ig.compare_modules(made(Two), made(Two, rows=True), batch(), **learning)
    theirs, mine = (dict(side) for side in (seen[12:18], seen[18:24]))
    assert theirs.keys() == mine.keys()
    for path, held in theirs.items():
        assert len(held) == 4  # the weight, two averages, the count of steps
        assert all(torch.equal(a, b) for a, b in zip(held, mine[path], strict=True))


class Named(nn.Module):
    """Mean and square of the same, under keys in any order."""

    def __init__(self, *keys: str, wrong: bool = False) -> None:
        super().__init__()
        self.keys, self.wrong, self.head = keys, wrong, nn.Linear(4, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.head(x)
        found = {"mean": y, "square": y**2}
        if self.wrong:
            found = {"mean": y**2, "square": y}
        return {key: found[key] for key in self.keys}


def test_outputs_of_dictionaries_belong_together_by_their_keys() -> None:
    theirs = Named("mean", "square")
    learning = {"loss": (ig.MSELoss(), ig.L1Loss()), "targets": (torch.ones(3, 3),) * 2, "optimizer": ig.SGD(0.1)}
    for keys in (("mean", "square"), ("square", "mean")):
        right, wrong = Named(*keys), Named(*keys, wrong=True)
        assert ig.compare_modules(theirs, right, batch(), **learning).passed
        assert not ig.compare_modules(theirs, wrong, batch()).passed


def test_a_hook_on_a_weights_gradient_is_part_of_a_module() -> None:
    theirs, mine = nn.Linear(4, 3), nn.Linear(4, 3)
    mine.weight.register_hook(lambda g: 2 * g)
    report = ig.compare_modules(theirs, mine, batch())
    assert report.culprit.what == "gradient of weight"
    assert not ig.compare_modules(theirs, mine, batch()).passed


def test_a_comparison_does_not_depend_on_where_it_is_called() -> None:
    theirs, mine = nn.Linear(4, 3), nn.Linear(4, 3)
    for around in (torch.no_grad(), torch.inference_mode()):
        with around:
            report = ig.compare_modules(theirs, mine, torch.randn(5, 4))
        assert report.passed
        assert ("weight", "gradient") in [(row.path, row.what) for row in report.rows]
