"""isograd generate FILE"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isograd.cli.options import BackendName


def generate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Weights that isograd train wrote: ….safetensors.")],
    primer: Annotated[str, typer.Option(help="What the network reads first.", show_default="an empty line")] = "\n",
    length: Annotated[int, typer.Option(min=0, help="How many characters it writes.")] = 300,
    temperature: Annotated[float, typer.Option(help="0: always the likeliest; 1: as it has learned.")] = 0.8,
    seed: Annotated[int, typer.Option(help="Of the characters drawn.")] = 0,
    backend: BackendName = "numpy",
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float64",
) -> None:
    """Let a trained network write on, character by character."""
    from isograd.core.engine.registry import build
    from isograd.text import generate as write
    from isograd.text import saved

    model, weights, vocabulary = saved(file)
    net = build(model, weights, backend=backend, dtype=dtype)
    print(primer + write(net, vocabulary, primer, length, temperature=temperature, seed=seed))
