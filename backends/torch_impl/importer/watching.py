"""What an export loses without a word: own backwards, hooks on gradients, numbers drawn by Python or NumPy."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.overrides import TorchFunctionMode

from isograd.backends.torch_impl.importer.places import frames_from, place_in, says_nothing
from isograd.core.base.errors import SpecError

GENERATORS = (random.Random, np.random.RandomState, np.random.Generator)
DRAWN = "a forward that draws nothing from Python's or NumPy's generators"
DRAWN_FIX = "draw with torch, or import the part without it"
GRADIENTS = "gradients that no hook changes"
GRADIENTS_FIX = "remove the hook before the import"


SIZES = (*range(1, 66), 127, 128, 1000, 4096)
"""Batches of which a forward must be true."""


@dataclass
class Watch:
    """What was seen while a module was exported: what is refused, and the places that explain an error."""

    module: nn.Module
    refused: list[SpecError] = field(default_factory=list)
    data: str | None = None  # where .data was read last
    guards: list[tuple[Any, str, bool]] = field(default_factory=list)  # (what sizes must be, place, its own question)

    def place(self) -> str | None:
        """Which part of the module runs, and its line."""
        return place_in(self.module, frames_from(sys._getframe(1)))

    def guard(self, expression: Any, *, own: bool) -> None:
        where = self.place()
        if where is not None:
            self.guards.append((expression, where, own))

    def narrowed(self, rows: int, *, own: bool) -> str | None:
        """The place where the forward went another way than batches of some other size would; own: its own question."""
        for expression, place, asked in self.guards:
            if (asked or not own) and any(_holds(expression, n) != _holds(expression, rows) for n in SIZES):
                return place
        return None

    def refuse(self, wanted: str, got: str, fix: str) -> None:
        where = self.place()
        if where is not None:
            self.refused.append(SpecError(where, wanted=wanted, got=got, fix=fix))


class _Reads(TorchFunctionMode):
    """Notes hooks on tensors, and tensors that are read around the record."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is Tensor.register_hook:
            self.watch.refuse(GRADIENTS, "Tensor.register_hook", GRADIENTS_FIX)
        elif function == Tensor.data.__get__:  # type: ignore[attr-defined]
            self.watch.data = self.watch.place() or self.watch.data
        return function(*args, **(kwargs or {}))


def _holds(expression: Any, rows: int) -> bool:
    """Whether what is said of sizes is true of a batch of so many rows."""
    symbols: set[Any] = getattr(expression, "free_symbols", set())
    return bool(expression.subs(dict.fromkeys(symbols, rows))) if len(symbols) == 1 else True


@contextmanager
def watched(module: nn.Module) -> Iterator[Watch]:
    """Sees what the module does inside that no graph holds."""
    watch = Watch(module)
    logged, truth, made = ShapeEnv._log_guard, torch.SymBool.__bool__, np.random.default_rng

    def applied(function: Any, *args: Any, **kwargs: Any) -> None:
        own = type(function)._forward_cls
        watch.refuse(
            "operations whose gradients PyTorch knows",
            f"{own.__name__}.apply, with a backward of its own",
            "checkpoint(…, use_reentrant=False)"
            if own.__module__ == "torch.utils.checkpoint"
            else "write its forward with operations of torch, or keep this part in PyTorch",
        )

    def guarded(shapes: Any, prefix: str, guard: Any, forcing_spec: bool) -> None:
        watch.guard(guard, own=False)
        logged(shapes, prefix, guard, forcing_spec)

    def asked(value: torch.SymBool) -> bool:
        if not says_nothing(sys._getframe(1).f_code.co_filename):
            watch.guard(value.node.expr, own=True)
        return truth(value)

    def unseeded(seed: Any = None) -> Any:
        if seed is None:
            watch.refuse(DRAWN, "numpy.random.default_rng()", DRAWN_FIX)
        return made(seed)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(BackwardCFunction, "__init__", applied))
        stack.enter_context(mock.patch.object(ShapeEnv, "_log_guard", guarded))
        stack.enter_context(mock.patch.object(torch.SymBool, "__bool__", asked))
        stack.enter_context(mock.patch.object(np.random, "default_rng", unseeded))
        stack.enter_context(_Reads(watch))
        yield watch


def check_hooks(module: nn.Module) -> None:
    """SpecError for hooks that change gradients: no graph of a forward holds them."""
    held: list[tuple[str, Any]] = []
    for path, part in module.named_modules():
        held += [(path, hook) for hooks in (part._backward_hooks, part._backward_pre_hooks) for hook in hooks.values()]
    for path, weight in module.named_parameters():
        kept = (weight._backward_hooks, getattr(weight, "_post_accumulate_grad_hooks", None))
        held += [(path, hook) for hooks in kept for hook in (hooks or {}).values()]
    for path, hook in held:
        code = getattr(hook, "__code__", None)
        at = f", {Path(code.co_filename).name}:{code.co_firstlineno}" if code else ""
        where = path or type(module).__name__
        raise SpecError(f"{where}{at}", wanted=GRADIENTS, got="a backward hook", fix=GRADIENTS_FIX)


def generators_of(module: nn.Module) -> list[Any]:
    """Python's and NumPy's generators: the two that everybody shares, and those that the module knows."""
    hidden: list[Any] = [random.random.__self__, np.random.rand.__self__]  # type: ignore[attr-defined]
    for part in module.modules():
        hidden += vars(part).values()
        hidden += getattr(type(part).forward, "__globals__", {}).values()
    return [each for each in hidden if isinstance(each, GENERATORS)]


def states_of(generators: Iterable[Any]) -> list[str]:
    """Where each stands."""
    return [_state(each) for each in generators]


def _state(generator: Any) -> str:
    if isinstance(generator, random.Random):
        return f"random {hash(generator.getstate())}"
    held = generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()
    return f"numpy.random {held}"


def who_draws(module: nn.Module, run: Callable[[], Any]) -> SpecError:
    """The first draw of another run, by its place: the line after which a generator stands elsewhere."""
    last: dict[FrameType, int] = {}
    generators, found = generators_of(module), list[tuple[str, str]]()
    states = states_of(generators)

    def seen(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal states
        if found or says_nothing(frame.f_code.co_filename):
            return None
        after = states_of(generators)
        drew: FrameType | None = frame  # or whom this frame interrupts: a weak reference's callback, for one
        while drew is not None and drew not in last:
            drew = drew.f_back
        if drew is not None and after != states:
            place = place_in(module, [(drew, last[drew]), *frames_from(drew.f_back)])
            of = next(now for then, now in zip(states, after, strict=True) if then != now).split()[0]
            found.extend([(place, f"a number that {of} draws")] if place else [])
        states, last[frame] = after, frame.f_lineno
        return seen

    before = sys.gettrace()
    sys.settrace(seen)
    try:
        run()
    finally:
        sys.settrace(before)
    where, got = found[0] if found else (type(module).__name__, "one that does")
    return SpecError(where, wanted=DRAWN, got=got, fix=DRAWN_FIX)
