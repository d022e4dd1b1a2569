"""Questions to a Prometheus over HTTP: instant queries, and the raw samples that it has stored."""

import base64
import http.client
import math
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from exporter.core.config import ConfigError, is_address
from exporter.core.regular_file import read_file

ANSWER_SECONDS = 30.0
"""Time in which a Prometheus has to answer. Judgement: it counts the samples of one day."""

MAX_ANSWER_BYTES = 64_000_000
"""Length of an answer that is read. Judgement: the samples of an hour, every second, of the series of one machine."""

PIECE_BYTES = 1_000_000
"""Bytes of an answer that are read at a time, at most. Chosen."""

LOOK_BACK_SECONDS = 300.0
"""Age up to which a sample counts at a time: Prometheus's own default (--query.lookback-delta)."""

MOST_SKEW_SECONDS = 5.0
"""Difference of two clocks beyond which nothing can be compared by time. Judgement: clocks that are kept are far within
a second, and an answer on the way takes less than the rest."""

MOST_PASSWORD_BYTES = 65_536
"""Length of a password or token that is read. Judgement: tokens have some thousand bytes."""

NO_PROMETHEUS = "--prometheus: what answers there is no Prometheus"

DecodedT = TypeVar("DecodedT")

Points = tuple[tuple[float, float], ...]
"""Times in Unix seconds, and values, the oldest first."""


class _Data(msgspec.Struct):
    result: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    data: _Data


class _Matrix(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class Series(msgspec.Struct, frozen=True):
    """A stored series: its labels, the name among them, and its raw samples."""

    labels: dict[str, str]
    points: Points


class Prometheus:
    """A Prometheus that is asked by its URL, with an `Authorization` where it wants one."""

    def __init__(self, url: str, authorization: str | None = None, patience: float = ANSWER_SECONDS) -> None:
        """Take the URL, and the seconds in which it has to answer. Raises ConfigError for a URL that is none."""
        if not is_address(url):
            raise ConfigError(["--prometheus: expected http://HOST:PORT, with a path, and no user or password"])
        self._address = urlsplit(url)
        self._headers = {} if authorization is None else {"Authorization": authorization}
        self._patience = patience

    def query(self, expr: str, at: float | None = None) -> list[msgspec.Raw]:
        """Return the result of an instant query, at a time or now. Raises ConfigError where there is no answer."""
        address = self._address
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=self._patience)
        asked = {"query": expr} if at is None else {"query": expr, "time": f"{at:.3f}"}
        path = f"{address.path.rstrip('/')}/api/v1/query?{urlencode(asked)}"
        try:
            connection.connect()
            with _shut_after(self._patience, connection.sock):
                connection.request("GET", path, headers=self._headers)
                response = connection.getresponse()
                if response.status != http.HTTPStatus.OK:
                    raise ConfigError([f"--prometheus: {address.netloc} answers with status {response.status}"])
                body = self._body(response)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError([f"--prometheus: {address.netloc} cannot be asked: {reason}"]) from error
        finally:
            connection.close()
        return decoded(body, _Answer).data.result

    def samples(self, chosen: str, *, seconds: float, until: float) -> Iterator[Series]:
        """Yield the raw samples of the series that a selector chooses, of so many seconds until a time.

        Version 2 returns a sample at the very beginning of the time, version 3 does not. Raises ConfigError where there
        is no answer.
        """
        for raw in self.query(f"{{{chosen}}}[{math.ceil(seconds)}s]", until):
            one = decoded(raw, _Matrix)
            try:
                points = tuple((at, float(value)) for at, value in one.values)
            except ValueError as error:
                raise ConfigError([NO_PROMETHEUS]) from error
            yield Series(labels=one.metric, points=points)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """Return the body of an answer. Raises ConfigError for one that is too long."""
        body = bytearray()
        while piece := response.read1(PIECE_BYTES):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                told = f"answers with more than {MAX_ANSWER_BYTES / 1e6:g} MB; ask about a shorter time"
                raise ConfigError([f"--prometheus: {self._address.netloc} {told}"])
        if response.length:
            raise http.client.IncompleteRead(bytes(body))
        return bytes(body)


@contextmanager
def _shut_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Shut a connection down after so many seconds, however little of an answer still comes.

    Raises TimeoutError where that was done.
    """
    is_late = threading.Event()

    def shut() -> None:
        is_late.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if is_late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if is_late.is_set():
        raise TimeoutError


def decoded(raw: bytes | msgspec.Raw, kind: type[DecodedT]) -> DecodedT:
    """Return a part of an answer. Raises ConfigError where it is none of a Prometheus."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([NO_PROMETHEUS]) from error


def quoted(value: str) -> str:
    """Return a label's value as PromQL writes it."""
    return msgspec.json.encode(value).decode()


def authorization(user: str | None, password_file: Path | None) -> str | None:
    """Return the `Authorization` of a user with a password in a file, or of the bearer token in it where no user is
    named; None without a file.

    Raises ConfigError.
    """
    if password_file is None:
        if user is not None:
            raise ConfigError(["--prometheus.user: expected --prometheus.password-file beside it"])
        return None
    try:
        password = read_file(password_file, MOST_PASSWORD_BYTES).decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text in UTF-8"
        raise ConfigError([f"--prometheus.password-file: {password_file}: {reason}"]) from error
    if user is None:
        if not (password and password.isascii() and password.isprintable()):
            raise ConfigError([f"--prometheus.password-file: {password_file}: expected a token on one line, in ASCII"])
        return f"Bearer {password}"
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def refuse_skew(prometheus: Prometheus, wall: Callable[[], float]) -> None:
    """Refuse a Prometheus whose clock differs from that of `wall`, which is this machine's. Raises ConfigError."""
    began = wall()
    there = _number(prometheus.query("time()")[-1:])
    ended = wall()
    skew = there - min(max(there, began), ended)
    if abs(skew) > MOST_SKEW_SECONDS:
        ahead = "ahead of" if skew > 0.0 else "behind"
        raise ConfigError(
            [f"--prometheus: its clock is {abs(skew):.0f} s {ahead} this machine's; set the clocks first"]
        )


def _number(raw: Sequence[msgspec.Raw]) -> float:
    """Return the value of an answer that has one. Raises ConfigError."""
    found = math.nan
    with suppress(ValueError):
        found = float(decoded(raw[0], str)) if raw else math.nan
    if not math.isfinite(found):
        raise ConfigError([NO_PROMETHEUS])
    return found
