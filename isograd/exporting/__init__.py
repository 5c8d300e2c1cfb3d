"""`ig.export`: the standalone source of one model, its weights, a self-test and a certificate.

`shaking/` finds what of isograd's own source a model needs; `numpy_source.py` writes the model itself, a line a node,
`torch_*.py` a plain nn.Module.
"""

from isograd.exporting.entrance import export
from isograd.exporting.result import Export

__all__ = ["Export", "export"]
