"""Models as source: every kind of graph bit for bit, files that stand alone, a self-test that fails where it should."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_helpers import opened, same

import isograd as ig
from isograd.core.base.types import FLOATS
from isograd.exporting.carried.selftest import MODES
from isograd.exporting.example import Example, example_inputs
from isograd.exporting.numpy_source import write_source

ROOT = Path(__file__).resolve().parents[2]


def small_cnn() -> ig.Sequential:
    one, two = ([ig.Conv2d(4, 3, padding=1), ig.BatchNorm2d(), ig.ReLU()] for _ in range(2))
    last = [ig.Flatten(), ig.Dropout(0.2), ig.Linear(10)]
    return ig.Sequential([*one, ig.MaxPool2d(2), ig.Residual(two), *last], input_shape=(1, 8, 8))


def with_entries() -> ig.Model:
    """A weight and buffers that the graph computes with; a weight that is a value; one that nothing reads."""
    x = ig.Input((3, 4))
    place, mask = ig.Parameter((1, 3, 4), name="places.table"), ig.Buffer((3, 4), name="mask", kind="boolean")
    table, unread = ig.Parameter((4, 4), name="table"), ig.Parameter((2,), name="unread")
    kept = ig.MaskedFill(0.5)(x + place, mask)
    y = ig.Linear(4, bias=False).with_weights(weight=table)(kept) @ table
    return ig.Model(inputs=x, outputs=y, kept=[unread])


def given_within() -> ig.Model:
    """A weight of a part of a layer and one of a model inside that are one value of the graph."""
    shared, x = ig.Parameter((8, 8), name="shared"), ig.Input((3, 8))
    h = ig.MultiheadAttention(2).with_weights({"out_proj.weight": shared})(x)
    after = ig.Sequential([ig.Linear(8), ig.Tanh()], input_shape=(3, 8))
    return ig.Model(inputs=x, outputs=after.with_weights({"0.weight": shared})(h))


def with_statistics() -> ig.Model:
    """Running statistics that are values of the graph, read behind the layer that moves them."""
    x = ig.Input((3,))
    mean = ig.Buffer((3,), name="statistics.mean")
    y = ig.BatchNorm1d().with_weights(running_mean=mean)(x)
    return ig.Model(inputs=x, outputs=[y, y + mean])


def called_twice() -> ig.Model:
    """A layer, a normalisation and a model that are called again, their weights shared."""
    x = ig.Input((4,))
    linear, norm = ig.Linear(4), ig.BatchNorm1d()
    inner = ig.Sequential([ig.Linear(4), ig.BatchNorm1d(), ig.Tanh()], input_shape=(4,))
    h = norm(linear(norm(linear(x))))
    return ig.Model(inputs=x, outputs=inner(inner(h) + x))


def with_an_auxiliary_head() -> ig.Model:
    x = ig.Input((4,))
    h = ig.Tanh()(ig.Linear(5)(x))
    return ig.Model(inputs=x, outputs=[ig.Linear(3, name="head")(h), ig.Linear(2, name="aux.head")(h)], evaluation=[0])


def tied() -> ig.Model:
    words = ig.Input((5,))
    table = ig.Parameter((7, 4), name="wte.weight")
    h = ig.Embedding(7, 4, name="embed").with_weights(weight=table)(words)
    y = ig.Linear(7, bias=False, name="lm").with_weights(weight=table)(h)
    return ig.Model(inputs=words, outputs=y, tied={"lm_head.weight": "wte.weight"})


def unread_outputs() -> ig.Model:
    """States that nobody reads, an input that feeds nothing, an output given twice, an input as output, odd names."""
    x, unread = ig.Input((3, 2), name="class"), ig.Input((2,), name="input")
    y, _ = ig.LSTM(3, dropout=0.5, num_layers=2, name="lambda")(x)
    return ig.Model(inputs=[x, unread], outputs=[y, y, x], kept=[unread])


def models_inside_models() -> ig.Model:
    """Equal models at several places, whose dropout draws by their names; one of which no gradient is asked."""
    numbers, x = ig.Input((4,), kind="integer"), ig.Input((4, 8))
    blocks = [ig.TransformerEncoderLayer(2, dim_feedforward=16, dropout=0.3, name=f"blocks.{k}") for k in range(2)]
    first = ig.Sequential([ig.Linear(8), ig.Dropout(0.4)])
    y = blocks[1](blocks[0](first(ig.OneHot(3)(numbers)) + x))
    return ig.Model(inputs=[numbers, x], outputs=y)


HOSTILE = """0\"""; exit()\\ \n'{x}'"""


def odd_names() -> ig.Model:
    """Names that would end a text, that are alike but for signs, and that Python or the source has itself."""
    inputs = [ig.Input((4,), name=name) for name in (HOSTILE, "a-b", "a_b")]
    h = ig.Linear(4, name=HOSTILE + "2")(inputs[0])
    for name in ("lambda", "forward", "state", "self", "p", "__init__", "é", "conv"):
        h = ig.Linear(4, name=name)(h)
    inner = ig.Sequential([ig.Linear(4, name=HOSTILE), ig.Linear(4, name="dict")], name="valueError")
    return ig.Model(inputs=inputs, outputs=inner(h) + inputs[1] * inputs[2])


def counted() -> ig.Model:
    """Whole numbers, of which no layer says what they are, and booleans."""
    index, mask, x = ig.Input((2,), kind="integer"), ig.Input((3,), kind="boolean"), ig.Input((3,))
    y = ig.Gather(1)(ig.Where()(mask, x, ig.Tanh()(x)), index)
    return ig.Model(inputs=[index, mask, x], outputs=[y, ig.Number("add", 1)(index)])


GRAPHS: list[Callable[[], Any]] = [
    small_cnn,
    with_entries,
    given_within,
    with_statistics,
    called_twice,
    with_an_auxiliary_head,
    tied,
    unread_outputs,
    models_inside_models,
    odd_names,
    counted,
]


def example_of(model: Any, dtype: str) -> Example:
    net = ig.build(model, seed=1, dtype=dtype)
    state = net.state_dict()
    weights = {path: v for path, v in state.items() if path not in model.tied(*model.input_shapes)}
    rng = np.random.default_rng(0)
    moved = {path: v + rng.uniform(0.1, 0.5, v.shape).astype(v.dtype) for path, v in weights.items()}
    return Example(model, moved, example_inputs(model, None, FLOATS[dtype]), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", GRAPHS)
def test_a_graph_is_computed_bit_for_bit(make: Callable[[], Any], dtype: str) -> None:
    model = make()
    example = example_of(model, dtype)
    net = ig.build(model, weights=example.weights, seed=5, dtype=dtype)
    net.at_step(3)
    with opened(model, example.weights, example.inputs, dtype, seed=5) as (_, exported):
        exported.step = 3
        assert not same(example.by(exported, MODES), example.by(net, MODES))
        assert not same(exported.state_dict(), net.state_dict())


@pytest.mark.parametrize("make", GRAPHS)
def test_the_source_is_in_order(make: Callable[[], Any], tmp_path: Path) -> None:
    """As the formatter has it, every name known, none that nothing reads."""
    model = make()
    example = example_of(model, "float32")
    file = tmp_path / "model.py"
    file.write_text(write_source(model, example.weights, example.inputs), encoding="utf-8")
    for action in (["check", "-q"], ["format", "--check", "-q"]):
        settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        assert not subprocess.run([sys.executable, "-m", "ruff", *action, *settings, str(file)]).returncode
    tree = ast.parse(file.read_text(encoding="utf-8"))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    made = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert made - read == {"load"}
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    methods = {
        part.name for kind in tree.body for part in getattr(kind, "body", ()) if isinstance(part, ast.FunctionDef)
    }
    assert not {name for name in methods - asked - read if not name.startswith("__")}


BLOCKED = """
import atexit, runpy, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {*sys.stdlib_module_names, "numpy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
def check():
    held = {name.split(".")[0] for name in sys.modules}
    print(*sorted(held & {"isograd", "torch", "pydantic", "safetensors"}), end="")
atexit.register(check)
sys.argv = [sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(file: Path) -> subprocess.CompletedProcess[str]:
    """The self-test, in a process that finds nothing but NumPy."""
    command = [sys.executable, "-I", "-W", "error", "-c", BLOCKED, str(file)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ig.Export:
    example = example_of(small_cnn(), "float32")
    return ig.export(example.model, example.weights, "numpy", tmp_path_factory.mktemp("export") / "cnn")


def copied(made: ig.Export, folder: Path) -> Path:
    folder.mkdir()
    for file in made.path.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_the_self_test_passes_where_there_is_nothing_but_numpy(made: ig.Export) -> None:
    ran = run(made.path / "model.py")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        [mode, what] for mode in MODES for what in ("output", "dx", "dw", "state")[: 3 + (mode == "training")]
    ]
    assert lines[-1] == "PASSED"


def test_the_self_test_reads_inputs_of_every_kind(tmp_path: Path) -> None:
    x, words = ig.Input((3,)), ig.Input((3,), kind="integer")
    hidden = ig.Input((3,), kind="boolean")
    y = ig.Linear(2)(ig.MaskedFill(0.0)(x, hidden) + ig.Flatten()(ig.Embedding(4, 1)(words)))
    example = example_of(ig.Model(inputs=(x, words, hidden), outputs=y), "float32")
    ran = run(ig.export(example.model, example.weights, "numpy", tmp_path / "kinds").path / "model.py")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_self_test_says_what_was_changed_and_fails(made: ig.Export, tmp_path: Path) -> None:
    folder = copied(made, tmp_path / "other")
    source = (folder / "model.py").read_text(encoding="utf-8")
    assert "return dy * (y > 0), {}" in source
    (folder / "model.py").write_text(source.replace("dy * (y > 0), {}", "dy * (y >= 0), {}"), encoding="utf-8")
    ran = run(folder / "model.py")
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert lines[0] == "model.py is not the file that certificate.json names: it was changed since"
    assert lines[-1] == "FAILED"
    assert any(line.startswith("  evaluation/dw/0.weight: ") for line in lines)
    assert "evaluation/output" not in ran.stdout


def test_the_certificate_is_that_of_the_files(made: ig.Export) -> None:
    told = json.loads((made.path / "certificate.json").read_text(encoding="utf-8"))
    assert told == made.certificate
    assert {name: sha256((made.path / name).read_bytes()).hexdigest() for name in told["sha256"]} == told["sha256"]
    assert set(told["sha256"]) | {"certificate.json"} == {file.name for file in made.path.iterdir()}
    assert set(told["errors"]) == {"numpy", "torch"}
    assert set(told["errors"]["numpy"].values()) == {0.0}
    weights = {name.removeprefix("training/dw/") for name in told["limits"] if name.startswith("training/dw/")}
    model = small_cnn()
    assert weights == set(model.weights(*model.input_shapes))
    assert made.passed
    assert str(made).splitlines()[0] == f"{told['model']}, exported to numpy"


def test_what_differs_from_an_engine_is_told(made: ig.Export) -> None:
    errors = {**made.certificate["errors"], "torch": {"training/dw/0.weight": 0.5, "training/output.0": None}}
    other = ig.Export(made.path, {**made.certificate, "errors": errors})
    assert not other.passed
    last = str(other).splitlines()[-1]
    assert last == (
        "  against isograd's torch engine: 2 arrays, worst of another shape at training/output.0; 2 beyond rounding"
    )


def test_an_export_is_read_back_and_runs_in_both_dtypes(made: ig.Export) -> None:
    example = example_of(small_cnn(), "float32")
    for dtype in ("float32", "float64"):
        net = ig.build(example.model, weights=example.weights, seed=0, dtype=dtype)
        with opened(example.model, example.weights, example.inputs, dtype) as (module, exported):
            assert module.load(made.path / "weights.safetensors").dtype == np.float32
            loaded = module.load(made.path / "weights.safetensors", dtype=dtype)
            assert not same(loaded.state_dict(), exported.state_dict())
            assert np.array_equal(loaded.forward(*example.inputs), net.forward(*example.inputs))


def test_an_export_refuses_what_does_not_fit(made: ig.Export) -> None:
    example = example_of(small_cnn(), "float32")
    with opened(example.model, example.weights, example.inputs, "float32") as (_, net):
        for wrong in ([], [np.zeros((2, 1, 8, 7))], [np.zeros((1, 8, 8))], [*example.inputs, *example.inputs]):
            with pytest.raises(ValueError, match=r"^forward: "):
                net.forward(*wrong)
        with pytest.raises(ValueError, match=r"^backward: forward first$"):
            net.backward(np.zeros((2, 10)))
        with pytest.raises(ValueError, match=r"^load_state_dict: names or shapes"):
            net.load_state_dict({name: v for name, v in example.weights.items() if name != "0.bias"})
