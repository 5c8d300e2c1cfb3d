"""Pictures of fits: losses by epoch, predictions against targets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.core.training.history import History
from isograd.plots.style import BLUE, COLD, INK, MUTED, WARM, canvas, pens, saved, tidy

SERIES = {"train_loss": ("training", COLD), "validation_loss": ("validation", WARM)}
DOTS = (BLUE, INK, WARM[3], COLD[3], WARM[2])  # of the engines, each on the one before it
SMALLEST = 1 / 6  # of the area of the first engine's dots, that of the last one's
BLOCKS = 60  # points of a curve by step
DECADE = 12  # a loss that falls by more than this factor is drawn on a logarithmic axis


def loss_curves(fits: Mapping[str, Mapping[str, History]], title: str, path: Path) -> Path:
    """Training and validation loss of every recipe, one panel each: {recipe: {engine: history}}.

    The first engine is a broad pale line, the others thin dashed ones on top: where they agree, the
    dashes run along the middle of the line.
    """
    count = max(map(len, fits.values()))
    figure = canvas(title, (max(7.2, 4.4 * len(fits), 2.3 * count), 4.4))
    panels = _panels(figure, len(fits))
    for panel, (recipe, engines) in zip(panels, fits.items(), strict=True):
        drawn: list[float] = []
        for k, (engine, history) in enumerate(engines.items()):
            for series, (word, colours) in SERIES.items():
                points = points_of(history, series)
                epochs, losses = [k for k, _ in points], [loss for _, loss in points]
                drawn += losses
                pen = pens(len(engines), colours)[k]
                marker = "o" if len(points) == 1 else ""
                panel.plot(epochs, losses, label=f"{word}, {engine}", marker=marker, **pen)
        if min(drawn) > 0 and max(drawn) > DECADE * min(drawn):
            panel.set_yscale("log")
        panel.set_title(recipe, fontsize=11, color=MUTED, loc="left")
        panel.set_xlabel("step" if all(len(h.epochs) == 1 for h in engines.values()) else "epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
    panels[0].set_ylabel("loss, mean over samples")
    _legend(figure, panels[-1], count)
    return saved(figure, path)


def points_of(history: History, series: str) -> list[tuple[int, float]]:
    """(epoch, loss); in a fit of one epoch (step, loss), the training loss as means of equal blocks of steps."""
    if len(history.epochs) != 1:
        return history.series(series)
    steps = len(history.step_losses)
    if series != "train_loss":
        return [(steps, loss) for _, loss in history.series(series)]
    ends = np.linspace(0, steps, min(BLOCKS, steps) + 1).astype(int)
    return [(int(b), float(np.mean(history.step_losses[a:b]))) for a, b in pairwise(ends)]


def prediction_scatter(guesses: Mapping[str, Mapping[str, Array]], targets: Array, title: str, path: Path) -> Path:
    """Predictions against targets, one panel a recipe: {recipe: {engine: predictions}}.

    The first engine's dots are broad and pale, the others' smaller and smaller: where they agree, they lie in one
    another.
    """
    figure = canvas(title, (max(7.2, 4.4 * len(guesses)), 4.4))
    panels = _panels(figure, len(guesses))
    size = float(np.clip(6000 / len(targets), 3, 42))
    for panel, (recipe, engines) in zip(panels, guesses.items(), strict=True):
        first = next(iter(engines.values()))
        ends = [float(np.minimum(targets, first).min()), float(np.maximum(targets, first).max())]
        panel.plot(ends, ends, color=MUTED, linewidth=1, linestyle=":", zorder=1)
        for k, ((engine, values), colour) in enumerate(zip(engines.items(), cycle(DOTS))):
            area, alpha = size * SMALLEST ** (k / max(1, len(engines) - 1)), 0.8 if k else 0.35
            panel.scatter(targets, values, s=area, color=colour, alpha=alpha, linewidths=0, label=engine)
        panel.set_title(recipe, fontsize=11, color=MUTED, loc="left")
        panel.set_xlabel("target")
    panels[0].set_ylabel("prediction, test part")
    panels[-1].legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left")
    return saved(figure, path)


def _panels(figure: Any, count: int) -> list[Any]:
    """`count` panels side by side that share their vertical axis."""
    panels = list(figure.subplots(1, count, sharey=True, squeeze=False)[0])
    for panel in panels:
        tidy(panel)
    return panels


def _legend(figure: Any, panel: Any, count: int) -> None:
    """The legend: in the panel while it is small, below all panels, a column an engine, where it is not."""
    look = {"frameon": False, "fontsize": 9, "labelcolor": INK}
    if count <= 2:
        panel.legend(handlelength=2.8, **look)
    else:
        entries = panel.get_legend_handles_labels()
        figure.legend(*entries, loc="outside lower left", ncols=count, handlelength=4.0, **look)
