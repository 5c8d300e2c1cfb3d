"""Files that hurt, by name: each is told soon, in a message that stays short, or loads and works."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.base.description import REGISTRY
from isograd.core.base.limits import CALLS, LEVELS, TEXT
from isograd.core.graph.composite import Composite


def sequential(*layers: Any, **options: Any) -> dict[str, Any]:
    return {"layer": "Sequential", "name": None, "layers": list(layers), **options}


def nested(depth: int, repeated: int) -> dict[str, Any]:
    """A ReLU in `depth` models, each of which calls what is in it so often."""
    inner: dict[str, Any] = {"layer": "ReLU"}
    for _ in range(depth):
        inner = sequential(inner, *[{"same_as": 0}] * (repeated - 1))
    return inner | {"input_shape": [3]}


def text(record: dict[str, Any]) -> str:
    return json.dumps({"isograd": 2, **record})


def of(*layers: Any, shape: Any = (3,)) -> Callable[[], Any]:
    return lambda: ig.Sequential.from_json(text(sequential(*layers, input_shape=list(shape))))


DIGITS = text(sequential({"layer": "Linear", "out_features": 7}, input_shape=[3]))
MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
TEXTS: dict[str, tuple[Callable[[], Any], str]] = {
    "no text": (
        lambda: ig.Model.from_json(None),  # type: ignore[arg-type]
        """FileError: JSON text
  wanted a text
  got    None
  fix    read the file that holds it: path.read_text()""",
    ),
    "a key twice": (
        lambda: ig.Sequential.from_json('{"isograd": 2, "layer": "Sequential", "layers": [], "layers": []}'),
        """FileError: JSON text
  wanted JSON
  got    the key 'layers' twice in one object
  fix    restore the file""",
    ),
    "a computation of 2^30 layers in 1 KB": (
        lambda: ig.Sequential.from_json(text(nested(30, 2))),
        """SpecError: Sequential
  wanted at most 100,000 calls of layers, inner models' and repeated ones' included
  got    131,072
  fix    repeat less, or compute a part of it as one layer (ig.GRU steps through a sequence by itself)""",
    ),
    "models in models in models": (
        lambda: ig.Sequential.from_json(text(nested(50, 1))),
        """SpecError: Sequential
  wanted at most 40 models within each other
  got    41
  fix    nest fewer""",
    ),
    "250 of them": (
        lambda: ig.Sequential.from_json(text(nested(250, 1))),
        """FileError: JSON text
  wanted at most 120 objects and lists within each other
  got    more
  fix    nest fewer models within models""",
    ),
    "a hundred million recurrences": (
        of({"layer": "GRU", "hidden_size": 2, "num_layers": 10**8}, shape=(3, 2)),
        """SpecError: GRU(hidden_size=2, num_layers=100000000)
  wanted num_layers: less than or equal to 1000
  got    100000000
  fix    change num_layers=""",
    ),
    "a number of 4,000 digits": (
        lambda: ig.Sequential.from_json(DIGITS.replace("7", "9" * 4000)),
        """SpecError: Linear(out_features=a number of 13288 bits)
  wanted out_features: a whole number within ±9223372036854775807
  got    a number of 13288 bits
  fix    change out_features=""",
    ),
    "an axis that no array has": (
        of({"layer": "Conv1d", "out_channels": 1, "kernel_size": 1, "padding": 2**63 - 1}, shape=(1, 3)),
        """ShapeError: layer 1 of 1, Conv1d(1, 1, padding=9223372036854775807)
  wanted outputs of at most 63 axes, none of more than 9223372036854775807 places
  got    (N, 1, 18446744073709551617)
  path   (N, 1, 3)
  fix    change what feeds it""",
    ),
    "more axes than an array has": (
        lambda: ig.Input([1] * 64),
        f"""SpecError: Input(({"1, " * 20}…))
  wanted at most 63 axes, without the batch axis
  got    ({"1, " * 20}…)
  fix    give one sample's shape, such as (1, 28, 28)""",
    ),
    "the name of a parameter in Python": (
        of({"layer": "ReLU", "self": 1}),
        """SpecError: ReLU(self=1)
  wanted options among name=
  got    self=
  fix    drop self= or mend it""",
    ),
    "cls": (
        of({"layer": "ReLU", "cls": 1}),
        """SpecError: ReLU(cls=1)
  wanted options among name=
  got    cls=
  fix    drop cls= or mend it""",
    ),
    "a key that a model does not have": (
        lambda: ig.Model.from_json('{"isograd": 2, "layer": "Model", "cls": 1}'),
        """SpecError: JSON: a Model
  wanted the keys "name", "inputs", "layers", "calls", "outputs"
  got    'cls'
  fix    write the text with to_json""",
    ),
    "a name that is too long": (
        of({"layer": "ReLU", "name": "x" * 201}),
        f"""SpecError: ReLU()
  wanted a name of at most 200 characters
  got    '{"x" * 47}…{"x" * 48}'
  fix    rename it""",
    ),
    "more weights than memory": (
        lambda: ig.build(ig.Sequential([ig.Linear(10**10, bias=False)], input_shape=(10**10,))),
        f"""SpecError: the model's first weights
  wanted at most {MEMORY:.1f} GiB, this machine's memory
  got    1117587089538.6 GiB; 0.weight has 100,000,000,000,000,000,000 values
  fix    smaller layers, or smaller inputs""",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_the_message_is_this_and_soon(case: str) -> None:
    action, wanted = TEXTS[case]
    started = time.process_time()
    assert raised(action) == wanted
    assert time.process_time() - started < 1


def test_a_number_of_5000_digits_is_told_in_the_words_of_python() -> None:
    with pytest.raises(ig.FileError, match=r"limit .* for integer string conversion"):
        ig.Sequential.from_json(DIGITS.replace("7", "9" * 5000))


LONG = "x" * 10_000


@pytest.mark.parametrize(
    "record",
    [
        sequential({"layer": LONG}),
        sequential({"layer": "ReLU", LONG: 1}),
        sequential({"layer": "ReLU", "name": LONG}),
        sequential({"layer": "Linear", "out_features": LONG}),
        sequential({"layer": "Linear", "out_features": [LONG] * 100}),
        sequential({"layer": "GELU", "approximate": LONG}),
        sequential({"same_as": LONG}),
        sequential({LONG: LONG}),
        sequential({"layer": "ReLU"}, **{LONG: LONG}),
        sequential({"layer": "ReLU"}, input_shape=[LONG]),
        {"layer": LONG},
        {LONG: "layer"},
        {"layer": "Model", "inputs": {LONG: [LONG]}, "layers": {}, "calls": [], "outputs": []},
        {"layer": "Model", "inputs": {}, "layers": {}, "calls": [LONG], "outputs": [LONG]},
    ],
)
def test_no_message_echoes_what_is_long(record: dict[str, Any]) -> None:
    with pytest.raises(ig.IsogradError) as caught:
        Composite.from_json(text(record))
    assert len(str(caught.value)) < 3000
    assert "x" * 1000 not in str(caught.value)


SOON = """
import resource, sys, time
import isograd as ig
ig.Sequential([ig.GRU(2)], input_shape=(3, 2)).to_json()
texts = sys.stdin.read().split("\\n\\n")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in texts:
    started = time.process_time()
    model = ig.Sequential.from_json(text)
    assert repr(model.input_shapes) and hash(model) == hash(ig.Sequential.from_json(model.to_json()))
    assert time.process_time() - started < 1, text[:200]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 200, (grown, text[:200])
"""


def test_what_may_be_as_large_as_that_loads_without_memory_for_it() -> None:
    """Shapes are followed without an array of them; what is shared is looked at once."""
    wide = {"layer": "Linear", "out_features": 10**10}
    pooled = {"layer": "MaxPool1d", "kernel_size": 17, "stride": 20}
    records = [
        sequential({"layer": "ReLU"}, wide, {"layer": "PositionalEncoding"}, input_shape=[10, 10**10]),
        sequential(pooled, input_shape=[1, 10**10]),
        sequential({"layer": "Embedding", "num_embeddings": 10**12, "embedding_dim": 10**6}, input_shape=[10**9]),
        sequential({"layer": "GRU", "hidden_size": 10**9, "num_layers": 1000}, input_shape=[3, 2]),
        nested(16, 2),
        nested(3, 40),
        nested(38, 1),
    ]
    given = "\n\n".join(map(text, records))
    done = subprocess.run([sys.executable, "-c", SOON], input=given, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_within_the_limits_computes() -> None:
    net = ig.build(ig.Sequential.from_json(text(nested(8, 2))))
    assert net.forward(np.ones((1, 3))).tolist() == [[1.0, 1.0, 1.0]]
    deep = ig.build(ig.Sequential.from_json(text(nested(LEVELS, 1))))
    assert deep.forward(-np.ones((1, 3))).tolist() == [[0.0, 0.0, 0.0]]


def test_the_limits_hold_in_python_as_in_a_file() -> None:
    layer: Any = ig.Linear(3)
    for _ in range(LEVELS):
        layer = ig.Sequential([layer])
    with pytest.raises(ig.SpecError, match="models within each other"):
        ig.Sequential([layer])
    with pytest.raises(ig.SpecError, match="models within each other"):
        ig.Residual([ig.Sequential([layer.layers[0]])])
    x = ig.Input((3,))
    with pytest.raises(ig.SpecError, match="models within each other"):
        ig.Model(inputs=x, outputs=layer(x))
    many: Any = ig.Sequential([ig.ReLU()] * 400)
    with pytest.raises(ig.SpecError, match="at most 100,000 calls"):
        ig.Sequential([many] * 400)
    with pytest.raises(ig.SpecError, match="at most 100,000 calls"):
        ig.Sequential([ig.LSTM(2, num_layers=1000, bidirectional=True) for _ in range(CALLS // 2000 + 1)])


def test_a_chain_of_thousands_is_made_and_told_of() -> None:
    """Recursion would end where Python's stack does, and a search from the start of all names never."""
    value: Any = ig.Input((3,))
    for _ in range(3000):
        value = ig.ReLU()(value)
    with pytest.raises(ig.ShapeError) as caught:
        ig.Reshape((4,))(value)
    assert caught.value.path is not None
    assert "→ … →" in caught.value.path
    assert len(caught.value.path) < 1100


def seconds_to_read(given: str, layers: int) -> float:
    """The shortest of three: processor time, without the collector, whose whole rounds come when they like."""
    taken = []
    for _ in range(3):
        gc.disable()
        started = time.process_time()
        assert len(ig.Sequential.from_json(given).layers) == layers
        taken.append(time.process_time() - started)
        gc.enable()
    return min(taken)


def test_the_work_for_many_layers_grows_as_they_are_many() -> None:
    small, large = (text(sequential(*[{"layer": "ReLU"}] * n, input_shape=[3])) for n in (2_000, 32_000))
    growth = seconds_to_read(large, 32_000) / seconds_to_read(small, 2_000)
    assert growth < 64  # 16 as it should be; 256 where every name is held against all others
    with pytest.raises(ig.FileError, match="at most 8,388,608 characters"):
        ig.Sequential.from_json(large + " " * TEXT)


def test_what_is_called_often_is_fitted_once() -> None:
    """A model that calls a model twice that calls a model twice …: 16 models, 65,536 calls."""
    inner: Any = ig.Sequential([ig.ReLU()])
    for _ in range(15):
        x = ig.Input((3,))
        inner = ig.Model(inputs=x, outputs=inner(inner(x)))
    started = time.process_time()
    assert inner.with_input_shapes((5,)).input_shapes == ((5,),)
    assert time.process_time() - started < 1


def test_half_a_character_is_no_name() -> None:
    """No file can hold it, and no key of a random stream."""
    with pytest.raises(ig.SpecError) as caught:
        ig.Sequential.from_json(text(sequential({"layer": "Linear", "out_features": 2, "name": "a\ud800"})))
    assert caught.value.got == r"'a\ud800'"


def test_a_custom_function_is_tried_on_no_more_than_it_may_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "custom_layer", dict(REGISTRY["custom_layer"]))

    @ig.custom(weights=lambda x: {"table": (10**12, x[-1])})
    def looked_up(ops: Any, x: Any, w: Any) -> Any:
        return x * w["table"][0]

    assert ig.Sequential([looked_up()], input_shape=(3,)).weights((3,))["0.table"].shape == (10**12, 3)
    given = text(sequential({"custom_layer": "looked_up", "name": None}, input_shape=[10**10]))
    assert (
        raised(lambda: ig.Sequential.from_json(given))
        == """ShapeError: layer 1 of 1, looked_up()
  wanted at most 16,777,216 values in a sample of a custom layer
  got    (N, 10000000000)
  path   (N, 10000000000)
  fix    change what feeds it"""
    )
