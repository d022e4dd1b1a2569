"""The table of device classes beside this file."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import GRAMS_PER_KILOGRAM, Grams


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClass:
    """Median of the embodied carbon of products of one class, and the range in which most of them lie."""

    grams: Grams
    low: Grams
    high: Grams
    source: str
    year: int


def device_classes() -> Mapping[str, DeviceClass]:
    """Return the classes by their names."""
    with Path(__file__).with_name("figures").joinpath("classes.csv").open(encoding="utf-8") as file:
        return {row["device"]: _class(row) for row in csv.DictReader(file)}


def _class(row: Mapping[str, str]) -> DeviceClass:
    grams, low, high = (
        Grams(float(row[name]) * GRAMS_PER_KILOGRAM) for name in ("kilograms", "low_kilograms", "high_kilograms")
    )
    source = f"{row['source']} ({row['products']} products)"
    return DeviceClass(grams=grams, low=low, high=high, source=source, year=int(row["year"]))
