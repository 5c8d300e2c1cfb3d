"""isograd verify CERTIFICATE MODEL DATA"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERTIFICATE", help="What isograd parity --certificate wrote.")
    ],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model with its weights, as ig.save writes it.")],
    arrays: Annotated[Path, typer.Argument(metavar="DATA", help="Arrays x, x1, …, y, y1, …: .safetensors or .npz.")],
) -> None:
    """Is this what a certificate is of? Then check it again; exit 1 if it is something else, or fails."""
    from isograd.reports.verifying import verify as verified

    found = verified(certificate, model, arrays)
    print(found)
    if not found.passed:
        raise typer.Exit(1)
