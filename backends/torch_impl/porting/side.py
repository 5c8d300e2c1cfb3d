"""One of the two modules as a side of a comparison: what it makes of weights and inputs, call by call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.foreign.draws import DrawnAgain
from isograd.backends.torch_impl.porting.alignment import Half, joined, within
from isograd.backends.torch_impl.porting.masks import DrawsByPart, Dropped, Layouts, drawn_alike
from isograd.backends.torch_impl.porting.pairing import kind_of
from isograd.backends.torch_impl.porting.structures import Inputs, places_in, tensors_in
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array, State
from isograd.core.parity.matching import nudged, nudged_given

WHOLE = "model"
Found = dict[tuple[str, str], Array]
"""{(path, what): values}; paths are mine's."""


@dataclass(frozen=True)
class Call:
    """One call of a part: under which label, which of its calls, with what, and what came."""

    label: str
    number: int
    inputs: Inputs
    outputs: list[Tensor]

    @property
    def what(self) -> str:
        """How a report names the call's first output."""
        return f"output of call {self.number + 1}" if self.number else "output"


@dataclass
class Ran:
    """One run: tensors that still know where they come from and their places in what was returned, and the calls
    inside, as they were completed."""

    inputs: Inputs
    outputs: list[Tensor]
    calls: list[Call]
    places: list[str]


@dataclass
class Side:
    """A copy of a module.

    `labels`: {part: how both sides call it}; `sources`: {weight: (its place in the common state,
    whether it is transposed)}; `names`: {weight: how both sides call it}; `turned`: weights whose gradients are shown
    transposed."""

    name: str
    half: Half
    labels: Mapping[str, str]
    sources: Mapping[str, tuple[str, bool]]
    names: Mapping[str, str]
    dtype: str
    seed: int
    turned: frozenset[str] = frozenset()
    running: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    drawn: list[tuple[str, ...]] = field(default_factory=list)  # where the draws of a run were made
    order: dict[bool, list[str]] = field(default_factory=dict)  # in each mode the places of the outputs of the whole
    places: frozenset[str] | None = None  # the parts whose draws are counted by themselves; None: all
    watching: bool = False  # whether calls are recorded
    last: DrawsByPart | None = None  # what the last run drew
    layouts: Layouts = field(default_factory=Layouts)  # of its masks

    def __post_init__(self) -> None:
        module = self.half.module
        every = (*module.named_parameters(), *module.named_buffers())
        self.kept = {path: v.detach().clone() for path, v in every if path not in self.sources}
        for path, label in self.labels.items():
            self._watch(self.half.parts[path], label)

    def _watch(self, part: nn.Module, label: str) -> None:
        entered: list[Inputs] = []
        drops = kind_of(part) == "dropout"

        def before(part: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
            if not self.watching:  # a backward that computes it again
                return
            entered.append(Inputs(args, kwargs).cloned())
            self.running += [] if drops else [label or WHOLE]

        def after(part: nn.Module, args: object, kwargs: object, output: object) -> None:
            if not self.watching:
                return
            number = sum(call.label == label for call in self.calls)
            outputs = [values.detach().clone() for values in tensors_in(output)]
            self.calls.append(Call(label, number, entered.pop(), outputs))
            if not drops:
                self.running.pop()

        part.register_forward_pre_hook(before, with_kwargs=True)
        part.register_forward_hook(after, with_kwargs=True)

    @property
    def weights(self) -> dict[str, Tensor]:
        """Every weight, under the first of its names."""
        first: dict[int, str] = {}
        paths = {path: self.half.weight(path) for path in self.half.weights}
        return {path: w for path, w in paths.items() if first.setdefault(id(w), path) == path}

    def label(self, path: str) -> str:
        """How both sides call a weight, or whose it is."""
        return self.names.get(path, f"{path} of {self.name}")

    def load(self, state: Mapping[str, Array], path: str = "") -> None:
        """The common weights of a part; what has no counterpart, and what forward may have changed, as it was."""
        part = self.half.parts[path]
        with torch.no_grad():
            for name, values in (*part.named_parameters(prefix=path), *part.named_buffers(prefix=path)):
                if name not in self.sources:
                    values.copy_(self.kept[name])
            for name in self.sources:
                if within(name, path):
                    self.half.weight(name).copy_(self.given(name, state))

    def shaken(self, state: Mapping[str, Array], units: int, draw: int) -> State:
        """The common state, of theirs' names, moved by so many units in the last place; of statistics whole numbers
        stay."""
        if not units:
            return dict(state)
        trained = {path for path in state if is_parameter(self.half.weight(path))}
        return {p: (nudged if p in trained else nudged_given)(values, units, draw) for p, values in state.items()}

    def given(self, path: str, state: Mapping[str, Array]) -> Tensor:
        """A weight as this side holds it, from the common state."""
        key, transposed = self.sources[path]
        values = torch.from_numpy(np.asarray(state[key]))
        return values.T if transposed else values

    def state(self) -> State:
        """What it holds, under the names of the common state."""
        found = {}
        for path, (key, transposed) in self.sources.items():
            values = self.half.weight(path).detach()
            found[key] = (values.T if transposed else values).numpy().copy()
        return found

    @contextmanager
    def drawing(self, training: bool) -> Iterator[None]:
        """Inside, the module is in its mode, and draws what the other side draws."""
        self.running, self.calls, self.drawn = [WHOLE], [], []
        self.half.module.train(training)
        self.watching = True
        try:
            with drawn_alike(self.seed, self._place, self.layouts) as self.last:
                yield
        finally:
            self.watching = False

    def vjp(self, ys: list[Tensor], sources: list[Tensor], dys: list[Tensor]) -> list[Tensor]:
        """The gradients of Σ dy·y of the last run: what is computed again for them draws what was drawn."""
        last = self.last
        with DrawnAgain(lambda: last) if last is not None and last.known else nullcontext():
            return vjp(ys, sources, dys)

    def _place(self) -> str:
        """Whose draw this is: that of the innermost part whose draws are counted."""
        self.drawn.append(tuple(self.running))
        return place_among(self.running, self.places)

    def run(self, path: str, inputs: Inputs, *, training: bool) -> Ran:
        """A part by itself, or the whole (path ""), on copies of these inputs, whose gradients are wanted."""
        entered = inputs.mapped(lambda v: v.detach().clone().requires_grad_(v.is_floating_point()))
        passed = entered.mapped(lambda v: v.clone())  # what enters may be written to
        with self.drawing(training), torch.enable_grad():
            y = self.half.parts[path](*passed.args, **passed.kwargs)
        return Ran(entered, self.ends(path, y, training=training), self.calls, places_in(y))

    def ends(self, path: str, y: object, *, training: bool) -> list[Tensor]:
        """What was returned, of the whole in the other side's order where both have the same places, as of a dict."""
        found, order = dict(zip(places_in(y), tensors_in(y), strict=True)), self.order.get(training, [])
        return [found[place] for place in order] if not path and set(order) == set(found) else list(found.values())

    def dropped(self, inputs: Inputs) -> Mapping[str, Dropped]:
        """What each draw of the whole drops of, where none drops anything."""
        before, self.layouts = self.layouts, Layouts(all_kept=True)
        try:
            self.run("", inputs, training=True)
        finally:
            self.layouts = before
        return {} if self.last is None else self.last.dropped

    def measured(
        self, path: str, state: Mapping[str, Array], inputs: Inputs, *, training: bool, outputs: int, backward: bool
    ) -> Found:
        """What a run makes: outputs of every call inside, its own, statistics, and gradients for a random dy.

        Its first `outputs` tensors are compared.
        """
        self.load(state, path)
        ran = self.run(path, inputs, training=training)
        label = self.labels[path] or WHOLE
        found = {(call.label, call.what): numbers(y) for call in ran.calls for y in call.outputs[:1] if call.label}
        ys = ran.outputs[:outputs]
        found |= {(label, f"output {k}" if k else "output"): numbers(y) for k, y in enumerate(ys)}
        if training:
            beneath = [p for p in self.half.weights if within(p, path) and p in self.names]
            held = {p: self.half.weight(p) for p in beneath}
            found |= {(self.names[p], "buffer"): numbers(v) for p, v in held.items() if not is_parameter(v)}
        return found | self.gradients(path, ran.inputs, ys, label) if backward else found

    def gradients(self, path: str, inputs: Inputs, ys: list[Tensor], label: str) -> Found:
        """Of every weight at a path and beneath, from the last to the first, and of the inputs."""
        wanted = {p: w for p, w in self.weights.items() if within(p, path) and is_parameter(w) and w.requires_grad}
        floats = inputs.floats
        dys = [torch.from_numpy(dy) for dy in upstream(ys, label, self.seed)]
        grads = self.vjp(ys, [*wanted.values(), *floats], dys)
        found: Found = {}
        for p, g in reversed(list(zip(wanted, grads, strict=False))):
            found[self.label(p), "gradient"] = numbers(g.T if p in self.turned else g)
        for k, g in enumerate(grads[len(wanted) :]):
            found["input" if label == WHOLE else label, f"dx{k or ''}"] = numbers(g)
        return found

    def sizes(self, path: str, state: Mapping[str, Array], inputs: Inputs, *, training: bool, outputs: int) -> Found:
        """What is added up to make each gradient of a weight, and each statistic: the same sums of absolute values, as
        if the part that holds the weight were linear in it."""
        self.load(state, path)
        seen: list[tuple[str, Inputs, Tensor]] = []
        hooks = []
        for owner in self.half.owners(path):

            def after(
                part: nn.Module, args: tuple[object, ...], kwargs: dict[str, object], y: object, owner: str = owner
            ) -> None:
                made = tensors_in(y)
                if made and made[0].requires_grad:
                    seen.append((owner, Inputs(args, kwargs).cloned(), made[0]))

            hooks.append(self.half.parts[owner].register_forward_hook(after, with_kwargs=True))
        try:
            ran = self.run(path, inputs, training=training)
        finally:
            for hook in hooks:
                hook.remove()
        ys = ran.outputs[:outputs]
        dys = [torch.from_numpy(dy) for dy in upstream(ys, self.labels[path] or WHOLE, self.seed)]
        reached = self.vjp(ys, [y for _, _, y in seen], dys)
        found: Found = {}
        for (owner, entered, _), dy in zip(seen, reached, strict=True):
            for key, size in self._added(owner, state, entered, dy, training=training).items():
                found[key] = np.asarray(found.get(key, 0.0) + size)
        return found

    def _added(
        self, owner: str, state: Mapping[str, Array], inputs: Inputs, dy: Tensor, *, training: bool
    ) -> dict[tuple[str, str], float]:
        held, found = self.half.own[owner], {}
        positive = inputs.mapped(lambda v: v.abs() if v.is_floating_point() else v)
        for name, weight in held.items():
            self.load(state, owner)
            with torch.no_grad():
                for other, values in held.items():
                    if is_parameter(weight):
                        values.fill_(other == name) if is_parameter(values) else None
                    else:
                        values.abs_()
            made = self.run(owner, positive, training=training).outputs[0].detach()
            key = self.label(joined(owner, name))
            if not is_parameter(weight):
                found[key, "buffer"] = float(weight.double().abs().max())
            elif made.shape == dy.shape:
                found[key, "gradient"] = float((dy * made).abs().sum()) / max(weight.numel(), 1)
        return found


def place_among(running: Sequence[str], places: Collection[str] | None) -> str:
    """The innermost of the parts that run, among those whose draws are counted by themselves."""
    return next((label for label in reversed(running) if places is None or label in places), WHOLE)


def is_parameter(values: Tensor) -> bool:
    return isinstance(values, nn.Parameter)


def numbers(values: Tensor) -> Array:
    """A tensor's values as an array of their own."""
    return values.detach().cpu().numpy().copy()


def upstream(ys: list[Tensor], label: str, seed: int) -> list[Array]:
    """The random dy of each output."""
    return [
        random_upstream(tuple(y.shape), seed, f"{label}/{k}", FLOATS[str(y.dtype).removeprefix("torch.")])
        if y.is_floating_point()
        else np.zeros(())
        for k, y in enumerate(ys)
    ]


def vjp(ys: list[Tensor], sources: list[Tensor], dys: list[Tensor]) -> list[Tensor]:
    """The gradients of Σ dy·y, zeros where nothing depends on a source."""
    live = [(y, dy) for y, dy in zip(ys, dys, strict=True) if y.requires_grad]
    if not live or not sources:
        return [torch.zeros_like(source) for source in sources]
    ends, given = zip(*live, strict=True)
    return list(
        torch.autograd.grad(ends, sources, given, allow_unused=True, materialize_grads=True, retain_graph=False)
    )
