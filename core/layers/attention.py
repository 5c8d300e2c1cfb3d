"""Attention: every place of a sequence takes what it needs from all others; and where in the sequence it stands."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import InstanceOf

from isograd.core.base.description import Count, Finite, Fraction, describes
from isograd.core.base.errors import ShapeError
from isograd.core.base.forms import Axes, Form, Rows, Size
from isograd.core.base.initializers import (
    Fans,
    Initializer,
    Normal,
    TorchDefault,
    Weight,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.axes import View
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import broadcast, one_kind
from isograd.core.layers.sequence import check_steps

if TYPE_CHECKING:
    from isograd.core.graph.values import Value


@describes("layer")
class MultiheadAttention(Layer):
    """y = [O₁ … O_H] W_oᵀ + b_o,   O_h = D(A_h) V_h,   A_h = softmax(Q_h K_hᵀ/√d + M)

    Q = query W_qᵀ + b_q,  K = key W_kᵀ + b_k,  V = value W_vᵀ + b_v, each cut into H = num_heads heads of width
    d = E/H (Vaswani et al. 2017). add_bias_kv=True lets one more place follow the keys and values, bias_k and bias_v
    (1, 1, E), add_zero_attn=True one of zeros: no mask hides them.

    Call it on (x): self-attention, query = key = value = x (N, T, E); or on (query, key, value): (N, T, E),
    (N, S, Eₖ), (N, S, Eᵥ) → y (N, T, E). M is the sum of what is given: attn_mask= (T, S), (N·H, T, S), (N, T, S) the
    same for all heads, or any axes that broadcast to (N, H, T, S); key_padding_mask= (N, S); each of booleans, True
    where a place is hidden (−∞, else 0), or of floats, which are added and have a gradient. `lengths=` (whole numbers
    (N,), 1…S) hides the keys from lengths[n] on. causal=True: place t attends to the places up to t alone (torch's
    is_causal with its mask); key and query must then be of one length. Outputs at places that are padding themselves
    are computed all the same.

    Where libraries differ, this is as in torch: the scale is 1/√d, d the width of one head; True hides (Keras' masks,
    and torch's own scaled_dot_product_attention, say where a place attends); D, dropout with the probability
    `dropout`, acts on the weights after the softmax (D(A) = A ⊙ m/(1−dropout), so that rows no longer sum to 1);
    need_weights=True gives a second output, the mean of D(A_h) over the heads (N, T, S): in training the dropped
    ones; with average_attn_weights=False those of each head, (N, H, T, S). S counts the places that are added. A place
    that may attend to nothing attends to nothing: its weights are 0 and y is b_o, as in torch without weights (with
    need_weights=True torch gives NaN).

    in_proj_weight (3E, E), rows W_q, W_k, W_v; where key or value have another width (torch's kdim and vdim) instead
    q_proj_weight (E, E), k_proj_weight (E, Eₖ), v_proj_weight (E, Eᵥ). in_proj_bias (3E,), out_proj.weight (E, E),
    out_proj.bias (E,).
    """

    num_heads: Count = field(kw_only=False)
    bias: bool = True
    dropout: Fraction = 0.0
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    causal: bool = False
    need_weights: bool = False
    average_attn_weights: bool = True
    in_proj_init: InstanceOf[Initializer] = field(default_factory=XavierUniform)
    out_proj_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    bias_init: InstanceOf[Initializer] = field(default_factory=Zeros)
    bias_kv_init: InstanceOf[Initializer] = field(default_factory=XavierNormal)

    max_inputs: ClassVar[int | None] = None

    def __call__(
        self,
        *values: Value,
        attn_mask: Value | None = None,
        key_padding_mask: Value | None = None,
        lengths: Value | None = None,
    ) -> Any:
        masks = placed_masks(self, self.num_heads, attn_mask, key_padding_mask)
        return super().__call__(*values, *masks, *([] if lengths is None else [lengths]))

    @property
    def added(self) -> int:
        """How many places follow the keys and values."""
        return self.add_bias_kv + self.add_zero_attn

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        sources, _, lengths = divided(x)
        return {len(x) - 1: range(1, sources[-1][0] + 1)} if lengths else {}

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        masks = [form for form in x if len(form.axes) == 4]
        made = super().out_forms(*([form for form in x if len(form.axes) != 4] or x))
        sources, *_ = divided(tuple(form.shape for form in x))
        scores = (x[0].axes[0], self.num_heads, sources[0][0], sources[-1][0])
        for mask in masks:
            fits = all(size in (1, wanted) for size, wanted in zip(mask.axes, scores, strict=True))
            if not fits or mask.kind == "integer":
                raise Misfit(
                    f"masks of booleans or floats that broadcast to {Form(scores)}",
                    f"{mask}",
                    "attn_mask=(T, S) or (N·num_heads, T, S), key_padding_mask=(N, S): T queries, S keys",
                )
        return made

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        sources, *_ = divided(x)
        if len(sources) not in (1, 3) or any(shape == () for shape in sources):
            raise Misfit(
                "(x), (query, key, value), and lengths (N,) after either",
                " and ".join(map(shape_text, x)),
                "lengths=ig.Input(()); for cross-attention give query, key and value",
            )
        for shape in sources:
            check_steps(shape)
        query, key, value = sources if len(sources) == 3 else sources * 3
        if query[1] % self.num_heads:
            raise Misfit(
                f"a width that {self.num_heads} heads divide",
                f"{query[1]} features in {shape_text(query)}",
                "another num_heads, or another width of what feeds this layer",
            )
        if key[0] != value[0]:
            raise Misfit(
                "a value for every key", f"{key[0]} keys and {value[0]} values", "give both the same number of places"
            )
        if self.causal and query[0] != key[0]:
            raise Misfit(
                "as many keys as queries with causal=True",
                f"{query[0]} queries and {key[0]} keys",
                "causal=False: which of two sequences' places is earlier is not defined",
            )
        shares = (query[0], key[0] + self.added)
        return (query, shares if self.average_attn_weights else (self.num_heads, *shares))[: 1 + self.need_weights]

    def weights(self, *x: Shape) -> dict[str, Weight]:
        sources, *_ = divided(x)
        width, widths = sources[0][1], [shape[1] for shape in sources]
        if set(widths) == {width}:
            shapes = {"in_proj_weight": (3 * width, width)}
        else:
            shapes = {f"{part}_proj_weight": (width, size) for part, size in zip("qkv", widths, strict=True)}
        fans = Fans(width, width)
        made = {name: Weight(shape, self.in_proj_init, Fans(shape[1], shape[0])) for name, shape in shapes.items()}
        if self.bias:
            made["in_proj_bias"] = Weight((3 * width,), self.bias_init, fans)
        if self.add_bias_kv:
            made |= {f"bias_{part}": Weight((1, 1, width), self.bias_kv_init, fans) for part in "kv"}
        made["out_proj.weight"] = Weight((width, width), self.out_proj_init, fans)
        if self.bias:
            made["out_proj.bias"] = Weight((width,), self.bias_init, fans)
        return made


def divided(x: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], tuple[Shape, ...], tuple[Shape, ...]]:
    """(x, or query, key and value; masks; lengths) of the shapes of what attention is given.

    >>> divided(((3, 8), (5, 4), (5, 2), (1, 3, 5), ()))
    (((3, 8), (5, 4), (5, 2)), ((1, 3, 5),), ((),))
    >>> divided(((3, 8),))
    (((3, 8),), (), ())
    """
    lengths = x[-1:] if len(x) > 1 and x[-1] == () else ()
    rest = x[: len(x) - len(lengths)]
    return tuple(s for s in rest if len(s) != 3), tuple(s for s in rest if len(s) == 3), lengths


def placed_masks(
    layer: Layer, heads: int, attn_mask: Value | None = None, key_padding_mask: Value | None = None
) -> list[Value]:
    """Those masks that are given, on axes that broadcast to (N, H, T, S); ShapeError for others than torch knows."""
    made = []
    for name, mask, wanted in (
        ("attn_mask", attn_mask, "(T, S), (N·num_heads, T, S), (N, T, S) or (N, num_heads, T, S)"),
        ("key_padding_mask", key_padding_mask, "(N, S)"),
    ):
        if mask is None:
            continue
        places = _placed(name, getattr(mask, "axes", ()), heads)
        if places is None:
            got = str(mask.form) if hasattr(mask, "form") else type(mask).__name__
            fix = "a graph value: ig.Input, ig.Parameter, ig.Buffer, or what a layer makes of one"
            raise ShapeError(repr(layer), wanted=f"{name} {wanted}", got=got, fix=fix)
        made.append(mask if places == mask.axes else View(tuple(map(_entry, places)))(mask))
    return made


def _placed(name: str, axes: Axes, heads: int) -> Axes | None:
    """The four axes on which a mask of these stands; None where it is none."""
    if name == "key_padding_mask":
        return (axes[0], 1, 1, axes[1]) if len(axes) == 2 else None
    if len(axes) == 2:
        return (1, 1, *axes)
    if len(axes) == 3 and isinstance(axes[0], Rows) and axes[0].times % heads == 0:
        return (Rows(axes[0].times // heads), heads, *axes[1:])
    if len(axes) == 3:
        return (axes[0], 1, *axes[1:])
    return axes if len(axes) == 4 else None


def _entry(size: Size) -> int | str:
    return str(size) if isinstance(size, Rows) else size


@describes("layer")
class PositionalEncoding(Layer):
    """y = x + P: each place of a sequence gets a vector of its own          x (N, T, E) → y alike

    P[t, 2i] = sin(t/10000^(2i/E)),   P[t, 2i+1] = cos(t/10000^(2i/E))          (Vaswani et al. 2017; any width E)
    learned=True: P is a weight (T, E), at first N(0, 0.02²).
    """

    learned: bool = False
    weight_init: InstanceOf[Initializer] = field(default_factory=lambda: Normal(std=0.02))

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        check_steps(x[0])
        return x

    def weights(self, *x: Shape) -> dict[str, Weight]:
        return {"weight": Weight(x[0], self.weight_init, Fans(*x[0]))} if self.learned else {}


@describes("layer")
class ScaledDotProductAttention(Layer):
    """y = D(softmax(q kᵀ·scale + M)) v          q (…, T, d), k (…, S, d), v (…, S, e) → y (…, T, e)

    Leading axes broadcast, as Add's. scale=None: 1/√d. A fourth value is M (…, T, S), which broadcasts: booleans, True
    where a place attends (0, else −∞), or floats that are added and have a gradient. causal=True: place t attends to
    the places up to t alone, counted from the first in both; M is left out then. A place that attends to nothing gets
    0, and has no gradient (torch since 2.5; before, NaN).
    D: dropout of the shares, scaled by 1/(1−dropout), in training; the batch must then stand first.
    enable_gqa=True: every head of k and v (the axis before S) serves as many heads of q as there are for each.
    """

    scale: Finite | None = None
    causal: bool = False
    dropout: Fraction = 0.0
    enable_gqa: bool = False
    min_inputs: ClassVar[int] = 3
    max_inputs: ClassVar[int | None] = 4

    def out_forms(self, *x: Form) -> tuple[Form, ...]:
        one_kind(x[:3], "float")
        one_kind(x[3:] or x[:1], "float", "boolean")
        q, k, v = (form.axes for form in x[:3])
        if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
            raise self._unfit(x)
        if self.causal and len(x) > 3:
            raise Misfit("no mask with causal=True", f"{x[3]}", "put both into one mask")
        if self.enable_gqa:
            k, v = (self._spread(axes, q, x) for axes in (k, v))
        try:
            lead = broadcast(*(Form(axes[:-2]) for axes in (q, k, v)))
            scores = (*lead, q[-2], k[-2])
            fits = all(broadcast(Form(scores), Form(mask.axes)) == scores for mask in x[3:])
        except Misfit:
            fits = False
        if not fits:
            raise self._unfit(x)
        if self.dropout and not Form(scores).batch_first:
            raise Misfit("a batch in front, to be dropped from", f"{x[0]}", "bring it there with Permute or View")
        return (Form((*lead, q[-2], v[-1])),)

    def _spread(self, axes: Axes, q: Axes, x: tuple[Form, ...]) -> Axes:
        """The axes of k or v with as many heads as q."""
        heads, all_heads = (each[-3] if len(each) > 2 else None for each in (axes, q))
        if not isinstance(heads, int) or not isinstance(all_heads, int) or heads < 1 or all_heads % heads:
            raise Misfit("heads of k and v that divide those of q", " and ".join(map(str, x[:3])), "enable_gqa=False")
        return (*axes[:-3], all_heads, *axes[-2:])

    def _unfit(self, x: tuple[Form, ...]) -> Misfit:
        return Misfit(
            "q (…, T, d), k (…, S, d), v (…, S, e)" + ", mask (…, T, S)" * (len(x) > 3),
            " and ".join(map(str, x)),
            "bring them to these axes with Permute or View",
        )
