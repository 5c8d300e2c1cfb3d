"""The rooms and what each may import, read from the source; packages listed as they lie on disk."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"core": "isograd.core", "backends": "isograd.backends", "isograd": "isograd", "examples": "isograd.examples"}
MAY_IMPORT = {  # beside the standard library
    "core": {"numpy", "pydantic", "safetensors", "isograd.core"},
    "backends/numpy_impl": {"numpy", "threadpoolctl", "isograd.core", "isograd.backends.numpy_impl"},
    "backends/torch_impl": {"numpy", "torch", "isograd.core", "isograd.backends.torch_impl"},
    "examples": {"numpy", "isograd", "sklearn"},  # scikit-learn for the baselines that stand beside a model
    "benchmarks": {"numpy", "torch", "sklearn", "threadpoolctl", "rich", "isograd"},
}
HELPERS = {"registry.py", "compose.py", "special.py", "convolve.py", "resample.py", "scans.py"}  # of operations
FILES = sorted(path for room in ("core", "backends", "isograd", "examples") for path in (ROOT / room).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def allowed(name: str, roots: set[str]) -> bool:
    top = name.split(".")[0]
    return top in sys.stdlib_module_names or any(name == root or name.startswith(f"{root}.") for root in roots)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in sorted(imports_of(path))
        if not allowed(name, MAY_IMPORT[room] | {sibling.stem for sibling in path.parent.glob("*.py")})
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("heavy", ["torch", "torchvision", "sklearn", "matplotlib", "rich", "typer", "jinja2"])
def test_importing_isograd_imports_nothing_heavy(heavy: str) -> None:
    code = f"import isograd, sys; assert {heavy!r} not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


TRAIN_WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "sklearn", "scipy", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
import numpy as np, isograd as ig
x = np.random.default_rng(0).normal(size=(40, 4)); y = (x[:, 0] > 0).astype(int)
model = ig.Sequential([ig.Linear(8), ig.GELU(), ig.Dropout(0.1), ig.Linear(2)], input_shape=(4,))
net = ig.build(model, backend="numpy")
trainer = ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.Adam(0.05), metrics=[ig.Accuracy()])
history = trainer.fit((x, y), validation=(x, y), epochs=30, batch_size=8)
assert history.epochs[-1].metrics["accuracy"] > 0.9, history.epochs[-1]
assert ig.check_gradients(model, x[:2], y[:2], loss=ig.CrossEntropyLoss()).passed
try:
    ig.build(model, backend="torch")
except ig.BackendError as error:
    assert error.wanted == "torch, which this backend needs", error
else:
    raise AssertionError("torch was found")
"""


def test_the_numpy_engine_trains_and_is_checked_where_torch_and_sklearn_are_not_installed() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", TRAIN_WITHOUT], check=True)


def test_the_listed_packages_are_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {
        ".".join([ROOMS[room], *path.parent.relative_to(ROOT / room).parts])
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }
    assert set(settings["packages"]) == folders
    assert settings["package-dir"] == {name: room for room, name in ROOMS.items()}
    assert (ROOT / "isograd" / "py.typed").exists()


@pytest.mark.parametrize("room", ["core", "backends"])
def test_a_room_refuses_to_be_imported_under_a_second_name(room: str) -> None:
    run = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode != 0
    assert "would load every registry a second time" in run.stderr


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_a_file_stays_readable_and_says_why_it_exists(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 320
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_operations_mirror_the_file_names_of_layers() -> None:
    layers = {path.name for path in (ROOT / "core" / "layers").glob("*.py")} - {"base.py", "windows.py"}
    operations = {path.name for path in (ROOT / "backends/numpy_impl/operations").glob("*.py")}
    assert operations - HELPERS == layers
