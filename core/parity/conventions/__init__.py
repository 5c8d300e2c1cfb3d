"""Why two sides differ: a catalogue of conventions, tried on what is wrong.

An entry says what a side would give if it followed another convention; where that makes the difference vanish, in all
outputs, buffers and gradients of a node, the difference is named by it. The catalogue works on descriptions and
formulas (core/parity/formulas), in float64, and on what the accused side gave: it knows no engine.
"""

from isograd.core.parity.conventions import (
    activations,
    attention,
    layouts,
    losses,
    norm,
    optimizers,
    recurrent,
    schedules,
    weights,
    windows,
)
from isograd.core.parity.conventions.table import CONVENTIONS, Convention, Variant, variants_of

__all__ = [
    "CONVENTIONS",
    "Convention",
    "Variant",
    "activations",
    "attention",
    "layouts",
    "losses",
    "norm",
    "optimizers",
    "recurrent",
    "schedules",
    "variants_of",
    "weights",
    "windows",
]
