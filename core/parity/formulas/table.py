"""The tables that formulas are entered into."""

from __future__ import annotations

from isograd.core.base.table import Table

FORMULAS = Table("core/parity/formulas/")
formula = FORMULAS.implements

LOSS_FORMULAS = Table("core/parity/formulas/losses.py")
loss_formula = LOSS_FORMULAS.implements
