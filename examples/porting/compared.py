"""`python compared.py`: the port beside the original, in one process."""

from __future__ import annotations

import sys

from digits import examples
from original import released
from port import Port

import isograd as ig

images, labels = examples("test")
report = ig.compare_modules(
    released(),
    Port(),
    images[:8],
    targets=labels[:8],
    loss=ig.CrossEntropyLoss(),
    optimizer=ig.SGD(0.1, momentum=0.9),
)
print(report)
sys.exit(not report.passed)
