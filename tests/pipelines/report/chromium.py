"""A headless Chromium for the tests, spoken to over a pipe in the Chrome DevTools Protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
OPTIONS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
END: Final = b"\0"


class Chromium:
    """A browser with one page open; `events` holds what it has told unasked."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._asked, self._heard = 0, b""
        self.events: list[dict[str, Any]] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **words: Any) -> dict[str, Any]:
        """Ask the page, and wait for its answer."""
        return self._ask(method, self._session, **words)

    def show(self, path: Path, width: int, height: int) -> None:
        """Open a file in a window of that size, and wait until it is there."""
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._hear()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _ask(self, method: str, session: str | None = None, **words: Any) -> dict[str, Any]:
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": words}
        os.write(self._write, json.dumps(asked | ({"sessionId": session} if session else {})).encode() + END)
        while True:
            answer = self._hear()
            if answer.get("id") == self._asked:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _hear(self) -> dict[str, Any]:
        while END not in self._heard:
            heard = os.read(self._read, 1 << 16)
            assert heard, "Chromium has ended"
            self._heard += heard
        message, _, self._heard = self._heard.partition(END)
        told: dict[str, Any] = json.loads(message)
        if "method" in told:
            self.events.append(told)
        return told


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start a browser, and end it."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert program is not None, f"the browser tests need Chromium: install one of {', '.join(NAMES)}"
    to_it, ours = os.pipe()
    theirs, from_it = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads from file 3 and writes to file 4
        command = f'exec "$@" 3<&{to_it} 4>&{from_it}'
        process = subprocess.Popen(
            ["bash", "-c", command, "bash", program, *OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(to_it, from_it), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_it)
        os.close(from_it)
        try:
            yield Chromium(ours, theirs)
        finally:
            process.terminate()
            process.wait(timeout=20)
            os.close(ours)
            os.close(theirs)
