"""The table of operations: one function a layer, forward and hand-derived backward in one place.

    op(spec, p, *x, run) → (y, backward)        backward(*dy) → (dx, {weight name: gradient})

`p` maps weight and buffer names to arrays, `run` (../context.py) says what this run knows. Several inputs or outputs
are tuples. Inputs, weights and dy are never written to. An operation with buffers returns their new values as a third
item, {buffer name: value}; whoever runs it decides whether they are kept.
"""

from __future__ import annotations

from isograd.core.base.table import Table

OPERATIONS = Table("numpy_impl/operations")
implements = OPERATIONS.implements

REFERENCE = Table("numpy_impl/reference")
"""Second forms of some operations, those of the book (Weidman 2019): backend="numpy_reference" runs them."""
implements_as_the_book = REFERENCE.implements
