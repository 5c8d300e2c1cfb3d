"""What version 0.1 wrote loads today: the same descriptions, the same weights, the same outputs in both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

import isograd as ig
from isograd.core.base.description import FORMER, REGISTRY, Description
from isograd.core.graph.files import load_notes
from isograd.core.parity.matching import TOLERANCE, difference

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "0.1"
MODELS = sorted(path.stem for path in FIXTURES.glob("*.safetensors") if ".arrays" not in path.name)
TEXTS = (FIXTURES / "descriptions.jsonl").read_text().splitlines()
FAMILIES = set(REGISTRY)


@pytest.fixture
def functions_of_0_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """The custom functions whose names the descriptions hold."""
    for family in ("custom_layer", "custom_loss"):
        monkeypatch.setitem(REGISTRY, family, dict(REGISTRY[family]))

    @ig.custom
    def a_layer_of_0_1(ops: Any, x: Any, *, slope: float, at: str = "start") -> Any:
        return slope * x

    @ig.custom(kind="loss")
    def a_loss_of_0_1(ops: Any, p: Any, t: Any, *, power: int = 2) -> Any:
        return ops.mean((p - t) ** power)


def untold(former: Any, today: Any, path: str = "") -> Iterator[str]:
    """What a record of 0.1 says and today's does not; today's may say more."""
    if isinstance(former, dict) and isinstance(today, dict):
        for key, value in former.items():
            known = key in FAMILIES and isinstance(value, str)
            named = FORMER[key, value][1] if known and (key, value) in FORMER else value
            yield from untold(named, today.get(key, "nothing"), f"{path}/{key}")
    elif isinstance(former, list) and isinstance(today, list) and len(former) == len(today):
        for k, pair in enumerate(zip(former, today, strict=True)):
            yield from untold(*pair, f"{path}/{k}")
    elif former != today:
        yield f"{path}: {former!r}, today {today!r}"


@pytest.mark.usefixtures("functions_of_0_1")
def test_every_description_is_what_it_was() -> None:
    seen = set()
    for text in TEXTS:
        record = json.loads(text)
        made = Description.from_json(text)
        del record["isograd"]
        assert not list(untold(record, made.to_dict())), text
        assert Description.from_json(made.to_json()) == made
        seen.add(type(made).__name__)
    assert len(seen) > 90


def test_a_description_that_lost_an_option_would_be_seen() -> None:
    former = {"schedule": "WarmUp", "length": 3, "then": {"schedule": "ConstantLR", "per": "epoch"}}
    assert list(untold(former, ig.WarmUp(length=3).to_dict())) == []
    assert list(untold(former, ig.WarmUp(length=3, then=ig.LinearDecay(final_lr=0.1)).to_dict())) == [
        "/then/schedule: 'FixedLR', today 'LinearDecay'"
    ]
    assert list(untold(former | {"power": 2}, ig.WarmUp(length=4).to_dict())) == [
        "/length: 3, today 4",
        "/power: 2, today 'nothing'",
    ]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_weights_are_what_they_were(name: str, tmp_path: Path) -> None:
    path = FIXTURES / f"{name}.safetensors"
    model, weights = ig.load(path)
    stored = load_file(path)
    assert {key: (v.dtype, v.tolist()) for key, v in weights.items()} == {
        key: (v.dtype, v.tolist()) for key, v in stored.items()
    }
    assert list(ig.build(model).state_dict())
    assert load_notes(path) == {"symbols": "\n abé", "of": name}
    again, same = ig.load(ig.save(tmp_path / "again.safetensors", model, weights))
    assert again == model
    assert sorted(same) == sorted(weights)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_computes_what_it_did(name: str, backend: str) -> None:
    model, weights = ig.load(FIXTURES / f"{name}.safetensors")
    arrays = load_file(FIXTURES / f"{name}.arrays.safetensors")
    x = [arrays[f"x{k}"] for k in range(len(model.input_shapes))]
    found = ig.build(model, weights, backend=backend, dtype="float64").forward(*x)
    outputs = found if isinstance(found, tuple) else (found,)
    assert len(outputs) == len(arrays) - len(x)
    for k, y in enumerate(outputs):
        assert not difference(y, arrays[f"y{k}"]).exceeds(TOLERANCE["node", "float64"]), f"output {k}"


def test_a_former_name_is_known_in_texts_of_format_1_alone() -> None:
    def read(form: int) -> Any:
        return ig.WarmUp.from_json(
            f'{{"isograd": {form}, "schedule": "WarmUp", "length": 2, "then": {{"schedule": "ConstantLR"}}}}'
        )

    assert read(1) == ig.WarmUp(length=2, then=ig.FixedLR())
    assert '"isograd": 3' in read(1).to_json()
    assert read(2) == ig.WarmUp(length=2, then=ig.ConstantLR())


def test_windows_have_their_former_names_in_texts_up_to_format_2() -> None:
    def read(form: int, text: str) -> Any:
        return ig.Sequential.from_json(f'{{"isograd": {form}, "layer": "Sequential", "layers": [{text}]}}').layers[0]

    former = {
        '{"layer": "Unfold", "dim": 1, "size": 4, "step": 2}': ig.UnfoldDim(1, 4, 2),
        '{"layer": "Im2col", "kernel_size": 2, "stride": 3}': ig.Unfold(2, stride=3),
        '{"layer": "Col2im", "output_size": [4, 5], "kernel_size": 2}': ig.Fold((4, 5), 2),
    }
    for text, layer in former.items():
        assert read(2, text) == read(1, text) == layer
        with pytest.raises(ig.SpecError):
            read(3, text)
    assert read(3, '{"layer": "Unfold", "kernel_size": 2}') == ig.Unfold(2)


def test_the_former_name_of_a_class_is_not_there_and_the_error_says_the_new_one() -> None:
    with pytest.raises(AttributeError, match=r"it is ig\.Unfold, as torch\.nn's"):
        ig.Im2col  # noqa: B018
