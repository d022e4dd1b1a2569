"""Log lines for people (logfmt) and for machines (JSON), on standard error."""

import json
import logging
import sys
import time
from enum import StrEnum


class LogFormat(StrEnum):
    """How a line is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class LineFormatter(logging.Formatter):
    """One record, one line: time in UTC, level, logger and message."""

    def __init__(self, style: LogFormat) -> None:
        super().__init__()
        self._line_format = style

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        fields = {"ts": stamp, "level": record.levelname.lower(), "logger": record.name, "msg": message}
        if self._line_format is LogFormat.JSON:
            return json.dumps(fields)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _quoted(value: str) -> str:
    """The value as logfmt wants it: quoted where it holds a space, a quote or a control character."""
    plain = value.isprintable() and not any(mark in value for mark in ' "=')
    return value if plain and value else json.dumps(value)


def configure_logging(level: str, style: LogFormat) -> None:
    """Send every record at or above `level` to standard error in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(style))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
