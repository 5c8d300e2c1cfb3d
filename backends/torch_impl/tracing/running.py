"""One run of a module: evaluation, training with its gradients, and steps, each from the same state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.foreign.calling import Calling, copied, places_in, tensors_in
from isograd.backends.torch_impl.foreign.draws import Draw, DrawnAgain, SharedDraws
from isograd.backends.torch_impl.loader import target_tensors
from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.memory import taken
from isograd.backends.torch_impl.optimizers import OPTIMIZERS
from isograd.backends.torch_impl.randomness import generators, seeded
from isograd.backends.torch_impl.tracing.hooks import Watched
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import Array, Arrays
from isograd.core.engine.context import Run
from isograd.core.engine.pairing import gathered
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.matching import nudged, nudged_given
from isograd.core.parity.stages.end_to_end import BUFFER, OF_THE_LOSS
from isograd.core.parity.stages.rounding import Nudge
from isograd.core.parity.traces.entry import EVALUATION, GIVEN, LOSS, START, STEP, TRAINING, WEIGHT, WHOLE, Key

Found = Iterator[tuple[Key, Array]]


@dataclass
class Asked:
    """What is asked of a module: on what it runs, what it is trained on, and how its masks are keyed."""

    calling: Calling
    losses: Losses
    targets: Arrays
    optimizer: Optimizer | None
    steps: int
    seed: int
    draws: Sequence[Draw] | None = None


@dataclass
class ModuleRun:
    """A run of a copy of the module, made when it is called."""

    module: nn.Module
    asked: Asked
    nudge: Nudge | None = None  # that moves inputs and weights
    exact: bool = False  # in float64

    def moved(self, units: int, draw: int) -> ModuleRun:
        """The same, moved by so many units in the last place; where these are many, to the first step alone."""
        steps = self.asked.steps if units == 1 else min(self.asked.steps, 1)
        return replace(self, asked=replace(self.asked, steps=steps), nudge=(units, draw))

    def exactly(self) -> ModuleRun:
        return replace(self, exact=True)

    def seen(self) -> tuple[tuple[Tensor, ...], Watched]:
        """(outputs, what the parts made) of a forward in training."""
        running = _Running(self)
        with torch.no_grad():
            return running.forward(running.given, training=True)

    def __call__(self) -> Found:
        """Everything, in order; in float64 nothing where the module does not compute in it."""
        if not self.exact:
            yield from _Running(self).all()
            return
        try:
            found = list(_Running(self).all())
        except Exception:  # a module that names float32 itself
            return
        yield from found


class _Running:
    """A copy of the module, its weights and inputs as this run has them."""

    def __init__(self, run: ModuleRun) -> None:
        self.asked, self.module = run.asked, copied(run.module)
        self.given = [x.detach().clone() for x in run.asked.calling.tensors]
        self.start = run.nudge is None
        if run.nudge is not None:
            self._shake(*run.nudge)
        if run.exact:
            self.module = self.module.double()
            self.given = [x.double() if x.is_floating_point() else x for x in self.given]
        trained: dict[str, Tensor] = {path: p for path, p in self.module.named_parameters() if p.requires_grad}
        held = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        self.weights = trained
        self.buffers: dict[str, Tensor] = {path: v for path, v in held.items() if path not in trained}
        self.before = {path: values.detach().clone() for path, values in held.items()}
        device = next((v.device for v in held.values()), torch.device("cpu"))
        self.generators = generators(device)
        self.dtype = next((v.dtype for v in held.values() if v.is_floating_point()), torch.get_default_dtype())
        for p in self.module.parameters():
            p.grad = None

    @torch.no_grad()
    def _shake(self, units: int, draw: int) -> None:
        given = [*self.module.buffers(), *self.given]
        for values, move in [*((p, nudged) for p in self.module.parameters()), *((v, nudged_given) for v in given)]:
            if values.is_floating_point():
                values.copy_(torch.from_numpy(move(array(values), units, draw)))

    def all(self) -> Found:
        if self.start:
            for path, values in self.before.items():
                yield (START, path, WEIGHT), held_array(values)
        with torch.no_grad():
            _, seen = self.forward(self.given, training=False)
        for (path, what), value in seen.values:
            yield (EVALUATION, path, what), array(value)
        x = [v.clone().requires_grad_() if v.is_floating_point() else v.clone() for v in self.given]
        y, seen = self.forward(x, training=True)
        for (path, what), value in seen.values:
            if path != WHOLE:
                yield (TRAINING, path, what), array(value)
        for path, values in self.buffers.items():
            yield (TRAINING, path, BUFFER), held_array(values)
        for (path, what), value in seen.values:
            if path == WHOLE:
                yield (TRAINING, path, what), array(value)
        dys = [random_upstream(tuple(v.shape), self.asked.seed, f"{WHOLE}/{k}", _numpy(v)) for k, v in enumerate(y)]
        yield from self._gradients(y, [torch.from_numpy(dy).to(v) for dy, v in zip(dys, y, strict=True)], x, seen, "")
        if self.asked.losses:
            yield from self._of_loss()
        if self.asked.optimizer is not None:
            yield from self._steps(self.asked.optimizer)

    def forward(self, x: Sequence[Tensor], *, training: bool) -> tuple[tuple[Tensor, ...], Watched]:
        """The tensors that the module makes of x, from its first buffers on, and what its parts made."""
        self._restore()
        self.module.train(training)
        with self.drawing(training, 0) as draws:
            watched = Watched(self.module, draws)
            with watched.watching():
                returned = self.asked.calling(self.module, x)
        watched.places = places_in(returned)
        return tensors_in(returned), watched

    @contextmanager
    def drawing(self, training: bool, step: int) -> Iterator[SharedDraws]:
        """Inside, masks are isograd's of this step, and whatever else is drawn starts from (seed, step)."""
        run = Run(training, self.asked.seed, step)
        with seeded(self.generators, self.asked.seed, step), SharedDraws(run, self.asked.draws) as draws:
            yield draws

    @torch.no_grad()
    def _restore(self) -> None:
        for path, values in {**self.weights, **self.buffers}.items():
            values.copy_(self.before[path])

    def _gradients(
        self, y: Sequence[Tensor], dys: Sequence[Tensor], x: Sequence[Tensor], seen: Watched, label: str
    ) -> Found:
        """Of what every call made, where it is still there, and of its weights; from the end backwards."""
        made = [m for call in seen.calls for m in call.outputs if m.tensor.requires_grad and m.unchanged]
        live = [(end, dy) for end, dy in zip(y, dys, strict=True) if end.requires_grad]
        wanted = [m.tensor for m in made] + list(self.weights.values()) + [v for v in x if v.requires_grad]
        found: Sequence[Tensor | None] = [None] * len(wanted)
        if live and wanted:
            ends, upstream = zip(*live, strict=True)
            with DrawnAgain(lambda: seen.draws) if seen.draws.known else nullcontext():
                found = torch.autograd.grad(ends, wanted, upstream, allow_unused=True)
        flows = {m.name: g for m, g in zip(made, found, strict=False) if g is not None}
        of_weights = dict(zip(self.weights, found[len(made) :], strict=False))
        for call in reversed(seen.calls):
            for m in call.outputs:
                if m.name in flows and call.path != WHOLE:
                    yield (TRAINING, call.path, f"dy{m.name[1].removeprefix('output')}{label}"), array(flows[m.name])
            own = [path for path in of_weights if path.rpartition(".")[0] == call.module]
            if "#" not in call.path:
                for path in reversed(own):
                    yield self._gradient(path, of_weights.pop(path), label)
        for path in reversed([*of_weights]):
            yield self._gradient(path, of_weights[path], label)
        inputs = iter(found[len(made) + len(self.weights) :])
        for k, v in enumerate(x):
            if v.requires_grad:
                g = next(inputs)
                yield (TRAINING, GIVEN, f"dx{k or ''}{label}"), array(torch.zeros_like(v) if g is None else g)

    def _gradient(self, path: str, g: Tensor | None, label: str) -> tuple[Key, Array]:
        return (TRAINING, path, f"gradient{label}"), array(torch.zeros_like(self.weights[path]) if g is None else g)

    def loss(self, y: Sequence[Tensor]) -> Tensor:
        """The sum of the losses of the outputs."""
        predictions = gathered(self.asked.losses, y, partial(torch.stack, dim=1))
        chosen = [(p, spec) for p, spec in zip(predictions, self.asked.losses, strict=True) if spec is not None]
        targets = target_tensors(self.asked.targets, self.dtype)
        values = []
        for (p, spec), target in zip(chosen, targets, strict=True):
            criterion = LOSSES[type(spec)](spec).to(device=p.device, dtype=self.dtype)
            target = target.to(p.device)
            values.append(criterion(p, target if spec.labels else target.to(p.dtype)))
        return values[0] if len(values) == 1 else torch.stack(values).sum()

    def _of_loss(self) -> Found:
        x = [v.clone().requires_grad_() if v.is_floating_point() else v.clone() for v in self.given]
        y, seen = self.forward(x, training=True)
        loss = self.loss(y)
        yield (TRAINING, LOSS, "value"), array(loss)
        yield from self._gradients([loss], [torch.ones_like(loss)], x, seen, OF_THE_LOSS)

    def _steps(self, spec: Optimizer) -> Found:
        self._restore()
        self.module.train()
        params = list(self.weights.values())
        optimizer = OPTIMIZERS[type(spec)](spec, params)
        for step in range(1, self.asked.steps + 1):
            section = f"{STEP}{step}"
            losses: list[Tensor] = []

            def evaluated(step: int = step, losses: list[Tensor] = losses) -> Tensor:
                optimizer.zero_grad()
                with self.drawing(True, step - 1):
                    losses.append(self.loss(tensors_in(self.asked.calling(self.module, self.given))))
                    losses[-1].backward()  # type: ignore[no-untyped-call]
                return losses[-1].detach()

            if spec.searches:
                optimizer.step(evaluated)
            else:
                evaluated()
                optimizer.step()
            yield (section, LOSS, "value"), array(losses[0])
            for path, values in {**self.weights, **self.buffers}.items():
                yield (section, path, WEIGHT), held_array(values)
            yield from self._slots(section, spec, optimizer)

    def _slots(self, section: str, spec: Optimizer, optimizer: torch.optim.Optimizer) -> Found:
        """What no gradient has reached is as it was in the beginning."""
        memory = {path: spec.memory(tuple(p.shape)) for path, p in self.weights.items()}
        if spec.searches:
            params = list(self.weights.values())
            for name, values in taken(spec, optimizer, params, memory, _numpy(params[0])).items():
                slot, path = name.split("/", 1)
                yield (section, path, slot), values
            return
        for path, p in self.weights.items():
            for slot, (shape, start) in memory[path].items():
                value = optimizer.state.get(p, {}).get(slot)
                fresh = np.full(shape, start, _numpy(p))
                yield (section, path, slot), fresh if value is None else array(value)


def array(value: Tensor) -> Array:
    """Its values, copied, in a dtype that NumPy has: complex numbers as pairs, bfloat16 in float32."""
    held = value.detach().cpu()
    if held.is_complex():
        held = torch.view_as_real(held)
    if held.dtype == torch.bfloat16:
        held = held.float()
    found: Array = np.array(held.resolve_neg().numpy(), order="C")
    return found


def held_array(value: Tensor) -> Array:
    """The values of a weight or buffer: booleans as the whole numbers that they are in a state."""
    found = array(value)
    return found.astype(np.int64) if found.dtype == np.bool_ else found


def _numpy(value: Tensor) -> np.dtype[np.floating]:
    """The dtype of a dy for this output: outputs that have no gradient are given one as well, and it is not used."""
    return np.dtype(np.float32) if value.dtype == torch.float32 else np.dtype(np.float64)
