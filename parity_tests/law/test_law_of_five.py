"""Whatever is described has all five: description, NumPy operation, torch line, formula, case; and a public name."""

from __future__ import annotations

from pathlib import Path

import pytest

import isograd as ig
from isograd.backends import numpy_impl, torch_impl
from isograd.backends.numpy_impl.losses import LOSSES as NUMPY_LOSSES
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.optimizers import CLIPPINGS as NUMPY_CLIPPINGS
from isograd.backends.numpy_impl.optimizers import OPTIMIZERS as NUMPY_OPTIMIZERS
from isograd.backends.torch_impl.initializers import INITIALIZERS
from isograd.backends.torch_impl.layers import LAYERS
from isograd.backends.torch_impl.losses import LOSSES as TORCH_LOSSES
from isograd.backends.torch_impl.optimizers import CLIPPINGS as TORCH_CLIPPINGS
from isograd.backends.torch_impl.optimizers import OPTIMIZERS as TORCH_OPTIMIZERS
from isograd.backends.torch_impl.schedulers import SCHEDULERS
from isograd.core.base.description import REGISTRY
from isograd.core.base.initializers import Initializer
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomLayer, CustomLoss
from isograd.core.learning.schedules import Schedule
from isograd.core.parity import cases
from isograd.core.parity.formulas import (
    BUFFER_FORMULAS,
    CLIPPING_FORMULAS,
    FORMULAS,
    LOSS_FORMULAS,
    OPTIMIZER_FORMULAS,
    SCHEDULE_FORMULAS,
)

COMPOSITES = {kind for kind in REGISTRY["layer"].values() if issubclass(kind, Composite)}
SCHEDULES = {kind for kind in REGISTRY["schedule"].values() if kind.at is not Schedule.at}
LAWS = {kind for kind in REGISTRY["initializer"].values() if kind.draw is not Initializer.draw}
ROOMS = {
    "layer": {
        "operation in numpy_impl/operations/": {*OPERATIONS, *COMPOSITES},  # graphs are walked, not listed
        "line in torch_impl/layers.py": {*LAYERS, *COMPOSITES},  # graphs are built, not listed
        "formula in core/parity/formulas/": {*FORMULAS, *COMPOSITES},
        "case in core/parity/cases/": cases.CASES,
    },
    "loss": {
        "operation in numpy_impl/losses.py": NUMPY_LOSSES,
        "line in torch_impl/losses.py": TORCH_LOSSES,
        "formula in core/parity/formulas/losses.py": LOSS_FORMULAS,
        "case in core/parity/cases/": cases.LOSS_CASES,
    },
    "optimizer": {
        "rule in numpy_impl/optimizers.py": NUMPY_OPTIMIZERS,
        "line in torch_impl/optimizers.py": TORCH_OPTIMIZERS,
        "formula in core/parity/formulas/optimizers.py": OPTIMIZER_FORMULAS,
        "case in core/parity/cases/": cases.OPTIMIZER_CASES,
    },
    "clipping": {
        "rule in numpy_impl/optimizers.py": NUMPY_CLIPPINGS,
        "line in torch_impl/optimizers.py": TORCH_CLIPPINGS,
        "formula in core/parity/formulas/optimizers.py": CLIPPING_FORMULAS,
        "case in core/parity/cases/": cases.CLIPPING_CASES,
    },
    "schedule": {
        "method `at` in core/learning/schedules.py": SCHEDULES,
        "line in torch_impl/schedulers.py": SCHEDULERS,
        "formula in core/parity/formulas/schedules.py": SCHEDULE_FORMULAS,
        "case in core/parity/cases/": cases.SCHEDULE_CASES,
    },
    "initializer": {
        "draw in core/base/initializers.py": LAWS,
        "line in torch_impl/initializers.py": INITIALIZERS,
        "case in core/parity/cases/": cases.INITIALIZER_CASES,
    },
}


@pytest.mark.parametrize("family", ROOMS)
def test_every_description_has_all_its_rooms(family: str) -> None:
    missing = [
        f"{name} has no {room}"
        for name, kind in REGISTRY[family].items()
        for room, entries in ROOMS[family].items()
        if kind not in entries and not (getattr(kind, "searches", False) and room.startswith("formula"))
    ]  # an optimizer that asks again and again has no rule entry by entry
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("family", ROOMS)
def test_no_room_holds_what_is_not_described(family: str) -> None:
    strangers = [
        f"{room}: {kind.__name__}"
        for room, entries in ROOMS[family].items()
        for kind in entries
        if kind not in REGISTRY[family].values() and kind not in (CustomLayer, CustomLoss)  # bases of the users' own
    ]
    assert not strangers, "\n".join(strangers)


@pytest.mark.parametrize("family", ROOMS)
def test_every_description_is_public(family: str) -> None:
    room, prefix = (ig.init, "ig.init.") if family == "initializer" else (ig, "ig.")
    missing = [f"{prefix}{name}" for name, kind in REGISTRY[family].items() if getattr(room, name, None) is not kind]
    assert not missing


def test_every_layer_with_buffers_has_a_formula_of_them() -> None:
    kinds = {type(case.layer) for table in cases.CASES.values() for case in table if case.layer.buffers(*case.shapes)}
    assert kinds - COMPOSITES == set(BUFFER_FORMULAS)


def test_formulas_and_cases_mirror_the_file_names_of_layers() -> None:
    root = Path(cases.__file__).parents[2]
    beside = {"formulas": {"table.py", "windows.py"}, "cases": {"kinds.py", "graphs.py"}}
    beside["cases"] |= {"initializers.py"}
    layers = {path.name for path in (root / "layers").glob("*.py")} - {"base.py", "windows.py"}
    both = {"losses.py", "likelihoods.py", "margins.py", "weighted.py", "optimizers.py", "schedules.py", "custom.py"}
    for room, more in beside.items():
        assert {path.name for path in (root / "parity" / room).glob("*.py")} == layers | both | more


def test_every_case_says_why_it_exists_and_no_two_of_a_kind_say_the_same() -> None:
    tables = [cases.CASES, cases.LOSS_CASES, cases.OPTIMIZER_CASES, cases.CLIPPING_CASES]
    for table in [*tables, cases.SCHEDULE_CASES, cases.INITIALIZER_CASES]:
        for kind, entries in table.items():
            reasons = [case.why for case in entries]
            assert entries, f"{kind.__name__} has no case"
            assert all(reasons), f"a case of {kind.__name__} has no reason"
            assert len(set(reasons)) == len(reasons), f"two cases of {kind.__name__} have one reason"


def test_metrics_and_stopping_rules_are_the_only_families_without_a_second_engine() -> None:
    assert set(REGISTRY) - set(ROOMS) == {"metric", "stopping", "custom_layer", "custom_loss"}


def test_both_engines_and_the_parity_engine_have_one_entry_for_all_custom_functions() -> None:
    assert all(CustomLayer in room for room in (OPERATIONS, LAYERS, FORMULAS, cases.CASES))
    assert all(CustomLoss in room for room in (NUMPY_LOSSES, TORCH_LOSSES, LOSS_FORMULAS, cases.LOSS_CASES))
    custom = [*REGISTRY["custom_layer"].values(), *REGISTRY["custom_loss"].values()]
    assert custom
    assert not any(kind in room for kind in custom for room in (OPERATIONS, LAYERS, NUMPY_LOSSES, TORCH_LOSSES))


def test_backends_are_found_by_the_names_they_carry() -> None:
    assert (numpy_impl.NumpyBackend().name, torch_impl.TorchBackend.name) == ("numpy", "torch")
