"""`python -m tests.fleet_picture` makes the pictures of the board Fleet in docs/images, and takes about ten minutes.

The devices are made up, of three teams and none; one is scraped by two jobs, and one goes away. Their grams are their
watts x the grid's intensity, and the network's. What is recorded of the day, of the same day a week ago and of the
month is made up as well; the present is what real rules record of the devices. It is three in the afternoon, whenever
the pictures are made: in a zone in which it is.
"""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import yaml

from bench.fleet_devices import exposition
from exporter.budget import Period, bounds_at
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_DAY, Grams, UnixSeconds
from grafana.draw.__main__ import main as draw
from prometheus.files import LIMITS_FILE, recording_yaml
from prometheus.fleet import rate5m
from prometheus.recording import emission_rate
from prometheus.team_budget import IN_PERIOD
from prometheus.team_limits import TeamLimits, limit_groups
from tests.processes import program, running_prometheus
from tests.prometheus.stack import ROOT, answering

AHEAD_SECONDS = 120
"""Time after the start up to which everything is remembered as well: longer than Prometheus takes to start, so that no
rate has a hole in its window. What is scraped or recorded earlier, Prometheus refuses."""

SETTLED_SECONDS = 400.0 + AHEAD_SECONDS
"""Time in which every rule is evaluated, also those of four minutes that read others."""

GONE_AFTER_SECONDS = 280.0 + AHEAD_SECONDS
SCRAPE_SECONDS = 5
COUNTED_SECONDS = 420
"""Time before the start for which counters are remembered: longer than the window of any rate."""

SHOWN_MINUTES = 360
BLOCK = "18h"
WATTS: Mapping[str, Mapping[str, float]] = {
    "search": {"search-1": 142.0, "search-2": 151.0, "search-3": 166.0, "search-4": 149.0, "index-1": 212.0},
    "workshop": {"saw": 64.0, "lathe": 55.0, "scanner": 31.0},
    "lab": {"lab-1": 96.0, "lab-2": 81.0, "lab-3": 112.0, "camera": 12.0},
    "": {"frontdesk": 38.0, "spare": 23.0},
}
"""Devices of each team, with the mean power of each: servers, computers beside machines, a camera."""

TEAMS = {team: tuple(watts) for team, watts in WATTS.items()}
GONE = "camera"
TWICE = "saw"
"""Device that a second job scrapes too."""

PATTERN = 1
"""The pattern of an exporter with every collector."""

FIRST = 1_761_955_200.0
"""Moment from which the counters count."""

NAMES = [name for names in TEAMS.values() for name in names]
MEAN = {name: watts for of_team in WATTS.values() for name, watts in of_team.items()}

PARTS = {"baseline": 0.45, "cpu": 0.55, "memory": 0.0}
NETWORK = 0.08
"""Energy of the network elsewhere for a device's traffic, as a part of its own."""

GRAMS_PER_KWH = 320.0
BY_DAY, BY_HOUR = 0.2, 0.05
"""Parts of the mean power that go up and down with the day, and seven times a day."""

SHOWN_HOUR = 15
LEAST_BAND, MORE_BAND = 1.2, 0.06
"""Factor of the first device's band, and how much wider that of each next one is."""

OF_DAY = {"search": 0.55, "workshop": 1.6, "lab": 1.3}
"""Limits, as parts of what the teams emit in a day; the first is used up in the afternoon."""

LEAST_BUDGET, MORE_BUDGET = 0.85, 0.04
"""Budget of the first device, as a part of what it emits in a day, and how much more that of each next one is."""


def main() -> int:
    """Write the pictures; return the exit status."""
    began = time.time()
    show_zone()

    def answer(path: str) -> str | None:
        name = path.removeprefix("/")
        gone = name == GONE and time.time() > began + GONE_AFTER_SECONDS
        return None if gone else answered(name, time.time())

    with tempfile.TemporaryDirectory() as place, answering(answer) as address:
        folder = Path(place)
        config = write_config(folder, address)
        remember(folder, began)
        flags = ("--storage.tsdb.retention.time=60d", f"--storage.tsdb.max-block-duration={BLOCK}")
        with running_prometheus(config, folder, *flags, "--storage.tsdb.min-block-duration=2h") as url:
            time.sleep(SETTLED_SECONDS)
            shown = [
                "--prometheus",
                url,
                "--minutes",
                f"{SHOWN_MINUTES}",
                "--scrape",
                f"{SCRAPE_SECONDS}",
                "--unfolded",
            ]
            return draw(["fleet", *shown, "--output", str(ROOT / "docs/images")])


@cache
def zone() -> timezone:
    """Return a zone in which it is the hour that is shown, when this is asked first."""
    ahead = (SHOWN_HOUR - datetime.now(UTC).hour + 11) % 24 - 11
    return timezone(timedelta(hours=ahead))


def show_zone() -> None:
    """Take this zone for that of the machine, which the pictures show."""
    ahead = round(zone().utcoffset(None) / timedelta(hours=1))
    os.environ["TZ"] = f"<UTC{ahead:+03d}>{-ahead:+d}"
    time.tzset()


def answered(name: str, moment: float) -> str:
    """Return what a device answers: a made-up pattern with an identity, watts and a budget of its own."""
    number = NAMES.index(name)
    own = told(name, moment)
    lines = []
    for line in exposition(PATTERN, moment).decode().splitlines():
        series = line.rpartition(" ")[0]
        lines.append(f"{series} {own[series]!r}" if series in own else line)
    started = (
        f"ecotrack_lifetime_start_timestamp_seconds {1_750_000_000 + number}",
        f"process_start_time_seconds {1_760_000_000 + number}",
    )
    return "\n".join((*lines, *started, ""))


def told(name: str, moment: float) -> dict[str, float]:
    """Return the series of a device that differ from the pattern: its power, energy, grams and budget."""
    number, watts = NAMES.index(name), MEAN[name] * shape(name, moment)
    joules = energy(name, moment) - energy(name, FIRST)
    band = LEAST_BAND + MORE_BAND * number
    found = {'ecotrack_grid_carbon_intensity_grams_per_kwh{grid_zone="FR"}': GRAMS_PER_KWH}
    for component, part in (*PARTS.items(), ("network", NETWORK)):
        of = f'component="{component}",scope="{"network" if component == "network" else "host"}"'
        found |= {
            f"ecotrack_power_watts{{{of}}}": part * watts,
            f'ecotrack_power_low_watts{{component="{component}"}}': part * watts / band,
            f'ecotrack_power_high_watts{{component="{component}"}}': part * watts * band,
            f"ecotrack_energy_joules_total{{{of}}}": part * joules,
            f"ecotrack_emissions_grams_total{{{of}}}": part * grams(joules),
        }
    return found | budget(name, moment)


def budget(name: str, moment: float) -> dict[str, float]:
    """Return the series of a device's budgets of the day and of the week; no embodied carbon is in them."""
    found: dict[str, float] = {}
    of_day = mean_rate(name) * SECONDS_PER_DAY
    for period in (Period.DAY, Period.WEEK):
        bounds = bounds_at(period, UnixSeconds(moment), zone())
        days = (bounds.end - bounds.start) / SECONDS_PER_DAY
        used = (1 + NETWORK) * grams(energy(name, moment) - energy(name, bounds.start))
        values = {
            "limit_grams": round((LEAST_BUDGET + MORE_BUDGET * NAMES.index(name)) * of_day * days),
            "used_grams": used,
            "projected_grams": used + mean_rate(name) * (bounds.end - moment),
            "embodied_grams": 0.0,
            "period_start_timestamp_seconds": bounds.start,
            "period_end_timestamp_seconds": bounds.end,
        }
        found |= {f'ecotrack_budget_{key}{{period="{period}"}}': value for key, value in values.items()}
    return found


def grams(joules: float) -> float:
    """Return what so much energy emits."""
    return joules / JOULES_PER_KWH * GRAMS_PER_KWH


def mean_rate(name: str) -> float:
    """Return the mean emission rate of a device and of the network for it, in grams per second."""
    return (1 + NETWORK) * grams(MEAN[name])


def angle(name: str, moment: float) -> float:
    """Return how far the day is, from midnight on; of each device a little further than of the one before."""
    ahead = zone().utcoffset(None).total_seconds()
    return 2 * math.pi * (moment + ahead) / SECONDS_PER_DAY + NAMES.index(name) / 10


def shape(name: str, moment: float) -> float:
    """Return a device's power as a part of its mean: more by day than by night."""
    day = angle(name, moment)
    return 1 - BY_DAY * math.cos(day) + BY_HOUR * math.sin(7 * day)


def energy(name: str, moment: float) -> float:
    """Return the integral of a device's power over time in joules, from some moment on."""
    day, second = angle(name, moment), SECONDS_PER_DAY / (2 * math.pi)
    return MEAN[name] * (moment - second * (BY_DAY * math.sin(day) + BY_HOUR / 7 * math.cos(7 * day)))


def rate_at(name: str, moment: float) -> float:
    """Return the emission rate of a device in the past; a week ago it had other work."""
    of_week = 1.0 if time.time() - moment < 3.5 * SECONDS_PER_DAY else 0.7 + 0.05 * NAMES.index(name)
    return mean_rate(name) * of_week * shape(name, moment)


def limits() -> TeamLimits:
    """Return limits, of which the first is used up in the afternoon."""
    of_day = {team: sum(map(mean_rate, TEAMS[team])) * SECONDS_PER_DAY * part for team, part in OF_DAY.items()}
    by_team = {team: {Period.DAY: Grams(day)} for team, day in of_day.items()}
    by_team["lab"][Period.MONTH] = Grams(of_day["lab"] * 25)
    return TeamLimits(zone=zone(), grams=by_team)


def write_config(folder: Path, address: str) -> Path:
    """Write the committed rules, the limits, and the devices as targets."""
    (folder / LIMITS_FILE.name).write_text(recording_yaml(limit_groups(limits())), encoding="utf-8")

    def target(name: str, team: str) -> dict[str, object]:
        labels = {"instance": f"{name}.example.org", "__metrics_path__": f"/{name}"}
        return {"targets": [address], "labels": labels | ({"team": team} if team else {})}

    listed = [target(name, team) for team, names in TEAMS.items() for name in names]
    jobs = {"ecotrack": listed, "nodes": [target(TWICE, "")]}
    config = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "15s"},
        "rule_files": [str(ROOT / "prometheus/rules/ecotrack-*.yml"), str(folder / LIMITS_FILE.name)],
        "scrape_configs": [{"job_name": job, "static_configs": targets} for job, targets in jobs.items()],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def remember(folder: Path, now: float) -> None:
    """Give Prometheus the past that the rules would have recorded."""
    families: dict[str, list[str]] = {}
    for name, labels, value, moment in sorted(past(now), key=lambda one: (one[0], one[1], one[3])):
        families.setdefault(name, []).append(f"{name}{{{labels}}} {value:.9g} {moment}\n")
    text = "".join(f"# TYPE {name} gauge\n{''.join(lines)}" for name, lines in families.items())
    (folder / "past.om").write_text(f"{text}# EOF\n", encoding="utf-8")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={BLOCK}"]
    subprocess.run([*argv, str(folder / "past.om"), str(folder / "prometheus-data")], check=True, timeout=600)


def past(now: float) -> Iterator[tuple[str, str, float, int]]:
    """Return name, labels, value and time of what would have been recorded each minute."""
    minute = (int(now) + AHEAD_SECONDS) // 60 * 60
    yield from counted(minute)
    for moment in range(minute - int(SECONDS_PER_DAY), minute, 60):
        for team, names in TEAMS.items():
            for ago in (0, 7 * int(SECONDS_PER_DAY)):
                at = moment - ago + (7200 if ago else 0)
                yield rate5m(), of_team(team), sum(rate_at(name, at) for name in names), at
            for name in names:
                yield emission_rate("5m"), of_device(name), rate_at(name, moment), moment
                if moment > minute - 1200:
                    week = moment - 7 * int(SECONDS_PER_DAY) + 1200
                    yield emission_rate("1d"), of_device(name), rate_at(name, week), week
    for team, by_period in limits().grams.items():
        for period in by_period:
            start = int(bounds_at(period, UnixSeconds(now), zone()).start)
            of = f'{of_team(team)},period="{period}",start="{start}"'
            for moment in range(start, minute, 60):
                yield IN_PERIOD, of, sum(rate_at(name, moment) for name in TEAMS[team]), moment


def counted(until: int) -> Iterator[tuple[str, str, float, int]]:
    """Return what counters told before, so that the first rates have all of their five minutes."""
    targets = [("ecotrack", name, of_team(team)) for team, names in TEAMS.items() for name in names]
    for job, name, team in (*targets, ("nodes", TWICE, "")):
        target = ",".join(filter(None, (f'job="{job}",instance="{name}.example.org"', team)))
        for moment in range(until - COUNTED_SECONDS, until, SCRAPE_SECONDS):
            for series, value in told(name, moment).items():
                metric, _, labels = series.partition("{")
                if metric.endswith("_total"):
                    yield metric, f"{labels.removesuffix('}')},{target}", value, moment


def of_team(team: str) -> str:
    """Return the label of a team."""
    return f'team="{team}"' if team else ""


def of_device(name: str) -> str:
    """Return the labels of what is recorded of a device."""
    return f'job="ecotrack",instance="{name}.example.org"'


if __name__ == "__main__":
    sys.exit(main())
