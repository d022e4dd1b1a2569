"""A headless Chromium that a test drives: it opens pages, presses keys, takes pictures, and tells what went wrong.

Chromium speaks its DevTools protocol over two pipes, as JSON with a NUL after each message, so that no library and no
port is needed.
"""

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import ending, program

ANSWER_SECONDS = 240.0
"""Longest time that an answer may take on a busy machine."""

FIRST_FREE = 10
"""Descriptors of this process from which none is 3 or 4, which Chromium reads and writes."""

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


@dataclass(slots=True)
class Browser:
    """A running Chromium: its pipes, and what came from it that nobody has read yet."""

    commands: int
    answers: int
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _pending: bytearray = field(default_factory=bytearray)

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol; return its answer, and keep events that come before it."""
        number = self.send(method, session, **parameters)
        while (message := self._message()).get("id") != number:
            self._keep(message)
        assert "error" not in message, f"{method}: {message['error']}"
        answer: dict[str, Any] = message["result"]
        return answer

    def send(self, method: str, session: str | None = None, **parameters: object) -> int:
        """Call a method of the protocol without waiting for the answer; return the number that it will have."""
        number = next(self._numbers)
        told = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self.commands, json.dumps(told).encode() + b"\0")
        return number

    def until(self, session: str, name: str) -> dict[str, Any]:
        """Return the next event of a name in a session, which may have come before."""
        seen = 0
        while True:
            for place in range(seen, len(self.events)):
                if (self.events[place].get("sessionId"), self.events[place].get("method")) == (session, name):
                    return self.events.pop(place)
            seen = len(self.events)
            self._keep(self._message())

    def _keep(self, message: dict[str, Any]) -> None:
        """Keep an event; nobody waits for the answer of what was only sent."""
        if "method" in message:
            self.events.append(message)

    def _message(self) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self._pending:
            readable, _, _ = select.select([self.answers], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"Chromium has said nothing for {ANSWER_SECONDS:g} s"
            read = os.read(self.answers, 1 << 20)
            assert read, "Chromium has ended"
            self._pending += read
        said, _, self._pending = self._pending.partition(b"\0")
        message: dict[str, Any] = json.loads(said)
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A way to look at a page: width and height in CSS pixels, colours, size of text in parts of the usual, medium."""

    width: int = 1280
    height: int = 900
    dark: bool = False
    text: float = 1.0
    reduced_motion: bool = False
    medium: str = "screen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A page of its own in a browser."""

    browser: Browser
    session: str

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol in this tab."""
        return self.browser.call(method, self.session, **parameters)

    def look(self, look: Look) -> None:
        """Show this and later pages in such a window, to somebody who asked for these colours and this text."""
        metrics = {"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = {
            "prefers-color-scheme": "dark" if look.dark else "light",
            "prefers-reduced-motion": "reduce" if look.reduced_motion else "no-preference",
        }
        told = [{"name": name, "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=look.medium, features=told)
        self.call("Page.setFontSizes", fontSizes={"standard": round(16 * look.text), "fixed": round(13 * look.text)})

    def open(self, url: str) -> None:
        """Open a page, and return once it and all that it asked for are there."""
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self.browser.until(self.session, "Page.loadEventFired")

    def open_without_password(self, url: str) -> None:
        """Open a page that asks for a password, and decline, as somebody does who has none."""
        self.call("Fetch.enable", handleAuthRequests=True)
        self.browser.send("Page.navigate", self.session, url=url)
        paused = self.browser.until(self.session, "Fetch.requestPaused")["params"]
        self.browser.send("Fetch.continueRequest", self.session, requestId=paused["requestId"])
        asked = self.browser.until(self.session, "Fetch.authRequired")["params"]
        declined = {"response": "CancelAuth"}
        self.browser.send(
            "Fetch.continueWithAuth", self.session, requestId=asked["requestId"], authChallengeResponse=declined
        )
        self.browser.until(self.session, "Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression on the page, once it is there where it is a promise."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key of such a name and code, and let it go."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, file: Path) -> None:
        """Take a picture of the whole page."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        file.write_bytes(self.part(0, 0, size["width"], size["height"]))

    def part(self, left: float, top: float, width: float, height: float) -> bytes:
        """Return a picture of a part of the page: the same bytes for the same look."""
        clip = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(answer["data"])

    def print(self, file: Path) -> None:
        """Print the page to a PDF on A4, with the colours that printers are told by default."""
        answer = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False)
        file.write_bytes(base64.b64decode(answer["data"]))

    def faults(self) -> list[str]:
        """Return what the console said, what failed to load, and what the browser found wrong, so far."""
        mine = [one for one in self.browser.events if one.get("sessionId") == self.session]
        return [told for one in mine if (told := _fault(one["method"], one["params"]))]

    def asked(self) -> list[str]:
        """Return the addresses that the page asked for, so far."""
        mine = [one for one in self.browser.events if one.get("sessionId") == self.session]
        return [one["params"]["request"]["url"] for one in mine if one["method"] == "Network.requestWillBeSent"]


def _fault(method: str, told: dict[str, Any]) -> str:
    match method:
        case "Runtime.consoleAPICalled":
            return f"console: {' '.join(str(one.get('value')) for one in told['args'])}"
        case "Runtime.exceptionThrown":
            return f"exception: {told['exceptionDetails']}"
        case "Log.entryAdded":
            return f"{told['entry']['source']}: {told['entry']['text']} {told['entry'].get('url', '')}".rstrip()
        case "Network.loadingFailed":
            return f"not loaded: {told['errorText']}"
        case "Audits.issueAdded":
            return f"issue: {told['issue']}"
    return ""


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Run a Chromium with a profile below `folder` until the block ends."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    theirs = [fcntl.fcntl(one, fcntl.F_DUPFD, FIRST_FREE) for one in (theirs_in, theirs_out)]
    argv = [program("chromium"), *QUIET, f"--user-data-dir={folder / 'browser'}", "about:blank"]
    moved = ["bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}', "bash", *argv]
    with contextlib.ExitStack() as stack, (folder / "browser.log").open("wb") as log:
        for one in (ours_out, ours_in):
            stack.callback(os.close, one)
        stack.enter_context(
            ending(
                subprocess.Popen(moved, pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            )
        )
        for one in (theirs_in, theirs_out, *theirs):
            os.close(one)
        browser = Browser(commands=ours_out, answers=ours_in)
        yield browser
        browser.call("Browser.close")


@contextlib.contextmanager
def tab(browser: Browser) -> Iterator[Tab]:
    """Open a tab with cookies and a cache of its own, and close it when the block ends."""
    context = browser.call("Target.createBrowserContext")["browserContextId"]
    target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    found = Tab(browser=browser, session=session)
    for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
        found.call(f"{domain}.enable")
    found.call("Page.setBypassCSP", enabled=False)
    yield found
    browser.call("Target.disposeBrowserContext", browserContextId=context)
