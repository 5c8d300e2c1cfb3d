"""What all pictures share: colours, a canvas with its title, mosaics of small images."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import Array
from isograd.optional import require

BLUE, RED = "#2a6fbb", "#d1495b"
INK, MUTED = "#22272e", "#6b7480"
DPI = 150


def canvas(title: str, size: tuple[float, float]) -> Any:
    """An empty figure of `size` inches with its title at the left."""
    drawing = require("matplotlib.figure", extra="report", purpose="pictures")
    figure = drawing.Figure(figsize=size, layout="constrained", facecolor="white")
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
