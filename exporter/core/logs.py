"""Log lines for people (logfmt) and for machines (JSON), on standard error."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable
from enum import StrEnum

SERVER_THREAD = "http-server"
"""The thread on which everything runs that a client can bring about."""

SERVER_LINE_SECONDS = 1.0
"""Least seconds between two lines of that thread: they tell what is wrong and fill no disk, at most 10 MB a day."""

SELDOM_SECONDS = 60.0
"""Least seconds between two lines on one matter that comes and goes. Judgement: a fault is no older than that when the
log tells of it, and a day of it takes some 300 kB."""

UNLIMITED = {"unlimited": True}
"""`extra` of a line on that thread that no client can bring about."""


class LogFormat(StrEnum):
    """Format of a log line."""

    LOGFMT = "logfmt"
    JSON = "json"


class LineFormatter(logging.Formatter):
    """Formatter of one record as one line: time in UTC, level, logger and message."""

    def __init__(self, style: LogFormat) -> None:
        super().__init__()
        self._line_format = style

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        fields = {"ts": stamp, "level": record.levelname.lower(), "logger": record.name, "msg": message}
        if left_out := getattr(record, "left_out", 0):
            fields["left_out"] = str(left_out)
        if self._line_format is LogFormat.JSON:
            return json.dumps(fields)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _quoted(value: str) -> str:
    """Quote the value as logfmt requires: only where it holds a space, a quote or a control character."""
    plain = value.isprintable() and not any(mark in value for mark in ' "=')
    return value if plain and value else json.dumps(value)


class ServerLineLimit(logging.Filter):
    """Filter that passes at most one record a second of the server's thread, so that no client can flood the log.

    The next one that passes carries as `left_out` how many did not. Records of other threads are not touched.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._next = -math.inf
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether the record is to be written."""
        if record.threadName != SERVER_THREAD or hasattr(record, "unlimited"):
            return True
        now = self._monotonic()
        if now < self._next:
            self._left_out += 1
            return False
        record.left_out, self._left_out = self._left_out, 0
        self._next = now + SERVER_LINE_SECONDS
        return True


class Seldom:
    """Guard of the lines on one matter, of which there is at most one a minute: what comes and goes fills no log."""

    def __init__(self, seconds: float = SELDOM_SECONDS) -> None:
        self._seconds = seconds
        self._last = -math.inf
        self._told = ""

    def changes(self, now: float, trouble: str) -> bool:
        """Tell whether a line may be written on the trouble there is, empty for none, which then counts as written.

        It may where it is not what the last line told of. What came and went since that line is left out, and the next
        one is true again.
        """
        if trouble == self._told or not self.allows(now):
            return False
        self._told = trouble
        return True

    def allows(self, now: float) -> bool:
        """Tell whether a line may be written at a time in seconds, which then counts as written."""
        # A clock that was set back keeps no line for later.
        if self._last <= now < self._last + self._seconds:
            return False
        self._last = now
        return True


def configure_logging(level: str, style: LogFormat) -> None:
    """Send each record at or above `level` to standard error in one format; see `ServerLineLimit` for the server's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(style))
    handler.addFilter(ServerLineLimit())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
