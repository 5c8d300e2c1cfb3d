"""What a run computed, kept: `Trace` and its file, how a network is recorded, and how two traces are compared.

`sketch` is what stands for a large array, `entry` an array with its noise floor, `origin` what a trace says of itself,
`trace` the value, `file` its file; `recording` runs networks of any engine, `reading` knows what each node reads,
`measuring` finds each entry's noise floor; `pairing` brings two traces together, `diffing` judges them, `blaming` says
what differs first and what it follows from.
"""

from isograd.core.parity.traces.diffing import diff
from isograd.core.parity.traces.trace import Trace

__all__ = ["Trace", "diff"]
