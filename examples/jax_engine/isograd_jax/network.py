"""A model with weights, computed by JAX: the formulas of its nodes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import Array, Arrays, MaybeArrays, State
from isograd.core.engine.batches import check_inputs, check_upstream
from isograd.core.engine.carry import Carrying
from isograd.core.engine.context import Run
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, declared
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.formulas import Seen, evaluated
from isograd_jax.learner import JaxLearner, Pullback
from isograd_jax.namespace import ARRAYS, exact


class JaxNetwork:
    """Weights are NumPy arrays; JAX's arrays live from the beginning of a computation to its end."""

    def __init__(self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating]) -> None:
        self.model, self.seed, self.dtype, self.backend = model, seed, dtype, "jax"
        weights, buffers = declared(model)
        self.weight_paths, self.buffer_paths = tuple(weights), tuple(buffers)
        self.state: State = {path: np.array(v, dtype if v.dtype.kind == "f" else None) for path, v in state.items()}
        self.run_step = 0
        self._outputs: Arrays = ()
        self._pullback: Pullback | None = None

    def forward(self, *inputs: Array, training: bool = False) -> Any:
        """The output array, or a tuple of them; in training mode the buffers move on."""

        def outputs(y: tuple[Any, ...]) -> tuple[Any, ...]:
            return y

        self._outputs, self._pullback, buffers, _ = self.differentiated(outputs, inputs, training)
        self.keep(buffers)
        copies = tuple(y.copy() for y in self._outputs)
        return copies if len(copies) > 1 else copies[0]

    def backward(self, *dys: Array) -> tuple[Any, State]:
        """(dx, {weight path: gradient}) of the last forward, for one dy an output."""
        checked = check_upstream(dys, [y.shape for y in self._outputs], self.dtype)
        assert self._pullback is not None
        dx, dw = self._pullback(checked)
        return dx if len(dx) > 1 else dx[0], dw

    @exact()
    def differentiated(
        self, function: Callable[[tuple[Any, ...]], Any], inputs: Sequence[Array], training: bool
    ) -> tuple[Any, Pullback, State, Arrays]:
        """(function(outputs), its vector-Jacobian product, new values of buffers, outputs)

        function(outputs) is a number or a tuple of arrays; the product turns a dy of its form into (dx, dw).
        """
        x = self.arrays(inputs)
        places = [k for k, v in enumerate(x) if v.dtype.kind == "f"]  # whole numbers have no gradient

        def value(floats: list[Any], weights: dict[str, Any]) -> Any:
            given = dict(enumerate(x)) | dict(zip(places, floats, strict=True))
            y, buffers = self.computed(tuple(given.values()), weights, training)
            return function(y), (buffers, y)

        floats, weights = [x[k] for k in places], {path: self.state[path] for path in self.weight_paths}
        result, product, (buffers, y) = jax.vjp(value, floats, weights, has_aux=True)

        @exact()
        def pullback(dy: Any) -> tuple[MaybeArrays, State]:
            d_floats, d_weights = product(dy)
            found = dict(zip(places, map(np.array, d_floats), strict=True))
            return tuple(found.get(k) for k in range(len(x))), {k: np.array(g) for k, g in d_weights.items()}

        arrays = jax.tree.map(np.asarray, (result, buffers, y))
        return arrays[0], pullback, arrays[1], arrays[2]

    def computed(
        self, x: tuple[Any, ...], weights: Mapping[str, Any], training: bool, seen: Seen | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """(outputs, new values of buffers); `seen` is told the outputs of every node"""
        p = nest({path: jnp.asarray(v) for path, v in self.state.items()} | dict(weights))
        given = tuple(jnp.asarray(v) if v.dtype.kind == "f" else v for v in x)
        run = Run(training, self.seed, self.run_step, dtype=self.dtype)
        y, after = evaluated(self.model, ARRAYS, p, given, run, seen)
        held = flatten(after)
        return y, {path: held[path] for path in self.buffer_paths}

    @exact()
    def activations(self, *inputs: Array, training: bool = False) -> dict[str, Arrays]:
        """{node path: its outputs}, in execution order, the nodes of inner models included."""
        seen: Seen = {}
        self.computed(self.arrays(inputs), {}, training, seen)
        return {path: tuple(map(np.array, outputs)) for path, outputs in seen.items()}

    @exact()
    def predict(self, *inputs: Array, batch_size: int = 256) -> Any:
        """forward in evaluation mode, batch by batch; a later `backward` still belongs to the last `forward`."""
        arrays = check_inputs(self.model, inputs)
        starts = range(0, len(arrays[0]), batch_size)
        pieces = [self.outputs(tuple(v[start : start + batch_size] for v in arrays)) for start in starts]
        joined = tuple(np.concatenate(column) for column in zip(*pieces, strict=True))
        return joined if len(joined) > 1 else joined[0]

    @exact()
    def outputs(self, inputs: Sequence[Array]) -> Arrays:
        """The outputs in evaluation mode, nothing kept."""
        return tuple(map(np.array, self.computed(self.arrays(inputs), {}, training=False)[0]))

    def arrays(self, inputs: Sequence[Array]) -> Arrays:
        """Inputs that fit the model, each in its dtype."""
        return tuple(map(np.asarray, check_inputs(self.model, inputs), self.model.input_dtypes(self.dtype)))

    def keep(self, values: Mapping[str, Array]) -> None:
        """Take over new values of buffers, or of weights."""
        for path, new in values.items():
            self.state[path] = np.array(new, self.state[path].dtype)

    def state_dict(self) -> State:
        """Copies of the weights and buffers."""
        return {path: values.copy() for path, values in self.state.items()}

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        """Take over weights and buffers; WeightsError, and nothing changed, where they do not fit."""
        check_state(self.model, weights)
        self.keep({path: weights[path] for path in self.state})
        self._outputs = ()

    def learner(
        self, losses: Losses, optimizer: Optimizer, clipping: Clipping | None = None, carrying: Carrying | None = None
    ) -> JaxLearner:
        return JaxLearner(self, losses, optimizer, clipping, carrying)

    def at_step(self, step: int) -> None:
        self.run_step = step
        self._outputs = ()  # a backward of the old weights would be wrong
