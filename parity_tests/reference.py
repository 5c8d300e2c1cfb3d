"""Every description, its options and its docstring on one page: python parity_tests/reference.py [--write]

The page is docs/reference.md; a test holds that it is what the docstrings say.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import isograd as ig
from isograd.core.base.description import REGISTRY, Description

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
TITLES = {
    "layer": "Layers",
    "loss": "Losses",
    "optimizer": "Optimizers",
    "clipping": "Clipping",
    "schedule": "Schedules",
    "initializer": "Initial laws",
    "metric": "Metrics",
    "stopping": "Early stopping",
}
INTRODUCTION = """# Reference

What `isograd` describes, in the order of the files that hold it, each with its formula, its shapes and its options.
Names and options are PyTorch's where it has them, and mean what they mean there; where libraries disagree, the entry
says so. A shape is one sample's unless N, the batch, stands in front; sizes of what comes in are always inferred; every
layer also takes `name=`. What of PyTorch there is and what not: [coverage.md](coverage.md). Made by
`python parity_tests/reference.py --write`.
"""


def described(family: str) -> dict[str, list[type[Description]]]:
    """{what a file is about: its descriptions}, public ones alone."""
    found: dict[str, list[type[Description]]] = {}
    public = {*ig.__all__, *dir(ig.init)}
    for name, kind in REGISTRY[family].items():
        if name in public and kind.__module__.startswith("isograd."):
            told = inspect.getdoc(import_module(kind.__module__)) or ""
            found.setdefault(told.partition("\n")[0].rstrip("."), []).append(kind)
    return found


def entry(kind: type[Description]) -> Iterator[str]:
    """The lines of one description."""
    prefix = "ig.init." if kind.family == "initializer" else "ig."
    options = ", ".join(told(option) for option in inspect.signature(kind).parameters.values() if option.name != "name")
    yield from ("", f"### {kind.__name__}", "```text", f"{prefix}{kind.__name__}({options})", "")
    yield from (inspect.getdoc(kind) or "").splitlines()
    yield "```"


def told(option: inspect.Parameter) -> str:
    """An option and its default; what is given by name alone has one, or an = behind it."""
    if option.default is not inspect.Parameter.empty:
        return f"{option.name}={option.default!r}"
    return f"{option.name}=…" if option.kind is inspect.Parameter.KEYWORD_ONLY else option.name


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION]
    for family, title in TITLES.items():
        lines += [f"# {title}"]
        for told_of, kinds in described(family).items():
            lines += ["", f"## {told_of}"]
            for kind in kinds:
                lines += entry(kind)
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
