"""Origins of the figures of logs: sensors, models, and the providers of carbon intensity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.core.units import GRAMS_PER_KILOGRAM
from exporter.journal.tally import Sums
from exporter.power.component import PRECEDENCE

UNTOLD = "not told"
"""Name of what a log does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Shares of a scope's energy by source.

    `measured_low` is the share that sensors alone measured, and `measured_high` holds what they measured beside a model
    as well; both are None where no source is told.
    """

    kwh_by_source: Mapping[str, float]
    measured_low: float | None
    measured_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityOrigins:
    """Mean carbon intensity of the energy whose emissions are known, and that energy by the intensity's provider."""

    grams_per_kwh: float | None
    kwh_by_provider: Mapping[str, float]


def origins_of(origins: Mapping[tuple[bool, str, str], Sums], *, host: bool) -> Origins:
    """Return where the energy of a scope comes from."""
    by_source = _summed((source, sums.kwh) for (of_host, source, _), sums in origins.items() if of_host is host)
    whole = sum(kwh for source, kwh in by_source.items() if source != UNTOLD)
    if not whole:
        return Origins(kwh_by_source=by_source, measured_low=None, measured_high=None)
    alone = sum(kwh for source, kwh in by_source.items() if all(_is_sensor(source)))
    at_all = sum(kwh for source, kwh in by_source.items() if any(_is_sensor(source)))
    return Origins(kwh_by_source=by_source, measured_low=alone / whole, measured_high=at_all / whole)


def intensity_origins_of(origins: Mapping[tuple[bool, str, str], Sums]) -> IntensityOrigins:
    """Return where the carbon intensity comes from, and what it was in the mean."""
    told = _summed((provider, sums.kwh - sums.untold_kwh) for (_, _, provider), sums in origins.items())
    whole = sum(told.values())
    grams = sum(sums.kg for sums in origins.values()) * GRAMS_PER_KILOGRAM
    return IntensityOrigins(grams_per_kwh=grams / whole if whole else None, kwh_by_provider=told)


def _is_sensor(source: str) -> list[bool]:
    return [part in PRECEDENCE for part in source.split("+")]


def _summed(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the sums that are not zero by name, greatest first."""
    found: dict[str, float] = {}
    for name, kwh in parts:
        if kwh > 0.0:
            found[name or UNTOLD] = found.get(name or UNTOLD, 0.0) + kwh
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
