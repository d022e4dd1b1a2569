"""Yearly averages of countries by zone, from the table beside this file; it is read when a zone is looked up."""

import csv
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import GramsPerKwh

ALIASES = {"EL": "GR", "UK": "GB"}
"""Codes that the European Union writes otherwise than ISO 3166, and the codes of ISO 3166 for them."""

MOST_NEAR = 3
"""Zones that are named in place of one that does not exist. Judgement: more would not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAverage:
    """Mean carbon intensity of a country's generation in a year: life-cycle emissions over what was generated.

    Source: Ember and the Energy Institute, processed by Our World in Data (CC BY 4.0), as codecarbon 3.3.2 (MIT)
    carries them. A table's year is the last with a figure.
    """

    zone: str
    country: str
    value: GramsPerKwh
    year: int


def zone_average(zone: str) -> ZoneAverage:
    """Return the average of a zone, an ISO 3166 code of two letters in either case.

    Raises ValueError, which names the nearest zones, where there is none.
    """
    averages = _averages()
    wanted = zone.strip().upper()
    found = averages.get(ALIASES.get(wanted, wanted))
    if found is None:
        near = nearest(zone, {code: one.country for code, one in averages.items()})
        raise ValueError(f'expected the two letters of a country, got "{zone}"; the nearest are {near}')
    return found


def nearest(wanted: str, names: dict[str, str]) -> str:
    """Write the codes whose own letters or whose names resemble a text most, each with its name."""
    import difflib  # noqa: PLC0415 - for a mistake alone

    by_text = {code.lower(): code for code in names} | {name.lower(): code for code, name in names.items()}
    near = difflib.get_close_matches(wanted.strip().lower(), by_text, n=2 * MOST_NEAR, cutoff=0.0)
    codes = list(dict.fromkeys(by_text[text] for text in near))[:MOST_NEAR]
    return ", ".join(code if names[code] == code else f"{code} ({names[code]})" for code in codes)


def _averages() -> dict[str, ZoneAverage]:
    with Path(__file__).with_name("figures").joinpath("countries.csv").open(encoding="utf-8") as file:
        return {
            row["zone"]: ZoneAverage(
                zone=row["zone"],
                country=row["country"],
                value=GramsPerKwh(float(row["grams_per_kwh"])),
                year=int(row["year"]),
            )
            for row in csv.DictReader(file)
        }
