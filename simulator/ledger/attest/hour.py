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
from simulator.ledger.attest.origins import intensity_text, notes_of, power_text, refuse_silence
from simulator.ledger.attest.scrapes import SAMPLED_AT, RefusedError, Scraped, Scrapes, clock, lasting, read_scrapes
from simulator.ledger.attest.watts import contradiction
from simulator.ledger.booking.credits import PARTS_PER_MICROGRAM
from simulator.ledger.devices.metering import MILLIJOULES_PER_JOULE
from simulator.ledger.file.measured import MICROGRAMS_PER_GRAM

MOST_INTENSITY = 2_000_000
"""Largest carbon intensity of a claim, in mg/kWh: that of a chain's figures. Lignite emits about half of it."""

MILLIWATTS_PER_WATT = 1000
"""Definition of a milliwatt."""

Counted = Mapping[float, Mapping[str, int]]
"""Values in whole units by component, by the time of the scrape, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Energy of an hour in millijoules, carbon intensity in mg/kWh, and the texts that say where both come from.

    `notes` are what the exporter itself says of the hour that a reader should know, and a contradiction in it.
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
    refuse_stale(series, scrapes, start)
    contradicted = tuple(contradiction(series, scrapes, energy, most_milliwatts))
    return Hour(
        energy=energy,
        intensity=intensity,
        intensity_source=intensity_text(series, scrapes, start),
        models=power_text(series, scrapes, start, contradicted),
        notes=(*contradicted, *begun, *notes_of(series, scrapes)),
    )


def gained(scrapes: Scrapes, most_milliwatts: int) -> tuple[int, int, list[str]]:
    """Return what the counters gained, in millijoules and micrograms, and notes on where they began anew.

    Raises RefusedError.

    All counters of an exporter begin anew together, and then count from zero. A fall of some of them, and one that
    leaves more than the device may have drawn since the last sample, is no such beginning.
    """
    energy, emissions = whole(scrapes.energy, MILLIJOULES_PER_JOULE), whole(scrapes.emissions, MICROGRAMS_PER_GRAM)
    joules = grams = 0
    notes = []
    for before, at in pairwise(scrapes.times):
        began = has_begun((energy, emissions), before, at)
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


def whole(scraped: Scraped, factor: int) -> Counted:
    """Return values in whole units, of which the counter's own unit has `factor`."""
    return {at: {name: round(value * factor) for name, value in values.items()} for at, values in scraped.items()}


def has_begun(both: Sequence[Counted], before: float, at: float) -> bool:
    """Tell whether counters began anew between two scrapes: each of them fell, or is not there any more.

    One that was at zero tells nothing. Raises RefusedError where some fell and others did not: nobody knows then what
    those that fell have gained.
    """
    falls = {one[at].get(name, 0) < value for one in both for name, value in one[before].items() if value > 0}
    if falls == {True, False}:
        raise RefusedError(
            f"counters fell at {clock(at)}, and not all of them as those of an exporter that begins anew"
        )
    return falls == {True}


def risen(before: Mapping[str, int], after: Mapping[str, int], *, began: bool) -> int:
    """Return what counters gained between two scrapes; a new one, and all after a beginning, count from zero."""
    return sum(after.values()) if began else sum(after.values()) - sum(before.values())


def refuse_stale(series: Sequence[Series], scrapes: Scrapes, start: float) -> None:
    """Refuse an exporter that was scraped and took no samples, or whose clock is ahead. Raises RefusedError.

    Its counters stand still meanwhile, so nothing but the time of its last sample tells it from a machine at rest.
    """
    times = set(scrapes.times)
    sampled = [one.points for one in series if one.labels.get("__name__") == SAMPLED_AT]
    found = sorted(point for points in sampled for point in points if point[0] in times)
    for at, last in found:
        if not at - last <= scrapes.oldest:
            raise RefusedError(f"the exporter's last sample was {lasting(at - last)} old at {clock(at)}")
        if last - at > MOST_SKEW_SECONDS:
            raise RefusedError(f"the exporter's clock was {lasting(last - at)} ahead at {clock(at)}")
    refuse_silence([at for at, _ in found], scrapes, start, "nothing says when the exporter took samples")
