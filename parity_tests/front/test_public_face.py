"""What `import isograd as ig` shows: signatures, names, types; and what examples need of the package beyond it."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
import pkgutil
import pydoc
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd import later
from isograd.core.base.description import REGISTRY, Description, describes
from isograd.core.graph.model import Model
from isograd.core.layers.base import Layer

EXAMPLES = Path(str(import_module("isograd.examples").__file__)).parent
PUBLIC = {  # what a user's own file may import
    "isograd",
    "isograd.cli",
    "isograd.experiments",
    "isograd.plots.sequences",  # pictures that one example draws with its own numbers
    "isograd.backends.numpy_impl.autodiff",  # the engine's Tensor, which docs/autodiff.md is about
    "isograd.backends.numpy_impl.namespace",
}
SHOWN_ELSEWHERE = {"initializer": ig.init}  # every other family is shown by isograd itself
WALK = """
import dataclasses, inspect
import isograd as ig
from isograd.core.base.description import REGISTRY, VALIDATORS
kinds = [kind for family in REGISTRY.values() for kind in family.values()]
assert not VALIDATORS, f"import isograd builds {VALIDATORS}"
assert set(ig.__all__) <= set(dir(ig)), "names that are loaded later are shown before"
before = [inspect.signature(kind) for kind in kinds]
fields = [dataclasses.fields(kind) for kind in kinds]
assert set(VALIDATORS) <= {ig.init.Normal}, VALIDATORS  # it makes a default: Normal(std=0.02)
for kind in kinds:
    try:
        kind(nonsense=1)
    except (ig.SpecError, TypeError):
        pass
assert len(VALIDATORS) >= len(kinds) - 1, "not in use yet"
for kind, signature, known in zip(kinds, before, fields, strict=True):
    assert inspect.signature(kind) == signature, kind
    assert dataclasses.fields(kind) == known, kind
"""


def described() -> list[type[Description]]:
    """Every description but those of users."""
    return [kind for family, kinds in REGISTRY.items() if family[:6] != "custom" for kind in kinds.values()]


def test_signatures_are_the_same_before_and_after_first_use_and_build_no_validator() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", WALK], check=True)


@pytest.mark.parametrize("kind", described(), ids=lambda kind: f"{kind.family}-{kind.__name__}")
def test_a_signature_is_true(kind: type[Description]) -> None:
    parameters = list(inspect.signature(kind).parameters.values())
    assert all(p.annotation is not p.empty for p in parameters), "a type for every parameter"
    assert sorted(parameters, key=lambda p: p.kind) == parameters, "positional ones first"
    if kind is not Model:  # its own __init__ takes what is no field of it
        assert {p.name for p in parameters} == {f.name for f in dataclasses.fields(kind)}
        assert not [p for p in parameters if isinstance(p.annotation, str)], "types, not their spelling"
        by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert by_place == [f.name for f in dataclasses.fields(kind) if not f.kw_only]
    page = pydoc.render_doc(kind, renderer=pydoc.plaintext)
    assert f"{kind.__name__}{inspect.signature(kind)}" in page or not parameters  # pydoc leaves () out
    assert str(inspect.getdoc(kind)).splitlines()[0] in page


def test_a_signature_reads_well() -> None:
    assert str(inspect.signature(ig.Linear)) == (
        "(out_features: int, *, name: str | None = None, bias: bool = True, "
        "weight_init: isograd.core.base.initializers.Initializer = TorchDefault(), "
        "bias_init: isograd.core.base.initializers.Initializer = TorchDefault())"
    )
    assert str(inspect.signature(ig.StepDecay)) == (
        "(*, per: Literal['epoch', 'step'] = 'epoch', step_size: int, gamma: float = 0.1)"
    )
    called_on_values = inspect.signature(ig.Linear(3))
    assert list(called_on_values.parameters) == ["values"], "an instance is called on values, not made again"


def test_descriptions_of_users_have_true_signatures_as_well() -> None:
    @ig.custom
    def scaled_tanh(ops: Any, x: Any, *, factor: float, shift: float = 0.0) -> Any:
        """y = factor · tanh x + shift"""
        return factor * ops.tanh(x) + shift

    assert str(inspect.signature(scaled_tanh)) == "(*, name: str | None = None, factor: float, shift: float = 0.0)"
    assert inspect.getdoc(scaled_tanh) == "y = factor · tanh x + shift"

    class Local:
        """A type that no module holds."""

    @describes("own family", abstract=True)
    class Own(Layer):
        """y = x"""

        times: int = dataclasses.field(kw_only=False)
        kept: Local | None = None

    assert str(inspect.signature(Own)) == "(times: 'int', *, name: 'str | None' = None, kept: 'Local | None' = None)"
    assert [f.name for f in dataclasses.fields(Own)] == ["name", "times", "kept"]


def test_a_description_is_a_frozen_dataclass_that_is_copied_pickled_and_replaced() -> None:
    layer = ig.Conv2d(4, (3, 5), stride=2, name="first")
    for twin in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), dataclasses.replace(layer)):
        assert twin == layer
        assert hash(twin) == hash(layer)
        assert repr(twin) == repr(layer) == "Conv2d(4, (3, 5), stride=2)"
        assert twin.name == "first"
    assert dataclasses.replace(layer, stride=1) == ig.Conv2d(4, (3, 5), name="first")
    with pytest.raises(ig.SpecError, match="wanted out_channels: greater than 0"):
        dataclasses.replace(layer, out_channels=0)
    for change in (lambda: setattr(layer, "stride", 3), lambda: delattr(layer, "stride")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert layer.stride == 2


def test_what_is_given_nothing_is_as_what_is_given_its_defaults() -> None:
    def outcome(kind: type[Description], options: dict[str, Any]) -> Any:
        try:
            return vars(kind(**options))
        except ig.SpecError as error:  # one of several options is wanted
            return error.wanted, error.got

    for kind in described():
        defaults = {p.name: p.default for p in inspect.signature(kind).parameters.values()}
        if inspect.Parameter.empty not in defaults.values():
            assert outcome(kind, {}) == outcome(kind, defaults), kind


def test_every_description_is_exported_under_its_name() -> None:
    missing = [
        f"{kind.__name__} of the family {kind.family}"
        for kind in described()
        if getattr(SHOWN_ELSEWHERE.get(kind.family, ig), kind.__name__, None) is not kind
        or (kind.family not in SHOWN_ELSEWHERE and kind.__name__ not in ig.__all__)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("module", [ig, ig.data, ig.experiments], ids=lambda module: module.__name__)
def test_a_public_module_lists_what_it_shows(module: ModuleType) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    assert not [name for name in module.__all__ if not hasattr(module, name)]
    assert set(module.__all__) <= set(dir(module))
    shown = {n for n, v in vars(module).items() if n[0] != "_" and getattr(v, "__module__", "").startswith("isograd")}
    assert shown <= set(module.__all__), shown - set(module.__all__)


def test_what_type_checkers_see_is_what_is_loaded_later() -> None:
    (block,) = [
        node
        for node in ast.parse(Path(later.__file__).read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen: dict[str, list[str]] = {}
    for line in block.body:
        assert isinstance(line, ast.ImportFrom)
        for name in (alias.name for alias in line.names):
            seen.setdefault(f"isograd.{name}" if line.module == "isograd" else str(line.module), []).append(name)
    assert {place: sorted(names) for place, names in seen.items()} == {
        place: sorted(names) for place, names in later.PLACES.items()
    }
    assert sorted(name for names in seen.values() for name in names) == sorted(later.__all__)
    assert set(later.__all__) <= set(ig.__all__)
    with pytest.raises(AttributeError, match=r"^module 'isograd' has no attribute 'Liner'$"):
        ig.Liner  # type: ignore[attr-defined]  # noqa: B018


def package_names(package: ModuleType) -> list[str]:
    """This package and all below it, the rooms of a checkout that lie elsewhere among them."""
    folders = {found.name for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.") if found.ispkg}
    rooms = {"isograd.core", "isograd.backends", "isograd.examples"} if package is ig else set()
    return [package.__name__, *(name for f in sorted(folders | rooms) for name in package_names(import_module(f)))]


def test_no_function_or_class_of_a_package_is_named_as_one_of_its_modules() -> None:
    packages = [import_module(name) for name in package_names(ig)]
    assert len(packages) > 15, [package.__name__ for package in packages]
    clashes = [
        f"{package.__name__}.{name}"
        for package in packages
        for name in {found.name for found in pkgutil.iter_modules(package.__path__)}
        if not isinstance(getattr(package, name, package), ModuleType)
    ]
    assert not clashes, clashes


def test_examples_import_what_is_public_alone() -> None:
    found = [
        f"{path.name} imports {module}"
        for path in EXAMPLES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if module.startswith("isograd") and module not in PUBLIC and not module.startswith("isograd.examples")
    ]
    assert not found, "\n".join(found)


class Screen:
    """A standard output that says whether it is a terminal, and keeps what is written."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.text, self.encoding = terminal, "", "utf-8"

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """There is nothing to keep back."""


@pytest.mark.parametrize("asked", [True, False, None])
@pytest.mark.parametrize("terminal", [True, False])
def test_one_trainer_draws_its_progress_where_it_is_asked_to_or_seen(
    asked: bool | None, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isograd.core.training.trainer import Trainer

    assert ig.Trainer is Trainer
    net = ig.build(ig.Sequential([ig.Linear(1)], input_shape=(2,)))
    trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1))
    data = (np.ones((8, 2), np.float32), np.ones((8, 1), np.float32))
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    trainer.fit(data, epochs=2, batch_size=4, progress=asked)
    drawn = screen.text
    assert ("100%" in drawn) == (asked is True or (asked is None and terminal)), drawn
    assert ("epoch 2" in drawn) == ("100%" in drawn), drawn


def test_options_that_nobody_entered_are_refused_and_not_lost() -> None:
    class Twice(ig.Layer):
        factor: float = 2.0

    with pytest.raises(ig.SpecError) as caught:
        Twice()
    assert str(caught.value) == (
        "Twice\n"
        "  wanted a class with @describes('layer'), so that factor= is an option of it\n"
        "  got    a class without\n"
        "  fix    from isograd.core.base.description import describes"
    )
