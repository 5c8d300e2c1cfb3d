"""How large a description may be: what holds for one made in Python holds for a file, so that what is saved loads.

Whoever reads a file that a stranger wrote spends time and memory in proportion to its length, never more: a short text
cannot stand for a long computation. No limit is put on the number of weights, of which a description holds the
shapes alone.
"""

from __future__ import annotations

TEXT = 8 << 20
"""Characters of a description as JSON: about 20,000 layers."""

BRACKETS = 120
"""Objects and lists within each other in a JSON text: at least two for every model in a model."""

LEVELS = 40
"""Models within models."""

CALLS = 100_000
"""Layers that one forward calls, each as often as it is called; a stack of recurrences counts as so many."""

STACKED = 1_000
"""Recurrences in one stack (`num_layers=`)."""

NAME = 200
"""Characters of a name."""

AXES = 63
"""Axes of a sample: NumPy has 64, one of them the batch's."""

NUMBER = 2**63 - 1
"""Any whole number: more places than this no array has."""

TRIED = 1 << 24
"""Values of a sample that a custom function's shapes are found out with."""
