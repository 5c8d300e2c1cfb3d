"""PyTorch's own generators, seeded for one forward and then put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from isograd.backends.torch_impl.modules import BookDropout, Masked
from isograd.core.base.randomness import key_of


def draws(module: nn.Module) -> bool:
    """Whether a module draws from PyTorch's generators when it trains: it drops, and is given no masks."""
    if isinstance(module, (nn.Dropout, nn.Dropout2d, BookDropout)):
        return True
    share = getattr(module, "dropout", 0.0)  # of attention and of recurrent stacks; elsewhere it may be a child's name
    return isinstance(share, float) and share > 0 and not (isinstance(module, Masked) and module.path)


@contextmanager
def seeded(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Inside, PyTorch's generators (the CPU's and the device's) start from (seed, step); the process gets its own back.

    About 8 µs on a CPU, which only networks that drop pay.
    """
    key = key_of(seed, "torch's generators", step=step, size=7)  # a seed is a signed number of 64 bits
    devices = [] if device.type == "cpu" else [device.index]
    with torch.random.fork_rng(devices, device_type="cuda" if device.type == "cpu" else device.type):
        torch.default_generator.manual_seed(key)
        if device.type == "cuda":
            torch.cuda.default_generators[device.index].manual_seed(key)
        elif device.type != "cpu":
            torch.get_device_module(device).manual_seed(key)
        yield
