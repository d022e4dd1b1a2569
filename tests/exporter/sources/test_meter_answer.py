"""The answers of meters: as each kind gives them, damaged, and at random."""

import contextlib
import json
import math
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, Watts
from exporter.sources.meter_answer import (
    MeterAnswer,
    Unit,
    bare_number,
    first_shelly_answer,
    prometheus_answer,
    shelly_answer,
    tasmota_answer,
)
from exporter.sources.reading import ReadingUnavailableError

SHELLY = {
    "ble": {},
    "sys": {"mac": "A8032ABE54DC", "uptime": 11081},
    "switch:0": {
        "id": 0,
        "output": True,
        "apower": 8.9,
        "voltage": 237.5,
        "aenergy": {"total": 6.532, "by_minute": [45.199, 47.141, 88.397], "minute_ts": 1626935779},
        "temperature": {"tC": 23.5, "tF": 74.4},
    },
    "pm1:1": {"id": 1, "apower": 51.2, "aenergy": {"total": 100.0}},
    "switch:2": {"id": 2, "output": False},
}
FIRST_SHELLY = {
    "relays": [{"ison": True}],
    "meters": [{"power": 25.06, "overpower": 0.0, "is_valid": True, "counters": [1.0, 2.0, 3.0], "total": 5700}],
    "uptime": 5000,
}
TASMOTA = {
    "StatusSNS": {
        "Time": "2026-11-28T10:00:00",
        "ENERGY": {
            "TotalStartTime": "2026-01-01T00:00:00",
            "Total": 12.345,
            "Yesterday": 0.5,
            "Today": 0.25,
            "Power": 42,
            "Factor": 0.95,
        },
    }
}
FOUND = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1764324000.123, "151.5"]}]},
}


def meant(*, total: float | None = None, watts: float | None = None) -> MeterAnswer:
    return MeterAnswer(total=None if total is None else Joules(total), watts=None if watts is None else Watts(watts))


def text(document: object) -> bytes:
    return json.dumps(document).encode()


def test_each_kind_of_meter_is_understood() -> None:
    assert shelly_answer(text(SHELLY), 0) == meant(total=6.532 * 3600.0, watts=8.9)
    assert shelly_answer(text(SHELLY), 1) == meant(total=360_000.0, watts=51.2)
    assert first_shelly_answer(text(FIRST_SHELLY), 0) == meant(total=342_000.0, watts=25.06)
    assert tasmota_answer(text(TASMOTA), 0) == meant(total=12.345 * 3.6e6, watts=42.0)
    assert prometheus_answer(text(FOUND), Unit.WATTS) == meant(watts=151.5)


def test_a_plug_with_several_outlets_gives_a_list() -> None:
    energy = {"Total": [1.0, 2.0], "Power": [10, 20]}
    answer = text({"StatusSNS": {"ENERGY": energy}})
    assert tasmota_answer(answer, 1) == meant(total=7.2e6, watts=20.0)
    with pytest.raises(ReadingUnavailableError, match="no channel 2"):
        tasmota_answer(answer, 2)


@pytest.mark.parametrize(
    ("unit", "answer"),
    [
        (Unit.WATTS, meant(watts=2.5)),
        (Unit.JOULES, meant(total=2.5)),
        (Unit.WATT_HOURS, meant(total=9000.0)),
        (Unit.KILOWATT_HOURS, meant(total=9e6)),
    ],
)
def test_a_number_has_the_unit_that_is_configured(unit: Unit, answer: MeterAnswer) -> None:
    assert bare_number(b" 2.5\n", unit) == answer


@pytest.mark.parametrize(
    "number", [b"", b"-1", b"nan", b"inf", b"-inf", b"1e999", b"12 W", b"\xff", b"0x10", b"100001"]
)
def test_a_number_that_no_meter_can_show_is_refused(number: bytes) -> None:
    with pytest.raises(ReadingUnavailableError):
        bare_number(number, Unit.WATTS)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"data": ' + b"[" * 10_000], ids=["nothing", "half", "no text", "deep"]
)
def test_what_is_no_answer_of_a_meter_is_refused(content: bytes) -> None:
    for read in (partial(shelly_answer, channel=0), partial(tasmota_answer, channel=0)):
        with pytest.raises(ReadingUnavailableError, match="not understood"):
            read(content)


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (lambda content: shelly_answer(content, 2), SHELLY),  # an outlet that switches and does not measure
        (lambda content: shelly_answer(content, 5), SHELLY),
        (lambda content: first_shelly_answer(content, 1), FIRST_SHELLY),
        (lambda content: first_shelly_answer(content, 0), {"meters": [{"power": 0.0, "is_valid": False}]}),
        (lambda content: first_shelly_answer(content, 0), {"relays": []}),
        (lambda content: tasmota_answer(content, 0), {"StatusSNS": {"Time": "now"}}),
        (lambda content: tasmota_answer(content, 0), {"Command": "Unknown"}),
        (lambda content: tasmota_answer(content, 0), {"StatusSNS": {"ENERGY": {"Power": -5}}}),
        (lambda content: prometheus_answer(content, Unit.WATTS), {"data": {"resultType": "vector", "result": []}}),
        (lambda content: prometheus_answer(content, Unit.WATTS), {"data": {"result": FOUND["data"]["result"] * 2}}),  # type: ignore[index]
        (lambda content: prometheus_answer(content, Unit.WATTS), {"data": {"result": [{"value": [0, "NaN"]}]}}),
    ],
)
def test_an_answer_without_the_figure_is_refused(
    read: Callable[[bytes], MeterAnswer], document: dict[str, object]
) -> None:
    with pytest.raises(ReadingUnavailableError):
        read(text(document))


DOCUMENTS = [text(one) for one in (SHELLY, FIRST_SHELLY, TASMOTA, FOUND)]


@given(
    content=st.one_of(st.binary(), st.sampled_from(DOCUMENTS)),
    place=st.integers(min_value=0, max_value=400),
    patch=st.binary(max_size=6),
    channel=st.integers(min_value=0, max_value=3),
)
def test_whatever_a_meter_says_is_a_figure_or_none(content: bytes, place: int, patch: bytes, channel: int) -> None:
    damaged = content[:place] + patch + content[place + len(patch) :]
    reads: list[Callable[[], MeterAnswer]] = [
        *(partial(read, damaged, channel) for read in (shelly_answer, first_shelly_answer, tasmota_answer)),
        *(partial(read, damaged, unit) for read in (prometheus_answer, bare_number) for unit in Unit),
    ]
    for read in reads:
        with contextlib.suppress(ReadingUnavailableError):
            answer = read()
            figures = [one for one in (answer.total, answer.watts) if one is not None]
            assert figures
            assert all(math.isfinite(one) and one >= 0.0 for one in figures)
