"""Nonlinearities with options, shuffles and measures of similarity: each is one layer."""

from __future__ import annotations

from typing import Any

from isograd.backends.torch_impl.importer.table import operation
from isograd.core import layers as core
from isograd.core.layers.base import Misfit


@operation("celu")
def celu(b: Any, a: Any) -> Any:
    return b.apply(core.CELU(alpha=float(a.alpha)), a.input)


@operation("log_sigmoid")
def log_sigmoid(b: Any, a: Any) -> Any:
    return b.apply(core.LogSigmoid(), a.input)


@operation("threshold")
def threshold(b: Any, a: Any) -> Any:
    return b.apply(core.Threshold(float(a.threshold), float(a.value)), a.input)


@operation("rrelu")
def rrelu(b: Any, a: Any) -> Any:
    if a.training != b.training:
        raise Misfit("slopes at random in training and their mean in evaluation", "the same in both", "")
    return b.apply(core.RReLU(lower=float(a.lower), upper=float(a.upper)), a.input)


@operation("channel_shuffle")
def channel_shuffle(b: Any, a: Any) -> Any:
    return b.apply(core.ChannelShuffle(a.groups), a.input)


@operation("pixel_shuffle")
def pixel_shuffle(b: Any, a: Any) -> Any:
    return b.apply(core.PixelShuffle(a.upscale_factor), a.input)


@operation("pixel_unshuffle")
def pixel_unshuffle(b: Any, a: Any) -> Any:
    return b.apply(core.PixelUnshuffle(a.downscale_factor), a.input)


@operation("cosine_similarity")
def cosine_similarity(b: Any, a: Any) -> Any:
    return b.apply(core.CosineSimilarity(dim=a.dim, eps=float(a.eps)), a.x1, a.x2)


@operation("pairwise_distance")
def pairwise_distance(b: Any, a: Any) -> Any:
    return b.apply(core.PairwiseDistance(p=float(a.p), eps=float(a.eps), keepdim=a.keepdim), a.x1, a.x2)


@operation("bilinear")
def bilinear(b: Any, a: Any) -> Any:
    layer = core.Bilinear(b.form(b.ref(a.weight)).axes[0], bias=a.bias is not None)
    return b.apply(layer, a.input1, a.input2, weights={"weight": a.weight, "bias": a.bias})
