"""One comparison of one, two or three engines: what is asked of parity, told, kept and drawn of each of them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from installed_engines import install

import isograd as ig
from isograd.cli.parity_command import ALONE
from isograd.core.parity import check
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.finding import find
from isograd.plots import autoencoders, classes, curves, networks, sequences
from isograd.plots.style import COLD, WARM, pens
from isograd.reports import written
from isograd.reports.comparing import compare
from isograd.reports.comparison import Compared, Comparison
from isograd.reports.engines import device_options, titled
from isograd.reports.saving import save

ROOT = Path(__file__).resolve().parents[2]
ENGINES = [  # names, and the titles that reports give them
    (("torch",), ["PyTorch"]),
    (("numpy", "torch"), ["NumPy", "PyTorch"]),
    (("mine", "torch", "untitled"), ["Mine", "PyTorch", "untitled"]),
]
DRAWN = {  # who draws engines side by side, and from which argument's keys
    "loss_curves": (curves, lambda fits, *_: next(iter(fits.values()))),
    "prediction_scatter": (curves, lambda guesses, *_: next(iter(guesses.values()))),
    "confusion": (classes, lambda counts, *_: counts),
    "filters": (networks, lambda weights, *_: weights),
    "forecast": (sequences, lambda truth, told, *_: told),
    "rows_of_images": (autoencoders, lambda rows, *_: rows),
    "mistakes": (classes, None),
    "feature_maps": (networks, None),
    "scatter": (classes, None),
}


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The third parties' engines "mine", "untitled" and "wrong"."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(install(tmp_path_factory.mktemp("site"))))
        yield


@dataclass(frozen=True)
class Kept:
    """Comparisons of small experiments, what parity was asked for, what was drawn, and the folders."""

    titles: list[str]
    names: tuple[str, ...]
    comparisons: dict[str, Comparison]
    asked: list[tuple[str, ...]]
    drawn: dict[str, list[tuple[list[str], str]]]  # {drawing: [(engines, title)]}
    folders: dict[str, Path]


def small(name: str, recipe: str) -> Experiment:
    """A built-in experiment of one recipe, without baselines, and with something to write."""
    found = find(name)
    return replace(
        found,
        recipes=lambda shape: {recipe: replace(found.recipes(shape)[recipe], baselines=lambda *_: {})},
        texts=lambda net, prepared, options: {"A text": f"in {net.dtype.name}"},
    )


SMALL = {"digits_cnn": "two convolutions", "digits_autoencoder": "dense", "sine_forecast": "GRU"}


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engines: ",".join(engines[0]))
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Every small experiment in one set of engines. Parity is judged in float64 alone."""
    names, titles = request.param
    known, asked = check.check_parity, []
    drawn: dict[str, list[tuple[list[str], str]]] = {name: [] for name in DRAWN}

    def judged(model: Any, *batch: Any, backends: tuple[str, ...], **options: Any) -> Any:
        asked.append(backends)
        return known(model, *batch, backends=backends, dtypes=("float64",), **options)

    def watched(name: str, drawing: Callable[..., Path], engines: Any) -> Callable[..., Path]:
        def called(*given: Any) -> Path:
            drawn[name].append((list(engines(*given)) if engines else [], given[-2]))
            return drawing(*given)

        return called

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "check_parity", judged)
        for name, (module, engines) in DRAWN.items():
            patch.setattr(module, name, watched(name, getattr(module, name), engines))
        made = {
            name: compare(small(name, recipe), Options(samples=60, epochs=1), names) for name, recipe in SMALL.items()
        }
        folders = {name: save(found, tmp_path_factory.mktemp("runs")) for name, found in made.items()}
    return Kept(titles, names, made, asked, drawn, folders)


def test_parity_is_asked_of_all_engines_at_once_and_of_one_alone_not_at_all(kept: Kept) -> None:
    several = len(kept.names) > 1
    assert kept.asked == [kept.names] * (len(kept.comparisons) if several else 0)
    for comparison in kept.comparisons.values():
        assert comparison.passed is (True if several else None)
        told = f"no parity: it needs two engines, and this is {kept.titles[0]} alone"
        assert (told in str(comparison)) is not several


def test_each_engine_has_its_column_its_difference_and_its_text(kept: Kept) -> None:
    first, *others = kept.titles
    for comparison in kept.comparisons.values():
        (compared,) = comparison.recipes.values()
        assert list(compared.engines) == kept.titles
        report = str(comparison)
        (head,) = [line for line in report.splitlines() if "on the test part" in line]
        assert head.split()[4 : 4 + len(kept.titles)] == kept.titles
        against = [line.split(" at the end")[0] for line in report.splitlines() if " at the end: max |Δw| = " in line]
        assert against == [f"{other} against {first}" for other in others]
        assert report.count("A text, ") == len(kept.titles)
        verdict = f"With {first}'s weights, in float64, the engines write the same 10 characters."
        assert (verdict in report) is (len(kept.titles) > 1)


def test_the_record_and_the_files_hold_every_engine(kept: Kept) -> None:
    first, *others = kept.titles
    for name, folder in kept.folders.items():
        record = json.loads((folder / "report.json").read_text())
        assert record["engines"] == dict(zip(kept.titles, kept.names, strict=True))
        assert list(record["engines"]) == [first, *others]
        (recipe,) = record["recipes"].values()
        assert list(recipe["results"]) == list(recipe["texts"]) == kept.titles
        assert list(recipe["differences"]) == others
        assert (recipe["parity"] is None) is (record["passed"] is None) is (not others)
        equal = recipe["texts of equal weights in float64"]
        assert equal == ({title: {"A text": "in float64"} for title in kept.titles} if others else {})
        histories = {path.stem.rsplit("-", 1)[1] for path in folder.glob("history-*.json")}
        assert histories == set(kept.names), name


@pytest.mark.parametrize("drawing", DRAWN)
def test_pictures_show_every_engine_or_say_whose_they_are(kept: Kept, drawing: str) -> None:
    assert kept.drawn[drawing]
    for engines, title in kept.drawn[drawing]:
        if DRAWN[drawing][1] is None:
            assert title.endswith((f"({kept.titles[0]})", "codes of the test part"))
        elif title.endswith("reconstructions"):
            assert engines == ["original", *kept.titles]
        elif title.endswith(f"decoded ({kept.titles[0]})"):
            assert engines == ["random codes", "more of them", "from one image\nto another"]
        else:
            assert engines == kept.titles


class Trained(SimpleNamespace):
    """An outcome with these weights, predictions and texts."""

    def __init__(self, w: float, classes: list[int], text: str) -> None:
        net = SimpleNamespace(state_dict=lambda: {"bias": np.zeros(2), "weight": np.array([[1.0, 2.0 + w]])})
        super().__init__(net=net, predictions=np.eye(3)[classes], texts={"T": text})


def test_differences_are_of_each_other_engine_from_the_first() -> None:
    recipe = small("digits_cnn", "two convolutions").recipes((1, 8, 8))["two convolutions"]
    engines = {
        "a": Trained(0, [0, 1, 2, 2], "x"),
        "b": Trained(0.25, [0, 1, 2, 0], "x"),
        "c": Trained(-0.5, [1, 1, 0, 0], "y"),
    }
    compared = Compared(recipe, None, engines, {})  # type: ignore[arg-type]
    assert compared.differences() == {
        "b": {"max |Δw|": 0.25, "equal predicted classes": 0.75},
        "c": {"max |Δw|": 0.5, "equal predicted classes": 0.25},
    }
    assert [str(line) for line in compared.told()] == [
        "b against a at the end: max |Δw| = 2.5e-01   equal predicted classes = 3 of 4",
        "c against a at the end: max |Δw| = 5.0e-01   equal predicted classes = 1 of 4",
    ]
    texts = {title: outcome.texts for title, outcome in engines.items()}
    told = "".join(map(str, written.lines(texts, texts)))
    assert "T, a:\n  │ x" in told
    assert "T, b: the same" in told
    assert "T, c:\n  │ y" in told
    assert told.endswith("With a's weights, in float64, the engines write NOT the same 1 characters: others by c.")


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (("numpy", "torch"), ["NumPy", "PyTorch"]),
        (("torch", "numpy_reference", "untitled"), ["PyTorch", "NumPy reference", "untitled"]),
        (("mine",), ["Mine"]),
    ],
)
def test_an_engine_is_called_by_its_own_title_or_else_by_its_name(names: tuple[str, ...], titles: list[str]) -> None:
    assert titled(names) == dict(zip(titles, names, strict=True))


def test_engines_of_one_title_are_called_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    same = {name: SimpleNamespace(name=name, title="Same") for name in ("one", "two", "two:fast")}
    monkeypatch.setattr("isograd.reports.engines.get_backend", same.__getitem__)
    assert titled(["one", "two"]) == {"one": "one", "two": "two"}
    assert titled(["two", "two:fast"]) == {"Same": "two", "Same:fast": "two:fast"}


@pytest.mark.parametrize("names", [(), ("numpy", "numpy"), ("numpy", "torch", "numpy")])
def test_engines_are_named_once(names: tuple[str, ...]) -> None:
    with pytest.raises(ig.SpecError, match=r"wanted +one engine or more, each of them once"):
        titled(names)


@pytest.mark.parametrize(
    ("names", "device", "options"),
    [
        (("numpy", "torch"), "cpu", {"numpy": {}, "torch": {}}),
        (("numpy", "torch"), "cuda", {"numpy": {}, "torch": {"device": "cuda"}}),
        (("numpy", "mine"), "cuda", {"numpy": {"device": "cuda"}, "mine": {"device": "cuda"}}),
    ],
)
def test_a_device_is_for_the_engines_that_take_one_and_else_for_all(
    names: tuple[str, ...], device: str, options: dict[str, Any]
) -> None:
    assert device_options(names, device) == options


@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        (("numpy", "torch"), Options(device="nothing"), "device='nothing'"),
        (("numpy", "mine"), Options(device="cuda"), "device='cuda'"),
        (("numpy", "torch"), Options(dtype="float16"), "dtype='float16'"),
        (("numpy", "nothing"), Options(), "backend='nothing'"),
    ],
)
def test_what_no_engine_can_do_is_refused_before_anything_is_judged_or_trained(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], options: Options, told: str
) -> None:
    begun: list[str] = []
    for job in ("parity_of", "train_recipe"):
        monkeypatch.setattr(f"isograd.reports.comparing.{job}", lambda *given, job=job, **named: begun.append(job))
    with pytest.raises(ig.BackendError, match=told):
        compare(small("digits_cnn", "two convolutions"), options, names)
    assert not begun


@pytest.mark.parametrize("count", range(2, 6))
def test_no_two_lines_look_alike(count: int) -> None:
    drawn = [pens(count, colours) for colours in (COLD, WARM)]
    looks = [(pen["color"], pen.get("linestyle"), pen.get("alpha")) for family in drawn for pen in family]
    assert len(set(map(str, looks))) == 2 * count
    for family in drawn:
        broad, *dashed = family
        assert all(pen["linewidth"] < broad["linewidth"] for pen in dashed)
        periods = {sum(pen["linestyle"][1]) for pen in dashed}
        assert len(periods) == 1  # so that they take turns all along
        assert len({pen["linestyle"][0] for pen in dashed}) == len(dashed)


NAMED = {  # the words in which the front door may speak of engines that it has: defaults, help
    "reports/engines.py": {"numpy", "numpy_reference", "torch"},
    "cli/__init__.py": {
        "Write a model once. Run it in NumPy or in PyTorch. Prove that both compute the same thing.",
    },
    "cli/options.py": {
        "numpy, torch, or another installed engine; torch:compile a variant.",
        "numpy,torch; without PyTorch numpy,numpy_reference",
    },
    "cli/new_command.py": {" --backend torch"},
    "cli/export_command.py": {"numpy", "numpy: source for NumPy alone; torch: a plain nn.Module."},
    "cli/parity_command.py": {ALONE, "numpy"},
    "cli/train_command.py": {"numpy"},
    "cli/generate_command.py": {"numpy"},
    "cli/baselines_command.py": {"numpy"},
}


@pytest.mark.parametrize("room", ["reports", "plots", "cli"])
def test_no_engine_is_named_in_reports_and_pictures(room: str) -> None:
    for path in sorted((ROOT / "isograd" / room).glob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
        texts = {
            n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in said
        }
        named = {text for text in texts if re.search("numpy|torch", text, re.IGNORECASE)}
        assert named == NAMED.get(f"{room}/{path.name}", set()), path
