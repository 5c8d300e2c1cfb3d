"""What a user reads when a text is not a description: word for word, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.base.description import REGISTRY
from isograd.core.base.errors import shortened

MODEL = ig.Sequential([ig.Linear(2), ig.Tanh()], input_shape=(3,))
RECORD = json.loads(MODEL.to_json())
a = ig.Input((3,))
GRAPH = json.loads(ig.Model(inputs=a, outputs=ig.Linear(3)(a) + a).to_json())
FAMILIES = "clipping, custom_layer, custom_loss, initializer, layer, loss, metric, optimizer, schedule, stopping"
LAYERS = shortened(f"a known layer: {', '.join(sorted(REGISTRY['layer']))}")


def changed(record: dict[str, Any], *path: Any, to: Any) -> str:
    """The record as text, with the entry at `path` replaced."""
    copy = json.loads(json.dumps(record))
    here = copy
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = to
    return json.dumps(copy)


TEXTS: dict[str, tuple[Callable[[], Any], str]] = {
    "not JSON": (
        lambda: ig.Model.from_json("{"),
        """FileError: JSON text
  wanted JSON
  got    Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
  fix    restore the file""",
    ),
    "no object": (
        lambda: ig.Model.from_json("[1]"),
        """FileError: JSON text
  wanted an object with "isograd": 1 to 3
  got    list
  fix    write it with to_json, or update isograd""",
    ),
    "a later format": (
        lambda: ig.Sequential.from_json(changed(RECORD, "isograd", to=4)),
        """FileError: JSON text
  wanted an object with "isograd": 1 to 3
  got    4
  fix    write it with to_json, or update isograd""",
    ),
    "no format": (
        lambda: ig.Sequential.from_json('{"layer": "Tanh"}'),
        """FileError: JSON text
  wanted an object with "isograd": 1 to 3
  got    none
  fix    write it with to_json, or update isograd""",
    ),
    "no description": (
        lambda: ig.Sequential.from_json('{"isograd": 2, "lager": "Tanh"}'),
        f"""SpecError: JSON
  wanted one of the keys {FAMILIES}
  got    ['lager']
  fix    write the text with to_json""",
    ),
    "another kind": (
        lambda: ig.Model.from_json(MODEL.to_json()),
        """SpecError: JSON text
  wanted a Model
  got    a Sequential
  fix    read it with Sequential.from_json""",
    ),
    "an unknown layer": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", 1, "layer", to="Tan")),
        f"""SpecError: layer 1 of a Sequential: "layer": "Tan"
  wanted {LAYERS}
  got    'Tan'
  fix    mend the name, or register the layer before reading""",
    ),
    "an unknown option": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", 1, "slope", to=2)),
        """SpecError: Tanh(name=None, slope=2)
  wanted options among name=
  got    slope=
  fix    drop slope= or mend it""",
    ),
    "a bad value": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", 1, to={"layer": "Linear", "out_features": -1})),
        """SpecError: Linear(out_features=-1)
  wanted out_features: greater than 0
  got    -1
  fix    change out_features=""",
    ),
    "no layers": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", to=None)),
        """SpecError: JSON: "layers"
  wanted a list
  got    NoneType
  fix    write the text with to_json""",
    ),
    "the same as nothing": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", 1, to={"same_as": 1})),
        """SpecError: JSON: same_as '1'
  wanted one of 0
  got    '1'
  fix    mend the name""",
    ),
    "a loss as a layer": (
        lambda: ig.Sequential.from_json(changed(RECORD, "layers", 1, to={"loss": "MSELoss"})),
        """SpecError: layer 1 of a Sequential
  wanted an object with the key "layer"
  got    {'loss': 'MSELoss'}
  fix    write it with to_json""",
    ),
    "a call that is none": (
        lambda: ig.Model.from_json(changed(GRAPH, "calls", 0, to="linear")),
        """SpecError: JSON: "calls"
  wanted {"layer": …, "of": […]}
  got    'linear'
  fix    write it with to_json""",
    ),
    "a call of nothing": (
        lambda: ig.Model.from_json(changed(GRAPH, "calls", 0, to={"layer": "linear"})),
        """SpecError: JSON: "of"
  wanted a list
  got    nothing
  fix    write the text with to_json""",
    ),
    "a call of an unknown layer": (
        lambda: ig.Model.from_json(changed(GRAPH, "calls", 0, "layer", to="conv")),
        """SpecError: JSON: layer 'conv'
  wanted one of linear, add
  got    'conv'
  fix    mend the name""",
    ),
    "a call of an unknown value": (
        lambda: ig.Model.from_json(changed(GRAPH, "calls", 0, "of", 0, to="image")),
        """SpecError: JSON: value 'image'
  wanted one of input
  got    'image'
  fix    mend the name""",
    ),
    "shapes that do not fit": (
        lambda: ig.Model.from_json(changed(GRAPH, "layers", "linear", "out_features", to=2)),
        """ShapeError: Add()
  wanted shapes of equal rank whose axes are equal or 1
  got    (N, 2) and (N, 3)
  path   (N, 3) → Linear(2) → (N, 2)   and   (N, 3)
  fix    bring them to one shape with Linear, Reshape or Flatten""",
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_the_message_of_a_text_is_this(case: str) -> None:
    action, text = TEXTS[case]
    assert raised(action) == text


def entries(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every entry of a JSON record."""
    pairs = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else []
    return [here for key, value in pairs for here in [(*path, key), *entries(value, (*path, key))]]


WRONG = [None, 5, -1, 1.5, True, "zz", [], [1], [[1]], ["linear"], {}, {"a": 1}, {"layer": "ReLU"}, {"layer": ["x"]}]


@pytest.mark.parametrize("record", [RECORD, GRAPH], ids=["Sequential", "Model"])
def test_any_entry_may_be_anything_and_it_is_read_or_an_error_of_ours(record: dict[str, Any]) -> None:
    refused = 0
    for path in entries(record):
        for wrong in WRONG:
            try:
                ig.core.graph.composite.Composite.from_json(changed(record, *path, to=wrong))
            except ig.IsogradError:
                refused += 1
    assert refused > 200  # nothing else was raised; few of these are what they should be


def test_a_text_nested_without_end() -> None:
    with pytest.raises(ig.FileError, match="recursion"):
        ig.Model.from_json("[" * 200_000)
