"""Imported modules as NumPy source: the engine's bits, and PyTorch's logits where PyTorch cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from exported_helpers import opened, same

import isograd as ig
from imports.pitfalls.every import RIGHT, arrays_for, imported
from isograd.core.base.types import FLOATS
from isograd.core.parity.matching import allowed_by, nudged
from isograd.exporting.carried.selftest import MODES, apart
from isograd.exporting.example import Example

ALONE = """
import runpy, sys
import numpy as np
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "isograd", "pydantic", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
folder = sys.argv[1]
sys.path.insert(0, folder)
from model import load
np.save(f"{folder}/../y.npy", load().forward(np.load(f"{folder}/../x.npy")))
"""


@pytest.mark.parametrize("name", RIGHT)
def test_a_module_that_is_imported_right_is_exported_bit_for_bit(name: str) -> None:
    _, model, weights = imported(name, "float32")
    inputs = tuple(map(np.asarray, arrays_for(name, 3), model.input_dtypes(FLOATS["float32"])))
    own = {path: v for path, v in weights.items() if path not in model.tied(*model.input_shapes)}
    example = Example(model, own, inputs, "float32")
    net = ig.build(model, weights=own, seed=2)
    with opened(model, own, inputs, "float32", seed=2) as (_, exported):
        assert not same(example.by(exported, MODES), example.by(net, MODES))


def test_a_resnet_gives_torchs_logits_where_there_is_no_torch(tmp_path: Path) -> None:
    import torchvision

    torch.manual_seed(0)
    module, x = torchvision.models.resnet18(num_classes=10).eval(), torch.randn(2, 3, 64, 64)
    model, weights = ig.from_torch(module, x)
    made = ig.export(model, weights, "numpy", tmp_path / "resnet18")
    assert made.passed, str(made)
    np.save(tmp_path / "x.npy", x.numpy())
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, str(made.path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    with torch.no_grad():
        logits, beside = (module(torch.tensor(values)).numpy() for values in (x.numpy(), nudged(x.numpy())))
    assert apart(np.load(tmp_path / "y.npy"), logits) <= allowed_by(apart(beside, logits))
    assert subprocess.run([sys.executable, "-I", str(made.path / "model.py")], capture_output=True).returncode == 0
