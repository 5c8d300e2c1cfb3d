"""What a NumPy network runs: a Program, made once, of the tables that its engine was given."""

from __future__ import annotations

import pickle
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.numpy_impl.operations import OPERATIONS
from isograd.backends.numpy_impl.program import Program
from isograd.backends.numpy_impl.tables import AS_THE_BOOK, STANDARD, Tables
from isograd.core.base.errors import BackendError
from isograd.core.base.types import Array
from isograd.core.graph.composite import Composite

X = np.random.default_rng(0).normal(size=(40, 4))
Y = np.random.default_rng(1).integers(0, 3, 40)


def model() -> ig.Sequential:
    body = [ig.Linear(4), ig.Tanh()]
    return ig.Sequential([ig.Residual(body), ig.Tanh(), ig.Linear(3)], input_shape=(4,))


def doubled(spec: ig.Tanh, p: Any, x: Array, *, run: Any) -> Any:
    """y = 2 tanh x        dx = 2 dy ⊙ (1 − tanh²x)"""
    y = np.tanh(x)
    return 2 * y, lambda dy: (2 * dy * (1 - y * y), {})


DOUBLED = replace(STANDARD, operations=OPERATIONS.overlaid({ig.Tanh: doubled}))


def trainer(net: Any) -> ig.Trainer:
    return ig.Trainer(net, loss=ig.CrossEntropyLoss(), optimizer=ig.SGD(0.1, momentum=0.9), clip=ig.ClipNorm(0.5))


def test_a_program_is_made_once_and_for_a_class_of_batch_sizes() -> None:
    net = ig.build(model())
    net.forward(X[:5])
    made = dict(net.programs)
    for rows in (5, 8, 6):
        net.forward(X[:rows], training=True)
        assert net.programs == made  # the same objects: programs are compared by identity
    net.forward(X[:9])
    assert {key: program for key, program in net.programs.items() if key in made} == made
    assert sorted(program.rows for program in net.programs.values()) == [8, 16]
    net.predict(X, batch_size=16)
    assert {(program.rows, wanted) for (_, wanted), program in net.programs.items()} == {
        (8, True),
        (16, True),
        (16, False),
        (8, False),
    }
    before = dict(net.programs)
    trainer(net).fit((X, Y), epochs=2, batch_size=16)
    assert net.programs == before


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 31, 32, 33, 1000])
def test_a_program_serves_as_many_rows_as_it_was_made_for(rows: int) -> None:
    made = ig.build(model()).program(rows, True)
    assert made.rows / 2 < rows <= made.rows


def test_a_program_knows_which_nodes_lead_to_something_that_wants_its_gradient() -> None:
    layers = [ig.Flatten(), ig.Linear(5), ig.Tanh(), ig.Residual([ig.Linear(5)]), ig.Linear(2)]
    net = ig.build(ig.Sequential(layers, input_shape=(2, 2)))
    assert [step.needs_dx for step in net.program(1, False).steps] == [False, False, True, True, True]
    assert [step.needs_dx for step in net.program(1, True).steps] == [True] * 5
    numbers, values = ig.Input((3,), name="numbers"), ig.Input((3, 4), name="values")
    joined = ig.Add()(ig.Embedding(7, 4)(numbers), values)
    net = ig.build(ig.Model(inputs=[numbers, values], outputs=joined))
    assert {step.path: step.needs_dx for step in net.program(1, True).steps} == {"embedding": False, "add": True}


def test_a_graph_inside_a_graph_is_a_program_inside_a_program() -> None:
    (residual, *_) = ig.build(model(), dtype="float64").program(3, False).steps
    inner = residual.operation
    assert isinstance(inner, Program)
    assert (inner.rows, inner.dtype) == (4, np.float64)
    assert [step.path for step in inner.steps] == ["0.body", "0.add"]
    assert [step.needs_dx for step in inner.steps] == [False, True]
    assert not [kind for kind in OPERATIONS if issubclass(kind, Composite)]


def test_a_kind_of_graph_that_no_table_knows_is_walked_and_one_that_it_knows_is_not() -> None:
    class Unknown(ig.Sequential):
        """A composite of someone else's."""

    layers = [[kind((ig.Linear(4), ig.Tanh())), ig.Linear(3)] for kind in (Unknown, ig.Sequential)]
    nets = [ig.build(ig.Sequential(some, input_shape=(4,)), seed=3, dtype="float64") for some in layers]
    np.testing.assert_array_equal(*(net.forward(X) for net in nets))

    def nothing(spec: Any, p: Any, x: Array, *, run: Any) -> Any:
        return 0 * x, lambda dy: (0 * dy, {})

    engine = NumpyBackend(replace(STANDARD, operations=OPERATIONS.overlaid({ig.Residual: nothing})))
    assert not ig.build(model(), backend=engine).activations(X)["0"][0].any()


def test_two_engines_on_different_tables_run_side_by_side_and_the_usual_one_stays_as_it_was() -> None:
    entries = [dict(table) for table in STANDARD]
    wanted = ig.build(model(), seed=1, dtype="float64").forward(X)
    engines = [NumpyBackend(), NumpyBackend(DOUBLED, name="doubled")]
    usual, other = (ig.build(model(), seed=1, dtype="float64", backend=engine) for engine in engines)
    hidden = [net.activations(X)["0.body.1"][0] for net in (usual, other)]
    np.testing.assert_array_equal(2 * hidden[0], hidden[1])
    outputs = [net.forward(X) for net in (usual, other, usual, other)]
    np.testing.assert_array_equal(outputs[0], wanted)
    np.testing.assert_array_equal(outputs[0], outputs[2])
    np.testing.assert_array_equal(outputs[1], outputs[3])
    assert not np.array_equal(outputs[0], outputs[1])
    assert (usual.backend, other.backend) == ("numpy", "doubled")
    assert [dict(table) for table in STANDARD] == entries


@pytest.mark.parametrize("family", ["losses", "optimizers", "clippings"])
def test_training_takes_losses_rules_and_clippings_from_the_tables_that_were_handed_in(family: str) -> None:
    called = []

    def told(function: Any) -> Any:
        def wrapped(spec: Any, *given: Any) -> Any:
            called.append(type(spec))
            return function(spec, *given)

        return wrapped

    table = getattr(STANDARD, family)
    mine = table.overlaid({kind: told(function) for kind, function in table.items()})
    nets = [
        ig.build(model(), backend=NumpyBackend(tables)) for tables in (STANDARD, replace(STANDARD, **{family: mine}))
    ]
    losses = [trainer(net).step(X, Y) for net in nets]
    kind = {"losses": ig.CrossEntropyLoss, "optimizers": ig.SGD, "clippings": ig.ClipNorm}[family]
    assert losses[0] == losses[1]
    assert set(called) == {kind}
    if family == "losses":
        called.clear()
        trainer(nets[1]).evaluate((X, Y))
        NumpyBackend(replace(STANDARD, losses=mine)).evaluate_loss(ig.MSELoss(), X, X, np.ones(()))
        assert called == [ig.CrossEntropyLoss, ig.MSELoss]


def test_an_engine_of_ones_own_is_compared_by_its_name_and_told_where_it_computes() -> None:
    mine = NumpyBackend(DOUBLED, name="doubled")
    report = ig.check_parity(model(), X[:3], backends=(mine, "numpy"), dtypes=("float64",))
    assert report.culprit is not None
    assert (report.culprit.path, report.culprit.guilty) == ("0.body.1", "doubled")
    assert mine.source(ig.Tanh()).startswith("`doubled` in ")
    assert mine.source(ig.Linear(3)) == "`linear` in backends/numpy_impl/operations/linear.py"
    assert mine.source(model()) == "`Program` in backends/numpy_impl/program.py"
    book = NumpyBackend(AS_THE_BOOK)
    assert book.source(ig.GRU(3)) == "`gru` in backends/numpy_impl/reference/recurrent_nodes.py"
    assert book.source(ig.Tanh()) == NumpyBackend().source(ig.Tanh())


def test_what_a_table_lacks_is_said_by_name() -> None:
    few = type(OPERATIONS)("mine").overlaid({ig.Tanh: doubled})
    net = ig.build(model(), backend=NumpyBackend(Tables(few, STANDARD.losses, STANDARD.optimizers, STANDARD.clippings)))
    with pytest.raises(BackendError) as caught:
        net.forward(X)
    assert caught.value.where == "mine: Linear"
    assert caught.value.wanted == "one of Tanh"


def test_a_description_holds_nothing_of_an_engine() -> None:
    x = ig.Input((4,))
    described = [model(), ig.Model(inputs=x, outputs=ig.TransformerEncoderLayer(2)(ig.Reshape((2, 2))(x)))]
    for spec in described:
        before = pickle.dumps(spec)
        net = ig.build(spec)
        net.forward(X, training=True)
        net.backward(np.ones_like(net.forward(X)))
        net.predict(X)
        assert pickle.dumps(spec) == before
        assert b"backends" not in before
        again = ig.build(pickle.loads(before), net.state_dict())
        np.testing.assert_array_equal(again.forward(X), net.forward(X))


@pytest.mark.parametrize(
    ("body", "most"),
    [([ig.Tanh()] * 6, 1), ([ig.Sequential([ig.Tanh()] * 3), ig.Sequential([ig.Tanh()] * 3)], 2)],
    ids=["flat", "nested: and what the inner graph was given"],
)
def test_a_value_is_let_go_after_its_last_reader_and_a_gradient_after_its_node(body: list[ig.Layer], most: int) -> None:
    born: list[weakref.ref[Array]] = []
    alive: list[int] = []

    def told(made: Array) -> Array:
        alive.append(sum(ref() is not None for ref in born))
        born.append(weakref.ref(made))
        return made

    def forgetful(spec: ig.Tanh, p: Any, x: Array, *, run: Any) -> Any:
        return told(np.tanh(x)), lambda dy: (told(dy * 0.5), {})

    engine = NumpyBackend(replace(STANDARD, operations=OPERATIONS.overlaid({ig.Tanh: forgetful})))
    net = ig.build(ig.Sequential(body, input_shape=(4,)), backend=engine)
    for training in (True, False):
        y = net.forward(X, training=training)
        assert max(alive) == most  # while a node runs
        assert sum(ref() is not None for ref in born) == 1  # the output
        born.clear()
        alive.clear()
        net.backward(np.ones_like(y))
        assert max(alive) == most
        born.clear()
        alive.clear()


@pytest.mark.parametrize("layer", [ig.Sigmoid(), ig.Tanh(), ig.ReLU(), ig.Softmax(dim=1), ig.Identity()], ids=repr)
def test_what_forward_gives_is_the_callers_to_write_to(layer: ig.Layer) -> None:
    model = ig.Sequential([ig.Linear(3), layer], input_shape=(4,))
    x, dy = np.random.default_rng(0).normal(size=(5, 4)), np.random.default_rng(1).normal(size=(5, 3))
    written, left = (ig.build(model, dtype="float64") for _ in range(2))
    output = written.forward(x, training=True)
    left.forward(x, training=True)
    output[...] = 0
    for a, b in zip(written.backward(dy)[1].values(), left.backward(dy)[1].values(), strict=True):
        assert np.array_equal(a, b)
