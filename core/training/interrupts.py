"""Ctrl-C between two steps: never inside one, which would leave half of the weights updated."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether Ctrl-C is to wait, and whether one is waiting."""

    def __init__(self) -> None:
        self.held = False
        self.waiting = False

    def hold(self) -> None:
        """From here on Ctrl-C waits; a second one does not."""
        self.held = True

    def release(self) -> None:
        """Ctrl-C need not wait any longer: KeyboardInterrupt where one did."""
        self.held = False
        if self.waiting:
            self.waiting = False
            raise KeyboardInterrupt

    def caught(self, number: int, frame: FrameType | None) -> None:
        if not self.held or self.waiting:
            raise KeyboardInterrupt
        self.waiting = True


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Inside, Ctrl-C can be held back; where signals are someone else's, or another thread's, nothing changes."""
    found = Interrupts()
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield found
        return
    signal.signal(signal.SIGINT, found.caught)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
