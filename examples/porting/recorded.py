"""`python recorded.py original` and `python recorded.py port`: what each computes, as a file that travels."""

from __future__ import annotations

import sys

from digits import examples
from original import released
from port import ported

import isograd as ig

side = sys.argv[1]
module = {"original": released, "port": ported}[side]().double()
trace = ig.record(module, examples("test")[0][:8].double(), masks="order", path=f"{side}.safetensors")
print(trace)
