"""The commands of docs/porting.md, run as they stand, print what the page shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/porting.md"
NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d.]*(?:e[-+]\d+)?")
"""Figures differ in their last digits between processors, and training is float32's."""


def blocks() -> list[tuple[str, str]]:
    """(language and file, text) of every block, in order"""
    return re.findall(r"^```([^\n]+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def run(commands: str, folder: Path) -> str:
    """What a shell prints for them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        ["bash", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def edited(text: str, change: str) -> str:
    """The text after a block of - and + lines, a + line in the place of the - line before it."""
    lines = change.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0]) == ("-", "+")
        assert text.count(old[1:]) == 1, old
        text = text.replace(old[1:], new[1:])
    return text


def words(text: str) -> str:
    return " ".join(NUMBER.sub("#", text).split())


def test_the_port_is_found_out_as_the_page_tells(tmp_path: Path) -> None:
    folder, printed, shown = tmp_path / "my_port", "", 0
    shutil.copytree(ROOT / "examples/porting", folder, ignore=shutil.ignore_patterns("*.pt", "*.safetensors"))
    for language, text in blocks():
        kind, _, file = language.partition(" ")
        if kind == "sh":
            printed = run(text.replace("cp -r examples/porting my_port && cd my_port\n", ""), folder)
        elif kind == "diff":
            (folder / file).write_text(edited((folder / file).read_text(), text))
        elif kind == "text":
            found, shown = words(printed), shown + 1
            for piece in filter(None, map(words, text.split("…"))):
                assert piece in found, f"{piece}\nis not in\n{printed}"
                found = found.partition(piece)[2]
    assert shown == 6


def test_the_lines_that_the_page_quotes_are_those() -> None:
    quoted = re.findall(r"at (\w+\.py):(\d+)", PAGE.read_text())
    lines = [(ROOT / "examples/porting" / file).read_text().splitlines()[int(number) - 1] for file, number in quoted]
    assert ["F.gelu(" in lines[0], "self.act(" in lines[1]] == [True, True]
