"""Embodied carbon of the machine, and what an amount of CO2e comes to in everyday terms."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.equivalents import EQUIVALENTS
from exporter.exposition.family import counter, gauge, one
from exporter.snapshot import Snapshot


def _range(snapshot: Snapshot) -> Iterator[Sample]:
    embodied = snapshot.embodied
    if embodied is not None:
        yield ("low",), embodied.low
        yield ("high",), embodied.high


def _equivalents(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.equivalents:
        for name, equivalent in EQUIVALENTS.items():
            yield (name,), equivalent.factor.value


ROWS: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecotrack_embodied_emissions_grams_total",
        unit="grams",
        help="Embodied CO2e of the machine for the part of its assumed life since counting began.",
        read=one(lambda snapshot: None if snapshot.embodied is None else snapshot.totals.exported.embodied),
    ),
    gauge(
        name="ecotrack_embodied_emissions_grams_per_second",
        unit="grams_per_second",
        help="Embodied CO2e per second of the machine's assumed life; 0 outside that life.",
        read=one(lambda snapshot: snapshot.readings.embodied_rate),
    ),
    gauge(
        name="ecotrack_embodied_grams",
        unit="grams",
        help="Embodied CO2e of the whole machine, from making, transport and disposal.",
        read=one(lambda snapshot: None if snapshot.embodied is None else snapshot.embodied.grams),
    ),
    gauge(
        name="ecotrack_embodied_range_grams",
        unit="grams",
        labels=("bound",),
        help="Range of the embodied CO2e: that of the class of devices, or a configured figure as both bounds.",
        read=_range,
    ),
    gauge(
        name="ecotrack_embodied_end_timestamp_seconds",
        unit="seconds",
        help="End of the machine's assumed life, after which no embodied CO2e is counted.",
        read=one(lambda snapshot: None if snapshot.embodied is None else snapshot.embodied.end),
    ),
    gauge(
        name="ecotrack_equivalent_grams",
        unit="grams",
        labels=("equivalent",),
        help="Grams of CO2e of one unit of an everyday equivalent.",
        read=_equivalents,
    ),
)
