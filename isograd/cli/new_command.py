"""isograd new: a file to start an experiment of one's own from."""

from __future__ import annotations

from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the experiment is called; NAME.py is written.")],
) -> None:
    """Write a small experiment that runs, to start from."""
    from isograd.experiments.starting import start

    path = start(name)
    print(f"Written: {path}. Next:")
    for command in (f"isograd compare {path}", f"isograd train {path} --backend torch", f"python {path}"):
        print(f"  {command}")
