"""What a user reads when a PyTorch module cannot be judged: word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from message_helpers import raised
from torch import nn

import isograd as ig
from isograd.backends.torch_impl.foreign.draws import Draw, SharedDraws
from isograd.core.engine.context import Run
from isograd.experiments.finding import made_by

X = torch.linspace(-1, 1, 12).reshape(3, 4)
MODEL = ig.Sequential([ig.Linear(2)], input_shape=(4,))


@pytest.mark.parametrize(("named", "given"), [("kwargs", {"mask": X}), ("against", MODEL)], ids=["kwargs", "against"])
def test_what_is_asked_of_modules_alone(named: str, given: Any) -> None:
    asked: dict[str, Any] = {named: given}
    assert raised(lambda: ig.check_parity(MODEL, X.numpy(), **asked)) == (
        f"SpecError: check_parity({named}=…)\n"
        "  wanted an nn.Module as the first argument\n"
        "  got    Sequential([Linear(2)])\n"
        f"  fix    drop {named}="
    )


def test_a_module_that_cannot_be_copied() -> None:
    module = nn.Linear(4, 2)
    model, weights = ig.from_torch(module, X)
    module.last = module(X)  # type: ignore[assignment]
    text = raised(lambda: ig.check_parity(module, X, against=model, weights=weights))
    assert text.splitlines()[:2] == [
        "SpecError: Linear",
        "  wanted a module that copy.deepcopy takes, so that yours stays as it is",
    ]
    assert text.splitlines()[2].startswith("  got    RuntimeError: Only Tensors created explicitly by the user")
    assert text.splitlines()[3] == "  fix    keep no computed tensors as attributes, or detach them"


@pytest.mark.parametrize(
    ("module", "wanted", "got", "fix"),
    [
        (nn.LazyLinear(2), "weights with shapes", "weight without", "call it once: module(x)"),
        (
            nn.Linear(4, 2, device="meta"),
            "weights with values",
            "weight on the device meta",
            "module.to_empty(device='cpu'), then load its weights",
        ),
    ],
    ids=["lazy", "meta"],
)
def test_a_module_without_weights_to_copy(module: nn.Module, wanted: str, got: str, fix: str) -> None:
    for call in (lambda: ig.record(module, X), lambda: ig.compare_modules(module, module, X)):
        name = f"SpecError: {type(module).__name__}"
        assert raised(call) == f"{name}\n  wanted {wanted}\n  got    {got}\n  fix    {fix}"


def test_a_module_that_refuses_what_is_recorded() -> None:
    class Refusing(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no such columns")

    text = raised(lambda: ig.record(Refusing(4, 2), X)).splitlines()
    assert text[:2] == ["SpecError: record(Refusing)", "  wanted inputs that the module takes"]
    assert text[2].startswith("  got    RuntimeError: no such columns (test_messages_modules.py:")
    assert text[3] == "  fix    record(module, x), or (x1, x2); what it takes by name: kwargs="


def test_a_function_of_a_file_that_asks_what_there_is_not(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def make():\n    return None, None, {'rate': 2}")
    text = raised(lambda: made_by(f"{file}:make"))
    assert text.splitlines()[1:3] == ["  wanted what check_parity is asked", "  got    'rate'"]
    assert text.splitlines()[3].startswith("  fix    one of y, loss, optimizer, ")


def test_a_draw_more_than_the_model_has() -> None:
    def draw() -> None:
        with SharedDraws(Run(training=True), [Draw("drop")]):
            nn.functional.dropout(nn.functional.dropout(X))

    assert raised(draw) == (
        "SpecError: the module's forward\n"
        "  wanted as many draws at random as the model has: 1\n"
        "  got    more\n"
        "  fix    compare a module with its own import, or set p=0 in both"
    )


def test_a_model_that_has_other_weights_than_the_module() -> None:
    text = raised(lambda: ig.check_parity(nn.Linear(4, 2), X, against=MODEL))
    assert text.startswith("WeightsError: check_parity(weights=…)")


FILE = """
def nothing():
    return 3

def pair():
    return 1, 2, 3

number = 3
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent", "wanted a function absent() in the file\n  got    none\n  fix    FILE.py:FUNCTION names it"),
        ("number", "wanted a function number() in the file\n  got    3\n  fix    FILE.py:FUNCTION names it"),
        (
            "nothing",
            "wanted module, inputs, or module, inputs, {what check_parity is asked}\n  got    3\n"
            '  fix    return module, x, {"y": y, "loss": ig.CrossEntropyLoss()}',
        ),
        (
            "pair",
            "wanted module, inputs, or module, inputs, {what check_parity is asked}\n  got    (1, 2, 3)\n"
            '  fix    return module, x, {"y": y, "loss": ig.CrossEntropyLoss()}',
        ),
    ],
)
def test_a_file_without_such_a_function(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    where = str(file) if name in ("absent", "number") else f"{file}:{name}"
    assert raised(lambda: made_by(f"{file}:{name}")) == f"SpecError: {where}\n  {text}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    assert raised(lambda: made_by(f"{file}:make")) == (
        f"FileError: experiment {str(file)!r}\n  wanted the file {file}\n  got    no such file\n  fix    mend the path"
    )
