"""A real browser, driven over two pipes: Chromium without a window, asked in its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = os.environ.get("ISOGRAD_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
"""The browser's program; None where there is none."""
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"]

START = """
import fcntl, os, sys
reading, writing = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reading, 3)
os.dup2(writing, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Starts the browser, which reads commands from its descriptor 3 and answers on 4."""


class Page:
    """One page of a browser: shown in a size, pressed, clicked, asked."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing, self.held, self.number = reading, writing, b"", 0
        self.messages: list[str] = []  # what the page's console and its log said
        self.session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **given: Any) -> Any:
        """What the browser answers to one command."""
        self.number += 1
        told: dict[str, Any] = {"id": self.number, "method": method, "params": given}
        os.write(
            self.writing, json.dumps(told | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def show(self, path: Path, width: int, scheme: str = "light", height: int = 900) -> None:
        """Open a file in a window of this width, "light" or "dark"."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while self.value("document.readyState") != "complete" or self.value("location.protocol") != "file:":
            pass

    def value(self, expression: str) -> Any:
        """What an expression of the page's comes to."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of the first element that a selector finds, scrolled to."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{place}.scrollIntoView({{block: 'center'}})")
        box = self.value(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({place}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        """Press a key: "Tab", 9 or "Enter", 13."""
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path, *, whole: bool = False) -> Path:
        """What is to be seen, or the whole page, as a PNG."""
        made = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(made["data"]))
        return path

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.held:
            piece = os.read(self.reading, 1 << 20)
            assert piece, "the browser has ended"
            self.held += piece
        message, _, self.held = self.held.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        if found.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.messages.append(json.dumps(found["params"]))
        if found.get("method") == "Network.requestWillBeSent":
            url = found["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.messages.append(f"asked for {url}")
        return found


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a new browser, in a profile of its own that is removed afterwards."""
    assert CHROMIUM is not None
    (to_read, to_write), (reading, writing) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        given = [str(to_read), str(writing), CHROMIUM, *OPTIONS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            [sys.executable, "-c", START, *given], pass_fds=(to_read, writing), stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(writing)
        try:
            yield Page(reading, to_write)
        finally:
            os.close(to_write)
            os.close(reading)
            process.terminate()
            process.wait(timeout=20)
