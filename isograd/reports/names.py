"""Names of files and figures in reports."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path


def slug(name: str) -> str:
    """A recipe's name as part of a file's."""
    return re.sub(r"\W+", "-", name)


def report_folder(name: str, root: str | Path = "runs") -> Path:
    """ROOT/name-timestamp, new."""
    folder = Path(root) / f"{name}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    folder.mkdir(parents=True)
    return folder


def figure(value: float) -> str:
    """Four figures, as a person writes them.

    >>> figure(0.97222), figure(43.4567), figure(68123.4)
    ('0.9722', '43.46', '68,123')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"
