"""An imported network learns real images in NumPy, as it does in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import timm

import isograd as ig
from isograd.core.base.types import Array

SHARE_RIGHT = 0.7  # of the test images after four epochs; guessing gets 0.1


def digits() -> tuple[Array, Array]:
    """Scans of handwritten digits, every pixel as 4x4: (N, 1, 32, 32) in 0 … 1, and labels."""
    x, labels = ig.data.digits()
    return np.kron(x.reshape(-1, 1, 8, 8) / 16, np.ones((4, 4))).astype(np.float32), labels


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_network_of_timm_learns_real_images(backend: str) -> None:
    import torch

    torch.manual_seed(0)
    x, labels = digits()
    module = timm.create_model("mobilenetv3_small_050", pretrained=False, in_chans=1, num_classes=10)
    model, weights = ig.from_torch(module, torch.from_numpy(x[:2]))
    net = ig.build(model, backend=backend, weights=weights, seed=0)
    trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.AdamW(3e-3), metrics=[ig.Accuracy()])
    trainer.fit((x[:1400], labels[:1400]), epochs=4, batch_size=32)
    assert trainer.evaluate((x[1400:], labels[1400:]))["accuracy"] > SHARE_RIGHT
