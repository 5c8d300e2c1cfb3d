"""The functions of torch that a part calls in its own code: their arguments, their line, and what came of them."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, get_testing_overrides

from isograd.backends.torch_impl.importer.places import PACKAGE
from isograd.backends.torch_impl.porting.side import Ran, Side
from isograd.backends.torch_impl.porting.structures import Inputs, tensors_in
from isograd.core.base.errors import shown

HERE = f"{Path(__file__).parent}{os.sep}"
MODULES = f"{Path(PACKAGE) / 'nn' / 'modules'}{os.sep}"
UNSAID = ("inplace", "out", "training")  # arguments that say nothing about the values


@dataclass(eq=False)
class Value:
    """A tensor as it was when it was made: by a step, or given: an input, a weight."""

    values: Tensor
    maker: Step | None
    name: str = ""
    grad: bool = False


@dataclass(frozen=True)
class Named:
    """A tensor among the arguments of a call: a weight by its path, all else without a name."""

    name: str


@dataclass(eq=False)
class Step:
    """A call: of a function of torch, or of a part that both sides have (`label`)."""

    name: str
    arguments: dict[str, Any]
    place: str
    index: int
    inputs: list[Value]
    usual: dict[str, Any] = field(default_factory=dict)  # what arguments are when nobody says them
    label: str | None = None
    outputs: list[Value] = field(default_factory=list)

    @property
    def token(self) -> str:
        """What it calls: equal where both sides call the same."""
        return self.label or self.name

    @property
    def text(self) -> str:
        """ "softmax(dim=1) at port.py:42", without what is as usual"""
        return self.saying(
            {key for key, value in self.arguments.items() if not _same(value, self.usual.get(key, _SAID))}
        )

    def saying(self, keys: Collection[str]) -> str:
        """The call with these of its arguments."""
        at = f" at {self.place}" if self.place else ""
        if self.label:
            return f"`{self.label}`{at}"
        told = {key: _told(value) for key, value in self.arguments.items() if key in keys}
        said = [each if key.isdigit() else f"{key}={each}" for key, each in told.items() if each]
        return f"{self.name}({', '.join(said)}){at}"

    def other_than(self, step: Step) -> list[str]:
        """The names of arguments, tensors apart, that another call of the same function has otherwise."""
        names = dict.fromkeys([*self.arguments, *step.arguments])
        return [name for name in names if not _same(self._compared(name), step._compared(name))]

    def _compared(self, name: str) -> Any:
        """An argument: an axis counted from the front, of a tensor nothing."""
        value = self.arguments.get(name)
        if isinstance(value, Named):
            return None
        axes = self.inputs[0].values.dim() if self.inputs else 0
        return value + axes if name == "dim" and isinstance(value, int) and value < 0 else value


class Recorder(TorchFunctionMode):
    """Every call of one run. A part of `atomic` is one step, whatever it calls inside."""

    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()
        self.names, self.known, self.held = names, dict[int, Value](), list[Tensor]()
        self.steps: list[Step] = []
        self.inside = 0

    def value(self, tensor: Tensor) -> Value:
        """What is known of a tensor; where nothing is, it was given."""
        if id(tensor) not in self.known:
            self._learn(tensor, None)
        return self.known[id(tensor)]

    def _learn(self, tensor: Tensor, maker: Step | None) -> Value:
        self.held.append(tensor)  # so that no other takes its id
        copied = tensor.detach().clone()
        name = "" if maker else self.names.get(id(tensor), "")
        self.known[id(tensor)] = Value(copied, maker, name, tensor.requires_grad)
        return self.known[id(tensor)]

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        place = None if self.inside else place_of(sys._getframe(1))
        if place is None:
            return function(*args, **given)
        entered = [self.value(tensor) for tensor in tensors_in((args, given))]
        result = function(*args, **given)
        name = name_of(function)
        made = [args[0]] if name == "setitem" else tensors_in(result)
        if made:
            arguments, usual = self.bound(function, args, given)
            self.add(Step(name, arguments, place, len(self.steps), entered, usual), made)
        return result

    def add(self, step: Step, made: list[Tensor]) -> None:
        step.outputs = [self._learn(tensor, step) for tensor in made]
        self.steps.append(step)

    def bound(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """(the arguments by name, tensors as what they are called; what they are when nobody says them)"""
        try:
            signature = inspect.signature(get_testing_overrides().get(function, function))
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            usual = {key: each.default for key, each in signature.parameters.items()}
        except (TypeError, ValueError):  # torch does not say what the function takes
            given, usual = {**{str(k): v for k, v in enumerate(args)}, **kwargs}, {}
        said = {key: value for key, value in given.items() if not key.startswith("_") and key not in UNSAID}
        return {key: self._named(value) for key, value in said.items()}, usual

    def _named(self, value: Any) -> Any:
        """An argument, in the place of a tensor its name, of a structure that holds some nothing."""
        if isinstance(value, Tensor):
            return Named(self.value(value).name)
        return Named("") if tensors_in(value) else value


def recorded(side: Side, path: str, inputs: Inputs, atomic: Collection[str], *, training: bool) -> tuple[Recorder, Ran]:
    """One run of a part, and its own calls; of the parts beneath it, those of `atomic` labels are one step each."""
    parts = {side.labels[p]: part for p, part in side.half.parts.items() if p in side.labels and p != path}
    recorder = Recorder({id(w): p for p, w in (*_weights(side.half.module),)})
    hooks = []
    for label, part in parts.items():
        if label in atomic:
            hooks += _as_one(recorder, part, label)
    try:
        with recorder:
            ran = side.run(path, inputs, training=training)
    finally:
        for hook in hooks:
            hook.remove()
    return recorder, ran


def _weights(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _as_one(recorder: Recorder, part: nn.Module, label: str) -> list[Any]:
    """Hooks that make one step of a call of a part."""
    entered: list[tuple[str, list[Value]]] = []

    def before(part: nn.Module, args: Any, kwargs: Any) -> None:
        place = place_of(sys._getframe(1), hook=True) or ""
        entered.append((place, [] if recorder.inside else [recorder.value(t) for t in tensors_in((args, kwargs))]))
        recorder.inside += 1

    def after(part: nn.Module, args: Any, kwargs: Any, y: Any) -> None:
        place, values = entered.pop()
        recorder.inside -= 1
        if not recorder.inside:
            step = Step(type(part).__name__, {}, place, len(recorder.steps), values, label=label)
            recorder.add(step, tensors_in(y))

    return [
        part.register_forward_pre_hook(before, with_kwargs=True),
        part.register_forward_hook(after, with_kwargs=True),
    ]


def place_of(frame: Any, *, hook: bool = False) -> str | None:
    """ "file:line" of the innermost frame that is no torch's; None where the comparison itself called."""
    inner = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(MODULES) and not file.endswith(("module.py", "container.py")):
            inner = inner or f"{Path(file).name}:{frame.f_lineno}"
        if file.startswith(HERE):
            return inner or ("" if hook else None)
        if not file.startswith(PACKAGE):
            return f"{Path(file).name}:{frame.f_lineno}"
        frame = frame.f_back
    return inner


def name_of(function: Any) -> str:
    """ "softmax", "matmul", "T": of a method, an operator, a property."""
    name = str(getattr(function, "__name__", function))
    if name in ("__get__", "__set__"):
        name = str(getattr(function.__self__, "__name__", name))
    bare = name.strip("_")
    return bare or name


def _told(value: Any) -> str:
    return value.name if isinstance(value, Named) else shown(value)


def _same(a: Any, b: Any) -> bool:
    """Whether two arguments say the same: None is nothing, as 0 is."""
    return (a is None and not b) or (b is None and not a) or (type(a) is type(b) and bool(a == b))


_SAID = object()
