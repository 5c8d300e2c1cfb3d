"""The self-test: what the model computed when it was exported is computed again, and compared."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array, Arrays, State
from isograd.exporting.carried.tensors import read_tensors

KEPT = 4096
"""The most values of one array that are kept: of a larger one every second, third … value, in reading order"""
MODES = ("evaluation", "training")


def sampled(values: Array) -> Array:
    """The values that are kept of an array."""
    every = -(-values.size // KEPT) if values.size else 1
    return np.ascontiguousarray(values).reshape(-1)[::every]


def apart(a: Array, b: Array, added: float = 0.0) -> float:
    """max|a − b| / max|b|, or / `added` where that is more: the size of what was added up, where it cancels

    Infinite where shapes differ; equal infinities, and NaN in both, are no difference.
    """
    if a.shape != b.shape:
        return float("inf")
    x, y = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        gap = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, np.abs(x - y))
    largest = np.max(np.abs(y), where=np.isfinite(y), initial=0.0)
    worst = np.max(gap, initial=0.0) / (max(largest, added) or 1.0)
    return float("inf") if np.isnan(worst) else float(worst)


def measured(net: Any, inputs: Arrays, dys: Arrays, mode: str) -> State:
    """{"MODE/output.0": y, "MODE/dx.0": dx, "MODE/dw/weight": dw, "MODE/state/buffer": what training changed}"""
    before = net.state_dict()
    y = net.forward(*inputs, training=mode == "training")
    dx, dw = net.backward(*dys)
    found = {f"output.{k}": v for k, v in enumerate(y if isinstance(y, tuple) else (y,))}
    found |= {f"dx.{k}": v for k, v in enumerate(dx if isinstance(dx, tuple) else (dx,)) if v is not None}
    found |= {f"dw/{name}": v for name, v in dw.items()}
    after = net.state_dict()
    found |= {f"state/{name}": v for name, v in after.items() if not np.array_equal(v, before[name], equal_nan=True)}
    net.load_state_dict(before)
    return {f"{mode}/{name}": v for name, v in found.items()}


def numbered(tensors: State, stem: str) -> Arrays:
    """The arrays that are stored as STEM.0, STEM.1, …"""
    count = sum(name.startswith(f"{stem}.") for name in tensors)
    return tuple(tensors[f"{stem}.{k}"] for k in range(count))


def self_test(kind: Any, folder: Path) -> int:
    """Compute the stored example again, forward and backward in both modes, and compare: 0 where all is as it was."""
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    for name, digest in certificate["sha256"].items():
        if sha256((folder / name).read_bytes()).hexdigest() != digest:
            print(f"{name} is not the file that certificate.json names: it was changed since")
    weights, _ = read_tensors(folder / "weights.safetensors")
    stored, metadata = read_tensors(folder / "selftest.safetensors")
    told = json.loads(metadata["selftest"])
    limits, net = told["limits"], kind(weights, dtype=told["dtype"], seed=told["seed"])
    failed = 0
    for mode in MODES:
        if not any(name.startswith(mode) for name in stored):
            continue
        found = measured(net, numbered(stored, "input"), numbered(stored, f"{mode}/dy"), mode)
        expected = {name: v for name, v in stored.items() if name in limits and name.startswith(mode)}
        for what in ("output", "dx", "dw", "state"):
            names = [name for name in expected if name.startswith(f"{mode}/{what}")]
            if not names:
                continue
            errors = {name: apart(sampled(found[name]), expected[name]) for name in names if name in found}
            wrong = [name for name in names if not errors.get(name, np.inf) <= limits[name]]
            failed += len(wrong)
            worst = max(errors.values(), default=0.0)
            print(f"{mode:<10}  {what:<6}  {len(names):4} arrays  worst {worst:.1e}  {'differs' if wrong else 'equal'}")
            for name in wrong:
                print(f"  {name}: {errors.get(name, np.inf):.1e}, at most {limits[name]:.1e}")
    print("FAILED" if failed else "PASSED")
    return int(failed > 0)
