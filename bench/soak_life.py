"""Surroundings of a program that is soaked: clients of all kinds, programs and network devices that come and go."""

import contextlib
import gzip
import http.client
import itertools
import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.exporters import PROMETHEUS_HEADERS

OPENMETRICS = PROMETHEUS_HEADERS["Accept"]
HALF_A_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
WHOLE_REQUEST = HALF_A_REQUEST + b"\r\n"
ANSWER_SECONDS = 240
PROMETHEUS, TEXT = (OPENMETRICS, "gzip"), ("*/*", "identity")
KEPT_OPEN = (PROMETHEUS, TEXT, PROMETHEUS, ("*/*", "gzip"), PROMETHEUS, (OPENMETRICS, "identity"), PROMETHEUS, TEXT)
"""Formats and encodings accepted on connections that are kept open for good, as those of several Prometheus."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)

BUSY = "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done; read end"
"""Shell script that takes two clock ticks or so of a CPU, and then waits until its input ends."""


@dataclass
class Clients:
    """Clients on loopback: some stay, some come once, some break off. Counts what they got."""

    port: int
    pages: Sequence[str]
    scrapes: int = 0
    looks: int = 0
    broken: int = 0
    body: bytes = b""
    encoding: str = ""
    _kept: list[http.client.HTTPConnection] = field(init=False)
    _paths: Iterator[str] = field(init=False)
    _breaks: Iterator[bytes] = field(init=False)
    _mix: Iterator[Callable[[], None]] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the connections that stay, and the order of what clients do."""
        self._kept = [self._connection() for _ in KEPT_OPEN]
        self._paths = itertools.cycle(self.pages)
        self._breaks = itertools.cycle((b"", HALF_A_REQUEST, WHOLE_REQUEST))
        self._mix = itertools.cycle((self._all, self._all, self._come_once, self._look, self._break_off))

    def scrape(self, count: int) -> None:
        """Return once so many more scrapes have been answered in full, with what else clients do between them."""
        wanted = self.scrapes + count
        while self.scrapes < wanted:
            next(self._mix)()

    def series(self) -> int:
        """Return the number of series of the last scrape."""
        body = gzip.decompress(self.body) if self.encoding == "gzip" else self.body
        return sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))

    def close(self) -> None:
        """Close the connections that stay."""
        for connection in self._kept:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)

    def _all(self) -> None:
        """Scrape on all connections that stay, at once."""
        for connection, (accept, encoding) in zip(self._kept, KEPT_OPEN, strict=True):
            send(connection, "/metrics", accept, encoding)
        for connection, (accept, encoding) in zip(self._kept, KEPT_OPEN, strict=True):
            try:
                body = answer(connection)
            except ConnectionError:  # it rested for too long, as where the clock stood still for a child
                connection.close()
                send(connection, "/metrics", accept, encoding)
                body = answer(connection)
            self._take(body, encoding)

    def _come_once(self) -> None:
        with contextlib.closing(self._connection()) as connection:
            send(connection, "/metrics", *PROMETHEUS)
            self._take(answer(connection), "gzip")

    def _look(self) -> None:
        """Look at the page and at one of its paths, as a browser does."""
        with contextlib.closing(self._connection()) as connection:
            for path in ("/", next(self._paths)):
                send(connection, path, "*/*", "gzip")
                answer(connection)
                self.looks += 1

    def _break_off(self) -> None:
        """Send nothing, half a request or a whole one, and reset the connection without reading."""
        with socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS) as client:
            client.sendall(next(self._breaks))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.broken += 1

    def _take(self, body: bytes, encoding: str) -> None:
        self.body, self.encoding = body, encoding
        self.scrapes += 1


def send(connection: http.client.HTTPConnection, path: str, accept: str, encoding: str) -> None:
    """Ask for a path; on a connection that was closed meanwhile, on another one in its place."""
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    try:
        connection.request("GET", path, headers=headers)
    except ConnectionError:
        connection.close()
        connection.request("GET", path, headers=headers)


def answer(connection: http.client.HTTPConnection) -> bytes:
    """Return the body of a good answer."""
    response = connection.getresponse()
    body = response.read()
    if response.status != http.HTTPStatus.OK:
        raise AssertionError(f"answered {response.status}: {body[:80]!r}")
    return body


class Programs:
    """Programs, each of a name that there was not before; all that there are go before others come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.count = 0

    def change(self, count: int) -> None:
        """End those that run, and start as many others."""
        self.end()
        for _ in range(count):
            # A name that ends in a number behind a dash would be taken for one of several workers.
            link = self._folder / f"soak{self.count}x"
            link.symlink_to("/bin/sh")
            self._running.append(subprocess.Popen([str(link), "-c", BUSY], stdin=subprocess.PIPE))
            link.unlink()
            self.count += 1

    def end(self) -> None:
        """End those that run."""
        for one in self._running:
            one.send_signal(signal.SIGKILL)
        for one in self._running:
            one.wait(ANSWER_SECONDS)
            if one.stdin is not None:
                one.stdin.close()
        self._running = []


class Devices:
    """Pairs of virtual network devices, one at a time, each of a name that there was not before."""

    def __init__(self) -> None:
        """Find out whether this user may make any."""
        self._prefix = f"so{os.getpid() % 100_000}"
        self._name = ""
        self.count = 0
        self.is_allowed = shutil.which("ip") is not None and self._make("probe")
        if self.is_allowed:
            self.end()

    def change(self) -> None:
        """Delete the pair that there is, and make another."""
        if self.is_allowed:
            self.end()
            self.count += self._make(f"n{self.count}")

    def end(self) -> None:
        """Delete the pair that there is."""
        if self._name:
            subprocess.run(["ip", "link", "delete", self._name], timeout=60, check=True, capture_output=True)
            self._name = ""

    def _make(self, end: str) -> bool:
        """Make a pair whose name ends so, and return whether this user may."""
        name = f"{self._prefix}{end}"
        words = ["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"]
        made = subprocess.run(words, timeout=60, check=False, capture_output=True).returncode == 0
        if made:
            self._name = name
            for one in (name, f"{name}p"):
                subprocess.run(["ip", "link", "set", one, "up"], timeout=60, check=True, capture_output=True)
        return made
