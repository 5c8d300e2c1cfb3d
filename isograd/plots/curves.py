"""Pictures of fits: losses by epoch, predictions against targets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.core.training.history import History
from isograd.plots.style import BLUE, INK, MUTED, RED, canvas, saved, tidy

COLOURS = {"train_loss": BLUE, "validation_loss": RED}
WORDS = {"train_loss": "training", "validation_loss": "validation"}
BLOCKS = 60  # points of a curve by step
DECADE = 12  # a loss that falls by more than this factor is drawn on a logarithmic axis


def loss_curves(fits: Mapping[str, Mapping[str, History]], title: str, path: Path) -> Path:
    """Training and validation loss of every recipe, one panel each: {recipe: {engine: history}}.

    The first engine is a broad pale line, the second a thin dashed one on top: where they agree, the
    dashes run along the middle of the line.
    """
    figure = canvas(title, (max(7.2, 4.4 * len(fits)), 4.4))
    panels = _panels(figure, len(fits))
    for panel, (recipe, engines) in zip(panels, fits.items(), strict=True):
        drawn: list[float] = []
        for (engine, history), (width, style, alpha) in zip(
            engines.items(), [(6.0, "-", 0.35), (1.6, (0, (4, 2.5)), 1.0)], strict=False
        ):
            for series, colour in COLOURS.items():
                points = _points(history, series)
                epochs, losses = [k for k, _ in points], [loss for _, loss in points]
                drawn += losses
                panel.plot(
                    epochs,
                    losses,
                    color=colour,
                    linewidth=width,
                    linestyle=style,
                    alpha=alpha,
                    label=f"{WORDS[series]}, {engine}",
                    marker="o" if len(points) == 1 else "",
                )
        if min(drawn) > 0 and max(drawn) > DECADE * min(drawn):
            panel.set_yscale("log")
        panel.set_title(recipe, fontsize=11, color=MUTED, loc="left")
        panel.set_xlabel("step" if all(len(h.epochs) == 1 for h in engines.values()) else "epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
    panels[0].set_ylabel("loss, mean over samples")
    panels[-1].legend(frameon=False, fontsize=9, labelcolor=INK, handlelength=2.8)
    return saved(figure, path)


def _points(history: History, series: str) -> list[tuple[int, float]]:
    """(epoch, loss); in a fit of one epoch (step, loss), the training loss as means of equal blocks of steps."""
    if len(history.epochs) != 1:
        return history.series(series)
    steps = len(history.step_losses)
    if series != "train_loss":
        return [(steps, loss) for _, loss in history.series(series)]
    ends = np.linspace(0, steps, min(BLOCKS, steps) + 1).astype(int)
    return [(int(b), float(np.mean(history.step_losses[a:b]))) for a, b in pairwise(ends)]


def prediction_scatter(guesses: Mapping[str, Mapping[str, Array]], targets: Array, title: str, path: Path) -> Path:
    """Predictions against targets, one panel a recipe: {recipe: {engine: predictions}}."""
    figure = canvas(title, (max(7.2, 4.4 * len(guesses)), 4.4))
    panels = _panels(figure, len(guesses))
    size = float(np.clip(6000 / len(targets), 3, 42))
    for panel, (recipe, engines) in zip(panels, guesses.items(), strict=True):
        (first, one), (second, other) = engines.items()
        ends = [float(np.minimum(targets, one).min()), float(np.maximum(targets, one).max())]
        panel.plot(ends, ends, color=MUTED, linewidth=1, linestyle=":", zorder=1)
        panel.scatter(targets, one, s=size, color=COLOURS["train_loss"], alpha=0.35, linewidths=0, label=first)
        panel.scatter(targets, other, s=size / 6, color=INK, alpha=0.8, linewidths=0, label=second)
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
