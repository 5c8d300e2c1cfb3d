"""What a run computed, kept: `Trace` and its file, how a network is recorded, and how two traces are compared.

`sketch` is what stands for a large array; `trace` the value; `file` its file; `origin` what a trace says of itself;
`recording` runs networks of any engine; `measuring` adds each entry's noise floor; `diffing` judges, `blaming` says
what differs first and what it follows from.
"""

from isograd.core.parity.traces.diffing import diff
from isograd.core.parity.traces.trace import Entry, Trace

__all__ = ["Entry", "Trace", "diff"]
