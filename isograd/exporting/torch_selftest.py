"""The self-test of a torch export, as it stands in the file: what the model computed is computed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

KEPT = 4096  # the most values of one array that are kept: of a larger one every second, third, … in reading order
MODES = ("evaluation", "training")
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
DTYPES |= {"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8}
DTYPES |= {"BOOL": torch.bool}


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """({name: tensor}, metadata) of a safetensors file: the header's length (u64), the header as JSON, the bytes"""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    metadata = header.pop("__metadata__", {})
    found = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        dtype = DTYPES[entry["dtype"]]
        values = (
            torch.frombuffer(bytearray(content[first:last]), dtype=dtype)
            if last > first
            else torch.empty(0, dtype=dtype)
        )
        found[name] = values.reshape(entry["shape"])
    return found, metadata


def numbered(tensors: dict[str, Tensor], stem: str) -> list[Tensor]:
    """The tensors that are stored as STEM.0, STEM.1, …"""
    count = sum(name.startswith(f"{stem}.") for name in tensors)
    return [tensors[f"{stem}.{k}"] for k in range(count)]


def sampled(values: Tensor) -> Tensor:
    """The values that are kept of a tensor"""
    return values.detach().reshape(-1)[:: max(1, -(-values.numel() // KEPT))]


def apart(a: Tensor, b: Tensor) -> float:
    """max|a − b| / max|b|, infinite where shapes differ; equal infinities, and NaN in both, are no difference"""
    if a.shape != b.shape:
        return float("inf")
    x, y = a.double(), b.double()
    same = (x == y) | (x.isnan() & y.isnan())
    gap = (x - y).abs().masked_fill(same, 0.0)
    sizes = y.abs()
    largest = sizes[sizes.isfinite()].max().item() if sizes.isfinite().any() else 0.0
    worst = gap.max().item() / (largest or 1.0) if gap.numel() else 0.0
    return float("inf") if worst != worst else worst


def measured(model: nn.Module, inputs: list[Tensor], dys: list[Tensor], names: list[str]) -> dict[str, Tensor]:
    """What was asked for: output.0, dx.0, dw/NAME, state/NAME, of one forward and backward"""
    x = [v.clone().requires_grad_(v.is_floating_point()) for v in inputs]
    y = model(*x)
    outputs = y if isinstance(y, tuple) else (y,)
    live = [(v, dy) for v, dy in zip(outputs, dys, strict=True) if v.requires_grad]
    if live:
        torch.autograd.backward([v for v, _ in live], [dy for _, dy in live])
    found = {f"output.{k}": v for k, v in enumerate(outputs)} | {f"dx.{k}": gradient(v) for k, v in enumerate(x)}
    for name in names:
        if name.startswith("dw/"):
            found[name] = gradient(model.get_parameter(name.removeprefix("dw/")))
        if name.startswith("state/"):
            found[name] = model.state_dict()[name.removeprefix("state/")]
    return found


def gradient(values: Tensor) -> Tensor:
    """Its gradient, 0 where nothing depends on it"""
    return torch.zeros_like(values) if values.grad is None else values.grad


def self_test(load: Callable[..., nn.Module], folder: Path) -> int:
    """Compute the stored example again, forward and backward, and compare: 0 where all is as it was"""
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    for name, digest in certificate["sha256"].items():
        if sha256((folder / name).read_bytes()).hexdigest() != digest:
            print(f"{name} is not the file that certificate.json names: it was changed since")
    stored, metadata = read_tensors(folder / "selftest.safetensors")
    told: Any = json.loads(metadata["selftest"])
    failed = 0
    for mode in MODES:
        expected = {
            name.removeprefix(f"{mode}/"): v
            for name, v in stored.items()
            if name in told["limits"] and name.startswith(mode)
        }
        if not expected:
            continue
        model = load(folder / "weights.safetensors", dtype=getattr(torch, told["dtype"])).train(mode == "training")
        found = measured(model, numbered(stored, "input"), numbered(stored, f"{mode}/dy"), list(expected))
        for what in ("output", "dx", "dw", "state"):
            names = [name for name in expected if name.startswith(what)]
            if not names:
                continue
            errors = {name: apart(sampled(found[name]), expected[name]) for name in names}
            wrong = [name for name in names if not errors[name] <= told["limits"][f"{mode}/{name}"]]
            failed += len(wrong)
            verdict = f"worst {max(errors.values()):.1e}  {'differs' if wrong else 'equal'}"
            print(f"{mode:<10}  {what:<6}  {len(names):4} arrays  {verdict}")
            for name in wrong:
                print(f"  {name}: {errors[name]:.1e}, at most {told['limits'][f'{mode}/{name}']:.1e}")
    print("FAILED" if failed else "PASSED")
    return int(failed > 0)
