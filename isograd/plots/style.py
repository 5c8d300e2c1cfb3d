"""What all pictures share: colours, a canvas with its title, mosaics of small images."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.optional import require

BLUE, RED = "#2a6fbb", "#d1495b"
INK, MUTED = "#22272e", "#6b7480"
COLD = (BLUE, BLUE, "#0b2545", "#35a7e0", "#01665e")
WARM = (RED, RED, "#5c0f1f", "#eb9a2d", "#8c510a")
"""One colour an engine for each of two series: cold or warm tells the series, also to eyes that mix up red and green;
how dark it is, and which dashes, tells the engine. The first two share theirs: a broad pale line, dashes on it."""
DASH, GAP = 4.0, 2.5  # in widths of the line
LETTER = 0.105  # inches that a letter of a title takes
DPI = 150


def pens(count: int, colours: Sequence[str]) -> list[dict[str, Any]]:
    """How `count` lines that may lie on each other are drawn: the first broad and pale, dashes of the others along it.

    The dashes take turns, so that each is seen where all agree. One line alone is neither broad nor pale.
    """
    if count == 1:
        return [{"color": colours[0], "linewidth": 2.2}]
    others = count - 1
    period = (DASH + GAP) * (1 + (others - 1) / 2)
    drawn: list[dict[str, Any]] = [{"color": colours[0], "linewidth": 6.0, "alpha": 0.35, "markersize": 9.0}]
    for k in range(others):
        dashes = (k * period / others, (DASH, period - DASH))
        look = {"linewidth": 1.6, "linestyle": dashes, "markersize": 6.0 / (1 + 0.6 * k)}
        drawn.append({"color": colours[(k + 1) % len(colours)], **look})
    return drawn


def canvas(title: str, size: tuple[float, float]) -> Any:
    """An empty figure of `size` inches, wider where its title is; the title stands at the left."""
    drawing = require("matplotlib.figure", extra="report", purpose="pictures")
    width, height = size
    figure = drawing.Figure(
        figsize=(max(width, LETTER * len(title) + 0.3), height), layout="constrained", facecolor="white"
    )
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08, wspace=0.06)
    figure.suptitle(title, fontsize=13, color=INK, x=0.01, ha="left", fontweight="bold")
    return figure


def saved(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=DPI)
    return path


def mosaic(images: Array, columns: int, *, gap: int = 1) -> Array:
    """Images (K, H, W) in rows of `columns`, NaN between them and where none is left.

    >>> mosaic(np.ones((3, 2, 2)), 2).shape
    (5, 5)
    """
    count, height, width = images.shape
    rows = ceil(count / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for k, image in enumerate(images):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def show(panel: Any, sheet: Array, title: str = "", **options: Any) -> None:
    """An image or mosaic on a panel without axes; NaN stays white."""
    panel.imshow(sheet, interpolation="nearest", **options)
    panel.set_axis_off()
    if title:
        panel.set_title(title, fontsize=10, color=MUTED, loc="left")


def tidy(panel: Any) -> None:
    """Axes of a curve: a pale horizontal grid behind it, no box around it."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(MUTED)
    panel.xaxis.label.set_color(INK)
    panel.yaxis.label.set_color(INK)
    panel.tick_params(colors=MUTED, labelcolor=INK, which="both")
    panel.grid(axis="y", color="#e6e9ed", linewidth=0.8)
    panel.set_axisbelow(True)


def gray(images: Array) -> Array:
    """(K, C, H, W) as (K, H, W): the mean over the channels."""
    mean: Array = images.mean(1)
    return mean
