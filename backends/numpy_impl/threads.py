"""How many threads BLAS may take: one by default, which is fastest for the small products of most models."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def limit_blas_threads(count: int) -> None:
    """Let this process's BLAS use `count` threads from now on (PyTorch's own are not touched)."""
    threadpool_limits(limits=count, user_api="blas")
