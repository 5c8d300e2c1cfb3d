"""What an export bends or loses without a word is imported right, as a model like any other, or refused by its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import _pytree as pytree

import isograd as ig
from imports.comparing import compare
from imports.pitfalls.every import REFUSED, RIGHT, arrays_for, imported
from isograd.core.base.types import State
from isograd.core.graph.composite import Composite


@dataclass
class Case:
    """A module of the table and what it became."""

    name: str
    dtype: str
    module: nn.Module
    model: Composite
    weights: State


@pytest.fixture(scope="module", params=list(RIGHT))
def case(request: pytest.FixtureRequest) -> Case:
    """About half of them in float64, by their names' lengths. (Scoped so that all tests of one follow each other.)"""
    name = request.param
    dtype = ("float32", "float64")[len(name) % 2]
    return Case(name, dtype, *imported(name, dtype))


def test_a_module_is_imported_right(case: Case) -> None:
    """Outputs, gradients and buffers, in training and in evaluation, of another batch than that of the example."""
    pitfall = RIGHT[case.name]
    args, kwargs = pitfall.called(pitfall.rows + 2), pitfall.keywords(pitfall.rows + 2)
    verdict = compare(case.module, args, kwargs, made=(case.model, case.weights), dtype=case.dtype)
    assert not verdict.failed


def test_it_goes_through_text_and_file_and_back(case: Case, tmp_path: Path) -> None:
    again = ig.Model.from_json(case.model.to_json())
    assert again == case.model
    assert again.to_json() == case.model.to_json()
    read, held = ig.load(ig.save(tmp_path / "model.safetensors", case.model, case.weights))
    assert read == case.model
    x = arrays_for(case.name, 4)
    ours, theirs = (
        ig.build(model, weights=weights, dtype=case.dtype).forward(*x)
        for model, weights in ((case.model, case.weights), (read, held))
    )
    for y, same in zip(pytree.tree_leaves(ours), pytree.tree_leaves(theirs), strict=True):
        assert np.array_equal(y, same, equal_nan=True)


def test_its_names_are_the_modules(case: Case) -> None:
    """Nodes below the module's paths; weights under every name of its state_dict, which goes back into the module.

    Beyond those: buffers that the module does not keep, arrays of its own, and counts of batches.
    """
    paths = {path for path, _ in case.module.named_modules(remove_duplicate=False)}
    for node in case.model.graph(*case.model.input_shapes).nodes:
        assert node.owner in paths or node.owner.rpartition(".")[0] in paths
    state = case.module.state_dict()
    net = ig.build(case.model, weights=case.weights, dtype=case.dtype)
    net.load_state_dict({**case.weights, **state})
    back = {path: torch.from_numpy(values) for path, values in net.state_dict().items()}
    told = case.module.load_state_dict(back, strict=False)
    assert told.missing_keys == []
    kept = {path for path, _ in case.module.named_buffers()} - set(state)
    others = {path for path in told.unexpected_keys if "constant" not in path and "num_batches" not in path}
    assert others == kept
    for path, values in state.items():
        assert torch.equal(back[path].to(values.dtype), values)


@pytest.mark.parametrize("name", REFUSED)
def test_a_module_is_refused_by_its_path_and_line(name: str) -> None:
    pitfall = REFUSED[name]
    with pytest.raises(ig.SpecError) as error:
        ig.from_torch(pitfall.module(), pitfall.example(pitfall.rows), example_kwargs=pitfall.keywords(pitfall.rows))
    told = str(error.value)
    assert pitfall.got in told
    assert pitfall.path in told
    assert pitfall.line in told
