"""Ctrl-C waits for the end of what would be torn by it: half of the weights are never updated."""

from __future__ import annotations

import threading
from importlib import import_module
from signal import SIGINT
from types import FrameType
from typing import Any

# What the module signal wraps: that turns numbers and handlers into enumerations, for ten times the price.
SIGNALS = import_module("_signal")
CTRL_C = int(SIGINT)


class Unbroken:
    """`with Unbroken():` hands Ctrl-C on when the block is over; in a thread beside the main one nothing changes."""

    __slots__ = ("handler", "waiting")

    def __enter__(self) -> None:
        self.handler: Any = None
        if threading.get_ident() != threading.main_thread().ident:
            return
        handler = SIGNALS.getsignal(CTRL_C)
        if callable(handler):
            self.waiting: list[tuple[int, FrameType | None]] = []
            self.handler = handler
            SIGNALS.signal(CTRL_C, self._caught)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.waiting.append((number, frame))

    def __exit__(self, *error: object) -> None:
        if self.handler is not None:
            SIGNALS.signal(CTRL_C, self.handler)
            for caught in self.waiting:
                self.handler(*caught)
