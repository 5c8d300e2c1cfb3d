"""Somebody's layer, whatever it is written as, as an `Operation`: fresh instances that run forward and backward."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from inspect import isclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from isograd.checking.autograd import Recorded
from isograd.checking.calling import (
    LAYERS,
    arguments,
    as_array,
    gradients_returned,
    parameters,
    parts,
    refused,
    takes_any,
    takes_mode,
)
from isograd.checking.holding import Slots, gradients_held
from isograd.checking.making import made_by
from isograd.checking.ran import Instance, Operation, Ran, guarded
from isograd.core.base.types import Array, Arrays
from isograd.core.layers.base import Layer


def adapted(mine: Any, layer: Layer) -> Operation:
    """`mine` as an operation: see `check_operation` for what it may be."""
    torch = sys.modules.get("torch")
    if torch is not None and isclass(mine) and issubclass(mine, torch.autograd.Function):
        return Recorded(mine)
    if isinstance(mine, ModuleType) and callable(getattr(mine, "forward", None)):
        mine = (mine.forward, getattr(mine, "backward", None))
    if isinstance(mine, (tuple, list)):
        if len(mine) != 2 or not all(map(callable, mine)):
            raise refused(mine, LAYERS, "check_operation((forward, backward), like=…)")
        return Held(SimpleNamespace(forward=mine[0], backward=mine[1]), layer, functions=True)
    whole = all(callable(getattr(mine, part, None)) for part in ("forward", "backward"))
    makes = callable(mine) and not isclass(mine) and not parameters(mine)
    if not whole and not makes:
        raise refused(mine, LAYERS, "write forward(x) and backward(dy)")
    return Held(mine, layer)


class Held:
    """An object with forward and backward, or what makes one; or the two functions, which keep nothing."""

    def __init__(self, mine: Any, layer: Layer, *, functions: bool = False) -> None:
        self.mine, self.layer, self.functions = mine, layer, functions
        self.spelt: dict[str, str] = {}
        self.turned: set[str] = set()
        says = hasattr(mine, "forward") and takes_mode(mine.forward)
        self.has_mode = says or any(hasattr(mine, name) for name in ("training", "eval"))

    def begin(self, state: Mapping[str, Array], inputs: Arrays, *, transposed: bool) -> Instance:
        """A fresh instance with these weights and buffers in it; matrices the other way round, where `transposed`."""
        self.turned = {name for name, values in state.items() if transposed and values.ndim == 2}
        given = {name: np.array(v.T if name in self.turned else v) for name, v in state.items()}
        if self.functions:
            return Living(self, self.mine, given, inputs)
        made, took = made_by(self.mine, self.layer, given, inputs[0].shape[1:] if inputs else ())
        self.spelt |= took
        weights = self.layer.weights(*(x.shape[1:] for x in inputs))
        if "training" in getattr(made, "__dict__", {}):
            self.has_mode = True
        left = {name: values for name, values in state.items() if name not in took}
        if self._put(made, left, transposed):
            with guarded(
                Ran(), "forward"
            ):  # layers as in the book (Weidman 2019) make their weights at the first input
                made.forward(*(x.copy() for x in inputs))
            for name in {*self._put(made, left, transposed)} & {*weights}:
                self.spelt[name] = name.removesuffix("_l0").replace(".", "_")
                setattr(made, self.spelt[name], given[name])
        return Living(self, made, given, inputs)

    def _put(self, made: Any, state: Mapping[str, Array], transposed: bool) -> list[str]:
        """Put what there is a place for; the names of what there is none for."""
        slots = Slots(made, [*state])
        for name, (spelt, _, _) in slots.by_name.items():
            self.spelt[name] = spelt
            self.turned.discard(name)
            self.turned |= {name} if slots.put(name, state[name], transposed=transposed) else set()
        return [name for name in state if name not in slots.by_name]


class Living:
    """One object at work."""

    def __init__(self, of: Held, made: Any, given: Mapping[str, Array], inputs: Arrays) -> None:
        self.of, self.made, self.given = of, made, given
        self.weights = [*of.layer.weights(*(x.shape[1:] for x in inputs))]

    def run(self, inputs: Arrays, dys: Arrays, *, training: bool) -> Ran:
        """Forward, then backward; what is raised is kept."""
        ran = Ran()
        self._tell(training)
        taken = self.given if self.of.functions else {n: self.given[n] for n in self.given if n not in self.of.spelt}
        spelt = self.of.spelt if self.of.functions else {}
        args, named = arguments(self.made.forward, inputs, taken, {}, training, spelt)
        with guarded(ran, "forward"):
            returned = self.made.forward(*args, **named)
        if ran.raised:
            return ran
        wanted, names = _names(self.made.backward), _names(self.made.forward)
        ys, cache = divided(returned, len(dys), keeps="cache" in wanted[1:] or self.of.functions)
        ran.values |= {f"y{k or ''}": as_array(y) for k, y in enumerate(ys)}
        again = dict(zip(names, inputs, strict=False)) | named
        if cache is not None and len(wanted) > 1:
            again |= {wanted[-1]: cache}
        weights = {} if takes_any(self.made.backward) else taken
        args, named = arguments(self.made.backward, dys[: len(ys)], weights, again, training, {})
        with guarded(ran, "backward"):
            returned = self.made.backward(*args, **named)
        if not ran.raised:
            whats = [(f"dx{k or ''}", name) for k, name in enumerate([*names, *[""] * len(inputs)][: len(inputs)])]
            gradients = gradients_held(self.made, self.weights, self.of.spelt)
            gradients |= gradients_returned(returned, whats, self.weights, self.of.spelt)
            ran.values |= {what: self._as_described(what, value) for what, value in gradients.items()}
        slots = Slots(self.made, [n for n in self.given if n not in self.weights])
        ran.values |= {f"buffer {name}": as_array(held) for name, (_, held, _) in slots.by_name.items()}
        return ran

    def _tell(self, training: bool) -> None:
        """Say whether it trains, where it can be told so by more than an argument."""
        if hasattr(self.made, "training") and not callable(self.made.training):
            self.made.training = training
        elif callable(getattr(self.made, "eval", None)) and callable(getattr(self.made, "train", None)):
            self.made.train() if training else self.made.eval()

    def _as_described(self, what: str, value: Any) -> Any:
        """A gradient in the layout of the description; one that cannot be is left as it came."""
        value, name = as_array(value), what[1:]
        if name not in self.given or not isinstance(value, np.ndarray):
            return value
        if name in self.of.turned and value.ndim == 2:
            value = value.T
        wanted = self.given[name].T.shape if name in self.of.turned else self.given[name].shape
        ones = [n for n in value.shape if n != 1] == [n for n in wanted if n != 1]
        return value.reshape(wanted) if ones and value.ndim != len(wanted) else value


def _names(function: Any) -> list[str]:
    return [p.name for p in parameters(function)]


def divided(returned: Any, outputs: int, *, keeps: bool) -> tuple[list[Any], Any]:
    """(the outputs, what is kept for the backward) of what a forward returned.

    >>> divided(("y", {"x": 1}), 1, keeps=True), divided(("y", "h"), 2, keeps=False)
    ((['y'], {'x': 1}), (['y', 'h'], None))
    """
    each = parts(returned)
    if isinstance(returned, list):
        return [returned], None
    if keeps and len(each) > 1 and (len(each) > outputs or not isinstance(each[-1], np.ndarray)):
        cache = each[-1] if len(each) <= outputs + 1 else tuple(each[outputs:])
        return each[: min(outputs, len(each) - 1)], cache
    return each[:outputs], None
