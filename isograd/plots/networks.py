"""Pictures of what a convolutional network learned: its filters, and what it sees in one image."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path

import numpy as np

from isograd.core.base.types import Array
from isograd.plots.style import canvas, mosaic, saved, show

MOST = 32  # filters or maps drawn of one layer


def filters(weights: Mapping[str, Array], title: str, path: Path) -> Path:
    """A convolution's weights (O, C, U, V), one panel an engine: red pulls up, blue down, white is 0.

    One input channel: a filter a tile. Several: a column a filter, a row a channel.
    """
    tiles = {name: w[:MOST].transpose(1, 0, 2, 3) for name, w in weights.items()}
    channels, count, *_ = next(iter(tiles.values())).shape
    columns = min(8, count) if channels == 1 else count
    rows = ceil(count * channels / columns)
    figure = canvas(title, (len(tiles) * (0.42 * columns + 0.4), 0.42 * rows + 1.0))
    most = max(float(np.abs(w).max()) for w in tiles.values())
    for panel, (name, w) in zip(figure.subplots(1, len(tiles), squeeze=False)[0], tiles.items(), strict=True):
        sheet = mosaic(w.reshape(-1, *w.shape[2:]), columns)
        show(panel, sheet, name, cmap="RdBu_r", vmin=-most, vmax=most)
    return saved(figure, path)


def feature_maps(image: Array, maps: Mapping[str, Array], title: str, path: Path) -> Path:
    """One image (H, W) and, layer by layer, what became of it: {layer: (C, H, W)}, a tile a channel."""
    columns = 8
    heights = [ceil(min(len(m), MOST) / columns) for m in maps.values()]
    figure = canvas(title, (9.2, 0.85 * sum(heights) + 0.45 * len(maps) + 0.5))
    left, right = figure.subfigures(1, 2, width_ratios=[1, 4])
    panel = left.subplots()
    panel.set_anchor("N")
    show(panel, image, "input", cmap="gray_r")
    panels = right.subplots(len(maps), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for panel, (name, m) in zip(panels, maps.items(), strict=True):
        shown = f" (the first {MOST})" if len(m) > MOST else ""
        show(
            panel,
            mosaic(m[:MOST], columns),
            f"{name}: {len(m)} map{'s' * (len(m) > 1)} of {m.shape[1]} x {m.shape[2]}{shown}",
            cmap="magma",
        )
    return saved(figure, path)
