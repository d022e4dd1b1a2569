"""An hour of a device: the energy and emissions that its counters gained, or the reason why the hour is refused.

Each value is rounded to whole millijoules or micrograms first, and all else is whole numbers. An hour begins with the
last sample at or before its beginning and ends with the last one at or before its end, so hours add up to what the
counters gained, to the millijoule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exporter.core.prometheus import MOST_SKEW_SECONDS, Series
from exporter.core.units import SECONDS_PER_HOUR
from simulator.ledger.attest.origins import intensity_text, notes_of, power_text
from simulator.ledger.attest.scrapes import RefusedError, Scraped, Scrapes, clock, lasting, read_scrapes
from simulator.ledger.booking.credits import PARTS_PER_MICROGRAM
from simulator.ledger.devices.metering import MILLIJOULES_PER_JOULE
from simulator.ledger.file.measured import MICROGRAMS_PER_GRAM

MOST_INTENSITY = 2_000_000
"""Largest carbon intensity of a claim, in mg/kWh: that of a chain's figures. Lignite emits about half of it."""

MILLIWATTS_PER_WATT = 1000
"""Definition of a milliwatt."""

SAMPLED_AT = "ecotrack_last_sample_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Energy of an hour in millijoules, carbon intensity in mg/kWh, and the texts that say where both come from.

    `notes` are what the exporter itself says of the hour that a reader should know.
    """

    energy: int
    intensity: int
    intensity_source: str
    models: str
    notes: tuple[str, ...]


def measure(series: Sequence[Series], start: float, most_milliwatts: int) -> Hour:
    """Return the hour that begins at a Unix time, from raw samples of one exporter.

    Raises RefusedError where they do not tell, or tell of more power than the device may draw.
    """
    scrapes = read_scrapes(series, start)
    energy, emissions, begun = gained(scrapes, most_milliwatts)
    if energy == 0:
        raise RefusedError("no energy was counted")
    if energy > most_milliwatts * SECONDS_PER_HOUR:
        watts = energy / MILLIJOULES_PER_JOULE / SECONDS_PER_HOUR
        raise RefusedError(f"{watts:.0f} W on average, more than --max-watts {most_milliwatts / MILLIWATTS_PER_WATT:g}")
    intensity = (2 * emissions * PARTS_PER_MICROGRAM + energy) // (2 * energy)
    if intensity > MOST_INTENSITY:
        raise RefusedError(f"{intensity / 1000:.0f} g/kWh is no carbon intensity of electricity")
    refuse_stale(series, scrapes)
    return Hour(
        energy=energy,
        intensity=intensity,
        intensity_source=intensity_text(series, scrapes, start),
        models=power_text(series, scrapes, start),
        notes=(*begun, *notes_of(series, scrapes)),
    )


def gained(scrapes: Scrapes, most_milliwatts: int) -> tuple[int, int, list[str]]:
    """Return what the counters gained, in millijoules and micrograms, and notes on where they began anew.

    Raises RefusedError.

    All counters of an exporter begin anew together, and then count from zero. A fall that leaves more than the device
    may have drawn since the last sample is no such beginning.
    """
    energy, emissions = whole(scrapes.energy, MILLIJOULES_PER_JOULE), whole(scrapes.emissions, MICROGRAMS_PER_GRAM)
    joules = grams = 0
    notes = []
    for before, at in pairwise(scrapes.times):
        began = has_fallen(energy[before], energy[at]) or has_fallen(emissions[before], emissions[at])
        step = risen(energy[before], energy[at], began=began)
        # What the first of the two scrapes found may have been as old.
        if step > most_milliwatts * (at - before + scrapes.oldest):
            raise RefusedError(_too_much(step, before, at, began=began))
        if began:
            unknown = f"what was drawn in up to {lasting(at - before)} before is not in it"
            notes.append(f"counters began anew at {clock(at)}, and {unknown}")
        joules += step
        grams += risen(emissions[before], emissions[at], began=began)
    return joules, grams, notes


def _too_much(step: int, before: float, at: float, *, began: bool) -> str:
    if began:
        return f"counters fell at {clock(at)}, and not to zero as those of an exporter that begins anew"
    return f"{step / MILLIJOULES_PER_JOULE:.0f} J in {lasting(at - before)} at {clock(at)} are more than --max-watts"


def whole(scraped: Scraped, factor: int) -> Mapping[float, Mapping[str, int]]:
    """Return values in whole units, of which the counter's own unit has `factor`."""
    return {at: {name: round(value * factor) for name, value in values.items()} for at, values in scraped.items()}


def has_fallen(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Tell whether counters began anew between two scrapes: one of them fell, or is not there any more."""
    return any(name not in after or after[name] < value for name, value in before.items())


def risen(before: Mapping[str, int], after: Mapping[str, int], *, began: bool) -> int:
    """Return what counters gained between two scrapes; a new one, and all after a beginning, count from zero."""
    return sum(after.values()) if began else sum(after.values()) - sum(before.values())


def refuse_stale(series: Sequence[Series], scrapes: Scrapes) -> None:
    """Refuse an exporter that was scraped and took no samples, or whose clock is ahead. Raises RefusedError."""
    times = set(scrapes.times)
    for one in series:
        for at, sampled in one.points if one.labels.get("__name__") == SAMPLED_AT else ():
            if at in times and not at - sampled <= scrapes.oldest:
                raise RefusedError(f"the exporter's last sample was {lasting(at - sampled)} old at {clock(at)}")
            if at in times and sampled - at > MOST_SKEW_SECONDS:
                raise RefusedError(f"the exporter's clock was {lasting(sampled - at)} ahead at {clock(at)}")
