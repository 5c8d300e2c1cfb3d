"""What several commands take, each option written once: `Options`' fields, an experiment's name, engines' names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_args, get_type_hints

import typer

from isograd.experiments.experiment import Options
from isograd.reports.engines import BACKENDS

Name = Annotated[
    str,
    typer.Argument(metavar="EXPERIMENT", help="A built-in name (digits_mlp) or a .py file with EXPERIMENT."),
]
BackendName = Annotated[str, typer.Option(help="numpy, torch, or another installed engine; torch:compile a variant.")]
_NAMES = "Engines by name; the first is the one that the others are held against."
BackendNames = Annotated[list[str], typer.Option(metavar="NAME,NAME", help=_NAMES)]
MaybeBackendNames = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME,NAME", help=_NAMES, show_default="numpy,torch; without PyTorch numpy,numpy_reference"),
]
BOTH = [",".join(BACKENDS)]

Command = Callable[..., None]


def split(lists: Sequence[str]) -> tuple[str, ...]:
    """Names from lists with commas, an option given several times being several lists.

    >>> split(["numpy, torch:compile", "mine"])
    ('numpy', 'torch:compile', 'mine')
    """
    return tuple(name.strip() for names in lists for name in names.split(",") if name.strip())


def with_options(*names: str) -> Callable[[Command], Command]:
    """Give a command these fields of `Options` (all, where none is named) as command-line options.

    Name, type, default and help of each are those of the field. The command itself takes them as one `options`, its
    last parameter.
    """
    hints = get_type_hints(Options, include_extras=True)
    shared = []
    for field in fields(Options):
        if field.name in (names or hints):
            kind, told = get_args(hints[field.name])
            default = typer.Option(field.default, help=told)
            shared.append(Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=kind))

    def widened(command: Command) -> Command:
        declared = signature(command, eval_str=True)
        own = [parameter for name, parameter in declared.parameters.items() if name != "options"]

        @wraps(command)
        def called(**given: Any) -> None:
            options = Options(**{parameter.name: given.pop(parameter.name) for parameter in shared})
            command(**given, options=options)

        called.__signature__ = declared.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        return called

    return widened
