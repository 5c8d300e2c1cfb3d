"""The tables that formulas are entered into."""

from __future__ import annotations

from isograd.core.base.table import Table

FORMULAS = Table("core/parity/formulas/")
formula = FORMULAS.implements

BUFFER_FORMULAS = Table("core/parity/formulas/, buffers")
buffer_formula = BUFFER_FORMULAS.implements

TERMS_FORMULAS = Table("core/parity/formulas/, terms")
terms_formula = TERMS_FORMULAS.implements

LOSS_FORMULAS = Table("core/parity/formulas/losses.py")
loss_formula = LOSS_FORMULAS.implements

OPTIMIZER_FORMULAS = Table("core/parity/formulas/optimizers.py")
optimizer_formula = OPTIMIZER_FORMULAS.implements

CLIPPING_FORMULAS = Table("core/parity/formulas/optimizers.py")
clipping_formula = CLIPPING_FORMULAS.implements

SCHEDULE_FORMULAS = Table("core/parity/formulas/schedules.py")
schedule_formula = SCHEDULE_FORMULAS.implements
