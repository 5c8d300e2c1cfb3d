"""What an export is: where it lies, and its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isograd.exporting.folder import FILES


@dataclass(frozen=True)
class Export:
    """The folder that was written, and what its certificate.json says.

    `certificate["errors"]` holds {engine: {"training/dw/0.weight": error, …}}, relative to the largest magnitude, and
    `certificate["limits"]` what rounding explains of each.
    """

    path: Path
    certificate: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every error is one that rounding explains."""
        return all(not self.beyond(engine) for engine in self.certificate["errors"])

    def beyond(self, engine: str) -> list[str]:
        """The arrays whose error rounding does not explain."""
        errors, limits = self.certificate["errors"][engine], self.certificate["limits"]
        return [name for name, error in errors.items() if error is None or not error <= limits[name]]

    def __str__(self) -> str:
        lines = [f"{self.certificate['model']}, exported to {self.certificate['to']}"]
        lines += [f"  {self.path / name}  {size(self.path / name)}" for name in FILES]
        for engine, errors in self.certificate["errors"].items():
            worst = max(errors, key=lambda name: float("inf") if errors[name] is None else errors[name])
            error = "of another shape" if errors[worst] is None else f"{errors[worst]:.1e}"
            told = f"{len(self.beyond(engine))} beyond rounding" if self.beyond(engine) else "within rounding"
            lines.append(f"  against isograd's {engine} engine: {len(errors)} arrays, worst {error} at {worst}; {told}")
        return "\n".join(lines)


def size(path: Path) -> str:
    """The size of a file, in the unit that suits it."""
    count = path.stat().st_size if path.exists() else 0
    return (
        f"{count:,} bytes" if count < 10_000 else f"{count / 1000:,.0f} kB" if count < 1e7 else f"{count / 1e6:,.0f} MB"
    )
