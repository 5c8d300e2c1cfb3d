"""Operations that a layer of torch.nn computes: the weights stand under the layer's own names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from isograd.backends.torch_impl.importer.plan import Out
from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.layers.base import Misfit


def _one(values: Any) -> Any:
    """A number for all axes where it is one, else a tuple."""
    row = tuple(values)
    return row[0] if len(set(row)) == 1 else row


def _axes(b: Any, a: Any) -> int:
    return len(b.form(a.input).axes) - 2


@operation("conv1d", "conv2d", "conv3d")
def convolution(b: Any, a: Any) -> Any:
    kind = (core.Conv1d, core.Conv2d, core.Conv3d)[_axes(b, a) - 1]
    out, _, *kernel = b.form(b.ref(a.weight)).axes
    value, padding, mode = _padded(b, a)
    layer = kind(
        out,
        _one(kernel),
        stride=_one(a.stride),
        padding=padding,
        padding_mode=mode,
        dilation=_one(a.dilation),
        groups=a.groups,
        bias=a.bias is not None,
    )
    return b.apply(layer, value, weights={"weight": a.weight, "bias": a.bias})


def _padded(b: Any, a: Any) -> tuple[Any, Any, Any]:
    """(input, padding, padding_mode): where its module pads with other than zeros, an nn.Conv does so before it."""
    ref, mode = b.ref(a.input), getattr(b.paths.get(b.place.module), "padding_mode", "zeros")
    pad = ref.step.layer if isinstance(ref, Out) and ref.step.place.module == b.place.module else None
    if not isinstance(pad, core.Pad) or pad.mode != mode or len(pad.padding) != 2 * _axes(b, a) or any(a.padding):
        return a.input, a.padding if isinstance(a.padding, str) else _one(a.padding), "zeros"
    widths = pad.padding[::-1]
    pairs = tuple(zip(widths[1::2], widths[::2], strict=True))
    even = all(before == after for before, after in pairs)
    return ref.step.inputs[0], _one([before for before, _ in pairs]) if even else pairs, mode


@operation("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(b: Any, a: Any) -> Any:
    kind = (core.ConvTranspose1d, core.ConvTranspose2d, core.ConvTranspose3d)[_axes(b, a) - 1]
    _, out, *kernel = b.form(b.ref(a.weight)).axes
    layer = kind(
        out * a.groups,
        _one(kernel),
        stride=_one(a.stride),
        padding=_one(a.padding),
        output_padding=_one(a.output_padding),
        dilation=_one(a.dilation),
        groups=a.groups,
        bias=a.bias is not None,
    )
    return b.apply(layer, a.input, weights={"weight": a.weight, "bias": a.bias})


@operation("linear")
def linear(b: Any, a: Any) -> Any:
    out = b.form(b.ref(a.weight)).axes[0]
    layer = core.Linear(out, bias=a.bias is not None)
    return b.apply(layer, a.input, weights={"weight": a.weight, "bias": a.bias})


@operation("embedding")
def embedding(b: Any, a: Any) -> Any:
    rows, width = b.form(b.ref(a.weight)).axes
    row = None if a.padding_idx < 0 else a.padding_idx
    layer = core.Embedding(rows, width, padding_idx=row, scale_grad_by_freq=a.scale_grad_by_freq)
    return b.apply(layer, a.indices, weights={"weight": a.weight})


@operation("layer_norm")
def layer_norm(b: Any, a: Any) -> Any:
    affine = a.weight is not None
    layer = core.LayerNorm(
        axes=len(a.normalized_shape), eps=a.eps, elementwise_affine=affine, bias=affine and a.bias is not None
    )
    return b.apply(layer, a.input, weights={"weight": a.weight, "bias": a.bias})


@operation("native_layer_norm")
def native_layer_norm(b: Any, a: Any) -> Any:
    return [layer_norm(b, a), None, None]


@operation("rms_norm")
def rms_norm(b: Any, a: Any) -> Any:
    layer = core.RMSNorm(axes=len(a.normalized_shape), eps=a.eps, elementwise_affine=a.weight is not None)
    return b.apply(layer, a.input, weights={"weight": a.weight})


@operation("group_norm")
def group_norm(b: Any, a: Any) -> Any:
    layer = core.GroupNorm(a.num_groups, eps=a.eps, affine=a.weight is not None)
    return b.apply(layer, a.input, weights={"weight": a.weight, "bias": a.bias})


@operation("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(b: Any, a: Any) -> Any:
    return b.apply(_largest(b, a), a.input)


@operation("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def max_pool_with_indices(b: Any, a: Any) -> Any:
    return _with_indices(b, a, partial(_largest, b, a))


def _largest(b: Any, a: Any, **options: bool) -> Any:
    kind: Any = (core.MaxPool1d, core.MaxPool2d, core.MaxPool3d)[_axes(b, a) - 1]
    return kind(
        _one(a.kernel_size),
        stride=_one(a.stride or a.kernel_size),
        padding=_one(a.padding),
        dilation=_one(a.dilation),
        ceil_mode=a.ceil_mode,
        **options,
    )


def _with_indices(b: Any, a: Any, layer: Callable[..., Any]) -> Any:
    """Both outputs of an operation that has two always, where somebody reads the second."""
    if any(user.args[1] == 1 for user in a.node.users):
        return b.apply(layer(return_indices=True), a.input)
    return [b.apply(layer(), a.input), None]


@operation("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(b: Any, a: Any) -> Any:
    kind: Any = (core.AvgPool1d, core.AvgPool2d, core.AvgPool3d)[_axes(b, a) - 1]
    layer = kind(
        _one(a.kernel_size),
        stride=_one(a.stride or a.kernel_size),
        padding=_one(a.padding),
        ceil_mode=a.ceil_mode,
        count_include_pad=a.count_include_pad,
        **({} if getattr(a, "divisor_override", None) is None else {"divisor_override": a.divisor_override}),
    )
    return b.apply(layer, a.input)


@operation("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def adaptive_avg_pool(b: Any, a: Any) -> Any:
    kind = (core.AdaptiveAvgPool1d, core.AdaptiveAvgPool2d, core.AdaptiveAvgPool3d)[_axes(b, a) - 1]
    return b.apply(kind(_one(a.output_size)), a.input)


@operation("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(b: Any, a: Any) -> Any:
    kind = (core.AdaptiveMaxPool1d, core.AdaptiveMaxPool2d, core.AdaptiveMaxPool3d)[_axes(b, a) - 1]
    return _with_indices(b, a, partial(kind, _one(a.output_size)))


@operation("max_unpool2d", "max_unpool3d")
def max_unpool(b: Any, a: Any) -> Any:
    """The operation knows the sizes alone: windows one place apart have them."""
    kind = (core.MaxUnpool2d, core.MaxUnpool3d)[_axes(b, a) - 2]
    pooled = b.form(b.ref(a.input)).axes[2:]
    kernel = tuple(size - places + 1 for size, places in zip(a.output_size, pooled, strict=True))
    if min(kernel) < 1:
        raise Misfit("at least as many places as were pooled", f"{tuple(a.output_size)}", "")
    return b.apply(kind(kernel, stride=1), a.input, a.indices)


PLAIN = {
    "relu": core.ReLU,
    "relu6": core.ReLU6,
    "sigmoid": core.Sigmoid,
    "tanh": core.Tanh,
    "silu": core.SiLU,
    "hardswish": core.Hardswish,
    "hardsigmoid": core.Hardsigmoid,
    "mish": core.Mish,
    "selu": core.SELU,
}


def _enter(name: str, kind: Any) -> None:
    operation(name)(lambda b, a: b.apply(kind(), a.input))


for _name, _kind in PLAIN.items():
    _enter(_name, _kind)


SELU = (1.6732632423543772, 1.0507009873554805)
"""(alpha, scale) of an elu that is a selu in place."""


@operation("gelu")
def gelu(b: Any, a: Any) -> Any:
    return b.apply(core.GELU(approximate=a.approximate), a.input)


@operation("leaky_relu")
def leaky_relu(b: Any, a: Any) -> Any:
    return b.apply(core.LeakyReLU(negative_slope=float(a.negative_slope)), a.input)


@operation("elu")
def elu(b: Any, a: Any) -> Any:
    if a.input_scale != 1:
        raise Misfit("input_scale 1", f"input_scale={a.input_scale}", "")
    if (a.alpha, a.scale) == SELU:
        return b.apply(core.SELU(), a.input)
    y = b.apply(core.ELU(alpha=float(a.alpha)), a.input)
    return y if a.scale == 1 else b.apply(core.Number("mul", float(a.scale)), y)


@operation("prelu", "_prelu_kernel")
def prelu(b: Any, a: Any) -> Any:
    (count,) = b.form(b.ref(a.weight)).axes
    return b.apply(core.PReLU(num_parameters=count), a.input, weights={"weight": a.weight})


@operation("softplus")
def softplus(b: Any, a: Any) -> Any:
    return b.apply(core.Softplus(beta=float(a.beta), threshold=float(a.threshold)), a.input)


@operation("hardtanh")
def hardtanh(b: Any, a: Any) -> Any:
    if (a.min_val, a.max_val) == (0, 6):
        return b.apply(core.ReLU6(), a.input)
    return b.apply(core.Hardtanh(min_val=float(a.min_val), max_val=float(a.max_val)), a.input)


@operation("glu")
def glu(b: Any, a: Any) -> Any:
    return b.apply(core.GLU(dim=a.dim), a.input)


@operation("softmax.int", "_softmax")
def softmax(b: Any, a: Any) -> Any:
    return b.apply(core.Softmax(dim=a.dim), a.input)


@operation("log_softmax.int", "_log_softmax")
def log_softmax(b: Any, a: Any) -> Any:
    return b.apply(core.LogSoftmax(dim=a.dim), a.input)


@operation("native_dropout")
def native_dropout(b: Any, a: Any) -> Any:
    return [a.input if not a.train or a.p == 0 else b.apply(core.Dropout(a.p), a.input), None]


@operation("dropout")
def dropout(b: Any, a: Any) -> Any:
    return a.input if not a.train or a.p == 0 else b.apply(core.Dropout(a.p), a.input)


def _enter_resize(name: str, mode: str) -> None:
    def entry(b: Any, a: Any) -> Any:
        factors = getattr(a, "scale_factors", None)
        options: dict[str, Any] = {"mode": mode, "align_corners": bool(getattr(a, "align_corners", False))}
        if factors is not None:
            options["scale_factor"] = tuple(factors)
        else:
            options["size"] = tuple(a.form.axes[2:])
        if "_aa" in name:
            options["antialias"] = True
        return b.apply(core.Upsample(**options), a.input)

    operation(name)(entry)


for _name, _mode in {
    "upsample_nearest1d": "nearest",
    "upsample_nearest2d": "nearest",
    "upsample_nearest3d": "nearest",
    "_upsample_nearest_exact1d": "nearest-exact",
    "_upsample_nearest_exact2d": "nearest-exact",
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_bicubic2d": "bicubic",
    "upsample_trilinear3d": "trilinear",
    "_upsample_bilinear2d_aa": "bilinear",
    "_upsample_bicubic2d_aa": "bicubic",
}.items():
    _enter_resize(_name, _mode)
