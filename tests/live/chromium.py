"""A real Chromium without a window, driven over its DevTools protocol: for tests of pages, and for pictures of them."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_HANG_S = 60.0


class Page:
    """One tab. ``console`` is what it wrote, ``errors`` exceptions and refusals, ``requests`` what it asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.console: list[str] = []
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])

    def open(self, url: str) -> None:
        self._loaded = False
        self.send("Page.navigate", url=url)
        while not self._loaded:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def look(self, *, width: int, height: int = 900, scale: float = 1.0, dark: bool = False) -> None:
        """The window's size in CSS pixels, and what the page is shown on."""
        screen = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **screen)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media="", features=[feature])

    def settle(self) -> None:
        """Two frames later: resizes have been seen, and graphs drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def screenshot(self, *, height: int | None = None) -> bytes:
        """PNG, of the page's top; all of it when no height is given."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": height or size["height"]}
        taken = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])

    def _receive(self) -> dict[str, Any]:
        message = dict(json.loads(self._socket.recv(timeout=_HANG_S)))
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(argument.get("value")) for argument in said["args"]))
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(said["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.errors.append(str(said["entry"]["text"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(str(said["request"]["url"]))
        elif method == "Page.loadEventFired":
            self._loaded = True


def program() -> str | None:
    """The browser's path; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Page]:
    """A tab of a browser of its own, which leaves nothing behind. RuntimeError where there is none."""
    path = program()
    if path is None:
        raise RuntimeError("no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [path, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
            start_new_session=True,
        )
        try:
            with connect(_address(Path(profile), process), max_size=None, open_timeout=_HANG_S) as socket:
                page = Page(socket)
                yield page
                page.send("Browser.close")  # it then waits for its own children
                process.wait(_HANG_S)
        finally:
            _end(process)


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The first tab's WebSocket, once the browser has written where it listens."""
    from urllib.request import urlopen

    deadline = time.monotonic() + _HANG_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, IndexError, StopIteration):
            port = (profile / "DevToolsActivePort").read_text().splitlines()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                return next(str(tab["webSocketDebuggerUrl"]) for tab in json.load(answer) if tab["type"] == "page")
        time.sleep(0.05)
    raise RuntimeError(f"the browser did not start (exit code {process.poll()})")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its children, too: they are all in one session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
