"""Engines from elsewhere: distributions as an installer leaves them, in a folder of the test's own."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JAX_ENGINE = ROOT / "examples/jax_engine"


def install(
    site: Path, name: str, declared: dict[str, str], requires: Sequence[str] = (), version: str = "1.0"
) -> None:
    """Metadata of a distribution that declares these engines; whoever asks has `site` on its path."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {r}" for r in requires),
    ]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    entries = "\n".join(f"{engine} = {value}" for engine, value in declared.items())
    (folder / "entry_points.txt").write_text(f"[isograd.backends]\n{entries}\n")


def install_jax_engine(site: Path) -> list[str]:
    """What `pip install examples/jax_engine` would leave, but for a copy of its files: the folders to find it in."""
    project = tomllib.loads((JAX_ENGINE / "pyproject.toml").read_text())["project"]
    engines = project["entry-points"]["isograd.backends"]
    install(site, project["name"], engines, project["dependencies"], project["version"])
    return [str(site), str(JAX_ENGINE)]
