"""isograd data: what there is, and how it gets here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(help="List the built-in data sets, or fetch one from where it is published.", no_args_is_help=True)

Root = Annotated[
    Path | None,
    typer.Option(help="Folder of data files.", show_default="ISOGRAD_DATA is read, ~/.cache/isograd read and written"),
]


@data.command("list")
def listed(root: Root = None) -> None:
    """Every built-in data set: what it is, whose, and whether it is here."""
    from rich.console import Console
    from rich.table import Table

    from isograd.datasets.catalog import SOURCES
    from isograd.datasets.places import roots

    table = Table("name", "what it is", "origin", "here")
    for name, source in SOURCES.items():
        here = next((p for p in roots(root) if all((p / f.path).is_file() for f in source.files)), None)
        place = f"with {source.brought_by}" if source.brought_by else str(here or f"no: isograd data fetch {name}")
        table.add_row(name, source.title, source.origin, place)
    Console().print(table)


@data.command("fetch")
def fetched(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As isograd data list names it.")], root: Root = None
) -> None:
    """Download a data set's files, hold them against their checksums, and keep them."""
    from isograd.datasets.fetching import fetch, source_of

    source = source_of(name)
    if source.brought_by:
        print(f"{name} comes with {source.brought_by}: there is nothing to fetch.")
    for path, new in fetch(name, root).items():
        print(f"  {path}: {'fetched' if new else 'was there'}, as its checksum says")
