"""A certificate of a check: of what it was, how it was asked, where it ran, and how close everything came."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from isograd.core.base.errors import SpecError
from isograd.core.parity.checked import Checked
from isograd.core.parity.machines import installed_version
from isograd.core.parity.text import Report
from isograd.core.parity.verdict import Row

FORMAT = 1


def certificate(report: Report, checked: Checked | None) -> dict[str, Any]:
    """All of it, as JSON holds it; SpecError for a report that is not of one model on one batch."""
    if checked is None:
        raise SpecError(
            "certificate(…)",
            wanted="a report of one model on one batch: ig.check_parity(model, x, y, …)",
            got=report.title.splitlines()[0],
            fix="check the model that is to be certified",
        )
    return {
        "isograd certificate": FORMAT,
        "isograd": installed_version(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": report.title,
        "passed": report.passed,
        "verdict": report.verdict,
        "sha256": dict(checked.sha256),
        "asked": dict(checked.asked),
        "worst": worst(report.rows),
        "environment": environment(),
    }


def worst(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Of each stage, dtype and pair of engines the comparison that took the largest share of its limit."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = row.stage, row.dtype, row.sides
        if key not in found or _share(row) > _share(found[key]):
            found[key] = row
    return [
        {
            "stage": row.stage,
            "dtype": row.dtype,
            "sides": list(row.sides),
            "at": f"{row.path} {row.what}",
            "error": row.error,
            "allowed": row.allowed,
            "ratio": row.error / row.allowed if row.allowed else None,
            "failed": row.failed,
        }
        for row in found.values()
    ]


def _share(row: Row) -> tuple[bool, float]:
    return row.failed, row.error / (row.allowed or 1.0)


def environment() -> dict[str, Any]:
    """Versions, processor, threads, and the kernels that BLAS and the like have chosen."""
    from threadpoolctl import threadpool_info

    packages = [name for name in ("numpy", "torch", "jax") if name in sys.modules]
    libraries = sorted(_library(found) for found in threadpool_info())
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
        "threads and kernels": libraries,
    }


def _library(found: dict[str, Any]) -> str:
    """A library of threads and kernels, in words."""
    told = (found.get(key) for key in ("internal_api", "version", "architecture"))
    return f"{' '.join(filter(None, told))}, threads: {found['num_threads']}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return platform.processor()
    return {key.strip(): value.strip() for key, value in lines.items()}.get("model name") or platform.processor()
