"""What is recorded of an nn.Module: every part, call by call; beside its import, and beside another module."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import isograd as ig

BATCH, LABELS = 4, np.array([0, 1, 2, 3])
LOSS, ADAM = ig.CrossEntropyLoss(), ig.Adam(0.01)
DTYPES = {"float64": torch.float64, "float32": torch.float32}


class Block(nn.Module):
    """A residual block: one ReLU twice, in place; statistics, dropout, and an addition of its own."""

    def __init__(self, channels: int, act: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act = act or nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        return self.act(self.drop(self.bn2(self.conv2(y))) + x)


class Net(nn.Module):
    def __init__(self, act: nn.Module | None = None) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.blocks = nn.Sequential(Block(8, act), Block(8))
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def seeded(make: Any, dtype: str = "float64") -> Any:
    torch.manual_seed(1)
    return make().to(DTYPES[dtype])


def images(dtype: str = "float64") -> Tensor:
    return torch.from_numpy(np.random.default_rng(2).normal(size=(BATCH, 3, 7, 7))).to(DTYPES[dtype])


def record(module: nn.Module, x: Any, **asked: Any) -> ig.Trace:
    given: dict[str, Any] = {"targets": LABELS, "loss": LOSS, "optimizer": ADAM, "steps": 2}
    return ig.record(module, x, **{**given, **asked})


@pytest.fixture(scope="module", params=list(DTYPES))
def trained(request: pytest.FixtureRequest) -> tuple[ig.Trace, ig.Trace]:
    """A module, and its import in NumPy."""
    module, x = seeded(Net, request.param), images(request.param)
    model, weights = ig.from_torch(module, (x,))
    imported = ig.build(model, weights, dtype=request.param)
    training: dict[str, Any] = {"targets": LABELS, "loss": LOSS, "optimizer": ADAM, "steps": 2}
    return record(module, x), ig.record(imported, x.numpy(), **training)


def test_a_module_and_its_import_agree_dropout_and_steps_included(trained: tuple[ig.Trace, ig.Trace]) -> None:
    report = ig.diff(*trained)
    assert report.passed, report
    compared = {(row.path, row.what) for row in report.rows}
    assert {("blocks.0.act#2", "output"), ("blocks.1.drop", "output"), ("stem.weight", "gradient")} <= compared
    assert {("blocks.0.bn1.running_mean", "buffer"), ("input", "dx"), ("head.bias", "exp_avg_sq")} <= compared
    left_out = {each.why.split(" such ")[1]: each.what for each in report.not_judged if each.stage == "end to end"}
    assert left_out["outputs"] == "blocks.0.add, blocks.1.add, reduce"
    assert left_out["inputs"] == "blocks.0.act#2, blocks.1.act#2, head"
    assert float((trained[0]["blocks.0.drop"]["training output"] == 0).mean()) > 0.1


def test_what_is_kept_of_a_module(trained: tuple[ig.Trace, ig.Trace]) -> None:
    trace = trained[0]
    assert trace.origin.kind == "module"
    assert trace.origin.masks == "paths"
    assert list(trace.nodes)[:4] == ["stem", "blocks.0.conv1", "blocks.0.bn1", "blocks.0.act"]
    assert trace.nodes["blocks.0.act"].layer == "ReLU(inplace=True)"
    assert trace.nodes["blocks.0.act"].reads == (("blocks.0.bn1", "output"),)
    assert trace.nodes["blocks.0"].reads == (("blocks.0.act#2", "output"),)
    assert trace.nodes["model"].layer == "Net()"
    assert set(trace["blocks.0"]) == {
        "evaluation output",
        "training output",
        "training dy",
        "training dy of the loss",
    }
    assert np.array_equal(trace["blocks"]["evaluation output"], trace["blocks.1"]["evaluation output"])


def state_of(module: nn.Module) -> list[bytes]:
    held = [*module.state_dict().values(), *(p.grad for p in module.parameters() if p.grad is not None)]
    return [values.numpy().tobytes() for values in held]


def test_a_module_and_the_generators_stay_as_they_are() -> None:
    module, x = seeded(Net, "float32"), images("float32").requires_grad_()
    module(x).sum().backward()
    module.blocks[1].eval()
    hooks: list[str] = []
    module.stem.register_forward_hook(lambda *given: hooks.append("called"))
    before, modes = state_of(module), [part.training for part in module.modules()]
    drawn = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    kept = x.detach().clone(), x.grad.clone() if x.grad is not None else None
    first = record(module, x)
    assert state_of(module) == before
    assert [part.training for part in module.modules()] == modes
    assert not any(part._forward_pre_hooks for part in module.modules())
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == drawn[1:]  # type: ignore[index]
    assert torch.equal(x.detach(), kept[0])
    assert kept[1] is not None
    assert x.grad is not None
    assert torch.equal(x.grad, kept[1])
    assert record(module, x).entries == first.entries
    assert first.origin.repeats


def first_culprit(theirs: nn.Module, mine: nn.Module, **asked: Any) -> tuple[str, str, str | None, str]:
    mine.load_state_dict(theirs.state_dict(), strict=False)
    report = ig.diff(record(theirs, images(), **asked), record(mine, images(), **asked))
    assert not report.passed
    culprit = report.culprit
    assert culprit is not None
    return culprit.path, culprit.what, culprit.inherited, culprit.because


class Largest(Net):
    """Takes the largest where the other takes the mean."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).amax((2, 3)))


class Shifted(Net):
    """Adds after the head, in its own code."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.01


class Detached(Net):
    """Nothing flows back into the stem."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x).detach()).mean((2, 3)))


def test_a_port_with_another_option_is_found_at_it_and_both_are_said() -> None:
    theirs, mine = seeded(lambda: Net(nn.GELU())), seeded(lambda: Net(nn.GELU(approximate="tanh")))
    path, what, inherited, because = first_culprit(theirs, mine)
    assert (path, what, inherited) == ("blocks.0.act", "output", None)
    assert because.startswith("what enters it is equal; Net of 20")
    assert "has GELU(approximate='none'), Net of 20" in because
    assert because.endswith("GELU(approximate='tanh')")


def test_code_between_the_parts_is_found_by_what_enters_the_next() -> None:
    because = "what is compared before it is equal: it is the code that calls head"
    assert first_culprit(seeded(Net), seeded(Largest)) == ("head", "input", None, because)


def test_a_containers_own_code_is_its_own() -> None:
    assert first_culprit(seeded(Net), seeded(Shifted))[:2] == ("model", "output")


def test_what_flows_back_is_found_where_it_stops() -> None:
    path, what, inherited, because = first_culprit(seeded(Net), seeded(Detached))
    assert (path, what, inherited) == ("stem.bias", "gradient", None)
    assert because.startswith("outputs, and the gradients nearer to the end, are equal")


def test_statistics_that_move_otherwise_are_found_as_buffers() -> None:
    mine = seeded(Net)
    mine.blocks[1].bn2.momentum = 0.2
    path, what, inherited, because = first_culprit(seeded(Net), mine)
    assert (path, what, inherited) == ("blocks.1.bn2.running_mean", "buffer", None)
    assert "momentum=0.1" in because
    assert "momentum=0.2" in because


class Functional(nn.Module):
    """Dropout by a function, twice; two outputs in a dictionary, one of them whole numbers; arguments by name."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(6, 6)
        self.model = nn.Linear(6, 3)

    def forward(self, x: Tensor, *, scale: Tensor | None = None, power: int = 1) -> dict[str, Tensor]:
        h = functional.dropout(torch.tanh(self.inner(x)), 0.3, self.training)
        h = h if scale is None else h * scale**power
        y = self.model(functional.dropout(h, 0.1, self.training))
        return {"logits": y, "best": y.argmax(1)}


def test_any_structure_goes_in_and_comes_out_and_functions_drop_alike() -> None:
    module, x = seeded(Functional), torch.from_numpy(np.random.default_rng(0).normal(size=(5, 6)))
    scale = torch.rand(5, 6, dtype=torch.float64)
    trace = ig.record(module, x, kwargs={"scale": scale, "power": 2})
    assert [path for section, path, _ in trace.entries if section == "evaluation"] == [
        "inner",
        "model_",
        "model_",
        "model",
        "model",
    ]
    assert trace["model"]["training output1"].dtype == np.int64
    assert set(trace["input"]) == {"training dx", "training dx1"}
    model, weights = ig.from_torch(module, (x,), example_kwargs={"scale": scale, "power": 2})
    imported = ig.build(model, weights, dtype="float64")
    report = ig.diff(trace, ig.record(imported, (x.numpy(), scale.numpy())))
    assert report.passed, report


class NoGraph(nn.Module):
    """What no import takes: another path for other values; its dropout is a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        y = functional.dropout(y, 0.5, self.training)
        return self.second(y) if float(x.detach().sum()) > 0 else -y


class Ported(NoGraph):
    """The same in other words."""

    def forward(self, x: Tensor) -> Tensor:
        y = functional.dropout(self.first(x), 0.5, self.training)
        return -y if float(x.detach().sum()) <= 0 else self.second(y)


def test_a_module_that_is_no_graph_is_recorded_its_masks_by_their_order() -> None:
    x = torch.ones(2, 3)
    theirs, mine = seeded(NoGraph, "float32"), seeded(Ported, "float32")
    traces = [ig.record(module, x) for module in (theirs, mine)]
    assert [trace.origin.masks for trace in traces] == ["order", "order"]
    assert ig.diff(*traces).passed
    assert (traces[0]["model"]["training output"] != traces[0]["model"]["evaluation output"]).any()


def test_masks_by_order_are_for_parts_of_other_names() -> None:
    class Other(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.add_module(name, nn.Dropout(0.5))
            self.part = name

        def forward(self, x: Tensor) -> Tensor:
            return self.get_submodule(self.part)(x)

    x = torch.ones(3, 5)
    by_paths = [ig.record(Other(name), x) for name in ("drop", "dropout")]
    assert not ig.diff(*by_paths, rename={"drop": "dropout"}).passed
    by_order = [ig.record(Other(name), x, masks="order") for name in ("drop", "dropout")]
    assert ig.diff(*by_order, rename={"drop": "dropout"}).passed


def test_a_module_that_names_float32_itself_is_recorded_all_the_same() -> None:
    class Casting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.part(x.to(torch.float32))

    trace = ig.record(seeded(Casting, "float32"), torch.ones(2, 3))
    assert ig.diff(trace, trace).passed


def test_what_is_written_in_place_between_parts_is_an_input_of_its_own() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.second(self.first(x).mul_(2))

    trace = ig.record(seeded(InPlace, "float32"), torch.ones(2, 3))
    assert trace.nodes["second"].reads[0] == ("second", "input")
    assert np.array_equal(trace["second"]["training input"], 2 * trace["first"]["training output"])
    assert "training dy" not in trace["first"]


def test_frozen_parameters_and_tied_weights_stand_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(7, 4)
            self.out = nn.Linear(4, 7)
            self.out.weight = self.embed.weight
            self.out.bias.requires_grad_(False)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.embed(x).mean(1))

    module, x = seeded(Tied, "float32"), torch.tensor([[1, 2], [3, 6]])
    trace = ig.record(module, x)
    assert [path for _, path, what in trace.entries if what == "gradient"] == ["embed.weight"]
    assert set(trace["out.bias"]) == {"start weight", "training buffer"}
    model, weights = ig.from_torch(module, (x,))
    assert ig.diff(trace, ig.record(ig.build(model, weights), x.numpy())).passed
