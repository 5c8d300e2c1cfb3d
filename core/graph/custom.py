"""Custom layers and losses: descriptions whose forward is a user's function, written against the array namespace."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from isograd.core.base.arrays import NUMPY
from isograd.core.base.description import describes
from isograd.core.base.errors import DataError, IsogradError, ShapeError, SpecError
from isograd.core.base.initializers import Fans, Initializer, Ones, TorchDefault, Weight, Zeros
from isograd.core.base.limits import TRIED
from isograd.core.base.randomness import generator
from isograd.core.base.types import Array, Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.learning.losses import Loss, all_within

Function = Callable[..., Any]
ROWS = 2  # of the batch that shapes are found out with; another of one row more shows whether samples stay apart


class CustomFunction:
    """What a custom layer and a custom loss share: the user's function and how it is called."""

    function: ClassVar[Function]
    options: ClassVar[tuple[str, ...]] = ()
    takes_weights: ClassVar[bool] = False

    def call(self, ops: Any, *arrays: Any, w: Mapping[str, Any] | None = None) -> Any:
        """function(ops, *arrays, w, options); what NumPy or one engine alone would understand is an error of ours."""
        given = {"w": w} if self.takes_weights else {}
        try:
            return type(self).function(ops, *arrays, **given, **{name: getattr(self, name) for name in self.options})
        except (TypeError, AttributeError) as error:
            raise SpecError(
                repr(self),
                wanted="operators and functions of ops, which every engine has",
                got=self.told(error),
                fix="ops.exp(x) in place of np.exp(x) or x.exp(); docs/autodiff.md lists what there is",
            ) from error

    @classmethod
    def place(cls) -> str:
        """Where the function stands, for whoever must mend it."""
        code = cls.function.__code__
        return f"`{cls.function.__name__}` in {Path(code.co_filename).name}, line {code.co_firstlineno}"

    @classmethod
    def told(cls, error: Exception) -> str:
        """An error that the function raised, with the function's own line that led to it."""
        line, frame = None, error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == cls.function.__code__.co_filename:
                line = frame.tb_lineno
            frame = frame.tb_next
        return f"{type(error).__name__}{'' if line is None else f' in line {line}'}: {error}"


@describes("custom_layer", abstract=True)
class CustomLayer(CustomFunction, Layer):
    """y = function(ops, *x, w, options): outputs as the function returns them, one or a tuple

    Output shapes are found out by running it on plain NumPy arrays. Weights of two axes or more start as those of
    torch.nn.Linear, others at 1, at 0 where their name ends in "bias"; `@ig.custom(init={name: law})` says otherwise.
    """

    shapes_of_weights: ClassVar[Function | None] = None
    laws: ClassVar[Mapping[str, Initializer]] = {}
    integers: ClassVar[Mapping[int, range]] = {}  # {place of an input: the whole numbers that may stand in it}

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        return dict(self.integers)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        if self.shapes_of_weights is None:
            return {}
        find = type(self).shapes_of_weights
        assert find is not None
        wanted = inspect.signature(find).parameters
        options = {name: getattr(self, name) for name in self.options if name in wanted}
        try:
            shapes = dict(find(*x, **options))
            made = {name: tuple(map(int, shape)) for name, shape in shapes.items()}
        except Exception as error:
            raise Misfit(
                "weights= that takes the inputs' shapes and returns {name: shape}",
                f"{type(error).__name__}: {error}",
                f"mend weights= of {self.place()}, or what feeds it {' and '.join(map(shape_text, x))}",
            ) from error
        wrong = [name for name, shape in made.items() if not name.isidentifier() or min(shape, default=1) < 1]
        if wrong:
            raise Misfit(
                "plain names and positive sizes from weights=",
                f"{wrong[0]!r}: {made[wrong[0]]}",
                f"mend weights= of {self.place()}",
            )
        return {name: Weight(shape, self._law(name, shape), _fans(shape)) for name, shape in made.items()}

    def _law(self, name: str, shape: Shape) -> Initializer:
        if name in self.laws:
            return self.laws[name]
        return TorchDefault() if len(shape) > 1 else Zeros() if name.endswith("bias") else Ones()

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        return _inferred(self, x)

    def compute(self, ops: Any, x: tuple[Any, ...], w: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[Any, ...]:
        """The outputs in one namespace, held against their `shapes` when the model was built and the inputs' dtype."""
        outputs = _as_outputs(self.call(ops, *x, w=w))
        claimed = [(len(x[0]), *shape) for shape in shapes]
        got = [tuple(y.shape) for y in outputs]
        dtype = next(v.dtype for v in (*w.values(), *(v for k, v in enumerate(x) if k not in self.integers)))
        if got != claimed or any(y.dtype != dtype for y in outputs):
            raise SpecError(
                repr(self),
                wanted=", ".join(f"{dtype}{list(shape)}" for shape in claimed),
                got=", ".join(f"{y.dtype}{list(y.shape)}" for y in outputs),
                fix=f"mend {self.place()}: shapes must not depend on values, constants need ops.constant(values, x)",
            )
        return outputs


def _fans(shape: Shape) -> Fans:
    """As torch counts them for (out, in, …); a vector has one number for every in."""
    size = prod(shape[2:])
    return Fans(shape[1] * size, shape[0] * size) if len(shape) > 1 else Fans(prod(shape), 1)


def _as_outputs(y: Any) -> tuple[Any, ...]:
    return tuple(y) if isinstance(y, (tuple, list)) else (y,)


@lru_cache(maxsize=1024)
def _inferred(layer: CustomLayer, x: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The outputs' shapes for samples of these shapes, found by running the function on two small batches."""
    rng = generator(0, "shapes of a custom function")
    taken = " and ".join(map(shape_text, x))
    fix = f"mend {layer.place()}, or change what feeds it"
    found = []
    if max(map(prod, x)) > TRIED:
        raise Misfit(f"at most {TRIED:,} values in a sample of a custom layer", taken, "change what feeds it")

    def weight(shape: Shape) -> Array:
        return rng.uniform(0.5, 1.5, shape) if prod(shape) <= TRIED else np.broadcast_to(1.0, shape)

    def drawn(place: int, shape: Shape) -> Array:
        allowed = layer.integers.get(place)
        return rng.uniform(0.5, 1.5, shape) if allowed is None else rng.integers(allowed.start, allowed.stop, shape)

    for rows in (ROWS, ROWS + 1):
        try:
            with np.errstate(all="ignore"):
                w = {name: weight(declared.shape) for name, declared in layer.weights(*x).items()}
                outputs = _as_outputs(layer.call(NUMPY, *(drawn(k, (rows, *s)) for k, s in enumerate(x)), w=w))
        except (IsogradError, Misfit):
            raise
        except Exception as error:
            raise Misfit(f"a function that takes {taken}", layer.told(error), fix) from error
        wrong = [y for y in outputs if not hasattr(y, "dtype") or y.dtype.kind != "f"]
        if wrong or not outputs:
            got = "nothing" if not outputs else getattr(wrong[0], "dtype", type(wrong[0]).__name__)
            raise Misfit("an array of floats, or a tuple of them, from the function", f"{got}", fix)
        if any(y.shape[:1] != (rows,) for y in outputs):
            got = ", ".join(str(y.shape) for y in outputs)
            raise Misfit(
                f"outputs (N, …): a row for each of the {rows} samples given",
                got,
                f"{fix}; axis 0 is the batch, and samples are never mixed",
            )
        found.append(tuple(y.shape[1:] for y in outputs))
    if found[0] != found[1]:
        raise Misfit("outputs whose shape does not depend on the batch size", f"{found[0]} and {found[1]}", fix)
    return found[0]


@describes("custom_loss", abstract=True)
class CustomLoss(CustomFunction, Loss):
    """L = function(ops, prediction, target, options), one number

    Targets are values in the prediction's shape, or, of a "class loss", class indices (N, …) for predictions
    (N, C, …). In evaluation the losses of batches are averaged, each weighing as much as it has samples, unless an
    option `reduction` of the function is "sum".
    """

    reduction: Literal["mean"] = "mean"
    labels: ClassVar[bool] = False

    def check(self, prediction: Shape, target: Array) -> None:
        if not self.labels:
            super().check(prediction, target)
        elif not prediction or target.shape[1:] != prediction[1:]:
            raise ShapeError(
                repr(self),
                wanted=f"class indices {shape_text(prediction[1:])}",
                got=f"targets {shape_text(target.shape[1:])} for predictions {shape_text(prediction)}",
                fix="give one whole number for each prediction",
            )
        elif target.dtype.kind not in "iu" or not all_within(target, prediction[0]):
            raise DataError(
                repr(self),
                wanted=f"class indices 0…{prediction[0] - 1}",
                got=f"{target.dtype}, {target.min()}…{target.max()}",
                fix="mend the labels, or widen the last layer",
            )
        _try_loss(self, prediction)

    def divisor(self, target: Array) -> float:
        return float(len(target))

    def value(self, ops: Any, prediction: Any, target: Any) -> Any:
        """The loss in one namespace: an array without axes."""
        loss = self.call(ops, prediction, target)
        if getattr(loss, "shape", None) != () or loss.dtype != prediction.dtype:
            got = f"{loss.dtype}{list(loss.shape)}" if hasattr(loss, "shape") else type(loss).__name__
            raise SpecError(
                repr(self),
                wanted=f"one number in the prediction's dtype, {prediction.dtype}",
                got=got,
                fix=f"mend {self.place()}: return ops.mean(…), make constants with ops.constant(values, prediction)",
            )
        return loss


@lru_cache(maxsize=1024)
def _try_loss(loss: CustomLoss, prediction: Shape) -> None:
    """Raise where the function fails on predictions and targets of these shapes."""
    rng = generator(0, "shapes of a custom function")
    p = rng.uniform(0.5, 1.5, (ROWS, *prediction))
    t = np.zeros((ROWS, *prediction[1:]), np.int64) if loss.labels else rng.uniform(0.5, 1.5, p.shape)
    try:
        with np.errstate(all="ignore"):
            loss.value(NUMPY, p, t)
    except IsogradError:
        raise
    except Exception as error:
        raise ShapeError(
            repr(loss),
            wanted=f"a function that takes predictions {shape_text(prediction)}",
            got=loss.told(error),
            fix=f"mend {loss.place()}, or change the model's last layer",
        ) from error
