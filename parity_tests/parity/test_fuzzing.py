"""isograd fuzz: every kind of layer is reached, the same everywhere; what fails is found, shrunk, stands by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import typed

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.tables import STANDARD
from isograd.core.engine.rows import nodes
from isograd.core.parity.cases import CASES, LOSS_CASES, OPTIMIZER_CASES
from isograd.fuzzing.drawing import drawn
from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.feeds import Feed
from isograd.fuzzing.options import varied
from isograd.fuzzing.outcome import Kind, outcome
from isograd.fuzzing.running import fuzzed
from isograd.fuzzing.shrinking import shrunk
from isograd.fuzzing.written import as_test

MANY = 400


@pytest.fixture(scope="module")
def many() -> list[Drawn]:
    return [drawn(0, number) for number in range(MANY)]


def kinds_in(check: Drawn) -> set[str]:
    graph = check.model.graph(*check.model.input_shapes)
    inner = {type(layer) for _, layer, _ in nodes(check.model, check.model.input_shapes)}
    found = {*inner, *(type(node.layer) for node in graph.nodes)}
    return {base.__name__ for kind in found for base in kind.__mro__}


def test_every_kind_of_layer_loss_and_optimizer_is_reached(many: list[Drawn]) -> None:
    reached = set().union(*map(kinds_in, many))
    assert {kind.__name__ for kind in CASES} <= reached
    taught = [check.taught for check in many if check.taught]
    assert {type(each.loss).__name__ for each in taught} >= {kind.__name__ for kind in LOSS_CASES} - {"CustomLoss"}
    assert {type(each.optimizer) for each in taught} >= set(OPTIMIZER_CASES) - {ig.Muon}
    assert any(each.clip for each in taught)


def test_graphs_are_deep_branched_shared_nested_large_and_of_several_ends(many: list[Drawn]) -> None:
    graphs = [check.model.graph(*check.model.input_shapes) for check in many]
    reads = [[slot for node in graph.nodes for slot in node.reads] for graph in graphs]
    assert any(len(graph.nodes) > 15 for graph in graphs)
    assert any(len(slots) > len(set(slots)) for slots in reads)
    assert any(node.name != node.owner for graph in graphs for node in graph.nodes)
    assert any(isinstance(node.layer, ig.Model) for graph in graphs for node in graph.nodes)
    assert {len(graph.outputs) for graph in graphs} >= {1, 2, 3}
    assert {len(graph.input_names) for graph in graphs} >= {1, 2, 3}
    assert {form.kind for graph in graphs for form in graph.input_forms} == {"float", "integer", "boolean"}
    assert any(graph.evaluation for graph in graphs)
    assert any(graph.entries for graph in graphs)
    assert {check.rows for check in many} >= {1, 2, 3, 33, 600}


def test_what_is_drawn_comes_back_from_json_with_the_same_arrays(many: list[Drawn]) -> None:
    for check in many[:20]:
        back = Drawn.from_json(check.to_json())
        assert back.to_json() == check.to_json()
        assert all(np.array_equal(a, b) for a, b in zip(back.inputs, check.inputs, strict=True))
        assert set(back.asked) == set(check.asked)


def test_another_process_draws_the_same() -> None:
    code = "from isograd.fuzzing.drawing import drawn; print(*(drawn(3, n).to_json() for n in range(6)), sep='')"
    options: dict[str, Any] = {"env": os.environ | {"PYTHONHASHSEED": "7"}, "capture_output": True, "text": True}
    run = subprocess.run([sys.executable, "-c", code], check=True, **options)
    assert run.stdout.strip() == "".join(drawn(3, n).to_json() for n in range(6))


def test_options_are_drawn_and_none_that_cannot_be() -> None:
    rng = np.random.default_rng(0)
    layer = ig.Conv2d(4, 3, padding=1)
    found = [varied(rng, layer) for _ in range(200)]
    assert {getattr(each, "padding_mode", "") for each in found} == {"zeros", "reflect", "replicate", "circular"}
    assert {getattr(each, "bias", None) for each in found} == {True, False}
    assert len({each.to_json() for each in found}) > 100
    assert all(each is not layer for each in found)


def test_graphs_of_the_two_engines_are_equal() -> None:
    assert [outcome(drawn(0, number)).kind for number in (1, 4)] == [Kind.PASSED] * 2


class Wrong(NumpyBackend):
    """NumPy's engine, the second row's gradient through a Flatten twice as large."""

    def __init__(self) -> None:
        right = STANDARD.operations[ig.Flatten]

        def flatten(spec: Any, p: Any, x: Any, *, run: Any) -> Any:
            y, back = right(spec, p, x, run=run)

            def backward(dy: Any) -> Any:
                dx, grads = back(dy)
                dx = dx.copy()
                dx[1:2] *= 2
                return dx, grads

            return y, backward

        super().__init__(
            replace(STANDARD, operations=STANDARD.operations.overlaid({ig.Flatten: flatten})), name="wrong"
        )


@pytest.mark.parametrize("number", [0, 2, 6])
def test_a_fault_is_shrunk_to_its_node_and_batch(number: int) -> None:
    check = drawn(1, number)
    first = outcome(check, (Wrong(), "torch"))
    assert first.kind == Kind.FAILED
    least, told = shrunk(check, first, lambda candidate: outcome(candidate, (Wrong(), "torch")))
    assert [type(layer) for _, layer, _ in nodes(least.model, least.model.input_shapes)] == [ig.Flatten]
    assert (least.rows, len(least.dtypes), least.taught) == (2, 1, None)
    assert least.model.input_shapes == ((1, 1),)
    assert told.like(first)


def test_what_fails_is_written_as_a_test_that_needs_isograd_alone(tmp_path: Path) -> None:
    found = fuzzed(1, 1, (Wrong(), "torch"), tmp_path)
    assert not found.passed
    (finding,) = found.findings
    assert finding.path is not None
    text = finding.path.read_text()
    assert [line for line in text.splitlines() if line.startswith(("import", "from"))] == [
        "from isograd.fuzzing.drawn import Drawn"
    ]
    space: dict[str, Any] = {}
    exec(text.replace("('wrong', 'torch')", "('numpy', 'torch')"), space)
    space["test_the_engines_compute_the_same"]()  # of the right engines it passes
    assert str(found).splitlines()[0] == "1 graphs of seed 1, wrong against torch: 1 failed"
    assert str(found).splitlines()[-1] == "FAILED"


class Lacking(NumpyBackend):
    """An engine that says that it has no layer at all."""

    def __init__(self) -> None:
        super().__init__(name="lacking")

    def build(self, *given: Any, **options: Any) -> Any:
        raise ig.BackendError("lacking", wanted="another model", got="this one", fix="another engine")


def alone(layer: ig.Model, **options: Any) -> Drawn:
    return Drawn(layer, 4, 0, **options)


def test_what_has_no_value_in_either_engine_is_no_failure() -> None:
    x = ig.Input((3,))
    check = alone(ig.Model(inputs=x, outputs=ig.Unary("log")(x)))
    assert outcome(check).kind == Kind.UNDEFINED
    defined = alone(ig.Model(inputs=x, outputs=ig.Unary("log")(x)), feeds={"input": Feed(among=(0.5, 2.0))})
    assert outcome(defined).kind == Kind.PASSED


def test_what_an_engine_says_itself_that_it_cannot_do_is_no_failure() -> None:
    x = ig.Input((3,))
    check = alone(ig.Model(inputs=x, outputs=ig.Linear(2)(x)))
    assert outcome(check, (Lacking(), "torch")).kind == Kind.REFUSED


def test_what_both_engines_refuse_is_no_failure() -> None:
    x, places = ig.Input((3,)), ig.Input((2,), kind="integer")
    check = alone(ig.Model(inputs=(x, places), outputs=ig.Gather(1)(x, places)), feeds={"input_1": Feed(among=(7.0,))})
    assert outcome(check).kind == Kind.REFUSED


def test_as_test_quotes_what_was_told() -> None:
    x = ig.Input((3,))
    check = alone(ig.Model(inputs=x, outputs=ig.Linear(2)(x)))
    failed = replace(outcome(check), told='raised """ and \\N')
    compile(as_test(check, failed, 0, 0, ("numpy", "torch")), "test", "exec")


def test_the_command_counts_what_became_of_each_graph(tmp_path: Path) -> None:
    run = typed("fuzz", "--count", "2", "--seed", "4", "--out", "found", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines() == ["2 graphs of seed 4, numpy against torch: 2 passed", "PASSED"]
    assert list((tmp_path / "found").iterdir()) == []


def test_the_command_refuses_one_engine_alone(tmp_path: Path) -> None:
    run = typed("fuzz", "--backends", "numpy", cwd=tmp_path)
    assert run.returncode == 2
    assert "two engines or more, each of them once" in run.stderr


def test_what_raises_while_it_is_drawn_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(seed: int, number: int) -> Drawn:
        raise IndexError("of no error of ours")

    monkeypatch.setattr("isograd.fuzzing.running.drawn", refuses)
    found = fuzzed(1, 0, ("numpy", "torch"), tmp_path)
    assert not found.passed
    assert str(found).splitlines()[1].startswith("number 0: while it was drawn: IndexError: of no error of ours")
