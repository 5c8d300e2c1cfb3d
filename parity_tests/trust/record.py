"""What a fault of the catalogue is."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass

from mutation.places import source_file

NUMPY, TORCH, CORE = "isograd.backends.numpy_impl", "isograd.backends.torch_impl", "isograd.core"
OPERATIONS = f"{NUMPY}.operations"
ENGINES = {NUMPY: "numpy", TORCH: "torch"}


class Stale(Exception):
    """A record whose text does not stand in its module, or stands there more than once."""


@dataclass(frozen=True)
class Fault:
    """A change of one module's text, and who should see it.

    `kinds`: the descriptions whose cases parity should see it in; `model`: or else one of models.py. Where both are
    empty, parity is no instrument for it. `node`: it lives in a node of one of these kinds, so that parity must name
    this node and blame its engine. `tests`: arguments of pytest, with files from parity_tests/ on; none where parity
    alone is asked, as the generated tests of these cases ask it.
    """

    name: str
    module: str
    before: str
    after: str
    tests: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    model: str = ""
    node: bool = False

    @property
    def seen_by_parity(self) -> bool:
        return bool(self.kinds or self.model)

    @property
    def side(self) -> str:
        """The engine that it is in; "" for what all engines share."""
        return next((name for root, name in ENGINES.items() if self.module.startswith(root)), "")

    @functools.cached_property
    def source(self) -> str:
        """The changed module."""
        whole = source_file(self.module).read_text()
        if whole.count(self.before) != 1:
            raise Stale(f"{self.name}: {whole.count(self.before)} times in {self.module}: {self.before!r}")
        changed = whole.replace(self.before, self.after)
        if meaning(changed) == meaning(whole):
            raise Stale(f"{self.name}: changes nothing in {self.module}")
        return changed


@functools.lru_cache(maxsize=64)
def meaning(text: str) -> str:
    """What a module says, whatever its comments and line breaks; SyntaxError where it says nothing."""
    return ast.dump(ast.parse(text))


def operation(name: str, place: str, before: str, after: str, *kinds: str, tests: tuple[str, ...] = ()) -> Fault:
    """A fault in the NumPy engine's operations/<place>.py that the cases of these kinds show, in the node itself."""
    return Fault(name, f"{OPERATIONS}.{place}", before, after, tests, kinds, node=True)


def rule(name: str, place: str, before: str, after: str, *kinds: str, tests: tuple[str, ...] = ()) -> Fault:
    """One in the NumPy engine's losses, optimizers or clippings, whose kinds are these."""
    return Fault(name, f"{NUMPY}.{place}", before, after, tests, kinds, node=True)


def torch_line(name: str, place: str, before: str, after: str, *kinds: str, tests: tuple[str, ...] = ()) -> Fault:
    """One in the PyTorch engine that the cases of these kinds show."""
    return Fault(name, f"{TORCH}.{place}", before, after, tests, kinds, node=True)


def elsewhere(name: str, module: str, before: str, after: str, *tests: str, model: str = "") -> Fault:
    """One that lives in no node: tests see it, and a comparison of a whole model where one is named."""
    return Fault(name, f"isograd.{module}", before, after, tests, model=model)
