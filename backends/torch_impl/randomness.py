"""PyTorch's own generators, seeded for one forward and then put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from isograd.backends.torch_impl.modules import BookDropout, Masked, StochasticDepth
from isograd.core.base.randomness import key_of

DROPPING = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
    nn.RReLU,
    BookDropout,
    StochasticDepth,
)


def draws(module: nn.Module) -> bool:
    """Whether a module draws from PyTorch's generators when it trains: it drops, and is given no masks."""
    if isinstance(module, DROPPING):
        return not getattr(module, "path", "")
    share = getattr(module, "dropout", 0.0)  # of attention and of recurrent stacks; elsewhere it may be a child's name
    return isinstance(share, float) and share > 0 and not (isinstance(module, Masked) and module.path)


def generators(device: torch.device) -> tuple[torch.Generator, ...]:
    """What modules on this device draw from: the CPU's generator, and the device's own."""
    match device.type:
        case "cuda":
            return torch.default_generator, torch.cuda.default_generators[device.index]
        case "mps":
            return torch.default_generator, torch.mps._get_default_mps_generator()
    return (torch.default_generator,)


@contextmanager
def seeded(held: tuple[torch.Generator, ...], seed: int, step: int) -> Iterator[None]:
    """Inside, these generators start from (seed, step); after it they are as they were."""
    key = key_of(seed, "torch's generators", step=step, size=7)  # a seed is a signed number of 64 bits
    states = [generator.get_state() for generator in held]
    try:
        for generator in held:
            generator.manual_seed(key)
        yield
    finally:
        for generator, state in zip(held, states, strict=True):
            generator.set_state(state)
