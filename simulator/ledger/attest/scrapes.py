"""The raw samples of an exporter in an hour, scrape by scrape, or the reason why they cannot be believed."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from exporter.core.printable import printable
from exporter.core.prometheus import Points, Series
from exporter.core.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

ENERGY, EMISSIONS = "ecotrack_energy_joules_total", "ecotrack_emissions_grams_total"

SAMPLE_INTERVAL, SAMPLED_AT = "ecotrack_sample_interval_seconds", "ecotrack_last_sample_timestamp_seconds"

LATE_INTERVALS = 3.0
"""Scrape intervals after which a sample is missing: as the exporter calls its own samples late after three intervals,
beyond which it may have stopped and begun again unseen."""

SHORTEST_GAP_SECONDS = 60.0
"""Time without samples that is no gap, however often they are scraped. Judgement: a Prometheus or an exporter that is
started again for an upgrade is back within a minute."""

MOST_INTERVAL_SECONDS = 300.0
"""Longest interval between scrapes. Prometheus takes a series for gone after so long (--query.lookback-delta)."""

LOOK_BACK_SECONDS = LATE_INTERVALS * MOST_INTERVAL_SECONDS
"""Time before an hour in which the last sample before its beginning is looked for: the longest that is no gap."""

MOST_VALUE = 1e15
"""Largest value of a counter that is believed, in joules or grams: 30 years of a gigawatt. Judgement: what is larger
fits neither a device nor a claim."""

Scraped = Mapping[float, Mapping[str, float]]
"""Values by component, by the time of the scrape, the oldest first."""


class RefusedError(Exception):
    """An hour that is not attested; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrapes:
    """Scrapes of the host's components, from the last one at or before the hour on to the last one in it.

    Beyond `gap` seconds without a scrape nothing is believed, nor where the exporter's own sample is older than
    `oldest` seconds when it is scraped.
    """

    energy: Scraped
    emissions: Scraped
    gap: float
    oldest: float

    @property
    def times(self) -> list[float]:
        """Times of the scrapes, the oldest first."""
        return list(self.energy)


def read_scrapes(series: Sequence[Series], start: float) -> Scrapes:
    """Return the scrapes of the hour that begins at a Unix time. Raises RefusedError."""
    end = start + SECONDS_PER_HOUR
    energy = scraped_of(series, ENERGY, start, end)
    times = list(energy)
    if not any(at > start for at in times):
        raise RefusedError("no samples")
    interval = median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else SECONDS_PER_HOUR
    if interval > MOST_INTERVAL_SECONDS:
        raise RefusedError(f"scraped every {lasting(interval)}, and {lasting(MOST_INTERVAL_SECONDS)} is the longest")
    gap = max(LATE_INTERVALS * interval, SHORTEST_GAP_SECONDS)
    own = _sample_interval(series, start, end)
    refuse_gaps(times, start, gap, "no samples")
    emissions = scraped_of(series, EMISSIONS, start, end)
    for at in sorted({*energy, *emissions}):
        if energy.get(at, {}).keys() != emissions.get(at, {}).keys():
            raise RefusedError(f"energy and emissions are not of the same components at {clock(at)}")
    return Scrapes(energy=energy, emissions=emissions, gap=gap, oldest=max(gap, LATE_INTERVALS * own))


def _sample_interval(series: Sequence[Series], start: float, end: float) -> float:
    """Return the longest interval in which the exporter took samples in an hour; 0 where it is not stored.

    Raises RefusedError for a longer one than scrapes may have.
    """
    chosen = [one.points for one in series if one.labels.get("__name__") == SAMPLE_INTERVAL]
    values = [value for points in chosen for at, value in points if start <= at <= end]
    if not all(0.0 < value <= MOST_INTERVAL_SECONDS for value in values):
        raise RefusedError(f"the exporter took samples less often than every {lasting(MOST_INTERVAL_SECONDS)}")
    return max(values, default=0.0)


def scraped_of(series: Iterable[Series], name: str, start: float, end: float) -> Scraped:
    """Return the values of a counter of scope host, from the last scrape at or before the start. Raises RefusedError.

    A component may have several series one after the other, as where the labels of the target change, but not at once.
    """
    found: dict[str, list[Points]] = {}
    for one in series:
        if one.labels.get("__name__") == name and one.labels.get("scope") == "host" and one.points:
            found.setdefault(one.labels.get("component", ""), []).append(one.points)
    values: dict[float, dict[str, float]] = {}
    for component, parts in sorted(found.items()):
        for at, value in _one_after_the_other(component, parts):
            if start - LOOK_BACK_SECONDS <= at <= end:
                if not 0.0 <= value <= MOST_VALUE:
                    raise RefusedError(f"{name} of {printable(component)} is {value:g} at {clock(at)}")
                values.setdefault(at, {})[component] = value
    first = max((at for at in values if at <= start), default=-math.inf)
    missed = {name for at in values if at < first for name in values[at]} - values.get(first, {}).keys()
    for at in sorted(values):
        if at > first and (back := missed & values[at].keys()):
            raise RefusedError(f"{name} of {printable(min(back))} was not there at {clock(first)}")
    return {at: values[at] for at in sorted(values) if at >= first}


def _one_after_the_other(component: str, parts: list[Points]) -> Iterator[tuple[float, float]]:
    last = -math.inf
    for points in sorted(parts, key=lambda one: one[0][0]):
        for at, value in points:
            if at <= last:
                raise RefusedError(f"{printable(component)} has two series at once at {clock(at)}")
            last = at
            yield at, value


def refuse_gaps(times: Sequence[float], start: float, gap: float, what: str) -> None:
    """Refuse an hour in which times leave a gap. Raises RefusedError, which says what is missing in the gap.

    A gap counts from the last time at or before the hour, so it may begin before the hour.
    """
    end = start + SECONDS_PER_HOUR
    reached = max((at for at in times if at <= start), default=None)
    if reached is None:
        raise RefusedError(f"{what} until {clock(min(times, default=end))}")
    for at in [*(at for at in times if at > start), end]:
        if at - reached > gap:
            raise RefusedError(f"{what} for {lasting(at - reached)} from {clock(reached)}")
        reached = at


def clock(at: float) -> str:
    """Return the time of day in UTC, to the second."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at:g} s"


def lasting(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    return f"{seconds:.0f} s" if seconds < 2 * SECONDS_PER_MINUTE else f"{seconds / SECONDS_PER_MINUTE:.0f} min"
