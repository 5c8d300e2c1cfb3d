"""Pictures of what an autoencoder keeps of an image, and of what its decoder makes of codes nobody encoded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from isograd.core.base.types import Array
from isograd.plots.style import INK, canvas, mosaic, saved, show


def rows_of_images(rows: Mapping[str, Array], title: str, path: Path) -> Path:
    """Rows of images (K, H, W), each with its name at the left, all on the first row's scale of grays."""
    count = max(len(images) for images in rows.values())
    figure = canvas(title, (count * 0.8 + 1.6, len(rows) * 0.86 + 0.55))
    scale = next(iter(rows.values()))
    low, high = float(scale.min()), float(scale.max())
    panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for panel, (name, images) in zip(panels, rows.items(), strict=True):
        show(panel, mosaic(images, count), cmap="gray_r", vmin=low, vmax=high)
        panel.text(-0.01, 0.5, name, transform=panel.transAxes, ha="right", va="center", fontsize=10, color=INK)
    return saved(figure, path)
