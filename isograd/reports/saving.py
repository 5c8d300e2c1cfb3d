"""A comparison kept in a folder of its own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from isograd.core.base.atomic import write_atomically
from isograd.reports.comparison import Comparison
from isograd.reports.names import report_folder, slug
from isograd.reports.page import comparison_page


def save(comparison: Comparison, root: str | Path = "runs") -> Path:
    """Write report, histories, pictures (with matplotlib) and a page of all into a folder of their own; return it."""
    folder = report_folder(comparison.experiment.name, root)
    write_atomically(folder / "report.txt", str(comparison).encode())
    write_atomically(folder / "report.json", comparison.to_json().encode())
    for name, compared in comparison.recipes.items():
        for title, outcome in compared.engines.items():
            place = folder / f"history-{slug(name)}-{slug(comparison.backends[title])}.json"
            write_atomically(place, outcome.history.to_json().encode())
    if find_spec("matplotlib") is not None:
        from isograd.reports.pictures import draw

        draw(comparison, folder)
    write_atomically(folder / "report.html", comparison_page(comparison, folder).encode())
    return folder
