"""Which part and weight stands for which: by path, behind a wrapper, by rename, by order and shape."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import isograd as ig
from porting.originals import ResidualNet
from porting.ports import Cnn
from porting.test_ports import images, made


class Wrapped(nn.Module):
    """As DataParallel and trainers wrap it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *x: Any) -> Any:
        return self.module(*x)


class Two(nn.Module):
    """Two layers of one size, in this order or in the other."""

    def __init__(self, *, other: bool = False, rows: bool = False) -> None:
        super().__init__()
        kind = Rows if rows else nn.Linear
        if other:
            self.last, self.first = kind(4, 4), kind(4, 4)
        else:
            self.a, self.b = kind(4, 4), kind(4, 4)
        self.wide = kind(4, 6)

    def forward(self, x: Tensor) -> Tensor:
        a, b = (self.first, self.last) if hasattr(self, "first") else (self.a, self.b)
        y: Tensor = self.wide(b(torch.tanh(a(x))))
        return y


class Rows(nn.Module):
    """Linear with its weight the other way round, as some libraries keep it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kernel, self.offset = nn.Parameter(torch.randn(inputs, outputs)), nn.Parameter(torch.randn(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.kernel + self.offset


def batch() -> Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(2))


def lines(report: Any) -> list[str]:
    return [line for line in report.title.splitlines() if line.startswith(("aligned", "transposed", "no counterpart"))]


def test_a_wrapper_on_either_side_is_seen_through() -> None:
    for theirs, mine in (
        (Wrapped(made(ResidualNet)), made(ResidualNet)),
        (made(ResidualNet), Wrapped(made(ResidualNet))),
    ):
        report = ig.compare_modules(theirs, mine, images())
        assert report.passed, str(report)
        assert lines(report) == ["aligned by path: 42 modules, 62 weights"]


def test_equal_shapes_are_matched_in_the_order_of_definition_and_rename_corrects_it() -> None:
    theirs, mine = made(Two), made(Two, other=True)
    wrong = ig.compare_modules(theirs, mine, batch())
    assert not wrong.passed
    assert lines(wrong) == ["aligned by path: 1 modules, 2 weights", "aligned by order: a ↔ last, b ↔ first"]
    right = ig.compare_modules(theirs, mine, batch(), rename={"a": "first"})
    assert right.passed, str(right)
    assert lines(right)[1:] == ["aligned by rename: a ↔ first", "aligned by order: b ↔ last"]


def test_a_part_is_renamed_with_all_that_is_in_it() -> None:
    report = ig.compare_modules(
        made(ResidualNet),
        made(Cnn),
        images(),
        rename={"layer1": "units", "layer2.0": "units.2", "fc.bias": "classify.bias"},
    )
    assert report.passed, str(report)
    matched = {match.theirs: match for match in report.alignment.modules}
    assert (matched["layer1.1"].mine, matched["layer1.1"].how) == ("units.1", "rename")
    assert (matched["layer2.1"].mine, matched["layer2.1"].how) == ("units.3", "order")
    assert {m.how for m in report.alignment.weights if m.theirs == "fc.bias"} == {"rename"}


def test_matrices_the_other_way_round_are_transposed_square_ones_as_the_others_of_their_classes() -> None:
    report = ig.compare_modules(made(Two), made(Two, rows=True), batch())
    assert report.passed, str(report)
    turned = "a.weight ↔ a.kernel, b.weight ↔ b.kernel, wide.weight ↔ wide.kernel"
    assert lines(report)[-1] == f"transposed: {turned}"


def test_a_square_matrix_alone_is_copied_as_it_is_and_turning_it_is_tried() -> None:
    class Square(nn.Module):
        def __init__(self, kind: Any) -> None:
            super().__init__()
            self.only = kind(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.only(x)
            return y

    report = ig.compare_modules(Square(nn.Linear), Square(Rows), batch())
    assert report.culprit.because == "`mine.only` agrees with theirs once `mine.only.kernel` is transposed"


def test_what_has_no_counterpart_is_listed_on_its_side() -> None:
    theirs, mine = (
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)),
        nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 3)),
    )
    mine.register_parameter("spare", nn.Parameter(torch.zeros(7)))
    report = ig.compare_modules(theirs, mine, batch())
    assert lines(report)[-2:] == ["no counterpart: theirs 0.bias", "no counterpart: mine spare"]
    assert str(report.alignment).splitlines()[-2:] == [
        "0.bias of theirs: no counterpart",
        "spare of mine: no counterpart",
    ]
    assert [row.path for row in report.rows if row.fault] == ["0.bias of theirs", "0.bias of theirs"]
    assert report.culprit.because == "`mine.0` has no bias, theirs has"


def test_a_mask_or_table_is_not_copied_a_statistic_is() -> None:
    class Masked(nn.Module):
        def __init__(self, seen: bool) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(4)
            self.register_buffer("mask", torch.ones(4, 4).tril() / (1 + seen))

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.norm(x @ self.mask)
            return y

    theirs, mine = Masked(False), Masked(False)
    theirs.norm.running_mean += 1
    assert ig.compare_modules(theirs, mine, batch()).passed
    report = ig.compare_modules(theirs, Masked(True), batch())
    assert report.culprit.because == "mine uses `mask`, whose numbers theirs has nowhere; theirs has `mask` there"
