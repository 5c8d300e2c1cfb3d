"""The report of a port: a parity report that also says what was held against what."""

from __future__ import annotations

from dataclasses import dataclass, field

from isograd.backends.torch_impl.porting.alignment import Alignment
from isograd.core.parity.report import ParityReport


@dataclass(repr=False)
class PortReport(ParityReport):
    """Whether a port computes what its original does, how closely, and where first it does not.

    `alignment`: which part and weight of theirs stands for which of mine; it is printed above the rows. `unmatched`
    says of outputs that only one side returns.
    """

    alignment: Alignment = field(default_factory=lambda: Alignment((), ()))
    unmatched: str = ""

    @property
    def verdict(self) -> str:
        told = super().verdict
        return f"{told}, as far as both return it: {self.unmatched}" if self.passed and self.unmatched else told
