"""Logs for tests, as the three programs write them."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from exporter.journal.layout import HEADER_LINE

ECOTRACK = """\
timestamp,bytes_used,data_gb,energy_kwh,co2_kg,activity
2026-03-02T12:00:05.123456,1073741824,1.0,0.06,0.0285,browsing
2026-03-02T12:00:10.123456,536870912,0.5,0.03,0.01425,downloading
2026-03-02T12:00:15.123456,0,0.0,0.0,0.0
"""
"""The last row is of a version that told no activity."""

CODECARBON = """\
timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,\
gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,cpu_model,pue
2026-03-02T13:00:00,t,run-a,5b0fa12a,1800.0,0.05,3e-5,42.5,250.0,6.0,0.02,0.125,0.005,0.15,France,FRA,,"Xeon, old",1.0
2026-03-02T14:00:00,t,run-a,5b0fa12a,5400.0,0.15,3e-5,42.5,250.0,6.0,0.06,0.375,0.015,0.45,France,FRA,,"Xeon, old",1.0
2026-03-02T18:00:00,t,run-b,5b0fa12a,600.0,0.01,2e-5,42.5,0,6.0,0.025,0.0,0.005,0.03,France,FRA,,"Xeon, old",1.0
"""
"""Run a is told twice, the second time with what it had used by then."""


def row(
    at: float,
    *,
    kwh: float = 0.001,
    kg: float | None = 0.0005,
    scope: str = "host",
    activity: str = "idle",
    moved: int = 0,
    source: str = "cep",
    provider: str = "static",
) -> str:
    """Return a row of a journal, of a minute that ends at a Unix time."""
    when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    traffic = f"{moved},{moved / 2**30:.9g}" if scope == "network" else ","
    emitted = "" if kg is None else f"{kg:.9g}"
    intensity = "" if kg is None else "475"
    return f"{when},{traffic},{kwh:.9g},{emitted},{activity},{scope},{source},{intensity},{provider},60.000,\n"


def write_journal(path: Path, rows: Iterable[str]) -> Path:
    """Return a journal with these rows."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER_LINE.decode())
        file.writelines(rows)
    return path


def months(start: float, minutes: int, seed: int = 0) -> Iterable[str]:
    """Return rows of both scopes for so many minutes of a laptop that sleeps at night."""
    noise = random.Random(seed)  # noqa: S311 - a load, not a secret
    for minute in range(1, minutes + 1):
        at = start + 60.0 * minute
        if datetime.fromtimestamp(at, UTC).hour < 7:
            continue
        activity, moved = noise.choices(
            [("idle", 10_000), ("browsing", 3_000_000), ("streaming", 80_000_000), ("download", 200_000_000)],
            [8, 8, 3, 1],
        )[0]
        watts = noise.uniform(8.0, 40.0)
        kwh = watts * 60.0 / 3.6e6
        yield row(at, kwh=kwh, kg=kwh * 0.475, activity=activity)
        over = 0.06 * moved / 2**30
        yield row(at, kwh=over, kg=over * 0.475, activity=activity, scope="network", moved=moved)
