"""What a user reads when two modules cannot be compared: word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from message_helpers import raised
from torch import Tensor, nn

import isograd as ig

x = torch.zeros(2, 4)


def one() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


class Scores(nn.Module):
    """One layer, which is called by a function."""

    def __init__(self, sizes: tuple[int, int] = (4, 3)) -> None:
        super().__init__()
        self.scores = nn.Linear(*sizes)

    def forward(self, row: Tensor) -> Tensor:
        y: Tensor = self.scores(row)
        return y


class Silent(Scores):
    def forward(self, row: Tensor) -> Any:
        return self.scores(row).tolist()


class Complex(Scores):
    def forward(self, row: Tensor) -> Tensor:
        return torch.fft.fft(super().forward(row))


class InTraining(Scores):
    def forward(self, row: Tensor) -> Tensor:
        if self.training:
            raise RuntimeError("no labels")
        return super().forward(row)


def compared(theirs: Any, mine: Any, inputs: Any = x, **options: Any) -> Callable[[], Any]:
    return lambda: ig.compare_modules(theirs, mine, inputs, **options)


MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "no module": (
        compared(3, one()),
        """SpecError: compare_modules(theirs)
  wanted an nn.Module
  got    3
  fix    give the module itself""",
    ),
    "no module of mine": (
        compared(one(), "resnet18"),
        """SpecError: compare_modules(mine)
  wanted an nn.Module
  got    'resnet18'
  fix    give the module itself""",
    ),
    "no tensor": (
        compared(one(), one(), ()),
        """SpecError: compare_modules(inputs)
  wanted a tensor or array at least
  got    ()
  fix    torch.randn(2, 3, 224, 224)""",
    ),
    "nothing in common": (
        compared(one(), nn.Sequential(nn.Linear(4, 7), nn.Linear(7, 5))),
        """SpecError: compare_modules
  wanted weights of theirs that fit mine, by path, or by order and shape
  got    theirs 0.weight (3, 4), 0.bias (3,), 2.weight (2, 3), …; mine 0.weight (7, 4), 0.bias (7,), 1.weight (5, 7), …
  fix    compare modules of one size, or say what stands for what: rename={…}""",
    ),
    "a side refuses the inputs": (
        compared(Scores(), one(), torch.zeros(2, 5)),
        """SpecError: compare_modules(theirs: Scores), in evaluation, at `0`
  wanted inputs that both modules take
  got    RuntimeError: addmm: mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3) ({row})
  fix    give what it takes by name: kwargs=… for both, mine_kwargs=… for mine alone""",
    ),
    "mine takes no such argument": (
        compared(Scores(), one(), (), kwargs={"row": x}),
        """SpecError: compare_modules(mine: Sequential), in evaluation
  wanted inputs that both modules take
  got    TypeError: Sequential.forward() got an unexpected keyword argument 'row'
  fix    give what it takes by name: kwargs=… for both, mine_kwargs=… for mine alone""",
    ),
    "a side refuses in training": (
        compared(Scores(), InTraining()),
        """SpecError: compare_modules(mine: InTraining), in training
  wanted inputs that both modules take
  got    RuntimeError: no labels ({label})
  fix    give what it takes by name: kwargs=… for both, mine_kwargs=… for mine alone""",
    ),
    "no tensor comes out": (
        compared(Scores(), Silent()),
        """SpecError: compare_modules(mine: Silent)
  wanted a tensor among the outputs
  got    none
  fix    return what it computes""",
    ),
    "complex numbers come out": (
        compared(Scores(), Complex()),
        """SpecError: compare_modules(mine: Complex)
  wanted outputs of real numbers
  got    torch.complex128
  fix    return torch.view_as_real(y)""",
    ),
    "a renaming that is none": (
        compared(one(), one(), rename=[("0", "1")]),
        """SpecError: compare_modules(rename=…)
  wanted {path of theirs: path of mine}
  got    [('0', '1')]
  fix    rename={"layer1": "stage1"}""",
    ),
    "a path that is not theirs": (
        compared(Scores(), one(), rename={"score": "0"}),
        """SpecError: compare_modules(rename=…)
  wanted a path of theirs
  got    'score'
  fix    one of scores, scores.bias, scores.weight, or another of named_modules()""",
    ),
    "a path that is not mine": (
        compared(one(), Scores(), rename={"0": "score"}),
        """SpecError: compare_modules(rename=…)
  wanted a path of mine
  got    'score'
  fix    one of scores, scores.bias, scores.weight, or another of named_modules()""",
    ),
    "a path of mine twice": (
        compared(one(), one(), rename={"0": "2", "2": "2"}),
        """SpecError: compare_modules(rename=…)
  wanted every path of mine once
  got    '2' twice
  fix    name the parts inside one by one""",
    ),
    "a part for a weight": (
        compared(one(), one(), rename={"0": "0.weight"}),
        """SpecError: compare_modules(rename=…)
  wanted a part for a part, a weight for a weight
  got    0 a part, 0.weight (3, 4)
  fix    name both sides' parts, or both sides' weights""",
    ),
    "a weight of another shape": (
        compared(one(), one(), rename={"0.weight": "2.weight"}),
        """SpecError: compare_modules(rename=…)
  wanted weights of one shape, or of matrices the other way round
  got    0.weight (3, 4), 2.weight (2, 3)
  fix    name weights that fit""",
    ),
    "a loss alone": (
        compared(one(), one(), loss=ig.MSELoss(), optimizer=ig.SGD(0.1)),
        """SpecError: compare_modules
  wanted loss, targets and optimizer, or none of them
  got    no targets=
  fix    loss=ig.MSELoss(), targets=y, optimizer=ig.SGD(0.1)""",
    ),
    "too many targets": (
        compared(one(), one(), loss=ig.MSELoss(), targets=(x, x), optimizer=ig.SGD(0.1)),
        """SpecError: compare_modules(targets=…)
  wanted a tensor or array of targets for each loss
  got    2 of 1
  fix    targets=y""",
    ),
    "targets of another shape": (
        compared(one(), one(), loss=ig.MSELoss(), targets=torch.zeros(2, 3), optimizer=ig.SGD(0.1)),
        """ShapeError: compare_modules(targets=…): MSELoss()
  wanted targets (N, 2)
  got    targets (N, 3) for predictions (N, 2)
  fix    reshape the targets, or change the model's last layer""",
    ),
    "no steps": (
        compared(one(), one(), steps=0),
        """SpecError: compare_modules(steps=0)
  wanted 1 or more
  got    0
  fix    steps=1""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_every_time(case: str) -> None:
    action, text = MESSAGES[case]
    for name, words in {"{row}": "self.scores(row)", "{label}": 'raise RuntimeError("no labels")'}.items():
        text = text.replace(name, place(words))
    assert raised(action) == text
    assert raised(action) == text


def place(words: str) -> str:
    """Where in this file the words stand first."""
    number = next(k for k, line in enumerate(Path(__file__).read_text().splitlines(), 1) if words in line)
    return f"test_messages_porting.py:{number}"
