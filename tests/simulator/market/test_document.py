"""A price in a document: the pointers of RFC 6901, and whatever a document holds a price or a reason."""

import contextlib
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.market.document import CLOCK_TOLERANCE, DocumentError, Found, csv_price, json_price, lookup
from simulator.market.exchange import Reason

RFC_6901: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
"""The document of section 5 of RFC 6901."""

POINTERS = [
    ("", RFC_6901),
    ("/foo", ["bar", "baz"]),
    ("/foo/0", "bar"),
    ("/", 0),
    ("/a~1b", 1),
    ("/c%d", 2),
    ("/e^f", 3),
    ("/g|h", 4),
    ("/i\\j", 5),
    ('/k"l', 6),
    ("/ ", 7),
    ("/m~0n", 8),
]
NOWHERE = ["/foo/2", "/foo/-", "/foo/00", "/foo/-1", "/foo/0/0", "/bar", "/a~1b/c", "/foo/\u0661", "/foo/99999999999"]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("pointer", "value"), POINTERS)
def test_pointers_lead_where_the_standard_says(pointer: str, value: Any) -> None:
    assert lookup(RFC_6901, pointer) == value


@pytest.mark.parametrize("pointer", NOWHERE)
def test_a_pointer_that_leads_nowhere_is_told(pointer: str) -> None:
    with pytest.raises(DocumentError, match="its answer has no /"):
        lookup(RFC_6901, pointer)


def found(document: Any, **expected: str) -> Found:
    """Read a price and a time from a document."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return json_price(content, "/price", "/time", {f"/{key}": text for key, text in expected.items()})


GOOD: list[tuple[Any, Any, tuple[float, float]]] = [
    (74.5, "2026-03-02T12:00:00Z", (74.5, NOON)),
    (74, "2026-03-02T13:00:00+01:00", (74.0, NOON)),
    ("74.50", "2026-03-02T12:00:00", (74.5, NOON)),
    (7e-3, "2026-03-02", (0.007, NOON - 43_200.0)),
    (0, int(NOON), (0.0, NOON)),
    (-1, NOON + 0.5, (-1.0, NOON + 0.5)),
]


@pytest.mark.parametrize(("price", "time", "read"), GOOD)
def test_prices_and_times_are_read_as_they_are_written(price: Any, time: Any, read: tuple[float, float]) -> None:
    """Bounds are not checked here."""
    one = found({"price": price, "time": time})
    assert (one.price, one.time) == read
    assert found(b"\xef\xbb\xbf" + json.dumps({"price": price, "time": time}).encode()) == one


NO_TIMES: list[Any] = [None, True, [], "today", "2026-13-01", "12:00"]
NO_PRICES: list[Any] = [None, True, [5], {"v": 5}, "", "5 EUR", "1e3", "-5"]

DAMAGED: list[tuple[Any, Reason]] = [
    (b"", Reason.MALFORMED),
    (b"<html>Sorry</html>", Reason.MALFORMED),
    (b'{"price": 74.5, "time": ', Reason.MALFORMED),
    (b'{"price": 1e999, "time": 0}', Reason.MALFORMED),
    (b'{"price": NaN, "time": 0}', Reason.MALFORMED),
    (b'{"price": "\xff", "time": 0}', Reason.MALFORMED),
    (b"\x1f\x8b\x08\x00", Reason.MALFORMED),
    (b"[" * 100_000, Reason.MALFORMED),
    (b"[" * 100_000 + b"]" * 100_000, Reason.MALFORMED),
    (b'{"price": 1' + b"0" * 4000 + b', "time": 0}', Reason.OUT_OF_RANGE),
    ([], Reason.MALFORMED),
    ({"price": 5}, Reason.MALFORMED),
    ({"time": 5}, Reason.MALFORMED),
    *(({"price": price, "time": 0}, Reason.MALFORMED) for price in NO_PRICES),
    *(({"price": 5, "time": time}, Reason.MALFORMED) for time in NO_TIMES),
]


@pytest.mark.parametrize(("document", "reason"), DAMAGED, ids=range(len(DAMAGED)))
def test_damage_has_a_reason_and_nothing_of_the_document(document: Any, reason: Reason) -> None:
    with pytest.raises(DocumentError) as caught:
        found(document)
    assert (caught.value.reason, len(str(caught.value)) < 80) == (reason, True)


def test_other_texts_than_expected_are_a_mismatch() -> None:
    document = {"price": 5, "time": 0, "currency": "EUR"}
    assert found(document, currency="EUR").price == 5.0
    with pytest.raises(DocumentError, match="/currency is not USD") as caught:
        found(document, currency="USD")
    assert caught.value.reason is Reason.MISMATCH


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["price", "time", "x"]), inner),
    max_leaves=8,
)


@given(document=json_values.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=200))
def test_whatever_json_holds_is_a_price_or_a_reason(document: bytes) -> None:
    with contextlib.suppress(DocumentError):
        one = found(document)
        assert isinstance(one.price, float)
        assert isinstance(one.time, float)


def table(*rows: tuple[str, str]) -> bytes:
    """Write a CSV file."""
    out = io.StringIO()
    csv.writer(out).writerows([("time", "price"), *rows])
    return out.getvalue().encode()


def test_the_latest_line_that_is_not_of_the_future_is_in_force() -> None:
    content = table(("2026-03-01", "70"), ("2026-03-02", "74.5"), ("2026-02-27", "65"), ("2026-03-03", "80"))
    assert csv_price(content, NOON) == Found(price=74.5, time=NOON - 43_200.0)
    assert csv_price(b"\xef\xbb\xbf" + content, NOON + 86_400.0).price == 80.0
    with pytest.raises(DocumentError, match="all of its prices are of the future") as caught:
        csv_price(content, NOON - 30 * 86_400.0)
    assert caught.value.reason is Reason.FUTURE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "its first line is not time,price"),
        (b"time,price\n", "it has no price"),
        (b"date,price\n2026-03-01,5\n", "its first line is not"),
        (b"time,price\n2026-03-01\n", "line 2 has 1 values"),
        (b"time,price\n2026-03-01,5\nx,5\n", "line 3 has no time"),
        (b"time,price\n2026-03-01,\n", "line 2 has no number"),
        (b"time,price\n2026-03-01,nan\n", "line 2 has no number"),
        (b"time,price\n2026-11-30,6", "its last line has no end"),
        (b"time,price\n\xff,5\n", "it is not CSV in UTF-8"),
        (b'time,price\n"' + b"x" * 200_000 + b"\n", "it is not CSV in UTF-8"),
    ],
    ids=range(10),
)
def test_a_damaged_table_is_told_by_its_line(content: bytes, told: str) -> None:
    with pytest.raises(DocumentError, match=told):
        csv_price(content, NOON)


tables = st.lists(st.tuples(st.text(max_size=12), st.text(max_size=6))).map(lambda rows: table(*rows))


@given(content=st.binary(max_size=200) | tables)
def test_whatever_a_table_holds_is_a_price_or_a_reason(content: bytes) -> None:
    with contextlib.suppress(DocumentError):
        one = csv_price(content, NOON)
        assert one.time is not None
        assert one.time <= NOON + CLOCK_TOLERANCE
