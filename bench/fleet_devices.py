"""Made-up devices of a fleet, served by one process that costs little: patterns of real expositions that move.

`python -m bench.fleet_devices` serves every device at /NUMBER and prints its address; a fleet has many devices of each
pattern, which answer alike, but for what tells devices apart. Texts are rendered and compressed once in
`SAMPLE_SECONDS`, with all their comments, as the exporter does: what it costs to read them counts.
"""

import asyncio
import gzip
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from exporter.core.metrics import GZIP_LEVEL

GOLDEN = Path(__file__).parent.parent / "tests/golden"
EXPOSITIONS = ("laptop.prom", "exporter.prom")
"""A laptop with the usual settings, and an exporter with everything switched on; patterns take turns."""

PATTERNS = 10
SAMPLE_SECONDS = 5
DAY, HOUR = 86_400, 3600
BEFORE = 30 * DAY
"""Seconds for which each device has run before the moment in which the texts were written."""

VALID = 90 * DAY
"""Seconds for which a certificate is valid; it is made anew each day."""

FAILING = "disk"
"""The source that fails in the text of a whole exporter."""

IDENTITY = ("ecotrack_lifetime_start_timestamp_seconds", "process_start_time_seconds")
FIRST_START = 1_735_689_600
"""Unix seconds at which the first device, and its exporter, started; each further device did so a second later."""

SPARING_GRAMS = 100.0
"""Projected grams of a day, at most: below the limit in both texts."""

SWING = 0.3
"""Part of their mean by which values rise and fall within an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Series of a pattern: name and labels as the text has them, how it moves, and its value in the golden text."""

    name: str
    labels: str
    kind: str
    value: float

    def at(self, moment: float, pattern: int) -> float:
        """Return the value at a moment, in Unix seconds; counters never fall, and bounds of the day are true."""
        phase = 2 * math.pi * moment / HOUR + pattern
        match self.kind:
            case "counter":
                grown = moment % (400 * DAY) + SWING * HOUR / (2 * math.pi) * (1 - math.cos(phase))
                return round(self.value * (1 + pattern / PATTERNS) * grown / DAY, 3)
            case "start" | "end" | "renewed":
                return moment // DAY * DAY + {"start": 0, "end": DAY, "renewed": VALID}[self.kind]
            case "used":
                return round(self.value * (moment % DAY) / DAY, 3)
            case "now":
                return moment // SAMPLE_SECONDS * SAMPLE_SECONDS
            case "gauge":
                return round(self.value * (1 + SWING * math.sin(phase) / 2), 3)
            case _:
                return self.value


KINDS = {
    "ecotrack_budget_period_start_timestamp_seconds": "start",
    "ecotrack_budget_period_end_timestamp_seconds": "end",
    "ecotrack_budget_used_grams": "used",
    "ecotrack_lifetime_start_timestamp_seconds": "still",
    "ecotrack_embodied_end_timestamp_seconds": "still",
    "ecotrack_optimization_trial_end_timestamp_seconds": "still",
    "ecotrack_web_certificate_start_timestamp_seconds": "start",
    "ecotrack_web_certificate_expiry_timestamp_seconds": "renewed",
}
STILL = (
    "_limit_grams",
    "_info",
    "_state",
    "_success",
    "_grade",
    "_up",
    "_interval_seconds",
    "_successful",
    "_settings",
)


@cache
def pattern(number: int) -> tuple[Moving, ...]:
    """Return the series of a pattern."""
    return tuple(_series(_text(number)))


@cache
def _text(number: int) -> str:
    return (GOLDEN / EXPOSITIONS[number % len(EXPOSITIONS)]).read_text(encoding="utf-8")


def _series(text: str) -> Iterator[Moving]:
    lines = iter(line for line in text.splitlines() if not line.startswith("#"))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            value = _healthy(sample.name, sample.labels, sample.value)
            name, _, labels = next(lines).rpartition(" ")[0].partition("{")
            assert name == sample.name
            kind = "counter" if family.type == "counter" else _kind(name)
            yield Moving(name=name, labels=labels.removesuffix("}"), kind=kind, value=value)


def _healthy(name: str, labels: Mapping[str, str], value: float) -> float:
    """Return the value where nothing fails and no budget runs out: alerts that fire cost more than others."""
    if name == "ecotrack_budget_projected_grams":
        return min(value, SPARING_GRAMS)
    if name == "ecotrack_collector_success":
        return 1.0
    if name == "ecotrack_source_state" and labels["source"] == FAILING:
        return float(labels["state"] == "works")
    return value


def _kind(name: str) -> str:
    if name in KINDS:
        return KINDS[name]
    if name.endswith("_timestamp_seconds"):
        return "now"
    return "still" if name.endswith(STILL) else "gauge"


def exposition(number: int, moment: float) -> bytes:
    """Return what the devices of a pattern answer at a moment, without what tells them apart."""
    series = iter(pattern(number))
    lines = (
        line if line.startswith("#") else _line(next(series), moment, number) for line in _text(number).splitlines()
    )
    return "".join(f"{line}\n" for line in lines if not _tells_apart(line)).encode()


def _line(one: Moving, moment: float, number: int) -> str:
    return f"{one.name}{{{one.labels}}} {one.at(moment, number)!r}"


def _tells_apart(line: str) -> bool:
    return line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith(IDENTITY)


def identity(number: int) -> bytes:
    """Return what a device answers of its own, by which the rules count each device once."""
    return "".join(f"{name} {FIRST_START + number}\n" for name in IDENTITY).encode()


@lru_cache(maxsize=2 * PATTERNS)
def _shared(number: int, tick: int) -> bytes:
    return gzip.compress(exposition(number, tick * SAMPLE_SECONDS), compresslevel=GZIP_LEVEL)


@cache
def _own(number: int) -> bytes:
    return gzip.compress(identity(number), compresslevel=GZIP_LEVEL)


def _answer(number: int, tick: int) -> bytes:
    body = _shared(number % PATTERNS, tick) + _own(number)  # two members, which gzip has one after the other
    kind = "Content-Type: text/plain; version=0.0.4\r\nContent-Encoding: gzip"
    return f"HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class _Answering(asyncio.Protocol):
    """Connection of which each request is answered from what has been rendered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.asked = b""

    def data_received(self, data: bytes) -> None:
        """Write the answer to a whole request; Prometheus sends none before it has the answer to the last."""
        self.asked += data
        if self.asked.endswith(b"\r\n\r\n"):
            number = int(self.asked.split(b" ", 2)[1][1:])
            self.asked = b""
            self.transport.write(_answer(number, int(time.time() // SAMPLE_SECONDS)))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
    print(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
