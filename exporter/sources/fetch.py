"""Contents of a file or of a web address, fetched in a thread of their own: bounded in size, and given up at will."""

import contextlib
import http.client
import os
import socket
import ssl
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult

from exporter.core.clock import Clock
from exporter.core.errand import MOST_BYTES, ThreadErrand
from exporter.core.units import Seconds
from exporter.sources.reading import ReadingUnavailableError
from exporter.sources.sysfs import opened

SILENCE = Seconds(5.0)
"""Time for which a server may say nothing. Judgement: a plug answers within a second."""


def fetch_file(path: Path, clock: Clock, *, oldest: Seconds) -> ThreadErrand:
    """Start to read a file that was written within the last `oldest` seconds."""
    return ThreadErrand(lambda: _content(path, clock, oldest), lambda: None)


def _content(path: Path, clock: Clock, oldest: Seconds) -> bytes:
    with opened(path) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ReadingUnavailableError(f"{path} is not a file")
        # Nor after it is set back does the clock make a file fresh that nobody writes any more.
        if abs(clock.wall() - found.st_mtime) > oldest:
            raise ReadingUnavailableError(f"{path} was not written within the last {oldest:g} s")
        return _bounded(file.read(MOST_BYTES + 1), str(path))


def fetch_address(address: SplitResult, headers: Mapping[str, str], trust: ssl.SSLContext | None) -> ThreadErrand:
    """Start to get what stands at an address; redirections are not followed.

    It is of scheme https with `trust`, which says whose certificates are believed, and else of http.
    """
    request = _Request(address, headers, trust)
    return ThreadErrand(request.run, request.end)


class _Request:
    """One request, which another thread may end."""

    def __init__(self, address: SplitResult, headers: Mapping[str, str], trust: ssl.SSLContext | None) -> None:
        host, port = address.hostname or "", address.port
        if trust is None:
            self._connection = http.client.HTTPConnection(host, port, timeout=SILENCE)
        else:
            self._connection = http.client.HTTPSConnection(host, port, timeout=SILENCE, context=trust)
        self._target = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        self._name = f"{address.hostname}:{self._connection.port}"  # without a password that the address may hold
        self._headers = dict(headers)
        self._ended = threading.Event()
        self._connected: socket.socket | None = None

    def _send(self) -> None:
        """Send the request. Raises ReadingUnavailableError for a header that cannot be sent, without what is in it."""
        try:
            self._connection.request("GET", self._target, headers=self._headers)
        except ValueError:
            raise ReadingUnavailableError(f"{self._name} is not asked: no header can hold its password") from None

    def run(self) -> bytes:
        """Return the body. Raises ReadingUnavailableError."""
        try:
            with contextlib.closing(self._connection):
                self._connection.connect()
                # The connection forgets its socket once an answer begins that ends with it.
                self._connected = self._connection.sock
                if self._ended.is_set():
                    raise ReadingUnavailableError(f"{self._name} was given up")
                self._send()
                with self._connection.getresponse() as response:
                    if response.status != http.HTTPStatus.OK:
                        raise ReadingUnavailableError(f"{self._name} answers with status {response.status}")
                    return _bounded(response.read(MOST_BYTES + 1), self._name)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ReadingUnavailableError(f"{self._name}: {reason}") from error

    def end(self) -> None:
        """Cut the connection, whatever the request waits for."""
        self._ended.set()
        if self._connected is not None:
            with contextlib.suppress(OSError):
                self._connected.shutdown(socket.SHUT_RDWR)


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise ReadingUnavailableError(f"{name} says more than {MOST_BYTES} bytes")
    return content
