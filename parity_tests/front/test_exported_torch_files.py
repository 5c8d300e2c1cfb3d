"""What `ig.export(…, "torch", …)` writes: run where there is no isograd, loaded, spoilt, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported_torch import TORCH

import isograd as ig
from isograd.exporting.example import executed

ROOT = Path(__file__).resolve().parents[2]
BLOCKED = """
import runpy, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"isograd", "pydantic", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
sys.argv = [sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """The self-test, in a process that finds neither isograd nor safetensors."""
    command = [sys.executable, "-I", "-W", "error", "-c", BLOCKED, str(folder / "model.py")]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8"})


def cnn() -> ig.Sequential:
    layers = [ig.Conv2d(4, 3, padding=1), ig.BatchNorm2d(), ig.ReLU(), ig.Flatten(), ig.Linear(10)]
    return ig.Sequential(layers, input_shape=(1, 6, 6))


def dropped() -> ig.Model:
    x = ig.Input((4,))
    return ig.Model(inputs=x, outputs=ig.Dropout(0.5)(ig.Linear(4)(x)))


def tied() -> ig.Model:
    words, table = ig.Input((3,)), ig.Parameter((5, 4), name="wte.weight")
    h = ig.Embedding(5, 4, name="wte.embedding").with_weights(weight=table)(words)
    y = ig.Linear(5, bias=False, name="head.linear").with_weights(weight=table)(ig.Linear(4, name="body")(h))
    return ig.Model(inputs=words, outputs=y, tied={"head.weight": "wte.weight"})


def moving() -> ig.Model:
    """Two inputs, outputs of which some are of training alone, a mask, values made of nothing."""
    x, k = ig.Input((3,), name="x"), ig.Input((3,), name="k", kind="integer")
    mask = ig.Buffer((3,), name="mask", kind="boolean")
    h = ig.Where()(mask, x, ig.Cast("float")(k)) + ig.Full((3,), 0.5)()
    return ig.Model(inputs=[x, k], outputs=[ig.Linear(2, name="aux")(h), ig.Linear(2, name="out")(h)], evaluation=[1])


def recurrent() -> ig.Model:
    x, lengths = ig.Input((4, 3)), ig.Input((), name="lengths")
    first, state = ig.LSTM(3)(x, lengths=lengths)
    y, h = ig.GRU(3, reset="before", bidirectional=True, num_layers=2)(first, lengths=lengths)
    return ig.Model(inputs=[x, lengths], outputs=[ig.LastStep()(y, lengths=lengths), h, state[1]])


def blocks() -> ig.Sequential:
    layers = [ig.Embedding(7, 8), ig.PositionalEncoding(), *(ig.TransformerDecoderBlock(2, dropout=0.0) for _ in "abc")]
    return ig.Sequential([*layers, ig.Linear(7)], input_shape=(5,))


GRAPHS: tuple[Callable[[], Any], ...] = (cnn, dropped, tied, moving, recurrent, blocks)


def made_in(folder: Path, model: Any, dtype: str = "float32") -> ig.Export:
    return ig.export(model, ig.build(model, backend=TORCH, dtype=dtype, seed=1).state_dict(), "torch", folder)


@pytest.mark.parametrize("make", GRAPHS)
def test_a_file_is_in_order_and_computes_what_both_engines_compute(make: Callable[[], Any], tmp_path: Path) -> None:
    made = made_in(tmp_path / "made", make())
    for action in (["check", "-q"], ["format", "--check", "-q"]):
        settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        assert not subprocess.run([sys.executable, "-m", "ruff", *action, *settings, made.path / "model.py"]).returncode
    assert made.passed
    assert set(made.certificate["errors"]) == {"torch", "numpy"}


def test_the_self_test_passes_where_there_is_nothing_but_torch(tmp_path: Path) -> None:
    ran = run(made_in(tmp_path / "made", cnn(), "float64").path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "evaluation  output     1 arrays  worst 0.0e+00  equal",
        "evaluation  dx         1 arrays  worst 0.0e+00  equal",
        "evaluation  dw         6 arrays  worst 0.0e+00  equal",
        "training    output     1 arrays  worst 0.0e+00  equal",
        "training    dx         1 arrays  worst 0.0e+00  equal",
        "training    dw         6 arrays  worst 0.0e+00  equal",
        "training    state      3 arrays  worst 0.0e+00  equal",
        "PASSED",
    ]


def test_the_process_draws_what_it_would_have_drawn(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    made_in(tmp_path / "made", dropped())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("make", GRAPHS[1:])
def test_the_self_test_of_every_graph_passes(
    make: Callable[[], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = made_in(tmp_path / "made", make())
    with executed((made.path / "model.py").read_text(encoding="utf-8"), "exported_file") as module:
        assert module.self_test(module.load, made.path) == 0
    told = capsys.readouterr().out
    assert told.endswith("PASSED\n")
    assert ("training" in told) == (make is not dropped)  # PyTorch drops other entries


def test_the_self_test_says_what_was_changed_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made_in(tmp_path / "made", cnn()).path
    source = (folder / "model.py").read_text(encoding="utf-8").replace("BatchNorm2d(4)", "BatchNorm2d(4, momentum=0.3)")
    (folder / "model.py").write_text(source, encoding="utf-8")
    with executed(source, "exported_file") as module:
        assert module.self_test(module.load, folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "model.py is not the file that certificate.json names: it was changed since"
    assert lines[-1] == "FAILED"
    assert [line.split(":")[0] for line in lines if line.startswith("  ")] == [
        "  state/1.running_mean",
        "  state/1.running_var",
    ]


def test_a_file_loads_its_weights_in_their_dtype_or_another(tmp_path: Path) -> None:
    model = tied()
    net: Any = ig.build(model, backend=TORCH, dtype="float64", seed=1)
    made = ig.export(model, net.state_dict(), "torch", tmp_path / "made")
    with executed((made.path / "model.py").read_text(encoding="utf-8"), "exported_file") as module:
        ours = module.load(made.path / "weights.safetensors")
        assert {name: v.dtype for name, v in ours.state_dict().items()} == dict.fromkeys(
            net.state_dict(), torch.float64
        )
        assert all(np.array_equal(v.numpy(), net.state_dict()[name]) for name, v in ours.state_dict().items())
        assert ours.head.weight is ours.wte.weight
        assert module.load(made.path / "weights.safetensors", dtype=torch.float32).body.weight.dtype == torch.float32
        words = np.array([[1, 2, 3], [4, 0, 0]])
        assert np.array_equal(ours(torch.from_numpy(words)).detach().numpy(), net.forward(words))


def test_the_original_modules_weights_fit_the_export(tmp_path: Path) -> None:
    from torchvision.models.resnet import BasicBlock, ResNet

    torch.manual_seed(0)
    theirs = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5).eval()
    x = torch.randn(2, 3, 32, 32)
    model, weights = ig.from_torch(theirs, x)
    made = ig.export(model, weights, "torch", tmp_path / "made")
    with executed((made.path / "model.py").read_text(encoding="utf-8"), "exported_file") as module:
        ours = module.Model()
        ours.load_state_dict(theirs.state_dict(), strict=True)
        assert torch.equal(ours.eval()(x), theirs(x))
        theirs.load_state_dict(module.load(made.path / "weights.safetensors").state_dict(), strict=True)
    assert [type(part).__name__ for part in ours.layer2] == ["Layer2Block"]


@pytest.mark.parametrize(
    ("name", "entry"), [("training", ""), ("forward", ""), ("a.parameters", ""), ("a", "a.b.half"), ("a", "_modules")]
)
def test_a_name_that_every_module_has_is_refused(name: str, entry: str, tmp_path: Path) -> None:
    x = ig.Input((4,))
    kept = [ig.Parameter((2,), name=entry)] if entry else []
    model = ig.Model(inputs=x, outputs=ig.Linear(2, name=name)(x), kept=kept)
    weights = ig.build(model, backend="numpy").state_dict()
    with pytest.raises(ig.BackendError) as caught:
        ig.export(model, weights, "torch", tmp_path / "made")
    taken = (entry or name).split(".")[-1]
    assert str(caught.value) == (
        f'export(…, "torch"): {entry or name}\n'
        "  wanted names that torch.nn.Module leaves free\n"
        f"  got    {taken!r}\n"
        "  fix    rename the layer or the weight: name="
    )
    assert not list(tmp_path.iterdir())


def test_a_layer_that_cannot_be_carried_is_refused_by_name(tmp_path: Path) -> None:
    @ig.custom
    def doubled(ops: Any, x: Any) -> Any:
        """y = 2x"""
        return 2 * x

    x = ig.Input((4,))
    model = ig.Model(inputs=x, outputs=doubled(name="twice")(ig.Linear(2)(x)))
    with pytest.raises(ig.SpecError, match=r"^twice: "):
        made_in(tmp_path / "made", model)
    assert not list(tmp_path.iterdir())


def test_a_shared_model_that_depends_on_the_shape_is_refused(tmp_path: Path) -> None:
    block, x = ig.Sequential([ig.Flatten(), ig.Linear(1)], name="block"), ig.Input(())
    with pytest.raises(ig.SpecError) as caught:
        made_in(tmp_path / "made", ig.Model(inputs=x, outputs=block(block(x))))
    assert str(caught.value) == (
        "block#2, Sequential([Flatten(), Linear(1)])\n"
        "  wanted a shared layer that is one module wherever it is called\n"
        "  got    one that is made otherwise for each of the shapes that it is called on\n"
        "  fix    call it on values of one shape"
    )


def test_isograd_export_writes_it_from_the_command_line(tmp_path: Path) -> None:
    model = cnn()
    file = ig.save(tmp_path / "cnn.safetensors", model, ig.build(model, backend="numpy").state_dict())
    command = [sys.executable, "-m", "isograd", "export", str(file), "--to", "torch", "--out", str(tmp_path / "made")]
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert json.loads((tmp_path / "made/certificate.json").read_text(encoding="utf-8"))["to"] == "torch"
