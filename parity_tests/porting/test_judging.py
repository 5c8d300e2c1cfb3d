"""What judges a port: no floor that code makes by asking for zeros, no size of what is masked out, no other masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import isograd as ig
from isograd.core.parity.report import ParityReport


class Attention(nn.Module):
    """Keys where the mask, zeros and ones as floats, is 0 are not seen."""

    hidden = 0.0

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(8, 8) for _ in range(4))
        self.fault = fault

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        scores = self.q(x) @ self.k(x).mT / 8**0.5
        if self.fault != "no mask":
            scores = scores.masked_fill((mask == self.hidden)[:, None, :], -1e9)
        scores = scores * 1.001 if self.fault == "scale" else scores
        y = self.out(scores.softmax(-1) @ self.v(x))
        return F.gelu(y, approximate="tanh" if self.fault == "gelu" else "none")


class Coded(Attention):
    """What is not seen is 0.25: moved by one unit it is seen, and a port without a mask then agrees."""

    hidden = 0.25


class Buffered(Attention):
    """The mask is a buffer of floats."""

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.register_buffer("mask", torch.tril(torch.ones(5, 5))[:3], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x, self.mask)


class Pooled(nn.Module):
    """The mean over frames that are not padded with zeros."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.up, self.fault = nn.Linear(8, 8), fault

    def forward(self, x: Tensor) -> Tensor:
        seen = (x.abs().sum(-1, keepdim=True) != 0).to(x.dtype)
        y = (F.gelu(self.up(x)) * seen).sum(1) / seen.sum(1)
        return y * 1.05 if self.fault else y


class Indexed(nn.Module):
    """Indices among floats."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.table, self.fault = nn.Embedding(9, 8), fault

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.table(x[..., 0].long()), approximate="tanh" if self.fault else "none")


class Masked(nn.Module):
    """Logits, some masked out."""

    def __init__(self, fault: str = "", fill: float = -1e30) -> None:
        super().__init__()
        self.up, self.more, self.fill = nn.Linear(8, 8), 0.5 if fault else 0.0, fill

    def forward(self, x: Tensor) -> Tensor:
        return (self.up(x) + self.more).masked_fill(torch.arange(8) > 5, self.fill)


def frames() -> Tensor:
    x = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(1))
    x[1, 3:], x[2, 2:] = 0, 0
    return x


def mask() -> Tensor:
    return (frames().abs().sum(-1) != 0).float()


def indices() -> Tensor:
    return torch.arange(3 * 5).remainder(9).reshape(3, 5, 1).float()


Given = tuple[Callable[[str], nn.Module], Tensor, dict[str, Any]]
GIVEN: dict[str, tuple[Given, list[str]]] = {
    "a mask of floats": ((Attention, frames() + 1, {"mask": mask()}), ["no mask", "scale", "gelu"]),
    "a mask of other floats": ((Coded, frames() + 1, {"mask": 0.25 + mask()}), ["no mask"]),
    "a buffer of floats": ((Buffered, frames() + 1, {}), ["no mask", "scale", "gelu"]),
    "padded frames": ((Pooled, frames(), {}), ["5 % more"]),
    "indices among floats": ((Indexed, indices(), {}), ["gelu"]),
    "logits masked out": ((Masked, frames(), {}), ["a constant more"]),
}
CASES = [(name, fault) for name, (_, faults) in GIVEN.items() for fault in ["", *faults]]


def pair(make: Callable[[str], nn.Module], fault: str = "") -> tuple[nn.Module, nn.Module]:
    """An original and its port, with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs, mine = make(""), make(fault)
    mine.load_state_dict(theirs.state_dict())
    return theirs, mine


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_a_fault_is_found_where_code_asks_for_zeros_or_masks_out_and_a_right_port_passes(name: str, fault: str) -> None:
    (make, x, kwargs), _ = GIVEN[name]
    theirs, mine = pair(make, fault)
    traces = [ig.record(module, x, kwargs=kwargs) for module in (theirs, mine)]
    for report in (ig.compare_modules(theirs, mine, x, kwargs=kwargs), ig.diff(*traces)):
        assert (report.passed, report.not_judged) == (not fault, []), str(report)
        assert not any(row.unsteady for row in report.rows)


class Threshold(nn.Module):
    """1 where x is 0.5 or more, at inputs of which many are 0.5."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.up, self.fault = nn.Linear(8, 8), fault

    def forward(self, x: Tensor) -> Tensor:
        return self.up((x > 0.5 if self.fault else x >= 0.5).to(x.dtype))


WORDS = "cannot be judged: one unit in the last place of what is given moves it by "


def test_where_a_unit_moves_the_whole_output_it_is_not_judged_and_does_not_pass() -> None:
    x = torch.arange(32).remainder(3).reshape(4, 8) / 2
    theirs, mine = pair(Threshold, ">")
    traces = [ig.record(module, x) for module in (theirs, mine)]
    for report in (ig.compare_modules(theirs, mine, x), ig.diff(*traces)):
        assert not report.passed
        assert isinstance(report, ParityReport)
        row = next(row for row in report.rows if row.failed)
        assert (row.path, row.what, row.unsteady, row.allowed) == ("model", "output", True, None)
        assert (row.fault or "").startswith(WORDS)
        culprit = next(each for each in report.culprits if each.fault == row.fault)
        assert culprit.because.startswith("give inputs away from what the code compares")
        assert "it cannot be judged whether" in report.verdict
        assert any("gradient of up.weight" in entry.what for entry in report.not_judged)
    right = pair(Threshold)
    assert ig.compare_modules(*right, x).passed
    assert ig.diff(*(ig.record(module, x) for module in right)).passed


class Block(nn.Module):
    """Twice through one block, which drops; its activations are computed again in the backward, or not."""

    def __init__(self, fault: str = "", *, again: bool = False) -> None:
        super().__init__()
        rate = 0.3 if fault else 0.2
        self.block = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Dropout(rate), nn.Linear(16, 8), nn.Dropout(0.5))
        self.head, self.again = nn.Linear(8, 3), again

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(x, 0.1, self.training)
        for _ in range(2):
            x = x + (checkpoint(self.block, x, use_reentrant=False) if self.again else self.block(x))
        y: Tensor = self.head(x)
        return y


def test_what_a_checkpoint_computes_again_draws_the_same_masks() -> None:
    x, y = frames()[:, 0], torch.ones(3, 3)
    learning: dict[str, Any] = {"loss": ig.MSELoss(), "optimizer": ig.Adam(0.01)}
    theirs, mine = pair(lambda fault: Block(fault, again=fault == ""))
    mine.again = False
    for sides in ((theirs, mine), (mine, theirs)):
        report = ig.compare_modules(*sides, x, targets=y, **learning)
        assert report.passed, str(report)
    traces = [ig.record(module, x, targets=y, steps=2, **learning) for module in (theirs, mine)]
    assert ig.diff(*traces).passed
    report = ig.check_parity(theirs, x, y.numpy(), steps=3, **learning)
    assert report.passed, str(report)
    wrong = Block("rate", again=True)
    assert not ig.compare_modules(theirs, wrong, x).passed


class Narrow(nn.Module):
    """As LLaMA does it: the mean of squares in float32, whatever the weights are."""

    def __init__(self, *_: object) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        y = x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.weight * y.to(x.dtype)


class Residual(nn.Module):
    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm, self.up = norm, nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(self.norm(x))


def test_what_casts_to_fewer_digits_inside_is_judged_in_float32_alone() -> None:
    x = frames() + 1
    said = r"not judged: 1 case of float64: {} casts to torch.float32 inside (norm, test_judging.py:"
    theirs, mine = pair(lambda _: Residual(Narrow()))[0], Residual(nn.RMSNorm(8, eps=1e-6))
    for sides, name in (((theirs, mine), "theirs"), ((mine, theirs), "mine")):
        report = ig.compare_modules(*sides, x)
        assert report.passed, str(report)
        assert {row.dtype for row in report.rows} == {"float32"}
        assert said.format(name) in str(report)
    assert not ig.compare_modules(theirs, Residual(nn.RMSNorm(8, eps=1e-2)), x).passed
    for dtypes in (("float64", "float32"), "float64"):
        report = ig.check_parity(theirs, x, dtypes=dtypes)
        assert report.passed, str(report)
        assert {row.dtype for row in report.rows} == {"float32"}
        assert said.format("the module") in str(report)
    report = ig.check_parity(theirs, x, dtypes="float32")
    assert (report.passed, report.not_judged) == (True, [])


def test_whole_numbers_need_no_more_digits() -> None:
    """A mask that is cast for a moment: judged in float64."""
    make, x, kwargs = GIVEN["a mask of floats"][0]

    class Cast(Attention):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return super().forward(x, mask.float())

    theirs, mine = pair(make)[0], Cast()
    report = ig.compare_modules(theirs, mine, x, kwargs=kwargs)
    assert ({row.dtype for row in report.rows}, report.passed) == ({"float64"}, True)


class Dropping(nn.Module):
    """Drops between two layers: batch first, time first, or of heads before they are merged."""

    def __init__(self, layout: str = "", *, rate: float = 0.3, scaled: bool = True) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(8, 8), nn.Linear(8, 8)
        self.layout, self.rate, self.scaled = layout, rate, scaled

    def dropped(self, x: Tensor) -> Tensor:
        if self.scaled:
            return F.dropout(x, self.rate, self.training)
        return x * torch.empty_like(x).bernoulli_(1 - self.rate) if self.training else x

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        if self.layout == "time first":
            x = self.dropped(x.transpose(0, 1)).transpose(0, 1)
        elif self.layout == "channels first":
            x = self.dropped(x.permute(0, 2, 1)).permute(0, 2, 1)
        elif self.layout == "heads":
            heads = x.unflatten(-1, (2, 4)).transpose(1, 2)
            x = self.dropped(heads).transpose(1, 2).flatten(-2)
        else:
            x = self.dropped(x)
        return self.down(F.dropout(F.gelu(x), 0.1, self.training))


@pytest.mark.parametrize("layout", ["time first", "channels first"])
def test_a_port_of_another_order_of_axes_drops_the_same_entries(layout: str) -> None:
    theirs, mine = pair(Dropping)[0], Dropping(layout)
    for x in (frames(), torch.randn(4, 4, 8)):
        for sides in ((theirs, mine), (mine, theirs)):
            report = ig.compare_modules(*sides, x, loss=ig.MSELoss(), targets=torch.ones_like(x), optimizer=ig.SGD(0.1))
            assert (report.passed, report.not_judged) == (True, []), str(report)
    assert not ig.compare_modules(theirs, Dropping(layout, rate=0.2), frames()).passed


@pytest.mark.parametrize("scaled", [True, False])
def test_of_masks_that_no_order_of_axes_brings_together_all_but_the_places_is_judged(scaled: bool) -> None:
    theirs, x = pair(lambda _: Dropping(scaled=scaled))[0], frames()
    report = ig.compare_modules(theirs, Dropping("heads", scaled=scaled), x)
    assert report.passed, str(report)
    said = "it falls on other places: theirs drops of (3, 5, 8), mine of the same numbers in (3, 2, 5, 4), no order of"
    assert f"not judged: 1 case of the mask of model, draw 1: {said}" in str(report)
    assert not ig.compare_modules(theirs, Dropping("heads", rate=0.2, scaled=scaled), x).passed
    assert not ig.compare_modules(theirs, Dropping("heads", scaled=not scaled), x).passed
