"""The table that conventions are entered into, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isograd.core.base.arrays import Namespace
from isograd.core.base.description import REGISTRY, Description
from isograd.core.base.errors import IsogradError
from isograd.core.base.types import Array, Tree
from isograd.core.engine.context import Run
from isograd.core.parity.formulas import BUFFER_FORMULAS, FORMULAS

Formula = Callable[..., Any]
"""As the formula of the description itself (core/parity/formulas) takes its arguments."""


@dataclass(frozen=True)
class Variant:
    """What a side computes that follows another convention: where nothing is said, what is described.

    said: what completes "… if". `formula`, `buffers`: in place of the description's own. `share(what, inputs)`: the
    factor of the gradient `what` ("dx", "dweight"; of a loss "dprediction"). `axes`: outputs and gradients of inputs
    come back with their axes in this order. `by_rows`: whether it depends on that
    row alone what a row of the outputs is, if it does by the description.
    `clipped(clip, ops, spec, weights, gradients)`: the gradients that enter the rule of an optimizer.
    """

    said: str
    formula: Formula | None = None
    buffers: Formula | None = None
    share: Callable[[str, Sequence[Array]], float] | None = None
    axes: tuple[int, ...] | None = None
    by_rows: bool = True
    clipped: Callable[..., Any] | None = None

    @property
    def of_gradients_alone(self) -> bool:
        """Whether outputs and buffers are as described."""
        return self.formula is None and self.buffers is None and self.axes is None


@dataclass(frozen=True)
class Convention:
    """A matter on which libraries and books differ, for some descriptions, and who decides it otherwise than isograd.

    `variants(spec)`: what may be met instead of what `spec` says, the likeliest first.
    """

    name: str
    kinds: tuple[type[Description], ...]
    followed_by: str
    variants: Callable[[Any], Iterable[Variant]]


CONVENTIONS: list[Convention] = []
"""In the order in which they are tried: where two explain the same, the first does."""


def convention(
    name: str, *kinds: type[Description], by: str
) -> Callable[[Callable[[Any], Iterable[Variant]]], Callable[[Any], Iterable[Variant]]]:
    """Enter the decorated generator of variants for these descriptions; `by`: who follows it."""

    def enter(variants: Callable[[Any], Iterable[Variant]]) -> Callable[[Any], Iterable[Variant]]:
        CONVENTIONS.append(Convention(name, kinds, by, variants))
        return variants

    return enter


def variants_of(spec: Description) -> Iterator[Variant]:
    """Every variant that the table has for a description, in the order in which they are tried."""
    known = REGISTRY[spec.family].values()
    kinds = {kind for kind in type(spec).__mro__ if kind is type(spec) or kind not in known}  # a custom one's base, too
    for entry in CONVENTIONS:
        if not kinds.isdisjoint(entry.kinds):
            yield from entry.variants(spec)


def with_options(spec: Any, said: str = "", by_rows: bool = True, **options: Any) -> Iterator[Variant]:
    """The layer with other options, where it takes them: said as they are written."""
    try:
        other = replace(spec, **options)
    except IsogradError:
        return
    if other != spec:
        told = said or ", ".join(f"{name}={value!r}" for name, value in options.items())
        yield as_layer(told, other, by_rows)


def as_layer(said: str, other: Any, by_rows: bool = True) -> Variant:
    """What another layer computes with the same weights."""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(other)](other, ops, p, x, run)

    def buffers(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return BUFFER_FORMULAS[type(other)](other, ops, p, x, run)

    return Variant(said, formula, buffers if type(other) in BUFFER_FORMULAS else None, by_rows=by_rows)


def with_weights(said: str, read: Callable[[Any, Namespace, Tree], Tree]) -> Variant:
    """The layer on weights that are read otherwise: read(spec, ops, p) → p"""

    def formula(spec: Any, ops: Namespace, p: Tree, x: tuple[Any, ...], run: Run) -> Any:
        return FORMULAS[type(spec)](spec, ops, read(spec, ops, p), x, run)

    return Variant(said, formula)
