"""The rooms and what each may import, read from the source; packages listed as they lie on disk."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"core": "isograd.core", "backends": "isograd.backends", "isograd": "isograd", "examples": "isograd.examples"}
FLOORS = {  # of core, and the floors that stand below each
    "base": set(),
    "layers": {"base", "graph"},  # calling a layer on graph values makes a node: the one circle
    "learning": {"base"},
    "data": {"base"},
    "graph": {"base", "layers", "learning", "data"},
    "engine": {"base", "layers", "learning", "data", "graph"},
    "training": {"base", "layers", "learning", "data", "graph", "engine"},
    "parity": {"base", "layers", "learning", "data", "graph", "engine"},
}
MAY_IMPORT = {  # beside the standard library
    "core": {"numpy", "pydantic", "pydantic_core", "safetensors", "threadpoolctl", "isograd.core"},
    "backends/numpy_impl": {"numpy", "threadpoolctl", "isograd.core", "isograd.backends.numpy_impl"},
    "backends/torch_impl": {"numpy", "torch", "isograd.core", "isograd.backends.torch_impl"},
    "examples": {"numpy", "isograd", "sklearn"},  # scikit-learn for the baselines that stand beside a model
    "examples/jax_engine": {"numpy", "jax", "isograd.core", "isograd_jax"},  # as an engine of isograd's own, no other
    "examples/porting": {"torch", "isograd"},
    "benchmarks": {"numpy", "torch", "torchvision", "sklearn", "threadpoolctl", "rich", "isograd"},
}
HELPERS = {
    "registry.py",
    "products.py",
    "special.py",
    "channels.py",
    "convolve.py",
    "depthwise.py",
    "resample.py",
    "scans.py",
    "gru.py",
}  # of operations
APART = ROOT / "examples/jax_engine"  # a distribution of its own
SCRIPTS = ROOT / "examples/porting"  # files that somebody copies and runs


def files_of(room: str) -> list[Path]:
    """The files of a room, without those of the distribution and of the scripts that lie in it."""
    folder = ROOT / room
    inside = {APART, SCRIPTS} - {folder}
    return sorted(path for path in folder.rglob("*.py") if not inside & set(path.parents))


FILES = [path for room in (*ROOMS, "examples/jax_engine") for path in files_of(room)]


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
        for path in files_of(room)
        for name in sorted(imports_of(path))
        if not allowed(name, MAY_IMPORT[room] | {sibling.stem for sibling in path.parent.glob("*.py")})
    ]
    assert not found, "\n".join(found)


def module_name(path: Path) -> str:
    """The name that a file of a room is imported by."""
    if APART in path.parents:
        return ".".join(path.relative_to(APART).with_suffix("").parts).removesuffix(".__init__")
    room, *parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([ROOMS[room], *parts]).removesuffix(".__init__")


def arrows() -> dict[str, set[str]]:
    """{module: the modules of ours that it imports}, wherever in the file, for type checkers alone or not."""
    known = {module_name(path): path for path in FILES}
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = [module if module in known else str(node.module) for module in inner]
            else:
                continue
            found[name] |= {module for module in wanted if module in known} - {name}
    return found


def test_no_arrow_between_the_floors_of_core_goes_up() -> None:
    def floor(module: str) -> str | None:
        parts = module.split(".")
        return parts[2] if parts[:2] == ["isograd", "core"] and len(parts) > 2 else None

    up = [
        f"{module} imports {other}"
        for module, others in arrows().items()
        for other in sorted(others)
        if (here := floor(module)) and (there := floor(other)) and there not in FLOORS[here] | {here}
    ]
    assert not up, "\n".join(up)
    folders = {path.name for path in (ROOT / "core").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(FLOORS)
    assert [path.name for path in (ROOT / "core").glob("*.py")] == ["__init__.py"]


def test_the_only_circle_of_imports_is_that_of_graph_and_layers() -> None:
    graph = arrows()
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for other in graph[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        reached[start] = seen
    circles = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in graph
        if module in reached[module]
    }
    wrong = [
        sorted(circle)
        for circle in circles
        if not all(module.startswith(("isograd.core.graph.", "isograd.core.layers")) for module in circle)
    ]
    assert not wrong, "\n".join(", ".join(circle) for circle in wrong)


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
        for path in files_of(room)
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


def test_a_function_is_seen_at_a_glance() -> None:
    long = {
        f"{module_name(path)}.{node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= 60
    }
    assert not long


def test_nothing_is_kept_from_the_formatter() -> None:
    mark = "# fmt" + ": "
    rooms = [*ROOMS, "parity_tests", "benchmarks"]
    assert not [path for room in rooms for path in (ROOT / room).rglob("*.py") if mark in path.read_text()]


def test_operations_mirror_the_file_names_of_layers() -> None:
    layers = {path.name for path in (ROOT / "core" / "layers").glob("*.py")} - {"base.py", "windows.py"}
    operations = {path.name for path in (ROOT / "backends/numpy_impl/operations").glob("*.py")}
    assert operations - HELPERS == layers


def test_a_checkout_shows_its_rooms_and_nothing_else_as_parts_of_isograd() -> None:
    code = "import isograd.core, isograd.examples; import importlib.util as u; {}"
    asked = "assert not [n for n in ('parity_tests', 'benchmarks', 'docs') if u.find_spec(f'isograd.{n}')]"
    there = "assert isograd.core.__file__.startswith(isograd.__file__.removesuffix('isograd/__init__.py'))"
    for claim in (asked, there):
        subprocess.run([sys.executable, "-W", "error", "-c", code.format(claim)], cwd=ROOT, check=True)
