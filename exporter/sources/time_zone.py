"""Time zones: one by its name, and the one that this machine is set to."""

import contextlib
import functools
import io
import os
import struct
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.core.units import SECONDS_PER_HOUR, Seconds

LOCAL_ZONE = "local"

USUAL_RULES = ",M3.2.0,M11.1.0"
"""Days on which summer time begins and ends where a `TZ` such as EST5EDT names none: the C library's (glibc 2.36,
time/tzset.c, `TZDEFRULES`), those of the United States since 2007."""

COMPARED_EVERY = Seconds(6 * SECONDS_PER_HOUR)
"""Seconds between the moments at which a zone is compared with the C library, from last year to next year: the same
moments whenever the program starts."""


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name, or this machine's own for `LOCAL_ZONE`.

    Raises ValueError for one that does not exist, and where the machine's own cannot be told.
    """
    if name == LOCAL_ZONE:
        return _local_zone(os.environ.get("TZ"))
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f'expected an IANA name such as "Europe/Paris", or "local", got "{name}"') from error


@functools.cache
def _local_zone(given: str | None) -> ZoneInfo:
    """Return the zone of this machine: that of its C library, and so of `date`, with its IANA name if it has one.

    Asked once: the days in which grams have been booked stay those that the program began with.
    """
    named = _named_zone()
    if given and named is not None:
        # Taken at its word: in a container the C library may lack the file of the zone that its user names.
        return named
    candidates = _zones_of_rules(given) if given else _zones_of_files(named)
    zone = next(filter(_is_of_the_c_library, candidates), None)
    if zone is None:
        raise ValueError("this machine's zone cannot be told; expected an IANA name")
    return zone


def _named_zone() -> ZoneInfo | None:
    """Return the zone that `TZ`, or else a file of the system, names. A file may be stale."""
    # Imported where it is needed: a configured zone does without.
    from tzlocal import reload_localzone  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError, LookupError), warnings.catch_warnings(action="ignore"):
        return reload_localzone()
    return None


def _zones_of_files(named: ZoneInfo | None) -> Iterator[ZoneInfo]:
    """Yield the zones that a machine without `TZ` may be set to: that of its file by name, and without one."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            unnamed = ZoneInfo.from_file(file, key=LOCAL_ZONE)
    except (OSError, ValueError):
        yield ZoneInfo("UTC")
        return
    if named is not None:
        yield named
    yield unnamed


def _zones_of_rules(rules: str) -> Iterator[ZoneInfo]:
    """Yield the zones that POSIX rules such as `CET-1CEST,M3.5.0,M10.5.0/3` may stand for.

    They are read as the last line of a file of zones, which such rules are for the time beyond its table (RFC 9636).
    """
    # Version 2, and no transition: one type of local time (offset 0, no summer time) and the four bytes of its name.
    block = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"
    for text in (rules, rules + USUAL_RULES) if rules.isprintable() else ():
        with contextlib.suppress(ValueError):
            yield ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + text.encode() + b"\n"), key=rules)


def _is_of_the_c_library(zone: ZoneInfo) -> bool:
    """Tell whether the clock of the zone is that of the C library."""
    year = datetime.now(UTC).year
    first, end = (int(datetime(one, 1, 1, tzinfo=UTC).timestamp()) for one in (year - 1, year + 2))
    return all(
        datetime.fromtimestamp(at, zone).utcoffset() == timedelta(seconds=time.localtime(at).tm_gmtoff)
        for at in range(first, end, int(COMPARED_EVERY))
    )
