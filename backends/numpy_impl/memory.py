"""Freed arrays stay with the process, so that the next step finds their pages already mapped."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
LARGEST_HEAP_BLOCK = 1 << 25  # the most that glibc allows: 32 MiB
KEPT = 1 << 30


@cache
def keep_freed_memory() -> None:
    """Tell glibc's malloc to give nothing back below 1 GiB; elsewhere do nothing.

    By default it returns a large array's pages to the system when the array is freed, and every training step
    then pays for mapping them again: half of the time of a small convolutional network.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_HEAP_BLOCK)
        mallopt(M_TRIM_THRESHOLD, KEPT)
