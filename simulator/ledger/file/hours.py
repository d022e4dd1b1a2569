"""Sum of the hours that a ledger of attestations claims, each counted once, and the hours that it leaves out."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from exporter.core.printable import printable
from exporter.core.units import SECONDS_PER_HOUR
from simulator.ledger.booking.certificates import MILLIJOULES_PER_WATT_HOUR
from simulator.ledger.booking.credits import PARTS_PER_MICROGRAM
from simulator.ledger.file.faults import DamagedError, StoreError
from simulator.ledger.file.measured import MICROGRAMS_PER_GRAM, TIME, Subject, read_subject
from simulator.ledger.file.reading import Reader, claims_of
from simulator.ledger.file.shown import counted
from simulator.ledger.record.types import Block, Claim

MOST_LINES = 20
"""Most stretches of missing hours that are told in words, one a line. Chosen: a screen; JSON has all."""

HOUR = round(SECONDS_PER_HOUR)
"""Seconds that a claim of attestations is of."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Stretch of time in UTC, and its hours."""

    start: str
    end: str
    hours: int


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of a measured host from `start` to `end`, and sums of those that are attested; None where none is.

    An hour that is claimed again, by another device of the host, counts as it was claimed first.
    """

    instance: str
    key: str
    prometheus: str
    start: str
    end: str
    attested_hours: int
    missing_hours: int
    repeated_hours: int
    energy_millijoules: int | None
    emissions_micrograms: int | None
    missing: list[Stretch]
    prometheus_is_trusted: Literal[True] = True


def hours_of(reader: Reader, since: float | None = None, until: float | None = None) -> Hours:
    """Return the sum of the hours that begin at or after one Unix time and end at or before another.

    Without bounds it goes from the first hour that is claimed to the last one. Raises StoreError for a ledger of
    something else, and DamagedError where a claim is of no hour.
    """
    subject = read_subject(reader.genesis)
    if subject is None or reader.genesis.config.claim_seconds != HOUR:
        raise StoreError(f"{reader.path}: is no ledger that `ecochain ledger attest` began")
    try:
        return sum_of(subject, list(_claims(reader)), since, until)
    except (ValueError, OverflowError) as error:
        raise DamagedError(f"{reader.path}: has a claim of a time that is in no calendar") from error


def _claims(reader: Reader) -> Iterator[Claim]:
    for _, _, data in reader.each_block():
        for _, claim in claims_of(reader.decoded(data, Block)):
            if claim.start % HOUR or claim.end != claim.start + HOUR:
                raise DamagedError(f"{reader.path}: claim {claim.device}/{claim.sequence} is of no whole hour")
            yield claim


def sum_of(subject: Subject, claims: Sequence[Claim], since: float | None, until: float | None) -> Hours:
    """Return the sum of claims, each of a whole hour. Raises ValueError or OverflowError for times of no calendar."""
    begins = subject.at(0).timestamp()
    numbers = [claim.start // HOUR for claim in claims]
    first = min(numbers, default=0) if since is None else math.ceil((since - begins) / HOUR)
    end = max(numbers, default=first - 1) + 1 if until is None else math.floor((until - begins) / HOUR)
    end = max(first, end)
    chosen = [claim for claim in claims if first <= claim.start // HOUR < end]
    # Of two claims of one hour, the first one stays.
    once = {claim.start // HOUR: claim for claim in reversed(chosen)}
    return Hours(
        instance=subject.instance,
        key=subject.key,
        prometheus=subject.prometheus,
        start=_shown(subject, first),
        end=_shown(subject, end),
        attested_hours=len(once),
        missing_hours=end - first - len(once),
        repeated_hours=len(chosen) - len(once),
        energy_millijoules=sum(one.grid_import for one in once.values()) if once else None,
        emissions_micrograms=sum(map(_emitted, once.values())) if once else None,
        missing=[
            Stretch(start=_shown(subject, one), end=_shown(subject, other), hours=other - one)
            for one, other in _gaps(once, first, end)
        ],
    )


def _emitted(claim: Claim) -> int:
    """Return micrograms of CO2e, as the proof of the claim rounds them."""
    return claim.grid_import * claim.intensity // PARTS_PER_MICROGRAM


def _gaps(attested: Iterable[int], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield each stretch of hours between two bounds of which none is attested."""
    reached = first
    for hour in [*sorted(attested), end]:
        if hour > reached:
            yield reached, hour
        reached = hour + 1


def _shown(subject: Subject, hour: int) -> str:
    return subject.at(HOUR * hour).strftime(TIME)


def sentences(hours: Hours) -> list[str]:
    """Return the sum in words, what is missing, and what it rests on."""
    told = [f"{hours.instance} from {hours.start} to {hours.end}: {_counts(hours)}; {_amounts(hours)}"]
    told += [f"missing: {one.start} to {one.end}, {counted(one.hours, 'hour')}" for one in hours.missing[:MOST_LINES]]
    if len(hours.missing) > MOST_LINES:
        told.append(f"missing: {len(hours.missing) - MOST_LINES} more such times, which --json tells")
    if hours.repeated_hours:
        told.append(
            f"{counted(hours.repeated_hours, 'claim')} of an hour that was claimed before, which is not counted"
        )
    told.append(
        f"whoever holds the key {hours.key} says so; the Prometheus at {hours.prometheus} is trusted, and nobody has "
        "checked the meter"
    )
    return [printable(one) for one in told]


def _counts(hours: Hours) -> str:
    return f"{counted(hours.attested_hours, 'hour')} attested, {hours.missing_hours} missing"


def _amounts(hours: Hours) -> str:
    if hours.energy_millijoules is None or hours.emissions_micrograms is None:
        return "no figures"
    energy = hours.energy_millijoules / MILLIJOULES_PER_WATT_HOUR
    return f"{energy:.3f} Wh, {hours.emissions_micrograms / MICROGRAMS_PER_GRAM:.3f} g of CO2e"
