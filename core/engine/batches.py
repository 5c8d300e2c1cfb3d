"""What a batch must be before anything is computed from it, and where a loss stopped being a number."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any, TypeVar

import numpy as np

from isograd.core.base.arraylike import as_array
from isograd.core.base.errors import DataError, NonFiniteError, ShapeError, SpecError, shown
from isograd.core.base.types import FLOATS, Array, Arrays, Shape, State, shape_text
from isograd.core.engine.carry import Carrying
from isograd.core.engine.pairing import packed, places_of
from isograd.core.engine.protocol import Network
from isograd.core.engine.rows import Fewest, counted
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Loss, Losses, all_within

T = TypeVar("T")
ORDINARY = frozenset(FLOATS.values())


def check_inputs(model: Composite, inputs: Sequence[Array], data_inputs: int | None = None) -> Arrays:
    """Arrays of the model's input shapes and one batch size; ShapeError or DataError otherwise.

    Where the model carries state, only its first `data_inputs` are given.
    """
    shapes = model.input_shapes[:data_inputs]
    arrays = tuple(as_array(x, f"input {k}") for k, x in enumerate(inputs))
    if len(arrays) != len(shapes):
        raise ShapeError(
            "forward",
            wanted=f"{len(shapes)} inputs {', '.join(map(shape_text, shapes))}",
            got=f"{len(arrays)}",
            fix="give one array for each ig.Input" if data_inputs is None else "leave the states out: they are carried",
        )
    if not model.batch_first:
        check_forms(model, arrays)
        return arrays
    for k, (x, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if x.shape[1:] != shape or x.ndim == 0 or len(x) == 0:
            raise ShapeError(
                f"input {k}",
                wanted=f"{shape_text(shape)} with N ≥ 1",
                got=f"{x.shape}",
                fix="batch first; for one sample, x[None]",
            )
        if x.dtype.kind not in "fiub":
            raise DataError(f"input {k}", wanted="numbers", got=f"{x.dtype}", fix="convert it to floats")
        if x.dtype.kind != "b" and model.input_forms[k].kind == "boolean":
            raise DataError(f"input {k}", wanted="booleans", got=f"{x.dtype}", fix="x != 0, or what is asked of it")
    for k, allowed in model.integer_inputs(*model.input_shapes).items():
        check_integers(f"input {k}", arrays[k], allowed)
    if len(arrays) > 1 and len({len(x) for x in arrays}) != 1:
        raise ShapeError(
            "forward", wanted="inputs of one batch size", got=f"{[len(x) for x in arrays]}", fix="give equal batches"
        )
    return arrays


def check_forms(model: Composite, arrays: Arrays) -> None:
    """Raise ShapeError unless arrays have the axes of inputs of which some are no batch of samples."""
    rows = model.rows(arrays)
    for k, (x, form) in enumerate(zip(arrays, model.input_forms, strict=True)):
        if x.shape != form.sizes(rows) or rows < 1:
            raise ShapeError(f"input {k}", wanted=f"{form}", got=f"{x.shape}", fix="arrays of one batch's rows")


def pieces(model: Composite, fewest: Fewest, inputs: Sequence[Array], batch_size: int) -> list[Arrays]:
    """The inputs cut into batches of at most `batch_size` rows, for `predict`.

    Raises ShapeError where several are needed, and an output is no batch of samples: what comes of each could not be
    joined; and where the last has fewer rows than the model needs.
    """
    size, arrays = counted("predict", "batch_size", batch_size), check_inputs(model, inputs)
    rows, graph = model.rows(arrays), model.graph(*model.input_shapes)
    fewest.check(rows % size or size if rows > size else rows, training=False)
    if rows <= size:
        return [arrays]
    for k, slot in enumerate(graph.outputs_in(training=False)):
        if not graph.forms[slot].batch_first:
            raise ShapeError(
                "predict",
                wanted=f"at most batch_size={size} rows: output {k}, {graph.forms[slot]}, cannot be joined of several",
                got=f"{rows} rows",
                fix=f"batch_size={rows}, or forward(…, training=False)",
            )
    return [tuple(x[start : start + size] for x in arrays) for start in range(0, rows, size)]


def joined(parts: Sequence[Arrays]) -> Any:
    """What `predict` returns of the outputs of each batch: the caller's own, of one batch as well."""
    columns = (
        tuple(np.array(y) for y in parts[0])
        if len(parts) == 1
        else tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    )
    return columns if len(columns) > 1 else columns[0]


def check_integers(where: str, values: Array, allowed: range) -> None:
    """Raise DataError unless `values` are whole numbers in `allowed`."""
    wanted = f"whole numbers {allowed.start}…{allowed.stop - 1}"
    if values.dtype.kind not in "iu":
        raise DataError(where, wanted=wanted, got=f"{values.dtype}", fix="values.astype('int64')")
    if allowed.start == 0 and all_within(values, allowed.stop):
        return
    if values.size and not (values.min() >= allowed.start and values.max() < allowed.stop):
        first = tuple(int(i) for i in np.argwhere((values < allowed.start) | (values >= allowed.stop))[0])
        raise DataError(
            f"{where}{list(first)}",
            wanted=wanted,
            got=f"{values[first]}",
            fix="mend the data, or change the layer that reads it",
        ).of_row(first[0])


def check_upstream(dys: Sequence[Array], shapes: Sequence[Shape], dtype: np.dtype[np.floating]) -> Arrays:
    """Copies of one dy for each output of the last forward, whose shapes these are: what is returned shares nothing."""
    if not shapes:
        raise ShapeError(
            "backward", wanted="a forward first", got="none since the weights were set", fix="net.forward(x)"
        )
    arrays = tuple(as_array(dy, f"dy {k}") for k, dy in enumerate(dys))
    for k, dy in enumerate(arrays):
        if dy.dtype.kind not in "fiub":
            raise DataError(f"dy {k}", wanted="numbers", got=f"{dy.dtype}", fix="convert it to floats")
    given = tuple(np.array(dy, dtype) for dy in arrays)
    if [dy.shape for dy in given] != list(shapes):
        raise ShapeError(
            "backward",
            wanted=f"dy of shape {', '.join(map(str, shapes))}",
            got=", ".join(str(dy.shape) for dy in given) or "none",
            fix="give one dy for each output",
        )
    return given


def separate(dx: tuple[Array | None, ...], grads: State) -> tuple[tuple[Array | None, ...], State]:
    """The gradients that a backward found, each in memory of its own: the caller may write to one of them.

    A sum hands one array on to all of its terms, two biases that are added have one gradient, and a mean repeats one
    number without writing it down.
    """
    given: list[Array] = []

    def own(values: Array) -> Array:
        shared = not values.flags.writeable or any(np.may_share_memory(values, other) for other in given)
        kept = np.array(values) if shared else values  # of one number too an array
        given.append(kept)
        return kept

    return tuple(None if v is None else own(v) for v in dx), {path: own(v) for path, v in grads.items()}


def aligned(losses: Sequence[Loss | None], targets: Sequence[T]) -> list[T | None]:
    """The target of each output: outputs without a loss have none."""
    waiting = iter(targets)
    return [next(waiting) if loss is not None else None for loss in losses]


def first_evaluated(model: Composite, losses: Losses) -> int:
    """The first output with a loss, among those that evaluation has."""
    outputs = len(model.out_shapes(*model.input_shapes))
    chosen = model.graph(*model.input_shapes).evaluation or range(outputs)
    pairs = zip(losses, places_of(losses, outputs), strict=True)
    starts = {at[0] for loss, at in pairs if loss is not None and set(at) <= set(chosen)}
    return next(place for place, k in enumerate(chosen) if k in starts)


def check_losses(model: Composite, losses: Losses) -> None:
    """One loss (or None) for each output, each reduced to a number."""
    outputs = model.out_shapes(*model.input_shapes)
    wrong = [loss for loss in losses if loss is not None and not isinstance(loss, Loss)]
    if wrong:
        raise SpecError("loss", wanted="a loss description", got=shown(wrong[0]), fix="loss=ig.MSELoss()")
    places = places_of(losses, len(outputs))
    if not places or places[-1].stop != len(outputs) or all(loss is None for loss in losses):
        raise SpecError(
            "loss",
            wanted=f"one for each of the model's {len(outputs)} outputs (None: not trained on)",
            got=f"{len(losses)}",
            fix="loss=(ig.MSELoss(), None)",
        )
    for loss, at in zip(losses, places, strict=True):
        shapes = [outputs[k] for k in at]
        if len(set(shapes)) > 1:
            raise ShapeError(
                repr(loss),
                wanted=f"{len(shapes)} outputs of one shape",
                got=", ".join(map(shape_text, shapes)),
                fix="change the model's last layers",
            )
        if loss is not None and loss.reduction == "none":
            fix = 'reduction="mean", or ig.loss_gradients(loss, prediction, target) for one a row'
            raise SpecError(repr(loss), wanted="a loss that is one number", got='reduction="none"', fix=fix)


class BatchCheck:
    """Whether batches fit a model and its losses: asked before every step, so what stays is looked up once.

    Where states are carried, batches hold the data's inputs alone.
    """

    def __init__(self, model: Composite, losses: Losses, carrying: Carrying | None = None) -> None:
        self.data_inputs = None if carrying is None else carrying.data_inputs
        self.model, self.shapes = model, model.input_shapes[: self.data_inputs]
        self.integers = model.integer_inputs(*model.input_shapes)
        self.alone = len(self.shapes) == 1 and model.input_forms[0].kind != "boolean"
        outputs = model.out_shapes(*model.input_shapes)
        self.least = Fewest(model)
        self.losses = losses
        self.trained = [
            (outputs[at[0]] if len(at) == 1 else (len(at), *outputs[at[0]]), loss)
            for at, loss in zip(places_of(losses, len(outputs)), losses, strict=True)
            if loss is not None
        ]

    def _ordinary(self, inputs: Arrays) -> bool:
        """Whether there is one input, and it fits: the usual case, seen at a glance."""
        if len(inputs) != 1 or not self.alone:
            return False
        (x,), allowed = inputs, self.integers.get(0)
        if x.ndim == 0 or x.shape[1:] != self.shapes[0] or len(x) == 0:
            return False
        if allowed is None:
            return x.dtype in ORDINARY
        return x.dtype == np.int64 and allowed.start == 0 and all_within(x, allowed.stop)

    def __call__(self, inputs: Arrays, targets: Arrays, *, training: bool | None = True) -> Arrays:
        """One array of targets for each loss. Raise where an input does not fit the model or a target its loss; nothing
        has changed by then. `training`: None where it is no batch, but all there is."""
        rows = len(inputs[0]) if self._ordinary(inputs) else len(check_inputs(self.model, inputs, self.data_inputs)[0])
        if training is not None:
            self.least.check(rows, training=training)
        targets = packed(self.losses, targets, rows)
        if len(targets) != len(self.trained):
            raise ShapeError(
                "targets",
                wanted=f"{len(self.trained)}, one for each loss",
                got=f"{len(targets)}",
                fix="give one array a loss",
            )
        for (shape, loss), target in zip(self.trained, targets, strict=True):
            given = len(target) if np.ndim(target) else "a single number"
            if given != rows:
                raise ShapeError(
                    "targets", wanted=f"{rows}, one for each input", got=f"{given}", fix="give equal batches"
                )
            loss.check(shape, target)
        return targets


def check_batch(
    model: Composite, losses: Losses, inputs: Arrays, targets: Arrays, carrying: Carrying | None = None
) -> Arrays:
    """`BatchCheck` of data, however many rows a batch of them will have."""
    return BatchCheck(model, losses, carrying)(inputs, targets, training=None)


def mean_loss(losses: Losses, pieces: Sequence[tuple[Sequence[float], Arrays, Arrays]]) -> tuple[float, Arrays, Arrays]:
    """(loss, outputs, targets) of a whole data set from its batches' (values of the losses, outputs, targets)

    L = Σ_b D_b·L_b / Σ_b D_b for each loss, D_b the batch's own divisor (a sum: L = Σ_b L_b), and their sum over the
    outputs: what one batch of everything would give, however the data were cut.
    """
    outputs = tuple(np.concatenate(column) for column in zip(*(o for _, o, _ in pieces), strict=True))
    targets = tuple(np.concatenate(column) for column in zip(*(t for _, _, t in pieces), strict=True))
    total = 0.0
    for k, loss in enumerate(loss for loss in losses if loss is not None):
        values = np.array([values[k] for values, _, _ in pieces])
        if loss.reduction == "sum":
            total += float(values.sum())
            continue
        divisors = np.array([loss.divisor(batch[k]) for _, _, batch in pieces])
        counted = divisors != 0  # a batch in which every target is ignored says nothing
        total += float(values[counted] @ divisors[counted] / divisors.sum()) if counted.any() else nan
    return total, outputs, targets


def first_nonfinite(net: Network, inputs: Arrays, targets: Arrays, loss: float) -> NonFiniteError:
    """The error of a loss that is no number: names the data or the first node that produced it."""
    for what, arrays in {"input": inputs, "target": targets}.items():
        for k, values in enumerate(arrays):
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                first = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
                return NonFiniteError(
                    f"{what} {k}{first}",
                    wanted="finite numbers",
                    got=f"{values[tuple(first)]}",
                    fix="clean the data; no weight was changed by this batch",
                ).of_row(first[0])
    for path, outputs in net.activations(*inputs, training=True).items():
        if not all(np.isfinite(y).all() for y in outputs):
            return NonFiniteError(
                f"the loss is {loss}: first at node {path!r}",
                wanted="finite values",
                got="NaN or infinity in its output",
                fix="a smaller lr, or clipping; this step changed no weight",
            )
    return NonFiniteError(
        f"the loss is {loss}",
        wanted="a finite loss",
        got="finite outputs, but a loss that is not",
        fix="check the targets: is every one of them ignored? This step changed no weight",
    )
