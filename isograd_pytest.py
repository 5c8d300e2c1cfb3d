"""What pytest reads at its start wherever isograd is installed: the options of `--pyargs isograd.conformance`.

A file of its own beside the package, which importing it would import whole. It adds nothing to other runs of pytest.
"""

from __future__ import annotations

from typing import Any

SUITE = "isograd.conformance"


def pytest_load_initial_conftests(parser: Any, args: list[str]) -> None:
    """Options of a package's conftest.py are read too late where the package is asked for by name."""
    if any(given.partition("::")[0] == SUITE or given.startswith(f"{SUITE}.") for given in args):
        told = parser.getgroup("isograd", "isograd.conformance")
        told.addoption("--backend", help="the engine that is judged, by its name")
        told.addoption("--against", help="the engine that it is held against (default: numpy)")
