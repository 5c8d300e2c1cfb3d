"""Pictures of classes: which are taken for which, which images go wrong, where their codes lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from isograd.core.base.types import Array
from isograd.optional import require
from isograd.plots.style import INK, MUTED, RED, canvas, saved, show

COLUMNS, ROWS = 8, 4  # of mistakes drawn


def confusion(counts: Mapping[str, Array], names: Sequence[str], title: str, path: Path) -> Path:
    """How often class i (row) was taken for class j (column), one panel an engine; colours by share of the row."""
    side = max(3.6, 0.46 * len(names) + 1.0)
    figure = canvas(title, (len(counts) * side, side + 0.5))
    panels = figure.subplots(1, len(counts), sharey=True, squeeze=False)[0]
    for panel, (engine, table) in zip(panels, counts.items(), strict=True):
        share = table / np.maximum(table.sum(1, keepdims=True), 1)
        panel.imshow(share**0.4, cmap="Blues", vmin=0, vmax=1.25)  # so that a few errors in a thousand are seen
        for (i, j), count in np.ndenumerate(table):
            if count:
                colour = "white" if share[i, j] > 0.4 else INK
                panel.text(j, i, f"{count}", ha="center", va="center", fontsize=8.5, color=colour)
        right = int(np.trace(table))
        panel.set_title(f"{engine}: {right} of {table.sum()} right", fontsize=10, color=MUTED, loc="left")
        panel.set_xticks(range(len(names)), names)
        panel.set_yticks(range(len(names)), names)
        panel.set_xlabel("taken for", color=INK)
        panel.tick_params(length=0, labelcolor=INK)
        panel.spines[:].set_color("#d5d9de")
    panels[0].set_ylabel("is", color=INK)
    return saved(figure, path)


def mistakes(images: Array, is_class: Sequence[str], taken_for: Sequence[str], title: str, path: Path) -> Path:
    """Wrongly classified images (K, H, W), the first ones, each with "is → taken for"."""
    shown = min(len(images), COLUMNS * ROWS)
    rows = -(-shown // COLUMNS)
    figure = canvas(title, (COLUMNS * 1.05, rows * 1.3 + 0.5))
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for k, panel in enumerate(panels[:shown]):
        show(panel, images[k], cmap="gray_r")
        panel.text(0.5, -0.04, f"{is_class[k]} →", transform=panel.transAxes, ha="right", va="top", color=INK)
        panel.text(0.5, -0.04, f" {taken_for[k]}", transform=panel.transAxes, ha="left", va="top", color=RED)
    return saved(figure, path)


def scatter(points: Mapping[str, Array], labels: Array, title: str, path: Path) -> Path:
    """Points of the plane (N, 2) coloured by class, the class's name at its middle; one panel a set of points."""
    effects = require("matplotlib.patheffects", extra="report", purpose="pictures")
    halo = [effects.withStroke(linewidth=3.5, foreground="white")]
    figure = canvas(title, (5.2 * len(points), 5.4))
    for panel, (name, places) in zip(figure.subplots(1, len(points), squeeze=False)[0], points.items(), strict=True):
        panel.scatter(
            *places.T, c=labels[: len(places)], cmap="tab10", s=min(30, 9000 / len(places)), alpha=0.75, linewidths=0
        )
        for label in np.unique(labels[: len(places)]):
            middle = np.median(places[labels[: len(places)] == label], axis=0)
            panel.text(
                *middle,
                str(label),
                fontsize=15,
                fontweight="bold",
                color=INK,
                ha="center",
                va="center",
                path_effects=halo,
            )
        panel.set_title(name, fontsize=10, color=MUTED, loc="left")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_color("#d5d9de")
    return saved(figure, path)
