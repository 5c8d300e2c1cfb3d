"""A comparison as one page: results, training curves, pictures and the parity of every recipe."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from isograd.core.parity.pages.charts import Line, chart
from isograd.core.parity.pages.markup import Markup, document, element, joined, section, table
from isograd.core.parity.pages.page import report_parts
from isograd.plots.curves import SERIES, points_of
from isograd.reports import written
from isograd.reports.comparison import Compared, Comparison
from isograd.reports.names import figure, slug

DRAWN = "curves.png"  # of which the page has lines of its own
LOOKS = {"train_loss": "", "validation_loss": "warm"}


def comparison_page(comparison: Comparison, folder: Path) -> str:
    """The page; the pictures are those that lie in `folder`, and are part of the page."""
    options, splits = comparison.options, comparison.prepared.splits
    facts = (
        f"{len(splits.train):,} samples to train on, {len(splits.validation):,} to validate, {len(splits.test):,} to "
        f"test; seed {options.seed}, {options.dtype}"
    )
    passed = comparison.passed
    verdict = "" if passed is None else "✓ PASSED: parity" if passed else "✗ FAILED: engines differ"
    names = list(comparison.recipes)
    links = [element("a", name, href=f"#recipe{k}") for k, name in enumerate(names)]
    parts = [_recipe(comparison, name, f"recipe{k}", folder) for k, name in enumerate(names)]
    shared = [path for path in _pictures(folder) if not any(path.stem.endswith(f"-{slug(name)}") for name in names)]
    return document(
        comparison.title,
        element("h1", comparison.title),
        element("p", facts, cls="facts"),
        element("p", verdict, cls=f"verdict s-{'right' if passed else 'bug'}"),
        element("nav", *links, cls="contents", aria_label="Recipes") if len(links) > 1 else Markup(),
        *parts,
        section("All recipes", _shown(shared), mark="pictures") if shared else Markup(),
        element("p", comparison.experiment.note, cls="note"),
    )


def _recipe(comparison: Comparison, name: str, mark: str, folder: Path) -> Markup:
    """One recipe: what it is, its results, curves, pictures, and its parity."""
    compared = comparison.recipes[name]
    recipe = compared.recipe
    facts = (
        f"{recipe.loss!r}, {recipe.optimizer!r}, {recipe.schedule!r}; {recipe.epochs} epochs, "
        f"batches of {recipe.batch_size}"
    )
    texts = written.lines({title: o.texts for title, o in compared.engines.items()}, compared.same_texts)
    pictures = [path for path in _pictures(folder) if path.stem.endswith(f"-{slug(name)}")]
    parity = [] if compared.parity is None else report_parts(compared.parity, f"{mark}-", "h2")
    return section(
        name,
        element("p", facts, cls="facts"),
        _results(compared),
        *(element("p", line.plain) for line in compared.told()),
        element("div", curves(compared), cls="charts"),
        *([element("pre", "\n".join(line.plain for line in texts))] if texts else []),
        _shown(pictures),
        *parity,
        mark=mark,
    )


def _results(compared: Compared) -> Markup:
    """A line a metric: engines, baselines, published results."""
    published = compared.recipe.published
    columns = {**compared.columns}
    lines = [
        [label, *(figure(column.scores[label]) for column in columns.values())]
        + [figure(scores[label]) if label in scores else "" for scores in published.values()]
        for label in compared.engines[compared.first].scores
    ]
    lines.append(["training time", *(f"{column.seconds:.2f} s" for column in columns.values()), *[""] * len(published)])
    return table(["on the test part", *columns, *published], lines, label="Results")


def curves(compared: Compared) -> Markup:
    """Training and validation losses of every engine."""
    lines = [
        Line(
            f"{word}, {engine}",
            points_of(outcome.history, series),
            f"{LOOKS[series]} {'other' if k else 'broad'}".strip(),
        )
        for series, (word, _) in SERIES.items()
        for k, (engine, outcome) in enumerate(compared.engines.items())
    ]
    alone = all(len(outcome.history.epochs) == 1 for outcome in compared.engines.values())
    return chart(lines, "Losses, mean over samples", "step" if alone else "epoch")


def _pictures(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.png")) if path.name != DRAWN]


def _shown(pictures: list[Path]) -> Markup:
    """Pictures as parts of the page."""
    if not pictures:
        return Markup()
    figures = [
        element(
            "figure",
            element("img", alt=told, src=f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"),
            element("figcaption", told),
        )
        for path in pictures
        for told in [path.stem.partition("-")[0]]
    ]
    return joined([element("div", *figures, cls="pictures")])
