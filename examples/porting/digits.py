"""The embedded digits as tensors, and what a module makes of them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

import isograd as ig


def examples(part: Literal["train", "test"]) -> tuple[Tensor, Tensor]:
    """(images (n,1,8,8) from −1 to 1, labels)"""
    chosen = getattr(ig.split(*ig.data.digits(), seed=0, stratify=True), part)
    images = torch.tensor(chosen.inputs[0], dtype=torch.float32).reshape(-1, 1, 8, 8)
    return images / images.max() * 2 - 1, torch.tensor(chosen.targets[0])


def told(model: nn.Module) -> str:
    """Loss and accuracy on the test part."""
    images, labels = examples("test")
    with torch.no_grad():
        scores = model(images)
    loss, right = nn.functional.cross_entropy(scores, labels), (scores.argmax(1) == labels).double().mean()
    return f"test loss {loss:.6f}, accuracy {right:.4f}"
