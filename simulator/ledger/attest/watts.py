"""Watts that were stored beside an hour's counters, and whether the energy can be that of such power.

The exporter shows the mean power of its last sample, and Prometheus keeps the sample that it scraped. So the energy
between two scrapes lies about between the lower and the higher of their watts, but for samples that nobody stored. What
is missing bounds nothing: without watts there may have been any power up to that of the device, and no power at all
where the exporter or the machine stood still.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exporter.core.prometheus import Series
from exporter.core.units import SECONDS_PER_HOUR
from simulator.ledger.attest.origins import POWER
from simulator.ledger.attest.scrapes import MOST_VALUE, SAMPLED_AT, Scrapes
from simulator.ledger.devices.metering import MILLIJOULES_PER_JOULE

PROCESS_START = "process_start_time_seconds"

SAMPLE_GAPS = "ecotrack_sample_gaps_total"

RANGE = 10.0
"""Full power of a machine as a multiple of its idle power. Judgement: laptops have the widest range, near ten."""

SHARE_UNSEEN = 14.0
"""Share of an hour, times the samples stored of it, in which full power may escape all of these. Chosen: work in bursts
shorter than a scrape interval, in no step with the scrapes, does so with a chance of exp(-14), one in a million."""

MOST_LOST = 2.0
"""Energy by the lowest stored watts as a multiple of the counted, up to which time without samples explains it: half of
an hour. Chosen: suspensions of seconds, which the exporter does not tell of, and readings that it discards."""

ROUNDING_MILLIJOULES = 1.0
"""Most that a component's energy of one step is off: half a unit at either end."""

Shown = Mapping[float, float]
"""Values by the time of the scrape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Least and most energy of an hour by its stored watts, in millijoules, and how many samples these were of."""

    low: float
    high: float
    samples: int

    def refutes(self, millijoules: int) -> bool:
        """Tell whether an hour's energy lies outside, by more than rounding and missing samples explain."""
        if self.samples == 0:
            return False
        unseen = 1.0 + (RANGE - 1.0) * SHARE_UNSEEN / self.samples
        return not self.low / MOST_LOST <= millijoules <= self.high * unseen


def contradiction(series: Sequence[Series], scrapes: Scrapes, millijoules: int, most_milliwatts: int) -> Iterator[str]:
    """Yield one sentence where the energy of an hour contradicts the watts that were stored beside it."""
    found = bounds(series, scrapes, most_milliwatts)
    if found.refutes(millijoules):
        hour = MILLIJOULES_PER_JOULE * SECONDS_PER_HOUR
        stored = f"the stored watts of {found.low / hour:.1f} to {found.high / hour:.1f} W"
        yield f"the counters say {millijoules / hour:.1f} W on average, which {stored} contradict"


def bounds(series: Sequence[Series], scrapes: Scrapes, most_milliwatts: int) -> Bounds:
    """Return the least and the most energy of an hour by the watts of its scrapes."""
    low = high = 0.0
    samples = 0
    watts, told = _watts(series, scrapes), _last(series, SAMPLED_AT)
    starts, gaps = _last(series, PROCESS_START), _sums(series, SAMPLE_GAPS)
    for before, at in pairwise(scrapes.times):
        known = [_host(watts.get(one, {}), _risen(scrapes, before, at)) for one in (before, at)]
        high += ROUNDING_MILLIJOULES * len(scrapes.energy[at])
        if None in known or before not in told or at not in told:
            high += most_milliwatts * (at - before + scrapes.oldest)
            continue
        seconds = max(0.0, told[at] - told[before])
        least, most = sorted(one for one in known if one is not None)
        high += most * MILLIJOULES_PER_JOULE * seconds
        samples += seconds > 0.0
        if _goes_on(starts, before, at) and at in gaps and gaps[at] == gaps.get(before):
            low += least * MILLIJOULES_PER_JOULE * seconds
    return Bounds(low=low, high=high, samples=samples)


def _goes_on(starts: Shown, before: float, at: float) -> bool:
    """Tell whether one process of the exporter was scraped twice, as far as it is stored when that began."""
    return starts.get(before) == starts.get(at)


def _risen(scrapes: Scrapes, before: float, at: float) -> set[str]:
    """Return the components whose counters moved between two scrapes, and so had power."""
    earlier = scrapes.energy[before]
    return {name for name, value in scrapes.energy[at].items() if value != earlier.get(name, 0.0)}


def _host(watts: Mapping[str, float], needed: set[str]) -> float | None:
    """Return the power of the host; None where that of a component that is needed was not stored."""
    return sum(watts.values()) if needed <= watts.keys() else None


def _watts(series: Sequence[Series], scrapes: Scrapes) -> dict[float, dict[str, float]]:
    """Return the power of each component of the host at each scrape; what is no power is missing."""
    components = {name for values in scrapes.energy.values() for name in values}
    found: dict[float, dict[str, float]] = {}
    for one in series:
        component = one.labels.get("component", "")
        if one.labels.get("__name__") == POWER and component in components:
            for at, value in one.points:
                if 0.0 <= value <= MOST_VALUE:
                    found.setdefault(at, {})[component] = value
    return found


def _last(series: Sequence[Series], name: str) -> dict[float, float]:
    """Return a family's values by the time of the scrape; of several at once, the last one."""
    chosen = (one.points for one in series if one.labels.get("__name__") == name)
    return {at: value for points in chosen for at, value in points if math.isfinite(value)}


def _sums(series: Sequence[Series], name: str) -> dict[float, float]:
    """Return the sums of a family's series by the time of the scrape."""
    found: dict[float, float] = {}
    for one in series:
        if one.labels.get("__name__") == name:
            for at, value in one.points:
                found[at] = found.get(at, 0.0) + value
    return found
