"""The command line: a file a command, entered in COMMANDS, or a group of them."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

from isograd.cli.baselines_command import baselines
from isograd.cli.check_command import check
from isograd.cli.compare_command import compare
from isograd.cli.data_command import data
from isograd.cli.diff_command import diff
from isograd.cli.export_command import export
from isograd.cli.fuzz_command import fuzz
from isograd.cli.generate_command import generate
from isograd.cli.new_command import new
from isograd.cli.parity_command import parity
from isograd.cli.train_command import train
from isograd.cli.verify_command import verify
from isograd.core.base.errors import IsogradError

COMMANDS = (compare, train, parity, check, fuzz, verify, diff, export, generate, baselines, new)  # as --help lists them

app = typer.Typer(
    help="Write a model once. Run it in NumPy or in PyTorch. Prove that both compute the same thing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(data, name="data")


def main(*first: str) -> None:
    """Run the command line, `first` put before its arguments. An IsogradError prints its text and exits 2."""
    try:
        app([*first, *sys.argv[1:]])
    except IsogradError as error:
        Console(stderr=True).print(Text(str(error), style="red"), soft_wrap=True)
        raise SystemExit(2) from None
