"""Pictures of time: states over a sentence, gradients from step to step, a series and its forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.optional import require
from isograd.plots.style import BLUE, COLD, INK, MUTED, RED, WARM, canvas, pens, saved, tidy

LEFT_OUT = "#d5d9de"


@dataclass(frozen=True)
class Reading:
    """A sentence as a network reads it: states (T, units), and the probability (T,) of a class after each word."""

    words: Sequence[str]
    states: Array
    sure: Array
    told: str  # what it should be, what it is taken for


def hidden_states(readings: Mapping[str, Sequence[Reading]], sure_of: str, title: str, path: Path) -> Path:
    """Units x words, a column an engine, a row a sentence: red is 1, blue −1. Above: P(`sure_of`) after each word.

    Units are ordered by the first engine's state after the last word.
    """
    rows = len(next(iter(readings.values())))
    figure = canvas(title, (5.4 * len(readings) + 0.6, 3.3 * rows + 0.5))
    ratios = [part for _ in range(rows) for part in (1, 3)]
    panels = figure.subplots(2 * rows, len(readings), squeeze=False, gridspec_kw={"height_ratios": ratios})
    orders = [np.argsort(reading.states[-1]) for reading in next(iter(readings.values()))]
    for column, (engine, read) in enumerate(readings.items()):
        for row, reading in enumerate(read):
            above, below = panels[2 * row, column], panels[2 * row + 1, column]
            _sureness(above, reading)
            above.set_title(f"{engine}: {reading.told}", fontsize=10, color=MUTED, loc="left")
            shown = below.imshow(
                reading.states[:, orders[row]].T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto", interpolation="nearest"
            )
            below.set_xticks(range(len(reading.words)), reading.words)
            if max(map(len, reading.words)) > 1:
                below.tick_params("x", rotation=45)
                for word in below.get_xticklabels():
                    word.set(ha="right", rotation_mode="anchor")
            below.set_yticks([])
            below.tick_params(length=0, labelcolor=INK, labelsize=9)
            below.spines[:].set_visible(False)
            if column == 0:
                below.set_ylabel(f"{reading.states.shape[1]} units", color=INK)
                above.set_ylabel(f"P({sure_of})", color=INK)
    bar = figure.colorbar(shown, ax=panels.ravel().tolist(), shrink=min(1.0, 0.6 / rows), pad=0.015, aspect=14)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelcolor=INK, labelsize=8)
    return saved(figure, path)


def _sureness(panel: Any, reading: Reading) -> None:
    """The probability after every word, against one half."""
    steps = np.arange(len(reading.words))
    panel.axhline(0.5, color=LEFT_OUT, linewidth=1)
    for colour, side in ((RED, reading.sure >= 0.5), (BLUE, reading.sure < 0.5)):
        panel.bar(steps[side], reading.sure[side] - 0.5, bottom=0.5, width=0.82, color=colour, linewidth=0)
    panel.set_xlim(-0.5, len(steps) - 0.5)
    panel.set_ylim(0, 1)
    panel.set_yticks([0, 1])
    panel.set_xticks([])
    panel.tick_params(length=0, labelcolor=INK, labelsize=8)
    panel.spines[:].set_visible(False)


def gradients(norms: Mapping[str, Mapping[float, Array]], title: str, path: Path) -> Path:
    """‖∂L/∂xₜ‖ against T − t, on a logarithmic axis, one panel a layer: {layer: {recurrent scale: norms (T,)}}.

    Blue where the scale is below 1, red above; the deeper, the further from 1.
    """
    maps = require("matplotlib", extra="report", purpose="pictures").colormaps
    figure = canvas(title, (11.4, 4.8))
    panels = figure.subplots(1, len(norms), sharey=True, squeeze=False)[0]
    for panel, (layer, lines) in zip(panels, norms.items(), strict=True):
        for scale, norm in lines.items():
            depth = 0.45 + 0.45 * min(1.0, abs(float(np.log2(scale))))
            colour = MUTED if scale == 1 else maps["Blues" if scale < 1 else "OrRd"](depth)
            panel.plot(norm[::-1], color=colour, linewidth=2.2, solid_capstyle="round", label=f"x {scale:g}")
        panel.set_yscale("log")
        panel.set_title(layer, fontsize=11, color=MUTED, loc="left")
        panel.set_xlabel("steps back from the loss")
        panel.set_xlim(0, max(map(len, lines.values())) - 1)
        tidy(panel)
    low, high = (pick([pick(n) for lines in norms.values() for n in lines.values()]) for pick in (np.min, np.max))
    panels[0].set_yticks(10.0 ** np.arange(-100, 101, 10))
    panels[0].set_ylim(low / 10, high * 10)
    panels[0].set_ylabel("‖∂L/∂xₜ‖, mean over samples")
    panels[-1].legend(
        title="recurrent weight",
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        loc="lower left",
        reverse=True,
        alignment="left",
    )
    return saved(figure, path)


def forecast(truth: Array, told: Mapping[str, Array], run: Mapping[str, Array], title: str, path: Path) -> Path:
    """A series (S,) and what engines forecast of it, one step ahead, and below from their own forecasts alone.

    `told` and `run` are {engine: forecasts}, the first drawn as a broad pale line; `run` may be empty.
    """
    figure = canvas(title, (11.4, 5.4 if run else 3.2))
    panels = figure.subplots(2 if run else 1, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    rows = [("one step ahead, from the true past", told, COLD), ("running free, from its own forecasts", run, WARM)]
    for panel, (name, lines, colours) in zip(panels, rows, strict=False):
        panel.plot(truth, ".", color=INK, markersize=3.2, label="the series", zorder=3)
        for (engine, values), pen in zip(lines.items(), pens(len(lines), colours), strict=True):
            panel.plot(values, label=engine, **pen)
        panel.set_title(name, fontsize=10, color=MUTED, loc="left")
        panel.set_xlim(0, len(truth) - 1)
        tidy(panel)
        panel.legend(
            frameon=False,
            fontsize=9,
            labelcolor=INK,
            ncols=1 + len(lines),
            loc="lower right",
            bbox_to_anchor=(1, 1),
            borderpad=0,
            handlelength=2.8,
        )
    panels[-1].set_xlabel("step of the test part")
    return saved(figure, path)
