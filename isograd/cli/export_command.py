"""isograd export FILE"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model with its weights, as ig.save writes it.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the export is written: a new folder.")],
    to: Annotated[str, typer.Option(help="numpy: source for NumPy alone; torch: a plain nn.Module.")] = "numpy",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also an export that was changed since.")] = False,
) -> None:
    """Write a model as standalone source, with its weights, a self-test and a certificate; exit 1 if engines differ."""
    from isograd.core.graph.files import load
    from isograd.exporting.entrance import export as write

    made = write(*load(file), to, out, overwrite=overwrite)
    print(f"{made}\nThe self-test:\n  python {made.path / 'model.py'}")
    if not made.passed:
        raise typer.Exit(1)
