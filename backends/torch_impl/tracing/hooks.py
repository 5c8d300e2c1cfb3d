"""What every part of a module is given and makes, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from isograd.backends.torch_impl.foreign.calling import tensors_in
from isograd.backends.torch_impl.foreign.draws import SharedDraws
from isograd.core.base.errors import shortened
from isograd.core.parity.traces.entry import GIVEN, WEIGHT, WHOLE, named
from isograd.core.parity.traces.origin import Node

Name = tuple[str, str]
"""(path, what)"""
LONG = 100
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass
class Made:
    """A tensor that some call made, the name of its entry, and its version when it was made."""

    tensor: Tensor
    name: Name
    version: int

    @property
    def unchanged(self) -> bool:
        """Whether nobody has written to it since."""
        return self.tensor._version == self.version


@dataclass
class Call:
    """One call of a part: its name ("conv1", "conv1#2"), what it reads, and which calls were made within it."""

    path: str
    module: str
    reads: list[Name]
    within: list[Name] = field(default_factory=list)
    outputs: list[Made] = field(default_factory=list)
    start: int = 0  # draws at random before it
    drawn: int = 0  # draws of its own, not of calls within it


class Watched:
    """The calls of one forward, in the order in which they end, and copies of what they made."""

    def __init__(self, module: nn.Module, draws: SharedDraws) -> None:
        self.module, self.draws = module, draws
        self.parts = dict(module.named_modules())
        self.calls: list[Call] = []
        self.values: list[tuple[Name, Tensor]] = []
        self.known: dict[int, Made] = {}
        self.counts: dict[str, int] = {}
        self.open: list[Call] = []
        self.places: list[str] = []  # where in what the whole returns each of its tensors stands

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, every part tells of its calls."""
        handles = []
        try:
            for path, part in self.parts.items():
                before, after = self._before(path), self._after()
                handles.append(part.register_forward_pre_hook(before, with_kwargs=True))
                handles.append(part.register_forward_hook(after, with_kwargs=True))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def dropouts(self) -> list[str] | None:
        """The calls of nn.Dropout that drew, in their order; None where something else drew as well."""
        drew = [call for call in self.calls if call.drawn]
        kinds = all(isinstance(self.parts[call.module], DROPOUTS) and call.drawn == 1 for call in drew)
        return [call.path for call in drew] if kinds and len(drew) == self.draws.count else None

    def nodes(self) -> dict[str, Node]:
        """{name of a call: the part in words, and what it reads}"""
        return {call.path: Node(words(self.parts[call.module]), tuple(call.reads)) for call in self.calls}

    def _before(self, path: str) -> Any:
        def hook(part: nn.Module, args: Any, kwargs: Any) -> None:
            count = self.counts[path] = self.counts.get(path, 0) + 1
            name = named(path) if path else WHOLE
            call = Call(f"{name}#{count}" if count > 1 else name, path, [], start=self.draws.count)
            for k, x in enumerate(tensors_in((args, kwargs))):
                what = f"{GIVEN}{k or ''}"
                if not path:
                    self._keep(x, (GIVEN, what))
                made = self.known.get(id(x))
                if made is None or made.tensor is not x or not made.unchanged:
                    made = self._keep(x, (call.path, what))
                    self.values.append((made.name, copy_of(x)))
                call.reads.append(made.name)
            self.open.append(call)

        return hook

    def _after(self) -> Any:
        def hook(part: nn.Module, args: Any, kwargs: Any, y: Any) -> None:
            call = self.open.pop()
            drawn = self.draws.count - call.start
            call.drawn += drawn
            for outer in self.open[-1:]:
                outer.drawn -= drawn
            outputs = tensors_in(y)
            handed_on = [made for made in map(self._made, outputs) if made is not None]
            if call.within and len(handed_on) == len(outputs):
                call.reads = [made.name for made in handed_on]
            else:
                call.reads += call.within
                own = f"{call.module}." if call.module else ""
                call.reads += [(f"{own}{name}", WEIGHT) for name, _ in part.named_parameters(recurse=False)]
                call.reads += [(f"{own}{name}", WEIGHT) for name, _ in part.named_buffers(recurse=False)]
            for k, value in enumerate(outputs):
                made = self._keep(value, (call.path, f"output{k or ''}"))
                self.values.append((made.name, copy_of(value)))
                call.outputs.append(made)
                if self.open:
                    self.open[-1].within.append(made.name)
            self.calls.append(call)

        return hook

    def _made(self, value: Tensor) -> Made | None:
        made = self.known.get(id(value))
        return made if made is not None and made.tensor is value and made.unchanged else None

    def _keep(self, value: Tensor, name: Name) -> Made:
        made = self.known[id(value)] = Made(value, name, value._version)
        return made


def copy_of(value: Tensor) -> Tensor:
    """Its values, for who reads them later."""
    return value.detach().clone()


def words(part: nn.Module) -> str:
    """A part in about a line: its kind and its options."""
    return shortened(f"{type(part).__name__}({part.extra_repr()})".replace("\n", " "), LONG)
