"""State that a model hands from batch to batch: its last outputs become its last inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from isograd.core.base.errors import ShapeError, SpecError
from isograd.core.base.types import Array, Arrays, Shape, shape_text
from isograd.core.data.dataset import Dataset, Rowed
from isograd.core.engine.pairing import places_of
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Losses

Carry = Literal["detached", "mean"]
CARRIED = "carried/"


@dataclass(frozen=True)
class Carrying:
    """How a model carries: its outputs without a loss, at the end, are the new values of its last inputs.

    "detached": each row of a batch hands its own state to the same row of the next. "mean": every row gets the
    average over the batch before, as in the book (Weidman 2019). No gradient flows from one batch into another:
    backpropagation through time ends where a batch begins. States are zeros before the first batch.

    Arrays go in and come out here; a backend with arrays of its own does the same on its device.
    """

    how: Carry
    shapes: tuple[Shape, ...]  # of one sample's states
    data_inputs: int  # how many inputs stand before them

    @classmethod
    def of(cls, model: Composite, losses: Losses, how: Carry | None) -> Carrying | None:
        """None where nothing is carried; SpecError where the model's last inputs are no match for its last outputs."""
        if how is None:
            return None
        if how not in get_args(Carry):
            raise SpecError(
                f"carry={how!r}", wanted='None, "detached" or "mean"', got=repr(how), fix='carry="detached"'
            )
        shapes = model.out_shapes(*model.input_shapes)
        trained = max(
            at.stop for at, loss in zip(places_of(losses, len(shapes)), losses, strict=True) if loss is not None
        )
        states = shapes[trained:]
        split = len(model.input_shapes) - len(states)
        integers = model.integer_inputs(*model.input_shapes)
        fits = split > 0 and model.input_shapes[split:] == states and not any(k >= split for k in integers)
        if not states or not fits:
            raise SpecError(
                f"carry={how!r}",
                wanted="a model whose last outputs, without a loss, are the new values of its last inputs",
                got=f"inputs {_shapes(model.input_shapes)}; outputs after the last with a loss: {_shapes(states)}",
                fix="ig.Model(inputs=(x, h0), outputs=(y, h_n)), loss=(…, None)",
            )
        return cls(how, states, split)

    def batch_size(self, data: Dataset, asked: int | None, where: str, *, usual: int, drop_last: bool = False) -> int:
        """How many samples a batch of `data` has; SpecError where rows could not go on from batch to batch.

        `usual` is the trainer's own, where rows need not follow each other.
        """
        rows = data.rows if isinstance(data, Rowed) else None
        size = asked or rows or (usual if self.how == "mean" else None)
        if size is None:
            raise SpecError(
                f'{where} with carry="detached"',
                wanted="batch_size=, the number of parallel streams",
                got="none",
                fix="batch_size=…, or ig.Streams(tokens, rows=…), which knows",
            )
        if self.how == "detached" and rows is not None and size != rows:
            raise SpecError(
                f'{where[:-1]}, batch_size={size}) with carry="detached"',
                wanted=f"{rows}, the data set's rows",
                got=f"{size}",
                fix=f"leave batch_size= out, or ig.Streams(…, rows={size})",
            )
        if self.how == "detached" and len(data) % size and not drop_last:
            raise SpecError(
                f'{where} with carry="detached"',
                wanted=f"whole batches of {size}, whose rows go on in the next",
                got=f"{len(data)} samples",
                fix="a batch_size= that divides them, or ig.Streams(tokens, rows=…)",
            )
        return size

    def check_rows(self, rows: int, held: int | None) -> None:
        """Raise unless a batch of `rows` has a row for each of the `held` states that wait for it."""
        if self.how == "detached" and held is not None and rows != held:
            raise ShapeError(
                "input 0",
                wanted=f"{held} rows, as in the batch before, whose states go on",
                got=f"{rows}",
                fix="batches of one size, or trainer.reset_state() before another text",
            )

    def fed(self, inputs: Arrays, held: Arrays, dtype: np.dtype[Any]) -> Arrays:
        """The inputs and, after them, the states held, a row for each sample; zeros where none are held yet."""
        rows = len(inputs[0])
        self.check_rows(rows, len(held[0]) if held else None)
        if not held:
            return (*inputs, *(np.zeros((rows, *shape), dtype) for shape in self.shapes))
        return (*inputs, *(np.repeat(h, rows, axis=0) if self.how == "mean" else h for h in held))

    def kept(self, outputs: Sequence[Array]) -> Arrays:
        """What to hold of a batch's outputs for the next."""
        states = outputs[-len(self.shapes) :]
        return tuple(h.mean(0, keepdims=True) if self.how == "mean" else h for h in states)


def carried_name(k: int) -> str:
    """What the k-th state held is called in a learner's memory."""
    return f"{CARRIED}{k}"


def carried_of(memory: Mapping[str, Array]) -> Arrays:
    """The states held in a learner's memory, in order; none where the next batch starts from zeros."""
    return tuple(memory[carried_name(k)] for k in range(sum(name.startswith(CARRIED) for name in memory)))


def _shapes(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(shape_text, shapes)) or "none"
