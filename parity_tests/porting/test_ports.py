"""A port that is right passes, of whatever style; each thing that a port gets wrong is found, and said in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import isograd as ig
from porting.originals import ResidualNet, Transformer
from porting.ports import Cnn, Gpt

HERE = Path(__file__).parent


def images(rows: int = 4, size: int = 8) -> Tensor:
    return torch.randn(rows, 3, size, size, generator=torch.Generator().manual_seed(1))


def words(limit: int = 11) -> Tensor:
    return torch.randint(0, limit, (3, 5), generator=torch.Generator().manual_seed(1))


def made(kind: Callable[..., nn.Module], **options: Any) -> nn.Module:
    """A module with weights of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind(**options)


def line(file: str, text: str) -> str:
    """ "ports.py:12", where the text stands."""
    numbers = [k for k, code in enumerate((HERE / file).read_text().splitlines(), 1) if text in code]
    assert len(numbers) == 1, text
    return f"{file}:{numbers[0]}"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["cnn", "gpt"])
def test_a_right_port_passes(kind: str, dtype: str) -> None:
    if kind == "cnn":
        theirs, mine, x = made(ResidualNet), made(Cnn), images()
        loss, y = ig.MSELoss(), torch.ones(4, 5)
    else:
        theirs, mine, x = made(Transformer), made(Gpt), words()
        loss, y = ig.CrossEntropyLoss(dim=-1), words()
    learning = {"loss": (loss, None)[: 1 + (kind == "gpt")], "targets": y, "optimizer": ig.Adam(0.01)}
    report = ig.compare_modules(theirs, mine, x, dtype=dtype, **learning)
    assert report.passed, str(report)
    assert not report.culprits
    assert not report.alignment.only_theirs
    assert not report.alignment.only_mine
    assert {row.stage for row in report.rows} == {"end to end", "locked step"}


PLANTED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "the form of an activation": (
        "cnn",
        {"form": "tanh"},
        "units.2",
        f"mine: gelu(approximate='tanh') at {line('ports.py', 'F.gelu(self.norm_a(image)')}, "
        f"theirs: gelu(approximate='none') at {line('originals.py', 'self.act(self.bn1(self.conv1')}",
    ),
    "the form of an activation that is a module": (
        "gpt",
        {"form": "tanh"},
        "second",
        f"mine: gelu(approximate='tanh') at {line('ports.py', 'self.drop(self.act(')}, "
        f"theirs: gelu(approximate='none') at {line('originals.py', 'x + self.mlp(')}",
    ),
    "epsilon": (
        "cnn",
        {"eps": 1e-3},
        "units.2.norm_a",
        "`mine.units.2.norm_a` is BatchNorm2d(eps=0.001), theirs, `layer2.0.bn1`, BatchNorm2d(eps=1e-05)",
    ),
    "epsilon of a LayerNorm": (
        "gpt",
        {"eps": 1e-6},
        "second.before_mixer",
        "`mine.second.before_mixer` is LayerNorm(eps=1e-06), theirs, `layers.1.norm1`, LayerNorm(eps=1e-05)",
    ),
    "the side of the padding": (
        "cnn",
        {"left": True},
        "units.2",
        f"mine: pad(pad=(1, 0, 1, 0)) at {line('ports.py', 'F.pad(image, (1, 0, 1, 0))')}, "
        f"theirs: pad(pad=(0, 1, 0, 1)) at {line('originals.py', 'self.act(self.bn1(self.conv1')}",
    ),
    "a bias that is missing": ("cnn", {"bias": False}, "classify", "`mine.classify` has no bias, theirs, `fc`, has"),
    "a weight that is transposed": (
        "gpt",
        {"flipped": True},
        "second.mixer",
        "`mine.second.mixer` agrees with theirs once `mine.second.mixer.out.weight` is transposed",
    ),
    "layers in another order": (
        "cnn",
        {"early": True},
        "units.2",
        f"mine calls gelu before `units.2.norm_a` ({line('ports.py', 'self.norm_a(F.gelu(')}), "
        f"theirs `units.2.norm_a` before gelu ({line('originals.py', 'self.act(self.bn1(self.conv1')})",
    ),
    "the rate of a dropout": (
        "gpt",
        {"rate": 0.2},
        "second",
        f"mine: dropout(p=0.2) at {line('ports.py', 'self.drop(self.act(')}, "
        f"theirs: dropout(p=0.1) at {line('originals.py', 'x + self.mlp(')}",
    ),
    "the rate of a dropout that is a function": (
        "cnn",
        {"rate": 0.3},
        "model",
        f"mine: dropout(p=0.3) at {line('ports.py', 'F.dropout(image.mean')}, "
        f"theirs: dropout(p=0.2) at {line('originals.py', 'self.fc(self.dropout(x))')}",
    ),
    "the momentum of a BatchNorm": (
        "cnn",
        {"momentum": 0.01},
        "units.2.norm_a",
        "`mine.units.2.norm_a` is BatchNorm2d(momentum=0.01), theirs, `layer2.0.bn1`, BatchNorm2d(momentum=0.1)",
    ),
    "the axis of a softmax": (
        "gpt",
        {"axis": 1},
        "second.mixer",
        f"mine: softmax(dim=1) at {line('ports.py', 'scores.softmax(')}, "
        f"theirs: softmax(dim=-1) at {line('originals.py', 'self.softmax(scores)')}",
    ),
    "the mask of attention": (
        "gpt",
        {"later": True},
        "second.mixer",
        f"the mask differs at 4 of 25 entries; mine made by triu(diagonal=2) at {line('ports.py', '.triu(2 if')}, "
        "theirs by `layers.1.attn.mask`",
    ),
}
"""What a port gets wrong: the pair, the option that plants it, the part of mine that is at fault, and the words."""


@pytest.mark.parametrize("name", PLANTED)
def test_what_a_port_gets_wrong_is_found_and_said(name: str) -> None:
    kind, options, path, sentence = PLANTED[name]
    theirs, mine = (ResidualNet, Cnn) if kind == "cnn" else (Transformer, Gpt)
    report = ig.compare_modules(made(theirs), made(mine, **options), images() if kind == "cnn" else words())
    assert not report.passed
    assert [culprit.path for culprit in report.culprits] == [path], str(report)
    assert report.culprit.because == sentence
    assert sentence in str(report)
    assert sentence.split("`")[0] in report.to_json()


def test_what_follows_from_a_fault_is_told_from_the_fault() -> None:
    report = ig.compare_modules(made(ResidualNet), made(Cnn, eps=1e-3), images())
    notes = {row.path: row.note for row in report.rows if row.failed and row.what == "output"}
    assert notes["units.2.norm_a"].endswith("; own") or "alone" in notes["units.2.norm_a"]
    assert notes["units.3"].endswith("; inherited from units.2.norm_a")
    assert notes["model"].endswith("; inherited from units.2.norm_a")


class Block(nn.Module):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.up, self.down = form, nn.Linear(6, 8), nn.Linear(8, 6)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.down(functional.gelu(self.up(x), approximate=self.form))
        return y


class Tokens(nn.Module):
    """Blocks, each given what the former made; the norm at the end sees all tokens, or the one that is read."""

    def __init__(self, form: str = "none", alone: bool = False) -> None:
        super().__init__()
        self.alone, self.blocks, self.norm = alone, nn.Sequential(Block(form), Block(form)), nn.LayerNorm(6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(x)
        y: Tensor = self.norm(x[:, 0]) if self.alone else self.norm(x)[:, 0]
        return y


def tokens() -> Tensor:
    return torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(2))


def test_an_output_inside_of_another_shape_is_no_fault_where_all_that_comes_of_it_is_equal() -> None:
    report = ig.compare_modules(made(Tokens), made(Tokens, alone=True), tokens())
    assert report.passed, str(report)
    assert not [row for row in report.rows if row.error == float("inf")]
    assert [each.what for each in report.not_judged] == ["norm output in evaluation", "norm output in training"]
    assert report.not_judged[0].why == "theirs (3, 4, 6), mine (3, 6): what is made of it is compared"


def test_what_a_faulty_part_is_given_by_a_faulty_part_is_inherited() -> None:
    report = ig.compare_modules(made(Tokens), made(Tokens, form="tanh"), tokens())
    assert [culprit.path for culprit in report.culprits] == ["blocks.0", "blocks.1"]
    rows = [row for row in report.rows if row.failed and row.what == "output" and row.note.startswith("evaluation")]
    notes = {row.path: row.note.rpartition("; ")[2] for row in rows if row.stage == "end to end"}
    assert {path: notes[path] for path in ("blocks.0.down", "blocks.0", "blocks.1.up", "blocks.1", "norm")} == {
        "blocks.0.down": "own",
        "blocks.0": "own",
        "blocks.1.up": "inherited from blocks.0",
        "blocks.1": "own",
        "norm": "inherited from blocks.0",
    }
