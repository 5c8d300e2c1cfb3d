"""Every argument of every public name given junk: it works, or an error of ours says where, wanted, got and fix."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isograd as ig
from isograd.core.base.description import REGISTRY, Description
from isograd.core.parity import cases

JUNK: list[Any] = [
    *(None, "abc", "", b"x", -1, 0, 1, 1.5, True, float("nan"), float("inf"), 1j, 10**30, 10**5000, -(2**70)),
    *([], {}, (), {1}, [1, 2], (1, 2), [None], ["a"], object(), print, type),
    *(np.int64(2), np.float32(0.5), np.array(2), np.array([1, 2]), np.array([])),
]


def told(action: Callable[[], Any]) -> Any:
    """What the action gives, or None where it raises an error of ours whose parts are there and short."""
    try:
        return action()
    except ig.IsogradError as error:
        raised = error
    assert all((raised.where, raised.wanted, raised.got, raised.fix))
    assert len(str(raised)) < 4000
    return None


def described(value: Any) -> dict[type[Description], Description]:
    """One of each kind of the descriptions in the tables of cases."""
    found: dict[type[Description], Description] = {}
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Description):
            found.setdefault(type(here), here)
        elif isinstance(here, dict):
            waiting.extend(here.values())
        elif isinstance(here, (list, tuple)):
            waiting.extend(here)
        elif dataclasses.is_dataclass(here):
            waiting.extend(vars(here).values())
    return found


EXAMPLES = described([getattr(cases, name) for name in dir(cases) if name.isupper()])
CLASSES = [cls for family, members in REGISTRY.items() if not family.startswith("custom") for cls in members.values()]


def example(cls: type[Description]) -> Description | None:
    try:
        return EXAMPLES.get(cls) or cls()
    except ig.SpecError:
        return None


REGISTERED = (ig.Model, ig.FunctionMetric)
"""Made of values of a graph, or of what a program has registered before."""


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_argument_of_every_description_may_be_anything(cls: type[Description]) -> None:
    made = example(cls)
    if made is None or cls in REGISTERED:
        assert cls in REGISTERED
        return
    options = {f.name: getattr(made, f.name) for f in dataclasses.fields(cls)}
    for junk in JUNK:
        tries = [lambda name=name: cls(**{**options, name: junk}) for name in options]  # noqa: B023
        for action in [*tries, lambda: cls(junk), lambda: cls(junk, junk, junk), lambda: cls(other=junk)]:  # noqa: B023
            found = told(action)
            if found is not None:
                assert cls.from_json(found.to_json()) == found
                assert not [v for v in vars(found).values() if isinstance(v, float) and np.isnan(v)]
        told(lambda: cls.from_json(junk))  # noqa: B023
        if isinstance(made, ig.Layer):
            told(lambda: made(junk))  # noqa: B023


MODEL = ig.Sequential([ig.Linear(2), ig.Tanh()], input_shape=(3,))
WEIGHTS = ig.build(MODEL).state_dict()
READER = ig.build(ig.Sequential([ig.Embedding(4, 3), ig.Linear(4)], input_shape=(5,)))
LETTERS = ig.Vocabulary.of("hello")
X = ig.Input((3,))
RECIPE: dict[str, Any] = {
    "model": MODEL,
    "loss": ig.MSELoss(),
    "optimizer": ig.SGD(),
    "epochs": 1,
    "batch_size": 1,
}
ASKED: dict[str, Any] = {
    "model": MODEL,
    "x": np.ones((2, 3)),
    "y": np.zeros((2, 2)),
    "loss": ig.MSELoss(),
    "optimizer": ig.SGD(),
    "clip": None,
    "schedule": None,
    "steps": 1,
    "batch_size": None,
    "weights": WEIGHTS,
    "backends": ("numpy", "numpy_reference"),
    "dtypes": "float64",
    "seed": 0,
}


class Engine:
    """An engine that builds what it is told to, or raises it."""

    name = "engine"

    def __init__(self, built: Any = None) -> None:
        self.built = built

    def source(self, description: Any) -> str:
        return ""

    def build(self, *given: Any, **options: Any) -> Any:
        if isinstance(self.built, Exception):
            raise self.built
        return self.built


def key(junk: Any) -> Any:
    return junk if isinstance(junk, (str, int, float, tuple)) else 1


def passing(ops: Any, x: Any) -> Any:
    return x


DOORS: dict[str, Callable[[Any], Any]] = {
    "Input(shape)": lambda j: ig.Input(j),
    "Input(name)": lambda j: ig.Input((3,), name=j),
    "value + junk": lambda j: X + j,
    "junk * value": lambda j: j * X,
    "value @ junk": lambda j: X @ j,
    "Model(inputs)": lambda j: ig.Model(inputs=j, outputs=ig.ReLU()(X)),
    "Model([inputs])": lambda j: ig.Model(inputs=[X, j], outputs=ig.ReLU()(X)),
    "Model(outputs)": lambda j: ig.Model(inputs=X, outputs=j),
    "Model([outputs])": lambda j: ig.Model(inputs=X, outputs=[ig.ReLU()(X), j]),
    "Model(name)": lambda j: ig.Model(inputs=X, outputs=ig.ReLU()(X), name=j),
    "with_input_shapes": lambda j: MODEL.with_input_shapes(j),
    "with_input_shapes of one": lambda j: MODEL.with_input_shapes((j,)),
    "build(model)": lambda j: ig.build(j),
    "build([model])": lambda j: ig.build([j]),  # type: ignore[arg-type]
    "build(weights)": lambda j: ig.build(MODEL, j) if j is not None else None,
    "build({path: junk})": lambda j: ig.build(MODEL, {**WEIGHTS, "0.weight": j}),
    "build({junk: array})": lambda j: ig.build(MODEL, {**WEIGHTS, key(j): np.ones(2)}),
    "build(backend)": lambda j: ig.build(MODEL, backend=j),
    "build(seed)": lambda j: ig.build(MODEL, seed=j),
    "build(dtype)": lambda j: ig.build(MODEL, dtype=j),
    "build(device)": lambda j: ig.build(MODEL, backend="torch", device=j),
    "build(other)": lambda j: ig.build(MODEL, other=j),
    "an engine that builds junk": lambda j: ig.build(MODEL, backend=Engine(j)),
    "get_backend": lambda j: ig.get_backend(j),
    "save(path)": lambda j: ig.save(j, MODEL, WEIGHTS),
    "save(model)": lambda j: ig.save("m.safetensors", j, WEIGHTS),
    "save(weights)": lambda j: ig.save("m.safetensors", MODEL, j),
    "save({path: junk})": lambda j: ig.save("m.safetensors", MODEL, {**WEIGHTS, "0.weight": j}),
    "save(notes)": lambda j: ig.save("m.safetensors", MODEL, WEIGHTS, notes=j),
    "save(notes={name: junk})": lambda j: ig.save("m.safetensors", MODEL, WEIGHTS, notes={"a": j}),
    "load": lambda j: ig.load(j),
    "calculate_gain": lambda j: ig.init.calculate_gain(j),
    "calculate_gain(slope)": lambda j: ig.init.calculate_gain("leaky_relu", j),
    "custom(function)": lambda j: ig.custom(j),
    "custom(kind)": lambda j: ig.custom(kind=j)(passing),
    "custom(weights)": lambda j: ig.custom(weights=j)(passing),
    "custom(init)": lambda j: ig.custom(init=j)(passing),
    "custom(integers)": lambda j: ig.custom(integers=j)(passing),
    "custom(integers={x: junk})": lambda j: ig.custom(integers={"x": j})(passing),
    "Vocabulary": lambda j: ig.Vocabulary(j),
    "Vocabulary.of": lambda j: ig.Vocabulary.of(j),
    "encode": lambda j: LETTERS.encode(j),
    "generate(net)": lambda j: ig.generate(j, LETTERS, "h", 1),
    "generate(vocabulary)": lambda j: ig.generate(READER, j, "h", 1),
    "generate(primer)": lambda j: ig.generate(READER, LETTERS, j, 1),
    "generate(length)": lambda j: ig.generate(READER, LETTERS, "h", j),
    "generate(temperature)": lambda j: ig.generate(READER, LETTERS, "h", 1, temperature=j),
    "generate(seed)": lambda j: ig.generate(READER, LETTERS, "h", 1, seed=j),
    **{f"check_parity({name})": lambda j, name=name: ig.check_parity(**{**ASKED, name: j}) for name in ASKED},  # type: ignore[misc]
    **{
        f"check_gradients({name})": lambda j, name=name: ig.check_gradients(  # type: ignore[misc]
            **{**{each: ASKED[each] for each in ("model", "x", "y", "loss", "weights", "seed")}, name: j}
        )
        for name in ("model", "x", "y", "loss", "weights", "seed", "backend")
    },
    "Prepared(splits)": lambda j: ig.Prepared(j),
    **{
        f"Options({f.name})": lambda j, name=f.name: ig.Options(**{name: j})  # type: ignore[misc]
        for f in dataclasses.fields(ig.Options)
    },
    **{f"Recipe({name})": lambda j, name=name: ig.Recipe(**{**RECIPE, name: j}) for name in RECIPE},  # type: ignore[misc]
    **{
        f"Experiment({f.name})": lambda j, name=f.name: ig.Experiment(  # type: ignore[misc]
            **{"name": "a", "title": "a", "data": {"a": print}, "recipes": print, "metrics": (), name: j}
        )
        for f in dataclasses.fields(ig.Experiment)
    },
}


@pytest.mark.parametrize("door", DOORS)
def test_every_argument_of_every_door_may_be_anything(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(REGISTRY, "custom_layer", dict(REGISTRY["custom_layer"]))
    for junk in JUNK:
        told(lambda: DOORS[door](junk))  # noqa: B023


def test_an_engine_that_raises_is_told_with_its_line() -> None:
    with pytest.raises(ig.BackendError) as caught:
        ig.build(MODEL, backend=Engine(KeyError("weight")))
    assert caught.value.where == "build(backend='engine')"
    kind, _, line = caught.value.got.rpartition(":")
    assert kind == "KeyError: 'weight' (parity_tests/front/test_public_junk.py"
    assert "raise self.built" in Path(__file__).read_text().splitlines()[int(line.strip(")")) - 1]


def test_whole_numbers_of_numpy_are_as_good_as_pythons() -> None:
    assert ig.Linear(np.int64(3)) == ig.Linear(3)
    assert ig.Conv2d(np.int32(3), (np.int64(3), 2)) == ig.Conv2d(3, (3, 2))
    assert ig.Input((np.int64(3),)).shape == (3,)
    assert ig.build(MODEL, seed=np.int64(3)).state_dict()["0.bias"].tolist() == (
        ig.build(MODEL, seed=3).state_dict()["0.bias"].tolist()
    )
    assert ig.build(MODEL, dtype=np.dtype("float64")).dtype == np.float64  # type: ignore[arg-type]
    for wrong in (True, 1.5, "3", None):
        with pytest.raises(ig.SpecError, match="a whole number"):
            ig.build(MODEL, seed=wrong)  # type: ignore[arg-type]


def test_options_of_numbers_that_are_none() -> None:
    for action in (
        lambda: ig.SGD(0.1, dampening=float("nan")),
        lambda: ig.SGD(0.1, dampening=float("inf")),
        lambda: ig.Adam(betas=(0.1,)),  # type: ignore[arg-type]
        lambda: ig.Adam(betas=(0.1, 0.2, 0.3)),  # type: ignore[arg-type]
        lambda: ig.Adam(betas=(float("nan"), 0.9)),
        lambda: ig.Upsample(scale_factor=10**400),
    ):
        with pytest.raises(ig.SpecError):
            action()


class Variants(Engine):
    variants = ["compile"]


def test_variants_that_are_no_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    from isograd.core.engine import registry

    monkeypatch.setattr(registry, "_loaded", lambda point: Variants())
    with pytest.raises(ig.BackendError) as caught:
        ig.get_backend("numpy:compile")
    assert (
        str(caught.value)
        == """backend='numpy:compile'
  wanted variants = {name: options of build} of the engine
  got    ['compile']
  fix    mend Variants.variants (docs/engines.md)"""
    )
