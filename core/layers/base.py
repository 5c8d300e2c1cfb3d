"""What every layer description declares, and how calling one makes a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from isograd.core.base.description import Description, describes
from isograd.core.base.errors import shortened
from isograd.core.base.forms import BATCH, Form, Kind, Rows, Size
from isograd.core.base.initializers import Fans, Weight
from isograd.core.base.limits import AXES, NUMBER
from isograd.core.base.types import Shape, shape_text

if TYPE_CHECKING:
    from isograd.core.graph.values import Value


class Misfit(Exception):
    """Raised by a layer's `out_shapes`; the graph adds where it happened and the chain of shapes."""

    def __init__(self, wanted: str, got: str, fix: str) -> None:
        super().__init__(wanted, got, fix)
        self.wanted, self.got, self.fix = wanted, got, fix


@describes("layer", abstract=True)
class Layer(Description):
    """What a layer is, not how it is computed.

    Shapes are those of one sample: the batch axis in front is implied. `name` becomes the node's name in
    the graph and the first part of its weights' names.
    """

    name: str | None = None

    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1
    any_axes: ClassVar[bool] = False
    """Whether the batch may stand anywhere in front of what the layer looks at: at no axis, or the last ones alone."""

    @property
    def calls(self) -> int:
        """What one call of this layer counts for in `limits.CALLS`."""
        return 1

    @property
    def levels(self) -> int:
        """Models within each other, this one included; 0 for a plain layer."""
        return 0

    def least_rows(self, *x: Shape, training: bool = True) -> int:
        """The fewest rows of a batch that it can be trained on, or evaluated, for inputs of these shapes."""
        return 1

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        """The shapes of the outputs for inputs of these shapes; raises Misfit where they do not fit."""
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        """The weights, by torch's name, for inputs of these shapes."""
        return {}

    def buffers(self, *x: Shape) -> dict[str, Weight]:
        """State that is not trained (running means), by torch's name."""
        return {}

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        """{place of an input: the whole numbers that may stand in it}, for inputs that are counted, not computed with.

        Such an input (word numbers, lengths) comes straight from an ig.Input, stays int64 in every backend and has
        no gradient: dx is None there.
        """
        return {}

    def checked_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        """`out_shapes`, after the number of inputs has been checked."""
        self.check_count(len(x))
        made = self.out_shapes(*x)
        if any(len(shape) > AXES or max(shape, default=1) > NUMBER for shape in made):
            raise Misfit(
                f"outputs of at most {AXES} axes, none of more than {NUMBER} places",
                " and ".join(map(shape_text, made)),
                "change what feeds it",
            )
        return made

    def checked_forms(self, *x: Form) -> tuple[Form, ...]:
        """`out_forms`, after the number of inputs has been checked."""
        self.check_count(len(x))
        return self.out_forms(*x)

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        """What the outputs are for inputs of these forms; raises Misfit where they do not fit.

        A layer that is told by its sample's shapes takes rows of samples, as many from each input, and gives as many:
        those of the batch, 4N windows of it, or a weight's. With `any_axes` all axes up to the last that grows are as
        the batch's. One that looks at all axes says so itself.
        """
        rows = x[0].axes[:1]
        if self.any_axes:
            grown = [axis for axis, size in enumerate(x[0].axes) if isinstance(size, Rows)]
            rows = x[0].axes[: max([1, *(axis + 1 for axis in grown)])]
        given = [form for form in x if not form.axes or form.axes[: len(rows)] != rows]
        samples = tuple(form.axes[len(rows) :] for form in x)
        if given or any(isinstance(size, Rows) for shape in samples for size in shape):
            wanted = "rows of samples, as many from each input" if given else "samples whose axes do not grow with N"
            raise Misfit(wanted, " and ".join(map(str, x)), "bring the batch to the front with Permute or View")
        shapes = self.checked_shapes(*samples)  # type: ignore[arg-type]
        counted = self.integer_inputs(*samples)  # type: ignore[arg-type]
        for k, form in enumerate(x):
            if form.kind == "boolean" or (form.kind == "integer" and k not in counted):
                raise Misfit("numbers that are computed with", f"{form}", "ig.Cast() makes floats of them")
        return tuple(Form((*rows, *shape)) for shape in shapes)

    def check_count(self, count: int) -> None:
        """Raise Misfit for another number of inputs than the layer takes."""
        few, many = self.min_inputs, self.max_inputs
        if count < few or (many is not None and count > many):
            wanted = f"{few}" if few == many else f"{few} or more" if many is None else f"{few} to {many}"
            raise Misfit(f"{wanted} inputs", f"{count}", f"call it with {wanted} graph values")

    def __call__(self, *values: Value) -> Any:
        """Apply the layer to graph values: one Value, or a tuple of them for several outputs."""
        from isograd.core.graph.values import apply  # the graph knows layers; layers learn of it only when called

        return apply(self, values)

    def with_weights(self, weights: Mapping[str, Value] | None = None, /, **named: Value) -> Callable[..., Any]:
        """This layer with weights or buffers that are values of the graph: ig.Linear(10).with_weights(weight=table)(x)

        Each is a graph value without rows, of the weight's shape: an ig.Parameter that others read as well, or what a
        layer computes of one. Names with dots come in a mapping.
        """
        from isograd.core.graph.values import apply

        return lambda *values: apply(self, values, {**(weights or {}), **named})


@describes("layer", abstract=True)
class Pointwise(Layer):
    """Every entry by itself: of values of any axes."""

    any_axes: ClassVar[bool] = True


def matrix_weights(out: int, fan_in: int, laws: Mapping[str, Any], bias: bool) -> dict[str, Weight]:
    """weight (out, fan_in) and, if asked for, bias (out,), both with the fans of the weight."""
    fans = Fans(fan_in, out)
    made = {"weight": Weight((out, fan_in), laws["weight"], fans)}
    return made | {"bias": Weight((out,), laws["bias"], fans)} if bias else made


def resolve_axis(dim: int, shape: Shape) -> int:
    """`dim` counts the batch axis as torch does; the answer indexes the sample's own shape.

    >>> resolve_axis(-1, (3, 5)), resolve_axis(1, (3, 5))
    (1, 0)
    """
    rank = len(shape) + 1
    axis = dim + rank if dim < 0 else dim
    if not 1 <= axis < rank:
        raise Misfit(
            f"dim in 1…{rank - 1} or −{rank - 1}…−1",
            f"dim={dim} for {shape_text(shape)}",
            "name an axis of the sample: axis 0 is the batch, and samples are never mixed",
        )
    return axis - 1


def axis_within(dim: int, form: Form) -> int:
    """`axis_at` of a layer that mixes what stands along the axis: where rows of the batch stand in front, not these.

    >>> axis_within(0, Form((7, Rows(), 5)))
    0
    """
    samples = form.axes[:1] and isinstance(form.axes[0], Rows)
    return resolve_axis(dim, form.shape) + 1 if samples else axis_at(dim, form)


def axis_at(dim: int, form: Form) -> int:
    """`dim` counts every axis of a value, as torch does; the answer counts from 0.

    >>> axis_at(-1, Form((7, 5)))
    1
    """
    rank = len(form.axes)
    if not -rank <= dim < rank:
        wanted = f"dim in −{rank}…{rank - 1}" if rank else "a value that has axes"
        raise Misfit(wanted, f"dim={dim} for {form}", "name an axis of the value, the first with 0, the last with -1")
    return dim % rank


def axes_at(dims: Iterable[int], form: Form) -> tuple[int, ...]:
    """`axis_at` of each; Misfit where one is named twice."""
    axes = tuple(axis_at(dim, form) for dim in dims)
    if len(set(axes)) != len(axes):
        raise Misfit("every axis once", f"{tuple(dims)} for {form}", "name each axis once")
    return axes


def made_of(axes: Iterable[Size], kind: Kind) -> Form:
    """The form of an output; Misfit where it has more axes or places than an array can."""
    form = Form(tuple(axes), kind)
    places = (size.times if isinstance(size, Rows) else size for size in form.axes)
    if len(form.axes) > AXES + 1 or max(places, default=0) > NUMBER:
        wanted = f"outputs of at most {AXES + 1} axes, none of more than {NUMBER} places"
        raise Misfit(wanted, shortened(str(form)), "change what feeds it")
    return form


def check_like(like: tuple[Form, ...], *, needed: bool) -> None:
    """Raise Misfit unless the last input, whose rows are counted where N is asked for, has the batch in front."""
    if needed and not like:
        raise Misfit(
            "one more input, the last, whose rows are N",
            "none",
            "call it with a value that has the batch in front as well, such as the model's Input",
        )
    if like and like[0].axes[:1] != (BATCH,):
        raise Misfit("the batch in front of the last input", str(like[0]), "give a value whose rows are the batch's")
