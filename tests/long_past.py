"""Thirteen months of what rules record of a device, as Prometheus would have kept them, with values known for each day.

They hold the ends of fourteen months, one of a year, a leap day, and both changes of summer time in Central Europe.
Emission rates are the same all over a day in UTC; budgets are of days and months in Central Europe.
"""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus.recording import CONSUMED, COST, ELAPSED, REMAINING, SCOPE_RATE, emission_rate
from tests.processes import TOOL_SECONDS, program

ZONE = ZoneInfo("Europe/Berlin")
FIRST, LAST = datetime(2024, 2, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC)
DAY = 86_400
STEP, SLOW_STEP = 60, 240
"""Seconds between values of rates, over which boards take sums, and of budgets, of which they take one value."""

COST_STEP, UPGRADE = 120, datetime(2024, 10, 1, tzinfo=UTC)
"""Seconds between values of the cost since an upgrade; before it, as many as between those of rates."""

WITHIN = 30
"""Seconds after the full minute at which rules are evaluated, so that none falls on the end of a day."""

BLOCK_HOURS = 486
BLOCK = BLOCK_HOURS * 3600
"""Length of the blocks that promtool makes: it reads a whole file for each one, so that each has a file of its own."""

PRICE = 1e-3
"""Euros for each gram of the machine's own."""

MONTHLY = 0.9
"""Part of a month's budget that each month uses, evenly."""

TARGET = 'job="ecotrack",instance="laptop:10110"'


def host_rate(day: int) -> float:
    """Return the machine's own grams per second on a day, by its number since 1970."""
    return 1e-5 * (10 + day % 7)


def network_rate(day: int) -> float:
    """Return the network's grams per second on a day."""
    return 0.5 * host_rate(day)


def share(start: float) -> float:
    """Return the part of the day's budget that the day uses up by its end, by the moment at which it begins."""
    return 0.4 + 0.05 * (int(start) // 3600 // 24 % 11)


def day_of(moment: float) -> tuple[float, float]:
    """Return beginning and end of the day in Central Europe."""
    begin = datetime.fromtimestamp(moment, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return begin.timestamp(), (begin + timedelta(days=1)).timestamp()


@cache
def _month(year: int, month: int) -> tuple[float, float]:
    after = (year + month // 12, month % 12 + 1)
    return datetime(year, month, 1, tzinfo=ZONE).timestamp(), datetime(*after, 1, tzinfo=ZONE).timestamp()


def elapsed(moment: float) -> float:
    """Return the part of the month in Central Europe that has passed."""
    local = datetime.fromtimestamp(moment, ZONE)
    begin, end = _month(local.year, local.month)
    return (moment - begin) / (end - begin)


def write_long_past(folder: Path) -> None:
    """Give the Prometheus that will run in a folder the past."""
    begin = int(FIRST.timestamp())
    while begin < LAST.timestamp():
        end = min((begin // BLOCK + 1) * BLOCK, int(LAST.timestamp()))
        file = folder / "past.om"
        with file.open("w", encoding="utf-8") as out:
            out.writelines(_lines(begin, end))
            out.write("# EOF\n")
        argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q"]
        argv += [f"--max-block-duration={BLOCK_HOURS}h", str(file), str(folder / "prometheus-data")]
        subprocess.run(argv, check=True, capture_output=True, timeout=TOOL_SECONDS)
        begin = end
    file.unlink()


def _lines(begin: int, end: int) -> Iterator[str]:
    for day in range(begin // DAY, -(-end // DAY)):
        host, network = host_rate(day), network_rate(day)
        cost_step = STEP if day * DAY < UPGRADE.timestamp() else COST_STEP
        for series, value, step in (
            (f'{SCOPE_RATE}{{scope="host",{TARGET}}}', host, STEP),
            (f'{SCOPE_RATE}{{scope="network",{TARGET}}}', network, STEP),
            (f"{emission_rate('5m')}{{{TARGET}}}", host + network, STEP),
            (f'{COST}{{currency="EUR",{TARGET}}}', PRICE * host, cost_step),
        ):
            moments = range(max(begin, day * DAY) + WITHIN, min(end, (day + 1) * DAY), step)
            yield from (f"{series} {value:.9g} {moment}\n" for moment in moments)
    for moment in range(begin + WITHIN, end, SLOW_STEP):
        start, after = day_of(moment)
        past = elapsed(moment)
        used = share(start) * (moment - start) / (after - start)
        yield f'{CONSUMED}{{period="day",{TARGET}}} {used:.9g} {moment}\n'
        yield f'{REMAINING}{{period="month",{TARGET}}} {1 - MONTHLY * past:.9g} {moment}\n'
        yield f'{ELAPSED}{{period="month",{TARGET}}} {past:.9g} {moment}\n'
