"""The page of a report: valid, whole in itself, one panel a node, right about which half of which node is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_reader import Read, assert_sound
from planted import Planted, off_by

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend
from isograd.backends.torch_impl.porting.report import PortReport
from isograd.core.parity.looks import Course, Extent, look
from isograd.core.parity.natures import Nature
from isograd.core.parity.pages.charts import run_charts
from isograd.core.parity.pages.lanes import lanes_of
from isograd.core.parity.pages.markup import Markup, element
from isograd.core.parity.pages.page import pages
from isograd.core.parity.pages.sorting import stations_of
from isograd.core.parity.pages.states import OF_NATURE, RANKED, state_of
from isograd.core.parity.report import NotJudged, ParityReport
from isograd.core.parity.structure import Vertex, vertices_of
from isograd.core.parity.verdict import Culprit, Row

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(6, 3, 5, 5)), RNG.integers(0, 4, 6)


def model() -> ig.Model:
    x = ig.Input((3, 5, 5))
    h = ig.ReLU()(ig.Conv2d(4, 3, padding=1, name="stem")(x))
    inner = ig.Sequential([ig.Conv2d(4, 3, padding=1), ig.BatchNorm2d()], name="branch")
    return ig.Model(inputs=x, outputs=ig.Linear(4, name="head")(ig.Flatten()(h + inner(h))))


def checked(engine: Any = "numpy", **asked: Any) -> ParityReport:
    options = {"loss": ig.CrossEntropyLoss(), "optimizer": ig.SGD(0.1, momentum=0.9), "steps": 3} | asked
    return ig.check_parity(model(), X, Y, backends=(engine, "numpy_reference"), **options)


@pytest.fixture(scope="module")
def passed() -> ParityReport:
    return checked()


@pytest.fixture(scope="module")
def failed() -> ParityReport:
    return checked(Planted(NumpyBackend(), {"dbias": off_by(0.5)}), dtypes=("float64",))


def test_a_page_is_sound_and_has_a_panel_for_every_node(passed: ParityReport) -> None:
    text = pages([passed])
    page = assert_sound(text)
    names = ["input", "stem", "relu", "branch.0", "branch.1", "add", "flatten", "head"]
    assert [vertex.path for vertex in passed.vertices] == names
    assert sum(tag == "article" for tag, _ in page.tags) == len(names)
    assert {f"n{k}" for k in range(len(names))} <= set(page.links and {link[1:] for link in page.links})
    assert {"graph", "steps", "runs", "rows"} <= set(page.ids)
    assert "✓ PASSED: numpy and numpy_reference compute the same thing" in page.words


def test_the_panel_of_a_node_tells_its_formula_shapes_and_both_sides_numbers(passed: ParityReport) -> None:
    panel = pages([passed]).split('id="n1"')[1].split("</article>")[0]
    first, *_ = (ig.Conv2d.__doc__ or "").splitlines()
    words = " ".join(Read(f"<div{panel}</div>").words)
    assert first.strip().split("  ")[0] in words
    for told in (
        "(N, 3, 5, 5)",
        "(N, 4, 5, 5)",
        "weight (4, 3, 3, 3)",
        "dweight",
        "numpy_reference, float64",
        "deviation",
    ):
        assert told in words, told


def test_the_wrong_half_of_the_wrong_node_is_marked_and_what_stands_there_is_shown(failed: ParityReport) -> None:
    stations = {s.vertex.path: s.halves(inherits=True) for s in stations_of(failed.vertices, failed.rows)}
    wrong = {path for path, (_, backward) in stations.items() if backward.key == "bug"}
    assert wrong == {"stem", "branch.0", "branch.1", "head"}  # those that have a bias
    assert {forward.key for forward, _ in stations.values()} <= {
        "right",
        "exact",
        "none",
    }  # weights of a run, of neither
    page = assert_sound(pages([failed]))
    assert any(given.get("class") == "worst" for _, given in page.tags)
    assert "✗ the odd one out" in "".join(page.words)
    shown = [given["id"] for tag, given in page.tags if tag == "article" and given.get("class") == "shown"]
    assert shown == ["n1"]


def test_what_differs_in_the_whole_alone_is_told_from_what_is_inherited() -> None:
    vertices = (Vertex("a", "a", "Linear", "", "", (), (), (), ()),)
    right, wrong = (
        Row("node", "float64", "a", "output", 0.0, 1e-12),
        Row("end to end", "float64", "a", "output", 1.0, 1e-9),
    )
    (station,) = stations_of(vertices, [right, wrong])
    assert [station.halves(inherits=inherits)[0].word for inherits in (True, False)] == [
        "inherited",
        "differs in the whole",
    ]
    (trained,) = stations_of(vertices, [right, Row("free run", "float64", "a.weight", "weights", 1.0, 1e-9)])
    assert trained.halves(inherits=True)[0].word == "equal"  # where a training ends is of neither half


def test_every_class_has_a_sign_of_its_own_beside_its_colour() -> None:
    assert set(OF_NATURE) == set(Nature)
    assert len({state.word for state in RANKED}) == len(RANKED)
    assert len({OF_NATURE[nature].sign for nature in Nature}) == len(Nature)
    row = Row("node", "float64", "a", "dx", 1.0, 0.5)
    assert state_of(row).word == "differs"
    for nature in Nature:
        changed = Row("node", "float64", "a", "dx", 1.0, 0.5, nature=nature)
        equal = nature in (Nature.ROUNDING, Nature.EXACT)  # of which a failure can be none
        assert state_of(changed).word == ("differs" if equal else OF_NATURE[nature].word)
        assert state_of(replace(changed, allowed=2.0)) is OF_NATURE[nature]


def test_several_reports_make_one_page_whose_ids_do_not_meet(passed: ParityReport, failed: ParityReport) -> None:
    page = assert_sound(pages([passed, failed]))
    assert {"graph", "r1-graph", "n0", "r1-n0"} <= set(page.ids)


def test_a_report_that_knows_no_graph_still_gets_a_page() -> None:
    bare = ParityReport("cases\nof engines", ("a", "b"))
    bare.add(
        [
            Row("node", "float64", "<case>: & more", "output", 0.0, 1e-12, sides=("a", "b")),
            Row("loss", "float64", "MSELoss", "loss", np.nan, 1e-12, "NaN", sides=("a", "b")),
        ],
        Culprit("loss", "float64", "MSELoss", "MSELoss()", "loss", np.inf, 1e-12, "NaN", explanation="x if y"),
    )
    bare.not_judged.append(NotJudged("b", "node", "Linear", 2, "it lacks <it>"))
    page = assert_sound(pages([bare]))
    told = "".join(page.words)
    assert "<case>: & more" in told
    assert "x if y" in told
    assert "it lacks <it>" in told
    assert_sound(pages([ParityReport("empty", ("a", "b"))]))


def test_markup_escapes_all_that_is_not_markup() -> None:
    assert element("p", "<b>", Markup("<i>x</i>"), title='"') == '<p title="&quot;">&lt;b&gt;<i>x</i></p>'


def large() -> ParityReport:
    """170 nodes, 20 locked steps, in both dtypes, every row with what a page shows of it."""
    paths = [f"layer{k // 10}.block{k % 10}.convolution" for k in range(170)]
    shapes, weights = ("(N, 64, 56, 56)",), ("weight (64, 64, 3, 3)",)
    told = "Conv2d", "Conv2d(64, 3, padding=1, bias=False)", "y = w ⋆ x"
    vertices = tuple(Vertex(p, p, *told, (k - 1,) * bool(k), shapes, shapes, weights) for k, p in enumerate(paths))
    report = ParityReport("large", ("numpy", "torch"), vertices=vertices)
    seen = look((np.arange(12.0).reshape(3, 4), np.arange(12.0).reshape(3, 4)), (1, 2), around=False)
    shown = {"sides": report.sides, "look": seen, "rtol": 1e-15, "atol": 1e-16, "noise": 1e-16}
    for dtype in ("float64", "float32"):
        for path in paths:
            for what in ("output", "dweight", "dx"):
                alone = Row("node", dtype, path, what, 1e-16, 1e-12, nature=Nature.ROUNDING, **shown)  # type: ignore[arg-type]
                report.rows += [replace(alone, note=mode) for mode in ("training", "evaluation")]
            report.rows.append(Row("end to end", dtype, path, "output", 1e-15, 1e-13, sides=report.sides))
            for slot in (f"{path}.weight", f"momentum_buffer/{path}.weight"):
                step = Row("locked step", dtype, slot, "after it", 1e-16, 1e-12, sides=report.sides)
                report.rows += [replace(step, step=k) for k in range(1, 21)]
    return report


def test_a_large_graph_stays_below_two_megabytes() -> None:
    text = pages([large()])
    assert_sound(text)
    assert len(text.encode()) < 2_000_000
    assert "All 15,980 comparisons, the worst 1,500 arrays of 2,040" in text


def test_the_graph_of_a_model_says_where_each_node_reads_from() -> None:
    vertices = vertices_of(model())
    reads = {v.path: [vertices[k].path for k in v.sources] for v in vertices}
    assert reads["branch.0"] == ["relu"]
    assert reads["add"] == ["relu", "branch.1"]
    lanes = lanes_of(vertices)
    of = dict(zip([v.path for v in vertices], lanes.of, strict=True))
    assert of["relu"] == of["add"] == 0  # the value that is read twice keeps its lane
    assert of["branch.0"] == of["branch.1"] == 1
    for k, vertex in enumerate(vertices):  # no line runs through a disc that it does not belong to
        between = range(k + 1, lanes.last[k])
        assert all(lanes.of[j] != lanes.of[k] for j in between), vertex.path


def test_a_shared_layer_stands_twice_and_its_weights_once(tmp_path: Path) -> None:
    x = ig.Input((4,))
    shared = ig.Linear(4, name="shared")
    twice = ig.Model(inputs=x, outputs=shared(ig.Tanh()(shared(x))))
    report = ig.check_parity(twice, RNG.normal(size=(3, 4)), backends=("numpy", "numpy_reference"), dtypes="float64")
    assert [v.path for v in report.vertices] == ["input", "shared", "tanh", "shared#2"]
    assert {v.owner for v in report.vertices if v.path.startswith("shared")} == {"shared"}
    assert_sound(report.to_html(tmp_path / "page.html").read_text())


def test_what_is_kept_of_two_arrays() -> None:
    a = np.arange(60.0).reshape(3, 4, 5)
    b = a.copy()
    b[2, 0, 4] = -1.0
    seen = look((a, b), (2, 0, 4), around=True)
    assert seen is not None
    assert seen.entries == (44.0, -1.0)
    assert seen.corner == (0, 2)
    assert seen.around == (((42.0, 43.0, 44.0), (47.0, 48.0, 49.0)), ((42.0, 43.0, -1.0), (47.0, 48.0, 49.0)))
    assert (seen.extents[0].low, seen.extents[0].high, seen.extents[1].low) == (0.0, 59.0, -1.0)
    assert look((np.ones(3), np.ones(4)), (0,), around=True) is None
    assert look((None, np.ones(4)), (), around=True) is None
    line = look((np.arange(9.0), np.arange(9.0)), (4,), around=True)
    assert line is not None
    assert line.around[0] == ((2.0, 3.0, 4.0, 5.0, 6.0),)
    strange = Extent.of(np.array([1.0, np.nan, 3.0, np.inf]))
    assert (strange.low, strange.mean, strange.high, strange.strange) == (1.0, 2.0, 3.0, 2)


def test_a_free_run_is_drawn_inside_its_envelope() -> None:
    course = Course(((1.0, 0.5, 0.25), (1.0, 0.5, 0.125)), (1.0, 0.75, 0.25))
    losses, apart = run_charts(course, ("numpy", "torch"), "float64")
    assert "envelope" in apart
    assert "envelope" not in losses
    assert "envelope" not in run_charts(Course(course.sides), ("numpy", "torch"), "float64")[1]
    run_charts(Course(((np.nan, np.inf), (np.nan, np.nan))), ("numpy", "torch"), "float64")


def test_the_free_run_of_a_report_has_its_course(passed: ParityReport) -> None:
    runs = {row.dtype: row.course for row in passed.rows if row.course is not None}
    assert set(runs) == {"float64", "float32"}
    assert runs["float32"] is not None
    assert all(len(losses) == 3 for losses in (*runs["float32"].sides, runs["float32"].moved))
    assert {row.step for row in passed.rows if row.stage == "locked step" and row.path != "loss"} == {1, 2, 3}


def test_a_step_that_fails_has_a_cross_in_its_cell() -> None:
    class Forgets(NumpyBackend):
        """Adds a millionth to the first weight with every step."""

        def build(self, *given: Any, **options: Any) -> Any:
            net = super().build(*given, **options)
            learner = net.learner

            def careless(*asked: Any) -> Any:
                made = learner(*asked)
                step = made.step

                def off(*batch: Any) -> float:
                    loss = step(*batch)
                    state = net.state_dict()
                    net.load_state_dict({k: v + 1e-6 * (k == "stem.weight") for k, v in state.items()})
                    return float(loss)

                made.step = off
                return made

            net.learner = careless
            return net

    engine = Forgets()
    engine.name = "forgets"
    report = checked(engine, dtypes="float64")
    (failed,) = [row for row in report.rows if row.failed and row.stage == "locked step"]
    assert (failed.path, failed.step) == ("stem.weight", 1)
    text = pages([report])
    assert '<td class="h3"' in text
    assert "✗ −" in text


def test_a_notebook_shows_a_table_and_the_representation_is_a_line(passed: ParityReport, failed: ParityReport) -> None:
    port = PortReport("a port", ("theirs", "mine"), passed.rows)
    for report in (passed, failed, port):
        shown = report._repr_html_()
        Read(shown)
        assert report.verdict in shown
        assert shown.count("<tr>") == 1 + len(report.summary())
        assert len(shown) < 10_000
        assert len(repr(report)) < 200
    assert "the odd one out" in failed._repr_html_()
