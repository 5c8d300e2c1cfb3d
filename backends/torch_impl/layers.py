"""One line a layer: what a PyTorch expert would write for each description.

Written down, never derived from the NumPy engine: a second witness must be independent.
`s` is the description, `x` the shapes of its inputs (one sample each).
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from isograd.backends.torch_impl import recurrent
from isograd.backends.torch_impl.attention import (
    Attention,
    GivenMaskAttention,
    GivenMaskScaledDotProduct,
    Positions,
    ScaledDotProduct,
)
from isograd.backends.torch_impl.exact import CELU, CosineSimilarity
from isograd.backends.torch_impl.modules import (
    Antialiased,
    BookDropout,
    Elementwise,
    EmbeddingBag,
    GivenMaskAlphaDropout,
    GivenMaskDropout,
    GivenSlopes,
    GlobalMean,
    Hardsigmoid,
    Joined,
    LastStep,
    OneHot,
    StochasticDepth,
    Unflattened,
    convolution,
    remembering,
    unbiased,
)
from isograd.backends.torch_impl.movers import (
    Along,
    CastTo,
    Counted,
    Expanded,
    Filled,
    Indexed,
    IndexWritten,
    Padded,
    Parts,
    Repeated,
    Sliced,
    SliceScattered,
    Stacked,
    Unpooled,
    Viewed,
)
from isograd.backends.torch_impl.recurrent import stack_of
from isograd.backends.torch_impl.tensors import (
    ASKED,
    PAIRS,
    UNARY,
    Applied,
    Divided,
    First,
    WithNumber,
    extreme,
    reduction,
)
from isograd.core import layers as core
from isograd.core.base.table import Table
from isograd.core.layers.pairs import DIVIDING

LAYERS = Table("torch_impl/layers.py")

GIVEN_MASKS = Table("torch_impl/layers.py, shared_randomness")
"""Layers that drop, with isograd's masks instead of PyTorch's: (description, path of the node, shapes) → module."""

LAYERS[core.Linear] = lambda s, x: nn.Linear(x[-1], s.out_features, bias=s.bias)
LAYERS[core.Bilinear] = lambda s, a, b: nn.Bilinear(a[-1], b[-1], s.out_features, bias=s.bias)
LAYERS[core.Flatten] = lambda s, x: nn.Flatten(s.start_dim, s.end_dim) if x else Unflattened((1,))
LAYERS[core.Reshape] = lambda s, x: Unflattened(s.shape)
LAYERS[core.Unflatten] = lambda s, x: nn.Unflatten(s.dim, s.unflattened_size)
LAYERS[core.Identity] = lambda s, x: nn.Identity()
LAYERS[core.Dropout] = lambda s, x: nn.Dropout(s.p) if s.scale == "training" else BookDropout(s.p)

LAYERS[core.Dropout1d] = lambda s, x: nn.Dropout1d(s.p) if s.scale == "training" else BookDropout(s.p, channels=True)
LAYERS[core.Dropout2d] = lambda s, x: nn.Dropout2d(s.p) if s.scale == "training" else BookDropout(s.p, channels=True)
LAYERS[core.Dropout3d] = lambda s, x: nn.Dropout3d(s.p) if s.scale == "training" else BookDropout(s.p, channels=True)
LAYERS[core.StochasticDepth] = lambda s, x: StochasticDepth(s)

LAYERS[core.AlphaDropout] = lambda s, x: nn.AlphaDropout(s.p)
LAYERS[core.FeatureAlphaDropout] = lambda s, x: nn.FeatureAlphaDropout(s.p)

LAYERS[core.Conv1d] = lambda s, x: convolution(nn.Conv1d, s, x[0])
LAYERS[core.Conv2d] = lambda s, x: convolution(nn.Conv2d, s, x[0])
LAYERS[core.Conv3d] = lambda s, x: convolution(nn.Conv3d, s, x[0])
LAYERS[core.ConvTranspose1d] = lambda s, x: nn.ConvTranspose1d(
    x[0], s.out_channels, s.kernel_size, s.stride, s.padding, s.output_padding, s.groups, s.bias, s.dilation
)
LAYERS[core.ConvTranspose2d] = lambda s, x: nn.ConvTranspose2d(
    x[0], s.out_channels, s.kernel_size, s.stride, s.padding, s.output_padding, s.groups, s.bias, s.dilation
)
LAYERS[core.ConvTranspose3d] = lambda s, x: nn.ConvTranspose3d(
    x[0], s.out_channels, s.kernel_size, s.stride, s.padding, s.output_padding, s.groups, s.bias, s.dilation
)

LAYERS[core.MaxPool1d] = lambda s, x: nn.MaxPool1d(
    s.kernel_size, s.stride, s.padding, s.dilation, s.return_indices, s.ceil_mode
)
LAYERS[core.MaxPool2d] = lambda s, x: nn.MaxPool2d(
    s.kernel_size, s.stride, s.padding, s.dilation, s.return_indices, s.ceil_mode
)
LAYERS[core.MaxPool3d] = lambda s, x: nn.MaxPool3d(
    s.kernel_size, s.stride, s.padding, s.dilation, s.return_indices, s.ceil_mode
)
LAYERS[core.AvgPool1d] = lambda s, x: nn.AvgPool1d(s.kernel_size, s.stride, s.padding, s.ceil_mode, s.count_include_pad)
LAYERS[core.AvgPool2d] = lambda s, x: nn.AvgPool2d(
    s.kernel_size, s.stride, s.padding, s.ceil_mode, s.count_include_pad, s.divisor_override
)
LAYERS[core.AvgPool3d] = lambda s, x: nn.AvgPool3d(
    s.kernel_size, s.stride, s.padding, s.ceil_mode, s.count_include_pad, s.divisor_override
)
LAYERS[core.LPPool1d] = lambda s, x: nn.LPPool1d(s.norm_type, s.kernel[0], s.stride, s.ceil_mode)
LAYERS[core.LPPool2d] = lambda s, x: nn.LPPool2d(s.norm_type, s.kernel_size, s.stride, s.ceil_mode)
LAYERS[core.LPPool3d] = lambda s, x: nn.LPPool3d(s.norm_type, s.kernel_size, s.stride, s.ceil_mode)
LAYERS[core.MaxUnpool1d] = lambda s, *x: Unpooled(nn.MaxUnpool1d(s.kernel_size, s.stride, s.padding), s)
LAYERS[core.MaxUnpool2d] = lambda s, *x: Unpooled(nn.MaxUnpool2d(s.kernel_size, s.stride, s.padding), s)
LAYERS[core.MaxUnpool3d] = lambda s, *x: Unpooled(nn.MaxUnpool3d(s.kernel_size, s.stride, s.padding), s)
LAYERS[core.AdaptiveAvgPool1d] = lambda s, x: nn.AdaptiveAvgPool1d(s.output_size)
LAYERS[core.AdaptiveAvgPool2d] = lambda s, x: nn.AdaptiveAvgPool2d(s.output_size)
LAYERS[core.AdaptiveAvgPool3d] = lambda s, x: nn.AdaptiveAvgPool3d(s.output_size)
LAYERS[core.AdaptiveMaxPool1d] = lambda s, x: nn.AdaptiveMaxPool1d(s.output_size, s.return_indices)
LAYERS[core.AdaptiveMaxPool2d] = lambda s, x: nn.AdaptiveMaxPool2d(s.output_size, s.return_indices)
LAYERS[core.AdaptiveMaxPool3d] = lambda s, x: nn.AdaptiveMaxPool3d(s.output_size, s.return_indices)
LAYERS[core.GlobalAvgPool] = lambda s, x: GlobalMean()
LAYERS[core.Upsample] = lambda s, x: (
    Antialiased(s, x)
    if s.antialias
    else nn.Upsample(
        s.size, s.scale_factor, s.mode, s.align_corners if s.way.weighs else None, s.recompute_scale_factor or None
    )
)
LAYERS[core.UpsamplingNearest2d] = lambda s, x: nn.UpsamplingNearest2d(s.size, s.scale_factor)
LAYERS[core.UpsamplingBilinear2d] = lambda s, x: nn.UpsamplingBilinear2d(s.size, s.scale_factor)
LAYERS[core.ConstantPad1d] = lambda s, x: nn.ConstantPad1d(s.padding, s.value)
LAYERS[core.ConstantPad2d] = lambda s, x: nn.ConstantPad2d(s.padding, s.value)
LAYERS[core.ConstantPad3d] = lambda s, x: nn.ConstantPad3d(s.padding, s.value)
LAYERS[core.ZeroPad1d] = lambda s, x: nn.ZeroPad1d(s.padding)
LAYERS[core.ZeroPad2d] = lambda s, x: nn.ZeroPad2d(s.padding)
LAYERS[core.ZeroPad3d] = lambda s, x: nn.ZeroPad3d(s.padding)
LAYERS[core.ReflectionPad1d] = lambda s, x: nn.ReflectionPad1d(s.padding)
LAYERS[core.ReflectionPad2d] = lambda s, x: nn.ReflectionPad2d(s.padding)
LAYERS[core.ReflectionPad3d] = lambda s, x: nn.ReflectionPad3d(s.padding)
LAYERS[core.ReplicationPad1d] = lambda s, x: nn.ReplicationPad1d(s.padding)
LAYERS[core.ReplicationPad2d] = lambda s, x: nn.ReplicationPad2d(s.padding)
LAYERS[core.ReplicationPad3d] = lambda s, x: nn.ReplicationPad3d(s.padding)
LAYERS[core.CircularPad1d] = lambda s, x: nn.CircularPad1d(s.padding)
LAYERS[core.CircularPad2d] = lambda s, x: nn.CircularPad2d(s.padding)
LAYERS[core.CircularPad3d] = lambda s, x: nn.CircularPad3d(s.padding)

LAYERS[core.BatchNorm1d] = lambda s, x: remembering(nn.BatchNorm1d, s, x[0])
LAYERS[core.BatchNorm2d] = lambda s, x: remembering(nn.BatchNorm2d, s, x[0])
LAYERS[core.BatchNorm3d] = lambda s, x: remembering(nn.BatchNorm3d, s, x[0])
LAYERS[core.InstanceNorm1d] = lambda s, x: remembering(nn.InstanceNorm1d, s, x[0])
LAYERS[core.InstanceNorm2d] = lambda s, x: remembering(nn.InstanceNorm2d, s, x[0])
LAYERS[core.InstanceNorm3d] = lambda s, x: remembering(nn.InstanceNorm3d, s, x[0])
LAYERS[core.LayerNorm] = lambda s, x: nn.LayerNorm(x[-s.axes :], s.eps, s.elementwise_affine, s.bias)
LAYERS[core.RMSNorm] = lambda s, x: nn.RMSNorm(x[-s.axes :], s.eps, s.elementwise_affine)
LAYERS[core.GroupNorm] = lambda s, x: nn.GroupNorm(s.num_groups, x[0], s.eps, s.affine, **unbiased(s))
LAYERS[core.LocalResponseNorm] = lambda s, x: nn.LocalResponseNorm(s.size, s.alpha, s.beta, s.k)

LAYERS[core.Embedding] = lambda s, x: nn.Embedding(
    s.num_embeddings, s.embedding_dim, s.padding_idx, scale_grad_by_freq=s.scale_grad_by_freq
)
LAYERS[core.EmbeddingBag] = lambda s, *x: EmbeddingBag(
    s.num_embeddings,
    s.embedding_dim,
    scale_grad_by_freq=s.scale_grad_by_freq,
    mode=s.mode,
    padding_idx=s.padding_idx,
)
LAYERS[core.OneHot] = lambda s, x: OneHot(s.num_classes)
LAYERS[core.LastStep] = lambda s, *x: LastStep()

LAYERS[core.RNN] = lambda s, x, *rest: stack_of(recurrent.RNN, s, x[1], nonlinearity=s.nonlinearity)
LAYERS[core.GRU] = lambda s, x, *rest: stack_of(
    recurrent.GRU if s.reset == "after" else recurrent.ResetFirstGRU, s, x[1]
)
LAYERS[core.LSTM] = lambda s, x, *rest: stack_of(recurrent.LSTM, s, x[1], proj_size=s.proj_size)
LAYERS[core.RNNCell] = lambda s, x, *h: nn.RNNCell(x[0], s.hidden_size, s.bias, s.nonlinearity)
LAYERS[core.GRUCell] = lambda s, x, *h: (nn.GRUCell if s.reset == "after" else recurrent.ResetFirstGRUCell)(
    x[0], s.hidden_size, s.bias
)
LAYERS[core.LSTMCell] = lambda s, x, *h: recurrent.LSTMCell(x[0], s.hidden_size, s.bias)

LAYERS[core.MultiheadAttention] = lambda s, *x: Attention(s, *x)
LAYERS[core.PositionalEncoding] = lambda s, x: Positions(s, x)

LAYERS[core.Sigmoid] = lambda s, x: nn.Sigmoid()
LAYERS[core.Tanh] = lambda s, x: nn.Tanh()
LAYERS[core.ReLU] = lambda s, x: nn.ReLU()
LAYERS[core.ReLU6] = lambda s, x: nn.ReLU6()
LAYERS[core.Hardtanh] = lambda s, x: nn.Hardtanh(s.min_val, s.max_val)
LAYERS[core.Hardsigmoid] = lambda s, x: Hardsigmoid()
LAYERS[core.Hardswish] = lambda s, x: nn.Hardswish()
LAYERS[core.LeakyReLU] = lambda s, x: nn.LeakyReLU(s.negative_slope)
LAYERS[core.PReLU] = lambda s, x: nn.PReLU(s.num_parameters, s.init)
LAYERS[core.ELU] = lambda s, x: nn.ELU(s.alpha)
LAYERS[core.CELU] = lambda s, x: nn.CELU() if s.alpha == 1 else CELU(s.alpha)
LAYERS[core.RReLU] = lambda s, x: nn.RReLU(s.lower, s.upper)
LAYERS[core.SELU] = lambda s, x: nn.SELU()
LAYERS[core.GELU] = lambda s, x: nn.GELU(approximate=s.approximate)
LAYERS[core.SiLU] = lambda s, x: nn.SiLU()
LAYERS[core.Mish] = lambda s, x: nn.Mish()
LAYERS[core.GLU] = lambda s, x: nn.GLU(s.dim)
LAYERS[core.LogSigmoid] = lambda s, x: nn.LogSigmoid()
LAYERS[core.Softplus] = lambda s, x: nn.Softplus(s.beta, s.threshold)
LAYERS[core.Softmax] = lambda s, x: nn.Softmax(s.dim)
LAYERS[core.LogSoftmax] = lambda s, x: nn.LogSoftmax(s.dim)
LAYERS[core.Softmin] = lambda s, x: nn.Softmin(s.dim)
LAYERS[core.Softsign] = lambda s, x: nn.Softsign()
LAYERS[core.Softshrink] = lambda s, x: nn.Softshrink(s.lambd)
LAYERS[core.Hardshrink] = lambda s, x: nn.Hardshrink(s.lambd)
LAYERS[core.Tanhshrink] = lambda s, x: nn.Tanhshrink()
LAYERS[core.Threshold] = lambda s, x: nn.Threshold(s.threshold, s.value)

LAYERS[core.CosineSimilarity] = lambda s, *x: CosineSimilarity(s.dim, s.eps)
LAYERS[core.PairwiseDistance] = lambda s, *x: nn.PairwiseDistance(s.p, s.eps, s.keepdim)
LAYERS[core.ChannelShuffle] = lambda s, x: nn.ChannelShuffle(s.groups)
LAYERS[core.PixelShuffle] = lambda s, x: nn.PixelShuffle(s.upscale_factor)
LAYERS[core.PixelUnshuffle] = lambda s, x: nn.PixelUnshuffle(s.downscale_factor)

LAYERS[core.Add] = lambda s, *x: Elementwise(torch.add)
LAYERS[core.Subtract] = lambda s, *x: Elementwise(torch.sub)
LAYERS[core.Multiply] = lambda s, *x: Elementwise(torch.mul)
LAYERS[core.MatMul] = lambda s, *x: Elementwise(torch.matmul)
LAYERS[core.Concat] = lambda s, *x: Joined(s.dim)

LAYERS[core.Unary] = lambda s, x: Applied(UNARY[s.function])
LAYERS[core.Clamp] = lambda s, x: Applied(torch.clamp, min=s.min, max=s.max)
LAYERS[core.Number] = lambda s, x: WithNumber(s)
LAYERS[core.Binary] = lambda s, a, b: Divided(s) if s.function in DIVIDING else Applied(PAIRS[s.function])
LAYERS[core.Compare] = lambda s, *x: Applied(ASKED[s.function], **({} if s.number is None else {"other": s.number}))
LAYERS[core.Logic] = lambda s, *x: Applied(ASKED[s.function])
LAYERS[core.Where] = lambda s, *x: Applied(torch.where)
LAYERS[core.MaskedFill] = lambda s, *x: Applied(torch.masked_fill, value=s.value)
LAYERS[core.Reduce] = lambda s, x: reduction(s)
LAYERS[core.CumSum] = lambda s, x: Applied(torch.cumsum, dim=s.dim)
LAYERS[core.CumProd] = lambda s, x: Applied(torch.cumprod, dim=s.dim)
LAYERS[core.MaxDim] = lambda s, x: extreme(s)
LAYERS[core.MinDim] = lambda s, x: extreme(s)
LAYERS[core.ArgMax] = lambda s, x: Applied(torch.argmax, dim=s.dim, keepdim=s.keepdim)
LAYERS[core.ArgMin] = lambda s, x: Applied(torch.argmin, dim=s.dim, keepdim=s.keepdim)
LAYERS[core.Sort] = lambda s, x: Applied(torch.sort, dim=s.dim, descending=s.descending, stable=True)
LAYERS[core.ArgSort] = lambda s, x: Applied(torch.argsort, dim=s.dim, descending=s.descending, stable=True)
LAYERS[core.TopK] = lambda s, x: First(s)
LAYERS[core.Einsum] = lambda s, *x: Applied(partial(torch.einsum, s.equation))
LAYERS[core.ScaledDotProductAttention] = lambda s, *x: ScaledDotProduct(s)
LAYERS[core.Permute] = lambda s, x: Applied(torch.permute, s.dims)
LAYERS[core.View] = lambda s, *x: Viewed(s)
LAYERS[core.Expand] = lambda s, *x: Expanded(s)
LAYERS[core.Flip] = lambda s, x: Applied(torch.flip, s.dims)
LAYERS[core.Roll] = lambda s, x: Applied(torch.roll, s.shifts, s.dims)
LAYERS[core.Repeat] = lambda s, *x: Repeated(s)
LAYERS[core.RepeatInterleave] = lambda s, x: Applied(torch.repeat_interleave, s.repeats, s.dim)
LAYERS[core.Tril] = lambda s, x: Applied(torch.tril, s.diagonal)
LAYERS[core.Triu] = lambda s, x: Applied(torch.triu, s.diagonal)

LAYERS[core.Slice] = lambda s, x: Sliced(s.dim, s.key)
LAYERS[core.Select] = lambda s, x: Applied(torch.select, s.dim, s.index)
LAYERS[core.SliceScatter] = lambda s, *x: SliceScattered(s.dim, s.key)
LAYERS[core.SelectScatter] = lambda s, *x: Applied(torch.select_scatter, s.dim, s.index)
LAYERS[core.Split] = lambda s, x: Parts(s)
LAYERS[core.Stack] = lambda s, *x: Stacked(s.dim)
LAYERS[core.UnfoldDim] = lambda s, x: Applied(Tensor.unfold, s.dim, s.size, s.step)
LAYERS[core.Pad] = lambda s, x: Padded(s)
LAYERS[core.Unfold] = lambda s, x: nn.Unfold(s.kernel_size, s.dilation, s.padding, s.stride)
LAYERS[core.Fold] = lambda s, x: nn.Fold(s.output_size, s.kernel_size, s.dilation, s.padding, s.stride)

LAYERS[core.Gather] = lambda s, *x: Along(s, torch.gather)
LAYERS[core.IndexSelect] = lambda s, *x: Along(s, torch.index_select)
LAYERS[core.Index] = lambda s, *x: Indexed(s)
LAYERS[core.IndexPut] = lambda s, *x: IndexWritten(s)
LAYERS[core.Scatter] = lambda s, *x: Along(s, torch.scatter)
LAYERS[core.ScatterAdd] = lambda s, *x: Along(s, torch.scatter_add)

LAYERS[core.Full] = lambda s, *x: Filled(s)
LAYERS[core.Arange] = lambda s, *x: Counted(s)
LAYERS[core.Cast] = lambda s, x: CastTo(s.kind)
LAYERS[core.StopGradient] = lambda s, x: Applied(Tensor.detach)

GIVEN_MASKS[core.Dropout] = lambda s, path, x: GivenMaskDropout(s, path)
GIVEN_MASKS[core.Dropout1d] = lambda s, path, x: GivenMaskDropout(s, path)
GIVEN_MASKS[core.Dropout2d] = lambda s, path, x: GivenMaskDropout(s, path)
GIVEN_MASKS[core.Dropout3d] = lambda s, path, x: GivenMaskDropout(s, path)
GIVEN_MASKS[core.AlphaDropout] = lambda s, path, x: GivenMaskAlphaDropout(s, path)
GIVEN_MASKS[core.FeatureAlphaDropout] = lambda s, path, x: GivenMaskAlphaDropout(s, path)
GIVEN_MASKS[core.RReLU] = lambda s, path, x: GivenSlopes(s, path)
GIVEN_MASKS[core.StochasticDepth] = lambda s, path, x: StochasticDepth(s, path)
GIVEN_MASKS[core.RNN] = lambda s, path, x, *rest: stack_of(
    recurrent.LayeredRNN, s, x[1], path, nonlinearity=s.nonlinearity
)
GIVEN_MASKS[core.GRU] = lambda s, path, x, *rest: stack_of(
    recurrent.LayeredGRU if s.reset == "after" else recurrent.ResetFirstGRU, s, x[1], path
)
GIVEN_MASKS[core.LSTM] = lambda s, path, x, *rest: stack_of(recurrent.LayeredLSTM, s, x[1], path, proj_size=s.proj_size)
GIVEN_MASKS[core.ScaledDotProductAttention] = lambda s, path, *x: GivenMaskScaledDotProduct(s, path)
GIVEN_MASKS[core.MultiheadAttention] = lambda s, path, *x: GivenMaskAttention(s, path, *x)
