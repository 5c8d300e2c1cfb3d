"""Imported modules as plain nn.Modules again: the same numbers, the original's weights, a source that can be read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from exported_torch import check, exported, source_of
from torch import nn

import isograd as ig
from imports.modules import of_transformers
from imports.pitfalls.every import RIGHT, arrays_for, imported

RUNS = (("float64", False), ("float64", True))


@pytest.mark.parametrize("name", RIGHT)
def test_a_module_that_is_imported_right_is_exported_right(name: str) -> None:
    _, model, weights = imported(name, "float64")
    check(model, weights, tuple(arrays_for(name, 3)), RUNS)


def in_eval(module: nn.Module, *x: Any) -> tuple[ig.Model, nn.Module]:
    """(the imported model, its export with the module's own weights), which gives the same outputs."""
    model, weights = ig.from_torch(module.eval(), x)
    check(model, weights, tuple(v.numpy() for v in x), RUNS)
    ours = exported(model)
    theirs = {name: v for name, v in module.state_dict().items() if name in ours.state_dict()}
    assert set(module.state_dict()) == set(theirs)
    constants = {name: torch.from_numpy(weights[name]) for name in ours.state_dict() if name not in theirs}
    ours.load_state_dict(theirs | constants, strict=True)
    return model, ours.eval()


def test_a_resnet() -> None:
    import torchvision

    torch.manual_seed(0)
    module, x = torchvision.models.resnet18(num_classes=10), torch.randn(2, 3, 64, 64)
    model, ours = in_eval(module, x)
    assert torch.equal(ours(x), module(x))
    assert set(ours.state_dict()) == set(module.state_dict())
    text = source_of(model)
    assert text.count("class ") == 8
    for line in (
        "self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)",
        "self.layer1 = nn.Sequential(Layer1Block(), Layer1Block())",
        "x = self.layer4(x)  # (N, 512, 2, 2)",
        "return self.fc(x)  # (N, 10)",
    ):
        assert f"        {line}\n" in f"{text}\n"


def test_a_gpt() -> None:
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="use_cache=False"):
        model, weights = ig.from_torch((made := of_transformers("GPT-2")).module.eval(), made.args)
    check(model, weights, tuple(v.numpy() for v in made.args), RUNS)
    text = source_of(model)
    for line in (
        "self.wte = nn.Embedding(64, 16)",
        "self.h = nn.ModuleList([HBlock(), HBlock()])",
        "for block in self.h:",
        "self.lm_head = nn.Linear(16, 64, bias=False)",
        "self.lm_head.weight = self.transformer.wte.weight",
        "return self.lm_head(x)  # (N, 7, 64)",
    ):
        assert f"        {line}\n" in f"{text}\n"
    assert text.count("class HBlock(") == 1


def test_a_vision_transformer() -> None:
    import timm

    torch.manual_seed(0)
    module = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=3)
    model, ours = in_eval(module, torch.randn(2, 3, 32, 32))
    assert set(ours.state_dict()) == set(module.state_dict())
    assert "self.blocks = nn.Sequential(*(Block() for _ in range(3)))" in source_of(model)
