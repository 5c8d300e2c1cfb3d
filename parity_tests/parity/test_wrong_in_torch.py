"""What PyTorch computes wrongly is written down in torch_impl another way, and here: the witness finds it guilty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.backends.torch_impl.layers import LAYERS
from isograd.core.parity.cases import Case
from isograd.core.parity.matching import TOLERANCE, difference
from isograd.core.parity.pair import Pair
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.suite import case_trial


class Directly(nn.Module):
    """functional.interpolate to a size, as it is."""

    def __init__(self, spec: ig.Upsample) -> None:
        super().__init__()
        self.spec = spec

    def forward(self, x: Tensor) -> Tensor:
        size: Any = self.spec.size
        return functional.interpolate(x, size, mode=self.spec.mode, antialias=True)


def blamed(pair: Pair, case: Case, dtype: str = "float64") -> tuple[str, str | None] | None:
    """(what differs first, who is guilty), or None where both sides agree."""
    _, culprit = compare_node(pair, case_trial(case, dtype, training=True))
    return None if culprit is None else (culprit.what, culprit.guilty)


def test_the_gradient_of_hardsigmoid_in_float64_is_a_sixth_of_float32(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(ig.Hardsigmoid(), ((3, 4),), "plain")
    assert blamed(pair, case) is None
    monkeypatch.setitem(LAYERS, ig.Hardsigmoid, lambda s, x: nn.Hardsigmoid())
    assert blamed(pair, case) == ("dx", "torch")
    assert blamed(pair, case, "float32") is None


def test_antialiased_images_of_width_one_hold_their_first_row_again_and_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(ig.Upsample(size=(3, 1), mode="bilinear", antialias=True), ((2, 5, 4),), "width one")
    assert blamed(pair, case) is None
    monkeypatch.setitem(LAYERS, ig.Upsample, lambda s, x: Directly(s))
    assert blamed(pair, case) == ("output", "torch")


REFUSED = [
    (ig.Upsample(scale_factor=1.3), (2, 3), {}),
    (ig.Upsample(scale_factor=(1.0, 2.3, 1.0)), (2, 2, 3, 2), {}),
    (ig.Upsample(scale_factor=1.3, mode="bicubic"), (2, 3, 3), {}),
    (ig.Upsample(scale_factor=(1.3, 0.7), mode="bilinear", antialias=True), (2, 3, 4), {"antialias": True}),
]


@pytest.mark.parametrize(("layer", "shape", "options"), REFUSED, ids=lambda given: str(given))
def test_a_resampling_is_refused_where_its_gradient_is_that_of_another(
    layer: ig.Upsample, shape: tuple[int, ...], options: dict[str, bool]
) -> None:
    with pytest.raises(ig.ShapeError, match="the gradient of another function"):
        ig.Sequential([layer], input_shape=shape)
    rng = np.random.default_rng(0)
    x, v = (torch.from_numpy(rng.normal(size=(2, *shape))) for _ in range(2))
    factor: Any = layer.scale_factor
    y = functional.interpolate(x.requires_grad_(), scale_factor=factor, mode=layer.mode, **options)
    moved = functional.interpolate(v, scale_factor=factor, mode=layer.mode, **options)  # it is linear
    dy = torch.from_numpy(rng.normal(size=y.shape))
    (dx,) = torch.autograd.grad(y, x, dy)
    slopes = [np.asarray((a * b).sum().item()) for a, b in ((dx, v), (dy, moved))]
    assert difference(*slopes).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize(("layer", "shape", "options"), REFUSED, ids=lambda given: str(given))
def test_the_size_that_the_message_names_is_taken(
    pair: Pair, layer: ig.Upsample, shape: tuple[int, ...], options: dict[str, bool]
) -> None:
    with pytest.raises(ig.ShapeError) as caught:
        ig.Sequential([layer], input_shape=shape)
    size = tuple(int(n) for n in caught.value.fix.removeprefix("size=(").rstrip("),").split(","))
    mended = ig.Upsample(size=size, mode=layer.mode, antialias=layer.antialias)
    assert blamed(pair, Case(mended, (shape,), "mended")) is None


def test_the_witness_takes_the_eps_of_the_dtype_that_is_judged(pair: Pair) -> None:
    """An engine that takes float64's in float32 is found guilty, and not the one that takes float32's."""
    right = STANDARD.operations[ig.RMSNorm]

    def always_float64(spec: ig.RMSNorm, p: Any, x: Any, *, run: Any) -> Any:
        return right(ig.RMSNorm(axes=spec.axes, eps=float(np.finfo(np.float64).eps)), p, x, run=run)

    operations = STANDARD.operations.overlaid({ig.RMSNorm: always_float64})
    wrong = replace(pair, left=NumpyBackend(replace(STANDARD, operations=operations)))
    case = Case(ig.RMSNorm(), ((5,),), "small values", scale=3e-4)
    assert blamed(wrong, case) is None
    assert blamed(wrong, case, "float32") == ("output", "numpy")
