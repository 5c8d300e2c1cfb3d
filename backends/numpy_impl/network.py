"""The NumPy network: weights, one forward and its backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.context import NodeRun
from isograd.backends.numpy_impl.learner import NumpyLearner
from isograd.backends.numpy_impl.loader import as_inputs
from isograd.backends.numpy_impl.program import Program
from isograd.backends.numpy_impl.tables import STANDARD, Tables
from isograd.backends.numpy_impl.threads import Threads
from isograd.core.base.tree import flatten, nest
from isograd.core.base.types import Array, Arrays, Backward, State
from isograd.core.engine.batches import check_inputs, check_upstream, joined, pieces, separate
from isograd.core.engine.carry import Carrying
from isograd.core.engine.entering import Entered, entered, entering, gradients_of_none, outputs_of_none
from isograd.core.engine.rows import Fewest
from isograd.core.engine.unbroken import Unbroken
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, declared, in_dtype, with_ties
from isograd.core.learning.losses import Losses
from isograd.core.learning.optimizers import Clipping, Optimizer


class NumpyNetwork:
    """A model with weights, computed by the functions of its tables."""

    def __init__(
        self,
        model: Composite,
        state: State,
        *,
        seed: int,
        dtype: np.dtype[np.floating],
        tables: Tables = STANDARD,
        backend: str = "numpy",
        threads: int = 1,
    ) -> None:
        self.threads = Threads(threads)
        self.model, self.seed, self.dtype, self.tables, self.backend = model, seed, dtype, tables, backend
        self.input_dtypes = model.input_dtypes(dtype)
        weights, _ = declared(model)
        self.weight_paths = tuple(weights)
        self.state: State = {
            path: np.array(v, dtype if v.dtype.kind == "f" else None, order="C") for path, v in state.items()
        }
        self.tree = nest(self.state)
        self.run_step = 0
        self.weights_by: object = None  # the learner that changed them last; None: someone else
        self.fewest = Fewest(model)
        self.programs: dict[tuple[int, bool], Program] = {}
        self._backward: Backward | None = None
        self._outputs: Arrays = ()
        self._entered = Entered()

    def __getstate__(self) -> dict[str, Any]:
        """Without the last forward, whose backward reads these very weights; programs are made again when asked for."""
        return vars(self) | {"programs": {}, "_backward": None, "_outputs": (), "weights_by": None}

    def forward(self, *inputs: Array, training: bool = False) -> Any:
        """The output array, or a tuple of them; what `backward` needs is kept until the next forward.

        In training mode the buffers move on, as PyTorch's do. The caller's arrays are his to write to, before a
        backward too: operations see copies, in which they cannot write.
        """
        arrays, self._entered = entering(self.model, self.fewest, inputs, training=training)
        if self._entered.none:
            y = outputs_of_none(self.model, self.dtype, training=training)
        else:
            x = tuple(np.array(v, dtype) for v, dtype in zip(arrays, self.input_dtypes, strict=True))
            for values in x:
                values.flags.writeable = False
            with self.threads:
                y, self._backward, buffers = self.compute(x, training)
                self.keep(buffers)
        self._outputs = y if isinstance(y, tuple) else (y,)
        given = tuple(np.array(v, order="C") for v in self._outputs)
        return self._entered.returned(given if isinstance(y, tuple) else given[0])

    def _checked(self, inputs: Arrays, training: bool) -> Arrays:
        """Inputs that fit the model and its mode."""
        arrays = check_inputs(self.model, inputs)
        self.fewest.check(self.model.rows(arrays), training=training)
        return arrays

    def backward(self, *dys: Array) -> tuple[Any, State]:
        """(dx, {weight path: gradient}) of the last forward: a vector-Jacobian product, for one dy an output."""
        checked = check_upstream(self._entered.upstream(dys), [y.shape for y in self._outputs], self.dtype)
        if self._entered.none:
            return gradients_of_none(self.model, self.dtype, {p: self.state[p].shape for p in self.weight_paths})
        assert self._backward is not None
        with self.threads:
            dx, grads = self._backward(*checked)
        own, named = separate(dx if isinstance(dx, tuple) else (dx,), self.with_zeros(flatten(grads)))
        return self._entered.returned(own if isinstance(dx, tuple) else own[0]), named

    def with_zeros(self, grads: State) -> State:
        """The gradients, and zeros for the weights that nothing led back to."""
        return grads | {path: np.zeros_like(self.state[path]) for path in self.weight_paths if path not in grads}

    def compute(
        self,
        x: Arrays,
        training: bool,
        *,
        needs_dx: bool = True,
        observe: Callable[[str, Arrays], None] | None = None,
    ) -> tuple[Any, Backward, State]:
        """The model as one operation: (outputs, backward, new values of buffers). Nothing is assigned."""
        run = NodeRun(training, self.seed, self.run_step, dtype=self.dtype, observe=observe)
        y, backward, *new = self.program(self.model.rows(x), needs_dx)(self.model, self.tree, *x, run=run)
        return y, backward, flatten(new[0]) if new else {}

    def program(self, rows: int, needs_dx: bool) -> Program:
        """What computes batches of so many rows, made when one is first met: one program for every power of two."""
        most = 1 << (rows - 1).bit_length()
        if (most, needs_dx) not in self.programs:
            graph = self.model.graph(*self.model.input_shapes)
            made = Program(graph, self.tables.operations, dtype=self.dtype, rows=most, needs_dx=needs_dx)
            self.programs[most, needs_dx] = made
        return self.programs[most, needs_dx]

    def keep(self, buffers: State) -> None:
        """Take over the buffers that a run returned."""
        for path, values in buffers.items():
            self.state[path][...] = values

    def activations(self, *inputs: Array, training: bool = False) -> dict[str, Arrays]:
        """{node path: its outputs}, in execution order, the nodes of inner models included."""
        seen: dict[str, Arrays] = {}

        def keep(path: str, outputs: Arrays) -> None:
            seen[path] = tuple(y.copy() for y in outputs)

        x = as_inputs(self._checked(inputs, training), self.input_dtypes)
        with self.threads:
            self.compute(x, training, observe=keep)
        return seen

    def predict(self, *inputs: Array, batch_size: int = 256) -> Any:
        """forward in evaluation mode, batch by batch; a later `backward` still belongs to the last `forward`."""
        arrays, how = entered(self.model, inputs)
        if how.none:
            return outputs_of_none(self.model, self.dtype, training=False)
        parts: list[Arrays] = []
        with self.threads:
            for piece in pieces(self.model, self.fewest, arrays, batch_size):
                y, _, _ = self.compute(as_inputs(piece, self.input_dtypes), training=False, needs_dx=False)
                parts.append(y if isinstance(y, tuple) else (y,))
        return how.returned(joined(parts))

    def compared(self, dtype: str | None = None) -> NumpyNetwork:
        """A copy, in another dtype where one is named."""
        if dtype is None or np.dtype(dtype) == self.dtype:
            return deepcopy(self)
        made = NumpyNetwork(
            self.model, self.state, seed=self.seed, dtype=np.dtype(dtype), tables=self.tables, backend=self.backend
        )
        made.threads = self.threads
        return made

    def state_dict(self) -> State:
        """Copies of the weights and buffers, in torch's names and layouts."""
        return with_ties(self.model, {path: values.copy() for path, values in self.state.items()})

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        """Take over weights and buffers; WeightsError, and nothing changed, where they do not fit."""
        given = in_dtype(self.model, check_state(self.model, weights), self.dtype, "load_state_dict")
        with Unbroken():
            for path, values in self.state.items():
                values[...] = given[path]
            self._outputs = ()
            self.weights_by = None

    def learner(
        self, losses: Losses, optimizer: Optimizer, clipping: Clipping | None = None, carrying: Carrying | None = None
    ) -> NumpyLearner:
        return NumpyLearner(self, losses, optimizer, clipping, carrying)

    def at_step(self, step: int) -> None:
        self.run_step = step
        self._outputs = ()  # a backward of the old weights would be wrong
