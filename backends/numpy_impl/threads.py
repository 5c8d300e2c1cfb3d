"""How many threads BLAS may take while a network computes: one by default, which is fastest for small products."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from threadpoolctl import ThreadpoolController

from isograd.core.base.errors import BackendError, shown
from isograd.core.base.numbers import whole_number


@cache
def libraries() -> tuple[Any, ...]:
    """The BLAS that NumPy has loaded (PyTorch's own is not touched): looked for once, as that takes milliseconds."""
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


@cache
def counts() -> list[Callable[[], int]]:
    """What tells the threads of each, now."""
    return [library.get_num_threads for library in libraries()]


class Threads:
    """`with Threads(2):` lets BLAS use two threads inside; what the process had set holds again outside.

    BLAS knows one number for the whole process: of networks that compute at one time, in threads of Python, the
    last to begin decides, and the last to end puts back what was there before the first.
    """

    before: ClassVar[list[list[int]]] = []  # what held when each of those that are inside began

    def __init__(self, count: int) -> None:
        number = whole_number(count, f"threads={shown(count)}", least=1, kind=BackendError, fix="threads=1")
        self.wanted = [number] * len(libraries())

    def __enter__(self) -> None:
        held = [count() for count in counts()]
        Threads.before.append(held)
        if held != self.wanted:
            allow(self.wanted)

    def __exit__(self, *error: object) -> None:
        held = Threads.before.pop()
        if held != self.wanted:
            allow(held)


def allow(threads: list[int]) -> None:
    """Give each library its number."""
    for library, count in zip(libraries(), threads, strict=True):
        library.set_num_threads(count)
