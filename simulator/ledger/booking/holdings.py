"""Holders of the units of a series, and what became of each: a partition of the numbers from 0 to those issued.

Certificates and credits are numbered as they are issued, so a unit that is used twice is found by its number, and what
is issued is what is held, retired or cancelled, each unit once. Neighbours with one holder and one state are one lot.
"""

from bisect import bisect_right
from enum import IntEnum

from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import PublicKey, Record, Unsigned


class Status(IntEnum):
    """State of a unit."""

    HELD = 0
    RETIRED = 1
    CANCELLED = 2


class Lot(Record, frozen=True):
    """The units of a series from `first` up to, but without, `end`: who has them, or had them last."""

    first: Unsigned
    end: Unsigned
    holder: PublicKey
    status: Status


Series = tuple[Lot, ...]
"""The lots of a series in order, from 0 on and without a gap."""


def issued(series: Series) -> int:
    """Return the number of units issued."""
    return series[-1].end if series else 0


def issue(series: Series, holder: bytes, count: int) -> Series:
    """Return the series with further units, held."""
    first = issued(series)
    return (
        _joined((*series, Lot(first=first, end=first + count, holder=holder, status=Status.HELD))) if count else series
    )


def reassign(series: Series, span: tuple[int, int], holder: bytes, to: bytes, status: Status) -> Series:
    """Return the series with a span of the holder's units given to somebody, retired or cancelled.

    Raises RuleError: double retirement where one of them is retired already, not held where one is not the holder's.
    """
    first, end = span
    if not 0 <= first < end <= issued(series):
        raise RuleError(Rule.NOT_HELD, f"no units from {first} to {end}")
    begin = bisect_right(series, first, key=_first) - 1
    stop = bisect_right(series, end - 1, key=_first)
    for lot in series[begin:stop]:
        if lot.status is Status.RETIRED:
            raise RuleError(Rule.DOUBLE_RETIREMENT, f"units from {lot.first} to {lot.end} are retired")
        if lot.status is not Status.HELD or lot.holder != holder:
            raise RuleError(Rule.NOT_HELD, f"units from {lot.first} to {lot.end} are not held by the signer")
    before = Lot(first=series[begin].first, end=first, holder=holder, status=Status.HELD)
    after = Lot(first=end, end=series[stop - 1].end, holder=holder, status=Status.HELD)
    changed = Lot(first=first, end=end, holder=to, status=status)
    return _joined((*series[:begin], before, changed, after, *series[stop:]))


def cancel_newest(series: Series, holder: bytes, count: int) -> tuple[Series, int]:
    """Return the series with up to `count` of the units cancelled that the holder has, newest first; and how many."""
    done = 0
    for lot in reversed(series):
        if done == count:
            break
        if lot.status is Status.HELD and lot.holder == holder:
            taken = min(count - done, lot.end - lot.first)
            series = reassign(series, (lot.end - taken, lot.end), holder, holder, Status.CANCELLED)
            done += taken
    return series, done


def count_by_status(series: Series) -> tuple[int, int, int]:
    """Return the units held, retired and cancelled."""
    counts = [0, 0, 0]
    for lot in series:
        counts[lot.status] += lot.end - lot.first
    return counts[0], counts[1], counts[2]


def _first(lot: Lot) -> int:
    return lot.first


def _joined(lots: Series) -> Series:
    """Return the lots without empty ones, and neighbours alike as one."""
    found: list[Lot] = []
    for lot in lots:
        if lot.first == lot.end:
            continue
        last = found[-1] if found else None
        if last is not None and (last.holder, last.status) == (lot.holder, lot.status):
            found[-1] = Lot(first=last.first, end=lot.end, holder=lot.holder, status=lot.status)
        else:
            found.append(lot)
    return tuple(found)
