"""The engine protocol: what an engine implements to be run and judged by the same suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from isograd.core.base.description import Description
from isograd.core.base.errors import BackendError
from isograd.core.base.initializers import Fans, Initializer
from isograd.core.base.types import Array, Arrays, MaybeArrays, Shape, State
from isograd.core.data.dataset import Dataset
from isograd.core.engine.carry import Carrying
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import Schedule


class Learner(Protocol):
    """A network, its losses and its optimizer: what changes weights.

    Where the model carries state (core/engine/carry.py), inputs are the data's alone: the learner adds the states. A
    batch that raises leaves them as they were. What a step draws at random is keyed by the steps made before it.
    """

    def step(self, inputs: Arrays, targets: Arrays, lr: float) -> float:
        """One forward, backward and update on one batch; returns the loss before the update."""

    def gradients(self, inputs: Arrays, targets: Arrays) -> tuple[float, MaybeArrays, State]:
        """(loss, input gradients, {weight path: gradient}) in training mode, nothing changed."""

    def epoch(self, data: Dataset, order: Sequence[Array], lr: Callable[[int], float]) -> Iterator[float]:
        """One step for each batch of `order`, yielding its loss; lr(k) is the rate of the k-th.

        `order` may be the rest of an epoch: no other batch is read, and carried states go on.
        """

    def evaluate(self, data: Dataset, order: Sequence[Array]) -> tuple[float, Arrays, Arrays]:
        """(mean loss, outputs, targets) over the batches of `order`, in evaluation mode.

        Carried states are zeros at its start; those of training stay as they are.
        """

    def reset_state(self) -> None:
        """Let the next batch start from states of zeros."""

    def state_dict(self) -> State:
        """Its memory, copied: {"step": …, "momentum_buffer/0.weight": …, "carried/0": …}: steps, slots, states held."""

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over a copy of a memory that `state_dict` gave, of this or another backend; masks follow its step."""


class Network(Protocol):
    """A model with weights, in one backend. Arrays in, arrays out.

    It may have `compared(dtype=None)`: a copy of itself, in another dtype where one is named, that draws its masks from
    isograd's streams of its attribute `seed`; `ig.record` makes a deep copy of a network that has none.
    """

    model: Composite
    dtype: np.dtype[np.floating]
    seed: int
    backend: str

    def forward(self, *inputs: Array, training: bool = False) -> Any:
        """The output array, or a tuple of them where the model has several outputs."""

    def backward(self, *dys: Array) -> tuple[Any, State]:
        """(input gradient(s), {weight path: gradient}) of the last forward, for one dy an output.

        The gradient of an input of whole numbers is None.
        """

    def activations(self, *inputs: Array, training: bool = False) -> dict[str, Arrays]:
        """{node path: its outputs}, in execution order."""

    def predict(self, *inputs: Array, batch_size: int = 256) -> Any:
        """forward in evaluation mode, batch by batch, keeping nothing for a backward."""

    def state_dict(self) -> State:
        """Weights and buffers, copied, in torch's names and layouts; one with several names under each of them."""

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        """Take over weights and buffers; all of them or, on an error, none."""

    def learner(
        self, losses: Losses, optimizer: Optimizer, clipping: Clipping | None = None, carrying: Carrying | None = None
    ) -> Learner:
        """What trains this network."""

    def at_step(self, step: int) -> None:
        """Set the position that randomness is keyed by."""


@runtime_checkable
class Backend(Protocol):
    """Builds networks. Found by name through the entry-point group `isograd.backends` (core/engine/registry.py).

    It may have attributes more:

    `title`: what reports call it, else its name.
    `variants`: {name: options}; "torch:compile" asks for the engine "torch" with the options of its variant "compile".
    `takes_device`: True where `build` takes device=, as the command line's --device then asks.
    `when_compared`: the options under which networks of an engine with randomness of its own draw their masks from
    isograd's streams instead (`Run.random`), as every comparison of engines wants them to.
    """

    @property
    def name(self) -> str:
        """What it is asked for by; an attribute of the class will do."""

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> Network:
        """A network of `model` with copies of exactly these weights and buffers, which fit it.

        `options` are those that its user gave; BackendError for one that it does not know.
        """

    def source(self, description: Description) -> str:
        """Where this backend computes it, in words that lead a reader there."""


@runtime_checkable
class Judged(Protocol):
    """What an engine may have beside `Backend`, so that its losses, schedules and initial laws are judged alone."""

    def evaluate_loss(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> tuple[Array, Array]:
        """(the loss's value, its gradient dy·∂L/∂prediction); one number as `dy` stands for each of several values"""

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Sequence[float] = ()) -> list[float]:
        """lr(0) … lr(total−1); `measured`: what the schedule follows, as it was after positions 0, 1, …"""

    def draw(self, law: Initializer, shape: Shape, fans: Fans, seed: int) -> Array:
        """A weight drawn by this engine's own implementation of the law, float64: its second witness."""


@runtime_checkable
class Clips(Protocol):
    """What an engine may have beside `Judged`, so that clipping is judged alone; else locked steps judge it."""

    def clip_gradients(self, clip: Clipping, gradients: State) -> State:
        """New gradients {weight path: array}, as a learner with this clipping would make of these."""


@runtime_checkable
class Teaches(Protocol):
    """What an engine may have beside `Judged`, so that the gradients of losses' targets are had, and judged."""

    def target_gradient(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> Array:
        """dy·∂L/∂target, of targets that the loss is `differentiable` in"""


@runtime_checkable
class JudgedBackend(Backend, Judged, Protocol):
    """An engine with all of both."""


@dataclass(frozen=True)
class Variant:
    """An engine under a longer name, with options bound: what "torch:compile" asks for."""

    name: str
    engine: Backend
    options: Mapping[str, Any]

    @property
    def when_compared(self) -> Mapping[str, Any]:
        return options_when_compared(self.engine)

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> Network:
        """The engine's own, with the options that the name stands for; BackendError for one that contradicts them."""
        bound = self.options
        wrong = {key: value for key, value in options.items() if key in bound and value != bound[key]}
        if wrong:
            raise BackendError(
                f"backend={self.name!r}",
                wanted=", ".join(f"{key}={bound[key]!r}" for key in wrong) + ", as the name says",
                got=", ".join(f"{key}={value!r}" for key, value in wrong.items()),
                fix=f"backend={self.engine.name!r} with the options that you want",
            )
        return self.engine.build(model, state, seed=seed, dtype=dtype, **{**bound, **options})

    def source(self, description: Description) -> str:
        return self.engine.source(description)


@dataclass(frozen=True)
class JudgedVariant(Variant):
    """The same of an engine that is judged alone, as the engine itself is: options are those of networks."""

    engine: JudgedBackend

    def evaluate_loss(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> tuple[Array, Array]:
        return self.engine.evaluate_loss(loss, prediction, target, dy)

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Sequence[float] = ()) -> list[float]:
        return self.engine.learning_rates(schedule, lr, total, *((measured,) if measured else ()))

    def draw(self, law: Initializer, shape: Shape, fans: Fans, seed: int) -> Array:
        return self.engine.draw(law, shape, fans, seed)


def variant(name: str, engine: Backend, options: Mapping[str, Any]) -> Backend:
    """The engine under this name, with these options bound."""
    return JudgedVariant(name, engine, options) if isinstance(engine, JudgedBackend) else Variant(name, engine, options)


def options_when_compared(backend: Backend) -> Mapping[str, Any]:
    """The options that a comparison adds to the user's own: {} for an engine that names none."""
    found: Mapping[str, Any] = getattr(backend, "when_compared", {})
    return found


def clips(backend: Backend) -> Clips | None:
    """The engine (of a variant the one that it names) as one that is asked for clipping alone; None where it is not."""
    engine = backend.engine if isinstance(backend, Variant) else backend
    return engine if isinstance(engine, Clips) else None


def teaches(backend: Backend) -> Teaches | None:
    """The engine (of a variant the one that it names) as one that is asked for targets' gradients; None if it is not"""
    engine = backend.engine if isinstance(backend, Variant) else backend
    return engine if isinstance(engine, Teaches) else None


def judged(backend: Backend) -> Judged:
    """The engine as one that is judged alone; BackendError where it is not."""
    if not isinstance(backend, Judged):
        raise BackendError(
            f"backend={backend.name!r}",
            wanted="evaluate_loss, learning_rates and draw: losses, schedules and initial laws by themselves",
            got="an engine without them",
            fix="write them (docs/engines.md), or compare whole models: check_parity(…, loss=…)",
        )
    return backend
