"""Attention: every place of a sequence takes what it needs from all others; and where in the sequence it stands."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import InstanceOf

from isograd.core.base.description import Count, Finite, Fraction, describes
from isograd.core.base.forms import Axes, Form
from isograd.core.base.initializers import Fans, Initializer, Normal, TorchDefault, Weight, XavierUniform, Zeros
from isograd.core.base.types import Shape, shape_text
from isograd.core.layers.base import Layer, Misfit
from isograd.core.layers.combine import broadcast, one_kind
from isograd.core.layers.sequence import check_steps

if TYPE_CHECKING:
    from isograd.core.graph.values import Value


@describes("layer")
class MultiheadAttention(Layer):
    """y = [O₁ … O_H] W_oᵀ + b_o,   O_h = D(A_h) V_h,   A_h = softmax(Q_h K_hᵀ/√d + M)

    Q = query W_qᵀ + b_q,  K = key W_kᵀ + b_k,  V = value W_vᵀ + b_v, each cut into H = num_heads heads of width
    d = E/H (Vaswani et al. 2017).

    Call it on (x): self-attention, query = key = value = x (N, T, E); or on (query, key, value): (N, T, E),
    (N, S, Eₖ), (N, S, Eᵥ) → y (N, T, E). With `lengths=` (whole numbers (N,), 1…S) no place attends to keys from
    lengths[n] on. causal=True: place t attends to the places up to t alone; key and query must then be of one length.
    M is −∞ at what is hidden, else 0. Outputs at places that are padding themselves are computed all the same.

    Where libraries differ, this is as in torch: the scale is 1/√d, d the width of one head; D, dropout with the
    probability `dropout`, acts on the weights after the softmax (D(A) = A ⊙ m/(1−dropout), so that rows no longer
    sum to 1); need_weights=True gives a second output, the mean of D(A_h) over the heads (N, T, S): in training the
    dropped ones.

    in_proj_weight (3E, E), rows W_q, W_k, W_v; where key or value have another width instead q_proj_weight (E, E),
    k_proj_weight (E, Eₖ), v_proj_weight (E, Eᵥ). in_proj_bias (3E,), out_proj.weight (E, E), out_proj.bias (E,).
    """

    num_heads: Count = field(kw_only=False)
    bias: bool = True
    dropout: Fraction = 0.0
    causal: bool = False
    need_weights: bool = False
    in_proj_init: InstanceOf[Initializer] = field(default_factory=XavierUniform)
    out_proj_init: InstanceOf[Initializer] = field(default_factory=TorchDefault)
    bias_init: InstanceOf[Initializer] = field(default_factory=Zeros)

    max_inputs: ClassVar[int | None] = 4

    def __call__(self, *values: Value, lengths: Value | None = None) -> Any:
        return super().__call__(*values, *([] if lengths is None else [lengths]))

    def integer_inputs(self, *x: Shape) -> dict[int, range]:
        sources, lengths = divided(x)
        return {len(x) - 1: range(1, sources[-1][0] + 1)} if lengths else {}

    def out_shapes(self, *x: Shape) -> tuple[Shape, ...]:
        sources, lengths = divided(x)
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
        if any(shape != () for shape in lengths):
            raise Misfit(
                "(x), (query, key, value), and lengths (N,) after either",
                " and ".join(map(shape_text, x)),
                "lengths=ig.Input(()); for cross-attention give query, key and value",
            )
        return (query, (query[0], key[0])) if self.need_weights else (query,)

    def weights(self, *x: Shape) -> dict[str, Weight]:
        sources, _ = divided(x)
        width, widths = sources[0][1], [shape[1] for shape in sources]
        if set(widths) == {width}:
            shapes = {"in_proj_weight": (3 * width, width)}
        else:
            shapes = {f"{part}_proj_weight": (width, size) for part, size in zip("qkv", widths, strict=True)}
        fans = Fans(width, width)
        made = {name: Weight(shape, self.in_proj_init, Fans(shape[1], shape[0])) for name, shape in shapes.items()}
        if self.bias:
            made["in_proj_bias"] = Weight((3 * width,), self.bias_init, fans)
        made["out_proj.weight"] = Weight((width, width), self.out_proj_init, fans)
        if self.bias:
            made["out_proj.bias"] = Weight((width,), self.bias_init, fans)
        return made


def divided(x: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(query alone or query, key, value; lengths where there are any) of one to four inputs.

    >>> divided(("query", "key", "value", "lengths"))
    (('query', 'key', 'value'), ('lengths',))
    >>> divided(("x",))
    (('x',), ())
    """
    cut = 1 if len(x) < 3 else 3
    return x[:cut], x[cut:]


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
