"""What stands around an import: the mode of gradients, hooks, the module afterwards, caches, the census."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import isograd as ig
from imports.comparing import compare

X = torch.linspace(-1.0, 1.0, 12).reshape(3, 4)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm, self.calls = nn.Linear(4, 4), nn.BatchNorm1d(4, momentum=None), 0
        self.norm.eval()

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.last = x * 2
        y: Tensor = self.norm(self.layer(x))
        return y


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_an_import_is_the_same_in_every_mode_of_gradients(mode: Any) -> None:
    module = Block()
    with mode():
        model, _ = ig.from_torch(module, X)
    assert model == ig.from_torch(Block(), X)[0]


def test_an_import_leaves_the_module_as_it_was() -> None:
    module = Block().train()
    module.norm.eval()
    before = {path: values.clone() for path, values in module.state_dict().items()}
    ig.from_torch(module, X)
    assert (module.training, module.norm.training, module.norm.momentum, module.calls) == (True, False, None, 0)
    assert not hasattr(module, "last")
    assert all(torch.equal(values, before[path]) for path, values in module.state_dict().items())
    ig.from_torch(module, X)


@pytest.mark.parametrize(
    ("where", "path"),
    [
        (lambda m, hook: m.layer.register_full_backward_hook(hook), "layer"),
        (lambda m, hook: m.layer.register_full_backward_pre_hook(hook), "layer"),
        (lambda m, hook: m.layer.weight.register_hook(hook), "layer.weight"),
        (lambda m, hook: m.layer.bias.register_post_accumulate_grad_hook(hook), "layer.bias"),
    ],
)
def test_hooks_on_gradients_are_refused_by_their_place(where: Any, path: str) -> None:
    def hook(*given: Any) -> None:
        return None

    module = Block()
    where(module, hook)
    with pytest.raises(ig.SpecError) as error:
        ig.from_torch(module, X)
    line = hook.__code__.co_firstlineno
    assert str(error.value).splitlines()[0] == f"{path}, test_entrance.py:{line}"
    assert isinstance(pickle.loads(pickle.dumps(error.value)), ig.SpecError)


def test_a_checkpoint_is_what_it_computes_but_for_the_kind_whose_backward_is_its_own() -> None:
    """torch's older kind runs its forward without gradients: in a graph it would have none."""

    class Checked(Block):
        def __init__(self, reentrant: bool) -> None:
            super().__init__()
            self.reentrant = reentrant

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = checkpoint(super().forward, x, use_reentrant=self.reentrant)
            return y

    assert ig.from_torch(Checked(False), X)[0].to_json() == ig.from_torch(Block(), X)[0].to_json()
    with pytest.raises(ig.SpecError, match="CheckpointFunction"):
        ig.from_torch(Checked(True), X)


class Cached(nn.Module):
    def forward(self, x: Tensor, use_cache: bool = True) -> tuple[Tensor, Tensor | None]:
        return x * 2, x.exp() if use_cache else None


def test_caches_are_left_out_and_said_so_unless_they_are_asked_for() -> None:
    with pytest.warns(UserWarning, match="Cached is imported with use_cache=False"):
        model, _ = ig.from_torch(Cached(), X)
    assert len(model.graph(*model.input_shapes).outputs) == 1
    asked, _ = ig.from_torch(Cached(), X, example_kwargs={"use_cache": True})
    by_place, _ = ig.from_torch(Cached(), (X, True))
    assert len(asked.graph(*asked.input_shapes).outputs) == len(by_place.graph(*by_place.input_shapes).outputs) == 2


def test_the_census_counts_and_names_what_no_layer_computes() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.erfinv() + x * 2

    report = ig.from_torch(Odd(), X, report=True)
    assert not report.passed
    assert report.operations["erfinv.default"] == 2
    assert [name for name, _ in report.lacking] == ["erfinv.default"]
    assert "erfinv.default (no layer computes it) at the module itself, test_entrance.py" in str(report)
    assert ig.from_torch(Block(), X, report=True).passed


def test_outputs_that_are_no_batch_come_whole_from_predict() -> None:
    class Last(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return x.t(), x.mean(), x @ x.t()

    model, _ = ig.from_torch(Last(), X)
    for backend in ("numpy", "torch"):
        net = ig.build(model, backend=backend)
        x = np.ones((7, 4), np.float32)
        found, wanted = net.predict(x), net.forward(x, training=False)
        assert all(np.array_equal(y, same) for y, same in zip(found, wanted, strict=True))
        with pytest.raises(ig.ShapeError, match="cannot be joined"):
            net.predict(x, batch_size=4)


def test_the_comparison_sees_an_output_too_many() -> None:
    """What judges these imports must itself notice what is more or less than it should be."""

    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x * 2, x * 3

    class One(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * 2

    assert not compare(One(), (X,)).failed
    assert compare(One(), (X,), made=ig.from_torch(Two(), X)).failed
    assert compare(Two(), (X,), made=ig.from_torch(One(), X)).failed
