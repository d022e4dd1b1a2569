"""Five weeks of a device before the pictures are taken: budgets, grid and costs, as Prometheus would have kept them."""

import math
import random
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from exporter.budget import Period, bounds_at
from exporter.build import Paths, build_store
from exporter.config import load_config
from exporter.core.clock import SystemClock
from exporter.core.units import JOULES_PER_KWH, Grams, Joules, UnixSeconds
from exporter.totals import Totals
from exporter.week import HOURS, WeekProfile
from prometheus.recording import CONSUMED, COST, ELAPSED, REMAINING, SCOPE_RATE, emission_rate
from tests.grafana.fake_grid import intensity
from tests.processes import program

DAYS = 35
STEP = 240
"""Seconds between two samples: Prometheus looks back five minutes."""

MINUTE = 60
RATE_DAYS = 3
"""Days in which rules make the means of longer windows of the emission rate of each minute."""

DAY = 86_400

PRICE = 0.31
"""Price of a kilowatt hour."""

HOST_SHARE = 0.3
"""Part of the grams that is the machine's own, which alone costs anything."""

Point = tuple[str, str, float]
"""Name of a series, its labels beside those of the target, and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Amounts that the device has used by now: grams of each budget, and grams and joules of all of the time."""

    used: Mapping[Period, float]
    grams: float
    joules: float


def write_past(folder: Path, target: str, *, now: float, limits: Mapping[Period, float], cleanest: float) -> Past:
    """Give the Prometheus that will run in a folder the past of a target; return what is used by now."""
    chance = random.Random(3)  # noqa: S311 - loads, not secrets
    rates = [limits[Period.DAY] / DAY * chance.uniform(0.35, 1.12) for _ in range(DAYS + 1)]
    days: dict[int, dict[str, list[str]]] = {}
    at = first = now // DAY * DAY - DAYS * DAY
    used = dict.fromkeys(limits, 0.0)
    day: deque[float] = deque(maxlen=DAY // STEP)
    grams = joules = 0.0
    while at < now:
        rate = rates[int((at - first) // DAY)] * _usual(at)
        day.append(rate)
        grams += rate * STEP
        joules += rate * STEP / intensity(at, cleanest) * JOULES_PER_KWH
        for period in limits:
            begins = at - bounds_at(period, UnixSeconds(at), UTC).start < STEP
            used[period] = (0.0 if begins else used[period]) + rate * STEP
        for name, labels, value in (
            *_points(at, used, limits, rate, cleanest),
            ("ecotrack_lifetime_emissions_grams", "", grams),
            ("ecotrack_lifetime_energy_joules", "", joules),
            (emission_rate("1d"), "", sum(day) * STEP / DAY),
            (emission_rate("30m"), "", rate),
        ):
            given = f'{labels}{"," if labels else ""}job="ecotrack",instance="{target}"'
            lines = days.setdefault(int(at // DAY), {}).setdefault(name, [])
            lines.append(f"{name}{{{given}}} {value:.9g} {at:.0f}")
        at += STEP
    for minute in range(int(first), int(now), MINUTE):
        rate = rates[int((minute - first) // DAY)] * _usual(minute)
        for name, labels, value in _each_minute(rate, lasts=now - minute < RATE_DAYS * DAY):
            lines = days.setdefault(minute // DAY, {}).setdefault(name, [])
            lines.append(f'{name}{{{labels}job="ecotrack",instance="{target}"}} {value:.9g} {minute}')
    for families in days.values():
        _take_in(folder, families)
    return Past(used=used, grams=grams, joules=joules)


def _take_in(folder: Path, families: Mapping[str, list[str]]) -> None:
    """Make blocks of a day: promtool reads the whole file again for each of them."""
    body = "".join(f"# TYPE {name} gauge\n" + "\n".join(samples) + "\n" for name, samples in families.items())
    file, data = folder / "past.om", folder / "prometheus-data"
    file.write_text(f"{body}# EOF\n", encoding="utf-8")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(file), str(data)]
    subprocess.run(argv, check=True, capture_output=True, timeout=240)


def begin_with(state: Path, config: Path, procfs: Path, past: Past, limit: float) -> None:
    """Save a state from which an exporter goes on with what is used, and knows a week of `limit` a day at most."""
    clock = SystemClock()
    now = clock.wall()
    booked = {one: {bounds_at(one, now, UTC).start: Grams(past.used.get(one, 0.0))} for one in Period}
    week = WeekProfile(rates=(0.75 * limit / 24,) * HOURS, weights=(4.0,) * HOURS, at=now)
    store = build_store(load_config(config), clock, Paths(procfs=procfs), state)
    totals = Totals(
        since=UnixSeconds(now - DAYS * DAY),
        lifetime_energy=Joules(past.joules),
        lifetime_emissions=Grams(past.grams),
        booked=booked,
        week=week,
    )
    store.save(totals, now, clean_stop=True)
    store.close()


def _points(
    at: float, used: Mapping[Period, float], limits: Mapping[Period, float], rate: float, cleanest: float
) -> Iterator[Point]:
    for period, limit in limits.items():
        label, bounds = f'period="{period}"', bounds_at(period, UnixSeconds(at), UTC)
        elapsed = min(1.0, (at - bounds.start + STEP) / (bounds.end - bounds.start))
        yield "ecotrack_budget_used_grams", label, used[period]
        yield "ecotrack_budget_limit_grams", label, limit
        yield "ecotrack_budget_projected_grams", label, used[period] + (1 - elapsed) * limit * 0.75
        yield CONSUMED, label, used[period] / limit
        yield REMAINING, label, 1 - used[period] / limit
        yield ELAPSED, label, elapsed
    value = intensity(at, cleanest)
    yield "ecotrack_grid_carbon_intensity_grams_per_kwh", 'grid_zone="GB"', value
    for hours in (1, 24):
        ahead = intensity(at + 3600 * hours, cleanest) + 8 * hours**0.5 * math.sin(at / 7000)
        yield "ecotrack_grid_carbon_forecast_grams_per_kwh", f'horizon="{hours}h"', ahead
    yield COST, 'currency="EUR"', PRICE * HOST_SHARE * rate / value


def _each_minute(rate: float, *, lasts: bool) -> Iterator[Point]:
    for scope, share in (("host", HOST_SHARE), ("network", 1 - HOST_SHARE)):
        yield SCOPE_RATE, f'scope="{scope}",', share * rate
    if lasts:
        yield emission_rate("5m"), "", rate


def _usual(at: float) -> float:
    return 1 + 0.7 * math.sin(2 * math.pi * (at % DAY) / DAY - 2.2)
