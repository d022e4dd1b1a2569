"""Questions to a Prometheus, those of the backfill among them, and its call of promtool."""

import http.client
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from exporter.core.config import ConfigError, is_address
from exporter.journal.backfill import FAMILIES, DaySpan

ANSWER_SECONDS = 30.0
"""Time in which a Prometheus has to answer. Judgement: it counts the samples of one day."""

MAX_ANSWER_BYTES = 64_000_000
"""Length of an answer that is read. Judgement: the samples of an hour, every second, of the series of one machine."""

PIECE_BYTES = 1_000_000
"""Bytes of an answer that are read at a time, at most. Chosen."""


class _Data(msgspec.Struct):
    result: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    data: _Data


class Prometheus:
    """A Prometheus that is asked by its URL, with an `Authorization` where it wants one."""

    def __init__(self, url: str, authorization: str | None = None) -> None:
        """Take the URL. Raises ConfigError for one that is none."""
        if not is_address(url):
            raise ConfigError(["--prometheus: expected http://HOST:PORT, with a path, and no user or password"])
        self._address = urlsplit(url)
        self._headers = {} if authorization is None else {"Authorization": authorization}

    def query(self, expr: str, at: float | None = None) -> list[msgspec.Raw]:
        """Return the result of an instant query, at a time or now. Raises ConfigError where there is no answer."""
        address = self._address
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
        asked = {"query": expr} if at is None else {"query": expr, "time": f"{at:.3f}"}
        path = f"{address.path.rstrip('/')}/api/v1/query?{urlencode(asked)}"
        try:
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise ConfigError([f"--prometheus: {address.netloc} answers with status {response.status}"])
            return msgspec.json.decode(self._body(response), type=_Answer).data.result
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError([f"--prometheus: {address.netloc} cannot be asked: {reason}"]) from error
        finally:
            connection.close()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """Return the body of an answer. Raises ConfigError for one that is too long, or does not end in time."""
        body, deadline = bytearray(), time.monotonic() + ANSWER_SECONDS
        while piece := response.read1(PIECE_BYTES):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                told = f"answers with more than {MAX_ANSWER_BYTES / 1e6:g} MB; ask about a shorter time"
                raise ConfigError([f"--prometheus: {self._address.netloc} {told}"])
            if time.monotonic() > deadline:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(bytes(body))
        return bytes(body)


def refuse_what_is_there(url: str, days: Iterable[DaySpan], labels: Mapping[str, str]) -> None:
    """Ask a Prometheus about each day. Raises ConfigError where it has a sample, or does not answer."""
    prometheus = Prometheus(url)
    chosen = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    names = "|".join(f"{family}_total" for family in FAMILIES)
    for day in days:
        seconds = ceil(day.last - day.first) + 1
        query = f'count(last_over_time({{__name__=~"{names}",{chosen}}}[{seconds}s]))'
        if prometheus.query(query, day.last):
            raise ConfigError(
                [f"--prometheus: {url} already has samples of {day.day} under these labels; nothing was written"]
            )


def quoted(value: str) -> str:
    """Return a label's value as PromQL writes it."""
    return msgspec.json.encode(value).decode()


def take_in(files: Sequence[Path], data: Path) -> None:
    """Let promtool make blocks of each file in a data folder. Raises ConfigError."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise ConfigError(["--promtool: promtool is not installed; run the printed command where it is"])
    for path in files:
        done = subprocess.run(  # noqa: S603 - a fixed program, and files that we wrote
            [promtool, "tsdb", "create-blocks-from", "openmetrics", str(path), str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ConfigError([f"--promtool: {path}: {told[0] if told else f'status {done.returncode}'}"])
