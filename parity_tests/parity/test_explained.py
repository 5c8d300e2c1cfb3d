"""What an explanation says and where it stands; a real bug has none; the table of docs/parity.md is the catalogue."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from following import following
from mutation.engines import MODULES, engine_with, own_cases
from mutation.places import Mutant, mutants_of

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.core import layers as L
from isograd.core.parity.conventions import CONVENTIONS, Convention, Variant
from isograd.core.parity.conventions.explaining import explained
from isograd.core.parity.formulas import FORMULAS, LOSS_FORMULAS
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import Pair

PAGE = Path(__file__).resolve().parents[2] / "docs" / "parity.md"
SOUND = NumpyBackend(name="sound")


def variant_of(name: str, spec: Any) -> Variant:
    """The first one of the entry of this name."""
    (entry,) = [entry for entry in CONVENTIONS if entry.name == name]
    return next(iter(entry.variants(spec)))


@pytest.fixture(scope="module")
def report() -> ig.ParityReport:
    """A GRU inside a part of a model, reset before the product."""
    gru = ig.GRU(4, name="gru")
    theirs = following(ig.GRU, variant_of("reset before or after the product", gru))
    x = ig.Input((5, 3))
    decoder = ig.Model(inputs=(inner := ig.Input((5, 3))), outputs=gru(inner)[0], name="decoder")
    model = ig.Model(inputs=x, outputs=ig.Linear(2)(ig.LastStep()(decoder(x))))
    rng = np.random.default_rng(0)
    return ig.check_parity(
        model, rng.normal(size=(6, 5, 3)), rng.normal(size=(6, 2)), loss=ig.MSELoss(), backends=(theirs, SOUND)
    )


def test_the_first_culprit_of_a_model_is_told_in_words(report: ig.ParityReport) -> None:
    culprit = report.culprit
    assert culprit is not None
    assert re.fullmatch(r"decoder\.gru output: \de-\d → (0|\de-1\d) if reset='before'", culprit.explanation)
    assert culprit.text.splitlines()[-1] == f"  {culprit.explanation}"
    assert (culprit.guilty, culprit.path, culprit.what) == ("theirs", "decoder.gru", "output")
    assert culprit.explanation in str(report)


def test_it_stands_in_the_records_and_makes_their_rows_conventions(report: ig.ParityReport) -> None:
    record = json.loads(report.to_json())
    assert record["culprits"][0]["explanation"] == report.culprits[0].explanation
    alone = [row for row in record["rows"] if row["failed"] and row["stage"] == "node"]
    assert {(row["path"], row["nature"]) for row in alone} == {("decoder.gru", "CONVENTION")}
    assert all(row.nature is not Nature.CONVENTION for row in report.rows if not row.failed)


def test_both_dtypes_have_the_same_explanation(report: ig.ParityReport) -> None:
    """An error of float32 is asked about in float64, where a convention and an error of its size are told apart."""
    told = {c.dtype: c.explanation.partition(" if ")[2] for c in report.culprits if c.stage == "node" and c.judged}
    assert told == {"float64": "reset='before'", "float32": "reset='before'"}


def test_what_nobody_is_guilty_of_names_the_engine_too(report: ig.ParityReport) -> None:
    """The first side that has an explanation; what is inherited has none of its own."""
    assert report.culprit is not None
    open_question = replace(report.culprit, guilty=None, explanation="", error=0.5)
    names, found = ("theirs", "sound"), {0: None, 1: ("reset='before'", 0.0)}
    told = explained(open_question, names, found.get)  # type: ignore[arg-type]
    assert told.explanation == "decoder.gru output: 5e-1 → 0 if reset='before' in sound"
    assert explained(replace(open_question, guilty="theirs"), names, found.get).explanation == ""  # type: ignore[arg-type]
    assert explained(replace(open_question, inherited="node 'x'"), names, found.get).explanation == ""  # type: ignore[arg-type]


def test_a_convention_in_one_mode_alone_is_a_bug() -> None:
    """A dropout that forgets 1/(1 − p) in training and does not scale in evaluation either is no convention."""
    half = variant_of("where dropout scales", L.Dropout(0.3))

    def forward(spec: Any, ops: Any, p: Any, x: Any, run: Any) -> Any:
        return half.formula(spec, ops, p, x, run) if run.training else x[0]  # type: ignore[misc]

    engine = following(L.Dropout, Variant("", forward))
    report = ig.check_parity(
        ig.Sequential([ig.Dropout(0.3)], input_shape=(8,)), np.ones((4, 8)), backends=(engine, SOUND)
    )
    assert not report.passed
    assert not any(culprit.explanation for culprit in report.culprits)


def test_a_gradient_that_happens_to_be_right_does_not_excuse_another() -> None:
    """The outputs of a flipped kernel with the gradients of one that is not: no convention has both."""
    conv = L.Conv2d(2, 3)
    flipped = variant_of("flipped kernel", conv)
    theirs, plain = following(L.Conv2d, flipped), SOUND.tables.operations[L.Conv2d]
    computed = theirs.tables.operations[L.Conv2d]
    theirs.tables.operations[L.Conv2d] = lambda *given, run: (
        computed(*given, run=run)[0],
        plain(*given, run=run)[1],
    )
    x = np.random.default_rng(0).normal(size=(3, 2, 5, 5))
    report = ig.check_parity(ig.Sequential([conv], input_shape=(2, 5, 5)), x, backends=(theirs, SOUND))
    assert not report.passed
    assert not any(culprit.explanation for culprit in report.culprits)


BIASED, OF_SUM = "the variance that it remembers is biased", "reduction='sum'"
ARE_CONVENTIONS: dict[tuple[str, str], set[str]] = {
    ("poisson_nll", "each + stirling(t)"): {"full=False"},
    ("gaussian_nll", "(np.log(v) + share) / 2 + (log(2 * pi) / 2 if spec.full else 0)"): {"full=False"},
    ("reduced", "1 / (each.size if count is None else count)"): {OF_SUM},
    ("reduced", "dL * scale"): {"its gradient is that of the sum"},
    ("plain_cross_entropy", "1 / len(t)"): {OF_SUM},
    ("weighted", "scale / count"): {OF_SUM},
    (
        "weighted",
        "t[:, 1].sum() * p.dtype.type(each.size / len(p) if spec.reduction == 'mean' else 1)",
    ): {OF_SUM, "reduction='batchmean'"},
    ("multihead_attention", "1 / sqrt(width // heads)"): {"its scores are not scaled"},
    ("scaled_dot_product_attention", "1 / sqrt(q.shape[-1])"): {"scale=1.0"},
    ("batch_norm", "variance * (m / (m - 1))"): {BIASED},
    ("batch_norm", "m - 1"): {BIASED},
    ("instance_norm", "variance.mean(over) * (m / (m - 1))"): {BIASED},
    ("instance_norm", "m - 1"): {BIASED},
    ("nearest", "np.arange(out, dtype=np.float32) + np.float32(shift)"): {"mode='nearest'"},
    (
        "antialiased",
        "(np.arange(size, dtype=dtype) - middles + half) / max(r, dtype.type(1))",
    ): {"antialias=False"},
    ("sgd", "step + spec.momentum * v"): {"nesterov=False"},
    ("adagrad", "(t - 1) * spec.lr_decay"): {"it counts one step more"},
    ("adagrad", "t - 1"): {"it counts one step more"},
    ("decayed", "decoupled * spec.weight_decay"): {"its weight decay is not multiplied by the rate"},
    ("clip_norm", "norm + 1e-06"): {"its norm has no 1e-6 added"},
}
"""{(function, what was changed): the convention that the changed code follows, in all it computes}"""


def explanations(mutant: Mutant) -> set[str]:
    """What its cases' culprits are explained by, of the first few that differ."""
    pair, said = Pair(engine_with(mutant), SOUND), set[str]()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = (culprit for _, _, check in own_cases(pair, mutant) for _, culprit in check() if culprit)
        with contextlib.suppress(Exception):  # a schedule or law whose engine raises: an error, no difference
            said = {culprit.explanation.partition(" if ")[2] for culprit in islice(found, 4) if culprit.explanation}
    return said


PARTS = 15


@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (5, 10))])
@pytest.mark.parametrize("module", MODULES, ids=[module.split("numpy_impl.")[1] for module in MODULES])
def test_a_real_bug_is_never_explained_away(module: str, part: int) -> None:
    """But for a fault that makes a function follow a convention indeed."""
    planted = list(mutants_of(module))[part + 3 :: PARTS * (1 if part else 5)]
    wrong = {str(mutant): said for mutant in planted if (said := explanations(mutant) - expected(mutant))}
    assert not wrong


def expected(mutant: Mutant) -> set[str]:
    return ARE_CONVENTIONS.get((mutant.function, mutant.before), set())


def of(entry: Convention) -> str:
    """The descriptions of an entry in a few words."""
    if set(entry.kinds) >= set(FORMULAS):
        return "every layer with weights"
    if set(entry.kinds) >= set(LOSS_FORMULAS):
        return "every loss"
    names = dict.fromkeys(re.sub(r"(?<=[a-z])[123]d$", "1d…3d", kind.__name__) for kind in entry.kinds)
    return ", ".join(names)


def table() -> list[str]:
    return [f"| {entry.name} | {of(entry)} | {entry.followed_by} |" for entry in CONVENTIONS]


def test_the_page_has_the_table() -> None:
    section = PAGE.read_text().partition("## Why: the conventions")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| ")][1:] == table()
