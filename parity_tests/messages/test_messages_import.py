"""What a user reads when a module cannot be imported: word for word, with the module's path and the line of its source.

Where torch.export itself refuses, its own words stand after ours; they are not held here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from imports.pitfalls.every import REFUSED
from message_helpers import raised
from torch import nn

import isograd as ig

x = torch.zeros(2, 4)

TABLE: dict[str, str] = {
    "HasItsOwnBackward": """SpecError: HasItsOwnBackward, {line}
  wanted operations whose gradients PyTorch knows
  got    StraightThrough.apply, with a backward of its own
  fix    write its forward with operations of torch, or keep this part in PyTorch""",
    "ChangesAGradientByAHook": """SpecError: ChangesAGradientByAHook, {line}
  wanted gradients that no hook changes
  got    Tensor.register_hook
  fix    remove the hook before the import""",
    "TurnsAutocastOn": """SpecError: layer, {line}
  wanted one floating dtype throughout
  got    torch.autocast('cpu', torch.bfloat16)
  fix    import the module without autocast""",
    "BranchesOnAGeneratorBoundEarly": """SpecError: BranchesOnAGeneratorBoundEarly, {line}
  wanted a forward that draws nothing from Python's or NumPy's generators
  got    a number that random draws
  fix    draw with torch, or import the part without it""",
    "ScalesByAGeneratorMadeOnTheWay": """SpecError: ScalesByAGeneratorMadeOnTheWay, {line}
  wanted a forward that draws nothing from Python's or NumPy's generators
  got    numpy.random.default_rng()
  fix    draw with torch, or import the part without it""",
    "ReadsTheDataOfAnInput": """SpecError: ReadsTheDataOfAnInput, {line}
  wanted values that a graph can follow
  got    x.data
  fix    x.detach()""",
    "DividesByTheLengthOfTheBatch": """SpecError: DividesByTheLengthOfTheBatch, {line}
  wanted a forward for batches of any size
  got    one that fixes its size, or cuts it
  fix    take the size from x.shape[0], not from len(x) or a number""",
    "TakesASingleRowForAnotherThing": """SpecError: TakesASingleRowForAnotherThing, {line}
  wanted a forward for batches of any size
  got    one that asks for the size of the batch, and goes another way for others
  fix    compute the same for every size""",
    "DropsInEvaluationToo": """SpecError: from_torch(DropsInEvaluationToo)
  wanted a module that computes the same in training and in evaluation, but for dropout and statistics
  got    Dropout(0.5), which drops in evaluation too, at the module itself, {line}
  fix    import the part that both modes share""",
    "ScalesInEvaluation": """SpecError: from_torch(ScalesInEvaluation)
  wanted a module that computes the same in training and in evaluation, but for dropout and statistics
  got    another operation in evaluation, first Number('mul', 0.5) at the module itself, {line}
  fix    import the part that both modes share""",
    "ClipsInTraining": """SpecError: from_torch(ClipsInTraining)
  wanted a module that computes the same in training and in evaluation, but for dropout and statistics
  got    output 0 in evaluation is none of training's, Linear(3) at layer, {line}
  fix    import the part that both modes share""",
    "AssignsABuffer": """SpecError: from_torch(AssignsABuffer)
  wanted operations that a layer computes
  got    1 that none does:
    a buffer that forward changes (total, which no BatchNorm moves on as a statistic of its own) at {place}
  fix    import the part without them, or say them with others; report=True lists all operations""",
    "KeepsItsTableShort": """SpecError: from_torch(KeepsItsTableShort)
  wanted operations that a layer computes
  got    2 that none does:
    embedding_renorm.default (no layer computes it) at table, {line}
    a parameter that forward changes (table.weight) at table, {line}
  fix    import the part without them, or say them with others; report=True lists all operations""",
    "ReadsTheStatisticsThatItMoved": """SpecError: from_torch(ReadsTheStatisticsThatItMoved)
  wanted operations that a layer computes
  got    1 that none does:
    add.Tensor (it reads norm.running_mean after a BatchNorm has moved it on) at the module itself, {line}
  fix    import the part without them, or say them with others; report=True lists all operations""",
    "OverflowsBytes": """SpecError: from_torch(OverflowsBytes)
  wanted operations that a layer computes
  got    1 that none does:
    add.Tensor (it computes in torch.uint8, which runs over where no layer does) at the module itself, {line}
  fix    import the part without them, or say them with others; report=True lists all operations""",
    "KeepsATensorForTheNextCall": """SpecError: KeepsATensorForTheNextCall, {line}
  wanted tensors that stay from call to call, but for the statistics of a BatchNorm
  got    self.previous, which forward assigns
  fix    give it as an input, and return what follows""",
    "GivesNothing": """SpecError: from_torch(GivesNothing)
  wanted a tensor among the outputs
  got    no tensor
  fix    return what it computes""",
}


@pytest.mark.parametrize("name", TABLE)
def test_what_a_module_does_is_told_with_its_line(name: str) -> None:
    pitfall = REFUSED[name]
    text = raised(lambda: ig.from_torch(pitfall.module(), pitfall.example(3), example_kwargs=pitfall.keywords(3)))
    assert text == TABLE[name].format(line=pitfall.line, place=f"the module itself, {pitfall.line}")


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.other.weight = self.one.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.other(self.one(x))
        return y


def two_of_one() -> Any:
    net = ig.build(ig.from_torch(Tied(), x)[0])
    return net.load_state_dict(net.state_dict() | {"other.weight": torch.ones(4, 4)})


def long_predict() -> Any:
    class Last(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.t()

    return ig.build(ig.from_torch(Last(), x)[0]).predict(torch.zeros(5, 4), batch_size=2)


linear = ig.Input((4,))
MESSAGES: dict[str, tuple[Callable[[], Any], str]] = {
    "no module": (
        lambda: ig.from_torch(3, x),  # type: ignore[call-overload]
        """SpecError: from_torch(module)
  wanted an nn.Module
  got    3
  fix    give the module itself""",
    ),
    "no tensor": (
        lambda: ig.from_torch(nn.Linear(4, 2), ()),
        """SpecError: from_torch(example_inputs)
  wanted a tensor at least
  got    none
  fix    (torch.randn(2, 3, 224, 224),)""",
    ),
    "tensors of two batches": (
        lambda: ig.from_torch(nn.Bilinear(4, 4, 2), (x, torch.zeros(3, 4))),
        """SpecError: from_torch(example_inputs)
  wanted tensors of one batch, batch first
  got    (2, 4), (3, 4)
  fix    give every tensor its batch axis, or hold what has none in the module: register_buffer""",
    ),
    "no rows": (
        lambda: ig.from_torch(nn.Linear(4, 2), torch.zeros(0, 4)),
        """SpecError: from_torch(example_inputs)
  wanted a batch of one or more
  got    0 rows
  fix    give a sample""",
    ),
    "a module in half": (
        lambda: ig.from_torch(nn.Linear(4, 2).half(), x.half()),
        """SpecError: from_torch(Linear)
  wanted weights of one dtype, float32 or float64
  got    weight in torch.float16
  fix    module.float()""",
    ),
    "inputs in another dtype": (
        lambda: ig.from_torch(nn.Linear(4, 2), x.double()),
        """SpecError: from_torch(Linear)
  wanted inputs in torch.float32, as its weights are
  got    torch.float64
  fix    x.to(torch.float32)""",
    ),
    "half inputs of a module without weights": (
        lambda: ig.from_torch(nn.ReLU(), x.half()),
        """SpecError: from_torch(ReLU)
  wanted inputs of one dtype, float32 or float64
  got    torch.float16
  fix    x.float()""",
    ),
    "one weight of two values": (
        two_of_one,
        """WeightsError: load_state_dict: other.weight
  wanted the same numbers as one.weight, whose other name it is
  got    others
  fix    give one of the two""",
    ),
    "a second name of no weight": (
        lambda: ig.Model(inputs=linear, outputs=ig.Linear(2, name="head")(linear), tied={"tail.weight": "head.w"}),
        """SpecError: Model(tied=…)
  wanted {another name: the path of a weight or buffer}
  got    'tail.weight': 'head.w'
  fix    a path of ['head.weight', 'head.bias']""",
    ),
    "a second name that is a first": (
        lambda: ig.Model(inputs=linear, outputs=ig.Linear(2, name="head")(linear), tied={"head.bias": "head.weight"}),
        """SpecError: Model(tied=…)
  wanted {another name: the path of a weight or buffer}
  got    'head.bias': 'head.weight'
  fix    a name that none of them has""",
    ),
    "outputs that cannot be joined": (
        long_predict,
        """ShapeError: predict
  wanted at most batch_size=2 rows: output 0, (4, N), cannot be joined of several
  got    5 rows
  fix    batch_size=5, or forward(…, training=False)""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_every_time(case: str) -> None:
    action, text = MESSAGES[case]
    assert raised(action) == text
    assert raised(action) == text
