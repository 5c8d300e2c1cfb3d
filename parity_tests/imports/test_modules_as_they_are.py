"""check_parity of a PyTorch module: its own code and hooks, whole and part by part, against its import in NumPy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

import isograd as ig
from imports.comparing import in_floats
from imports.modules import of_transformers
from imports.pitfalls.every import RIGHT, imported

FEW = (
    *("ActivatesAnAliasInPlace", "TakesChannelsLast", "DropsInEveryWay", "DropsAttentionInTraining", "RecursTimeFirst"),
    *("HasAHeadForTrainingAlone", "TiesItsHeadToItsEmbedding", "TakesAndGivesDicts", "CountsAllBatches"),
)
"""What differs most from a module called with a tensor; `test_every_…` takes all."""


def judged(name: str) -> Any:
    """A pitfall against its import, with two steps of an optimizer where its outputs can be targets."""
    pitfall, (module, model, weights) = RIGHT[name], imported(name, "float64")
    rows = pitfall.rows + 2
    args, kwargs = in_floats((pitfall.called(rows), dict(pitfall.keywords(rows))), "float64")
    inputs = [leaf.numpy() for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    y = ig.build(model, weights=weights, dtype="float64").forward(*inputs, training=True)
    outputs = y if isinstance(y, tuple) else (y,)
    asked: dict[str, Any] = {}
    if all(form.batch_first for form in model.graph(*model.input_shapes).out_forms) and outputs[0].dtype.kind == "f":
        losses = tuple(ig.MSELoss() if each.dtype.kind == "f" else None for each in outputs)
        targets = tuple(np.tanh(each) for each in outputs if each.dtype.kind == "f")
        asked = {"y": targets, "loss": losses, "optimizer": ig.SGD(0.05, momentum=0.9), "steps": 2}
    return ig.check_parity(module, args, kwargs=kwargs, against=model, weights=weights, **asked)


@pytest.mark.parametrize("name", FEW)
def test_a_module_computes_what_its_import_does(name: str) -> None:
    report = judged(name)
    assert report.passed, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RIGHT.keys() - set(FEW)))
def test_every_module_computes_what_its_import_does(name: str) -> None:
    report = judged(name)
    assert report.passed, str(report)


class Parts(nn.Module):
    """A part of each kind that has an option which shapes do not show."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(4)
        self.act, self.pool = nn.LeakyReLU(0.1), nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.gelu, self.norm, self.drop = nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.3)
        self.group, self.elu, self.head = nn.GroupNorm(2, 4), nn.ELU(0.5), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.act(self.bn(self.conv(x))))
        x = self.elu(self.group(x)).mean(-1).flatten(1)
        y: Tensor = self.head(self.drop(self.norm(self.gelu(x))))
        return y


def made(seed: int = 0) -> tuple[nn.Module, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Parts(), torch.randn(4, 2, 4, 4)


PLANTED = {
    "conv": ("padding_mode", "circular", "reflect"),
    "bn": ("momentum", 0.2, 0.1),
    "act": ("negative_slope", 0.01, 0.1),
    "pool": ("count_include_pad", True, False),
    "group": ("eps", 0.001, 1e-05),
    "elu": ("alpha", 1.0, 0.5),
    "gelu": ("approximate", "tanh", "none"),
    "norm": ("eps", 0.001, 1e-05),
    "drop": ("p", 0.4, 0.3),
}


@pytest.mark.parametrize("path", PLANTED)
def test_a_wrong_option_is_named_with_both_values(path: str) -> None:
    option, wrong, right = PLANTED[path]
    module, x = made()
    model, weights = ig.from_torch(module, x)
    record = json.loads(model.to_json())
    record["layers"][path][option] = wrong
    planted = ig.Model.from_json(json.dumps(record))
    report = ig.check_parity(module, x, against=planted, weights=weights, dtypes="float64")
    assert not report.passed
    assert report.culprit.path == path
    kind = type(getattr(module, path)).__name__
    said = f"{path} is {kind} with {option}={wrong!r} in the model, with {option}={right!r} in the module"
    assert report.culprit.because == said
    assert said in str(report)
    assert report.culprit.guilty is None


def test_another_kind_of_layer_is_named() -> None:
    module, x = made()
    model, weights = ig.from_torch(module, x)
    record = json.loads(model.to_json())
    record["layers"]["elu"] = {"layer": "SELU", "name": "elu"}
    report = ig.check_parity(
        module, x, against=ig.Model.from_json(json.dumps(record)), weights=weights, dtypes="float64"
    )
    assert report.culprit.because == "elu is SELU in the model, ELU in the module"


def test_what_a_hook_changes_is_the_modules_own() -> None:
    """A hook that is there when the module is imported is part of it; one that comes later is a difference."""
    module, x = made()
    module.norm.register_forward_hook(lambda part, args, y: y * 2)  # type: ignore[operator, union-attr]
    assert ig.check_parity(module, x, dtypes="float64").passed
    model, weights = ig.from_torch(module, x)
    module.act.register_forward_hook(lambda part, args, y: y + 1)  # type: ignore[operator, union-attr]
    report = ig.check_parity(module, x, against=model, weights=weights, dtypes="float64")
    assert (report.culprit.path, report.culprit.guilty) == ("act", "Parts")
    assert report.culprit.source.startswith("LeakyReLU.forward, activation.py:")


def test_steps_through_a_loss_are_the_modules_too() -> None:
    module, x = made()
    y = np.arange(4) % 3
    loss, optimizer = ig.CrossEntropyLoss(), ig.Adam(0.01)
    report = ig.check_parity(module, x, y, loss=loss, optimizer=optimizer, clip=ig.ClipNorm(0.1), steps=3, batch_size=2)
    assert report.passed, str(report)
    assert {row.stage for row in report.rows} >= {"node", "loss", "end to end", "clipping", "locked step", "free run"}
    assert {row.dtype for row in report.rows} == {"float64", "float32"}


def test_the_module_and_the_process_stay_as_they_were() -> None:
    module, x = made()
    module.train()
    held = {path: values.clone() for path, values in module.state_dict().items()}
    hooks = [len(part._forward_hooks) for part in module.modules()]
    drawn = torch.get_rng_state()
    ig.check_parity(module, x, np.arange(4) % 3, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1), steps=1)
    assert all(torch.equal(values, held[path]) for path, values in module.state_dict().items())
    assert module.training
    assert hooks == [len(part._forward_hooks) for part in module.modules()]
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(p.grad is None for p in module.parameters())


def test_a_dtype_that_the_module_does_not_compute_in_is_not_judged() -> None:
    module, model, weights = imported("TakesImagesOfBytes", "float32")
    x = RIGHT["TakesImagesOfBytes"].called(4)
    report = ig.check_parity(module, x, against=model, weights=weights)
    assert report.passed, str(report)
    assert {row.dtype for row in report.rows} == {"float32"}
    said = "not judged: 1 case of float64: the module computes in torch.float32, whatever its weights are"
    assert said in str(report)


class Masked(nn.Module):
    """A causal mask among its buffers, as booleans."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)
        self.register_buffer("mask", torch.tril(torch.ones(5, 5)).bool())
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        scores = (x @ x.mT).masked_fill(~self.mask, -1e9)
        y: Tensor = self.drop(self.head(scores.softmax(-1) @ x))
        return y


def test_a_buffer_of_booleans_is_what_the_model_holds_as_whole_numbers() -> None:
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    report = ig.check_parity(Masked(), x, optimizer=ig.SGD(0.1), loss=ig.MSELoss(), y=np.ones((3, 5, 4)), steps=2)
    assert report.passed, str(report)
    model, weights = ig.from_torch(Masked().eval(), x)
    traces = [ig.record(net, x.numpy()) for net in (Masked(), ig.build(model, weights))]
    assert "mask" not in [row.path for row in ig.diff(*traces).rows if row.failed]


def test_where_it_is_called_does_not_matter() -> None:
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    module = Masked()
    for around in (torch.no_grad(), torch.inference_mode()):
        with around:
            assert ig.check_parity(module, x, dtypes="float64").passed
            assert ("head.weight", "gradient") in {key[1:] for key in ig.record(module, torch.ones(3, 5, 4)).entries}


def resnet() -> tuple[nn.Module, Tensor, dict[str, Any]]:
    models = pytest.importorskip("torchvision").models
    return models.resnet18(num_classes=10), torch.randn(2, 3, 64, 64), {}


def gpt() -> tuple[nn.Module, Tensor, dict[str, Any]]:
    given = of_transformers("GPT-2")
    return given.module, given.args[0], {"kwargs": {"use_cache": False}}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "path"), [(resnet, "layer3.1.bn1"), (gpt, "transformer.h.1.ln_2")])
def test_a_wrong_option_of_a_known_network_is_named(make: Any, path: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module, x, named = make()
    model, weights = ig.from_torch(module, x, example_kwargs=named.get("kwargs"))
    right = ig.check_parity(module, x, against=model, weights=weights, dtypes="float64", **named)
    assert right.passed, str(right)
    record = json.loads(model.to_json())
    record["layers"][path]["eps"] = 0.001
    planted = ig.Model.from_json(json.dumps(record))
    report = ig.check_parity(module, x, against=planted, weights=weights, dtypes="float64", **named)
    assert report.culprit.path == path
    assert "with eps=0.001 in the model, with eps=1e-05 in the module" in report.culprit.because
