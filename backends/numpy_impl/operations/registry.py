"""The table of operations: one function a layer, forward and hand-derived backward in one place.

    op(spec, p, *x, run) → (y, backward)        backward(*dy) → (dx, {weight name: gradient})

`p` maps weight names to arrays, `run` says what this run knows. Several inputs or outputs are tuples.
Inputs, weights and dy are never written to.
"""

from __future__ import annotations

from isograd.core.table import Table

OPERATIONS = Table("numpy_impl/operations")
implements = OPERATIONS.implements
