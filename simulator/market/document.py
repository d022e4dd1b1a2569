"""A price and its time in a document: JSON with pointers, or a CSV file with two columns."""

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from exporter.core.no_answer import NoAnswerError
from exporter.core.whole_lines import is_whole
from simulator.market.exchange import Reason

COLUMNS = ["time", "price"]
"""Header of a CSV file."""

CLOCK_TOLERANCE = 300.0
"""Seconds by which a price may be of the future: clocks differ. Judgement."""

_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


class DocumentError(NoAnswerError):
    """A document that is no answer, for a reason; nothing of its content is in the message."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A price as it stands in a document, and its time in Unix seconds; None where the document tells none."""

    price: float
    time: float | None


def json_price(content: bytes, price_at: str, time_at: str | None, expected: Mapping[str, str]) -> Found:
    """Read a JSON document, a byte order mark before it skipped. Raises DocumentError."""
    try:
        document = msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(Reason.MALFORMED, "its answer is not JSON") from error
    for pointer, text in expected.items():
        if lookup(document, pointer) != text:
            raise DocumentError(Reason.MISMATCH, f"{pointer} is not {text}")
    time = None if time_at is None else _time(lookup(document, time_at), time_at)
    return Found(price=_price(lookup(document, price_at), price_at), time=time)


def lookup(document: Any, pointer: str) -> Any:
    """Return the value at a JSON Pointer (RFC 6901). Raises DocumentError where there is none."""
    found = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise DocumentError(Reason.MALFORMED, f"its answer has no {pointer}")
    return found


def csv_price(content: bytes, now: float) -> Found:
    """Read a CSV file: the latest of its prices that is not of the future. Raises DocumentError."""
    if not is_whole(content):
        raise DocumentError(Reason.MALFORMED, "its last line has no end, as in a file that is half written")
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DocumentError(Reason.MALFORMED, "it is not CSV in UTF-8") from error
    if not rows or [name.strip().lower() for name in rows[0]] != COLUMNS:
        raise DocumentError(Reason.MALFORMED, f"its first line is not {','.join(COLUMNS)}")
    found = [_line(number, row) for number, row in enumerate(rows[1:], start=2)]
    if not found:
        raise DocumentError(Reason.MALFORMED, "it has no price")
    past = [(time, price) for time, price in found if time <= now + CLOCK_TOLERANCE]
    if not past:
        raise DocumentError(Reason.FUTURE, "all of its prices are of the future")
    time, price = max(past, key=lambda one: one[0])
    return Found(price=price, time=time)


def _line(number: int, row: list[str]) -> tuple[float, float]:
    place = f"line {number}"
    if len(row) != len(COLUMNS):
        raise DocumentError(Reason.MALFORMED, f"{place} has {len(row)} values instead of {len(COLUMNS)}")
    return _time(row[0].strip(), place), _price(row[1].strip(), place)


def _price(value: Any, place: str) -> float:
    """Return a number, also one in a text of digits. Raises DocumentError."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentError(Reason.MALFORMED, f"{place} has no number")
    try:
        return float(value)
    except OverflowError as error:
        raise DocumentError(Reason.OUT_OF_RANGE, f"{place} has a number that is too large") from error


def _time(value: Any, place: str) -> float:
    """Return the Unix seconds of a date, a time or a number. Raises DocumentError."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError) as error:
        raise DocumentError(Reason.MALFORMED, f"{place} has no time") from error
    raise DocumentError(Reason.MALFORMED, f"{place} has no time")
