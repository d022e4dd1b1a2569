"""The emissions of the last hour, as far as they were counted, in stretches of five minutes.

What is not known leaves no time behind: while the carbon intensity or a reading is missing, while the machine sleeps
and while the exporter does not run, neither grams nor seconds are counted. So a gap is no time without emissions. Each
scope has a time of its own, which is that of its counters. The hour goes by the clock that counts suspended time and
cannot be set.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.core.units import SECONDS_PER_HOUR, Grams, GramsPerSecond, Joules, Seconds, Watts

STRETCH = Seconds(300.0)
"""Length up to which samples are added up to one stretch, of which the hour takes 12. The one that leaves the hour
counts in part, as if all of it were alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Energy and grams of one scope, and the awake time that both are of."""

    seconds: Seconds = Seconds(0.0)  # noqa: RUF009 - a number
    energy: Joules = Joules(0.0)  # noqa: RUF009 - a number
    grams: Grams = Grams(0.0)  # noqa: RUF009 - a number

    @property
    def watts(self) -> Watts:
        """Mean power, where any time was counted."""
        return Watts(self.energy / self.seconds)

    @property
    def rate(self) -> GramsPerSecond:
        """Mean emission rate, where any time was counted."""
        return GramsPerSecond(self.grams / self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """Emissions of the machine beside those of the transport network."""

    host: Counted = Counted()
    network: Counted = Counted()

    @property
    def grams(self) -> Grams:
        """Grams of both."""
        return Grams(self.host.grams + self.network.grams)

    @property
    def seconds(self) -> Seconds:
        """Time for which both are counted."""
        return min(self.host.seconds, self.network.seconds)

    @property
    def rate(self) -> GramsPerSecond:
        """Mean emission rate of both, where any time was counted for each."""
        return GramsPerSecond(self.host.rate + self.network.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Emissions between two moments of the elapsed time."""

    begin: Seconds
    end: Seconds
    emissions: Emissions


def with_sample(hour: tuple[Stretch, ...], sample: Stretch) -> tuple[Stretch, ...]:
    """Return the stretches of the last hour with a sample added, without those that are over."""
    kept = hour
    while kept and kept[0].end <= sample.end - SECONDS_PER_HOUR:
        kept = kept[1:]
    if kept and sample.end - kept[-1].begin <= STRETCH:
        both = added(kept[-1].emissions, sample.emissions)
        return (*kept[:-1], Stretch(begin=kept[-1].begin, end=sample.end, emissions=both))
    return (*kept, sample)


def emissions_of(hour: Sequence[Stretch], now: Seconds) -> Emissions:
    """Return the emissions of the hour up to `now`; a stretch that began before it counts in part."""
    since = now - SECONDS_PER_HOUR
    host = [0.0, 0.0, 0.0]
    network = [0.0, 0.0, 0.0]
    for one in hour:
        share = 1.0 if one.begin >= since else _share(one, since)
        for sums, part in ((host, one.emissions.host), (network, one.emissions.network)):
            sums[0] += share * part.seconds
            sums[1] += share * part.energy
            sums[2] += share * part.grams
    return Emissions(host=_counted(*host), network=_counted(*network))


def added(one: Emissions, other: Emissions) -> Emissions:
    """Return the sum of both scopes."""
    return Emissions(host=_sum(one.host, other.host), network=_sum(one.network, other.network))


def _share(stretch: Stretch, since: float) -> float:
    """Return the part of a stretch that lies after a moment within it or beyond its end."""
    if stretch.end <= since:
        return 0.0
    return (stretch.end - since) / (stretch.end - stretch.begin)


def _sum(one: Counted, other: Counted) -> Counted:
    return Counted(
        seconds=Seconds(one.seconds + other.seconds),
        energy=Joules(one.energy + other.energy),
        grams=Grams(one.grams + other.grams),
    )


def _counted(seconds: float, energy: float, grams: float) -> Counted:
    return Counted(seconds=Seconds(seconds), energy=Joules(energy), grams=Grams(grams))
