"""Rows, representations and the choice between them."""

import gzip
import threading
from collections.abc import Iterable, Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.core.metrics import (
    Distribution,
    Exposition,
    Kind,
    Representation,
    Row,
    Sample,
    negotiate,
    reference_table,
)
from tests.processes import join

PLAIN = Representation(openmetrics=False, gzipped=False)
ALL = [
    Representation(openmetrics=openmetrics, gzipped=gzipped)
    for openmetrics in (False, True)
    for gzipped in (False, True)
]

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""The Accept header of Prometheus 3."""


@pytest.mark.parametrize(
    ("accept", "encoding", "openmetrics", "gzipped"),
    [
        (PROMETHEUS, "gzip", True, True),
        ("", "", False, False),
        ("*/*", "identity", False, False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "gzip, deflate, br", False, True),
        ("text/plain;version=0.0.4", "gzip;q=0", False, False),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.8", "GZIP", False, True),
        ("application/openmetrics-text; q=0", "*", False, True),
        ("APPLICATION/OpenMetrics-Text", "deflate", True, False),
        ("application/openmetrics-text;q=much", "*;q=0", False, False),
        ("application/openmetrics-text;q=0.5,*/*;q=0.9", "gzip;q=0,*;q=1", False, False),
        (",;=,,q=1", ",;q=;", False, False),
    ],
)
def test_the_representation_is_the_one_that_the_client_prefers(
    accept: str, encoding: str, openmetrics: bool, gzipped: bool
) -> None:
    assert negotiate(accept, encoding) == Representation(openmetrics=openmetrics, gzipped=gzipped)


def gauge(samples: Iterable[Sample], *labels: str) -> Row[None]:
    kept = list(samples)
    return Row(name="test_load_ratio", kind=Kind.GAUGE, help="Load.", unit="ratio", labels=labels, read=lambda _: kept)


def lines(*rows: Row[None]) -> list[str]:
    body = Exposition(rows, None).body(PLAIN).decode()
    return [line for line in body.split("\n") if line and not line.startswith("#")]


def test_what_is_not_known_is_left_out() -> None:
    samples = [(("a",), None), (("b",), float("nan")), (("c",), float("inf")), (("d",), 0.0)]
    assert lines(gauge(samples, "core")) == ['test_load_ratio{core="d"} 0.0']


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_family_without_samples_has_no_header_either(value: float | None) -> None:
    assert Exposition([gauge([((), value)])], None).body(PLAIN) == b""


def test_labels_are_escaped() -> None:
    assert lines(gauge([(('a"b\\c\nd',), 1.0)], "core")) == [r'test_load_ratio{core="a\"b\\c\nd"} 1.0']


def test_a_histogram_counts_what_is_not_above_each_bound() -> None:
    waits = Distribution(upper_bounds=(0.5, 2.0), counts=(3, 0, 1), total=12.5)
    row: Row[None] = Row(
        name="test_wait_seconds",
        kind=Kind.HISTOGRAM,
        help="Waits.",
        unit="seconds",
        labels=("queue",),
        read=lambda _: [(("a",), waits), (("b",), None)],
    )
    assert lines(row) == [
        'test_wait_seconds_bucket{le="0.5",queue="a"} 3.0',
        'test_wait_seconds_bucket{le="2.0",queue="a"} 3.0',
        'test_wait_seconds_bucket{le="+Inf",queue="a"} 4.0',
        'test_wait_seconds_count{queue="a"} 4.0',
        'test_wait_seconds_sum{queue="a"} 12.5',
    ]


class Counting(Collector):
    """A collector that counts how often it is collected."""

    def __init__(self) -> None:
        self.collected = 0

    def collect(self) -> Iterator[Metric]:
        self.collected += 1
        yield GaugeMetricFamily("test_collected", "Times collected.", value=self.collected)


def test_each_representation_is_rendered_at_most_once_and_only_on_demand() -> None:
    counting = Counting()
    exposition = Exposition[None]([], None, beside=[counting])
    assert counting.collected == 0
    bodies = [[exposition.body(one) for one in ALL] for _ in range(3)]
    assert counting.collected == 2
    assert bodies[0] == bodies[1] == bodies[2]


def test_gzip_holds_the_plain_body() -> None:
    exposition = Exposition([gauge([((str(core),), 0.5) for core in range(500)], "core")], None)
    for openmetrics in (False, True):
        plain = exposition.body(Representation(openmetrics=openmetrics, gzipped=False))
        packed = exposition.body(Representation(openmetrics=openmetrics, gzipped=True))
        assert gzip.decompress(packed) == plain
        assert len(packed) < len(plain) / 5


def test_scrapes_that_race_get_the_same_bytes() -> None:
    exposition = Exposition([gauge([((str(core),), 0.5) for core in range(200)], "core")], None)
    start = threading.Barrier(8)
    bodies: list[bytes] = []

    def scrape() -> None:
        start.wait(240)
        bodies.append(exposition.body(PLAIN))

    threads = [threading.Thread(target=scrape, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert len(bodies) == 8
    assert len(set(bodies)) == 1


@pytest.mark.parametrize(
    ("openmetrics", "content_type"),
    [
        (False, "text/plain; version=0.0.4; charset=utf-8"),
        (True, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ],
)
def test_the_content_type_names_the_format(openmetrics: bool, content_type: str) -> None:
    assert Representation(openmetrics=openmetrics, gzipped=False).content_type == content_type


def test_openmetrics_ends_with_its_mark_and_text_has_none() -> None:
    exposition = Exposition([gauge([((), 1.0)])], None)
    assert exposition.body(Representation(openmetrics=True, gzipped=False)).endswith(b"# EOF\n")
    assert b"EOF" not in exposition.body(PLAIN)


def test_the_reference_names_each_family_as_promql_does() -> None:
    table = reference_table([gauge([], "core")])
    assert table.splitlines()[-1] == "| `test_load_ratio` | gauge | `core` | Load. |"
