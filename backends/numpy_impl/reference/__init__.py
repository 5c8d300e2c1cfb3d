"""Plain loops to read first: what the fast operations compute, written as the formulas say it."""

from isograd.backends.numpy_impl.operations.registry import REFERENCE
from isograd.backends.numpy_impl.reference import recurrent_nodes

__all__ = ["REFERENCE", "recurrent_nodes"]
