"""`python -m tests.fleet_picture` makes the pictures of the board Fleet in docs/images, and takes about eight minutes.

The devices are made up, of three teams and none; one is scraped by two jobs, and one goes away. So is what is recorded
of the day, of the same day a week ago and of the month; the present is what real rules record of the devices.
"""

import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC
from functools import cache
from pathlib import Path

import yaml

from bench.fleet_devices import exposition, pattern
from exporter.budget import Period, bounds_at
from exporter.core.units import SECONDS_PER_DAY, Grams, UnixSeconds
from grafana.draw.__main__ import main as draw
from prometheus.files import LIMITS_FILE, recording_yaml
from prometheus.fleet import rate5m
from prometheus.recording import emission_rate
from prometheus.team_budget import IN_PERIOD
from prometheus.team_limits import TeamLimits, limit_groups
from tests.processes import program, running_prometheus
from tests.prometheus.stack import ROOT, answering

SETTLED_SECONDS = 400.0
"""Time in which every rule is evaluated, also those of four minutes that read others."""

GONE_AFTER_SECONDS = 280.0
SHOWN_MINUTES = 360
BLOCK = "18h"
TEAMS = {
    "search": ("search-1", "search-2", "search-3", "search-4", "index-1"),
    "workshop": ("saw", "lathe", "scanner"),
    "lab": ("lab-1", "lab-2", "lab-3", "camera"),
    "": ("frontdesk", "spare"),
}
GONE = "camera"
TWICE = "saw"
"""Device that a second job scrapes too."""

NAMES = [name for names in TEAMS.values() for name in names]
MORE_ENERGY = 40.0
"""The patterns tell few joules for their grams, most of which are the network's; so many times more is a computer."""

OF_DAY = {"search": 1.05, "workshop": 1.6, "lab": 1.3}
"""Limits, as parts of what the teams emit in a day by now."""


def main() -> int:
    """Write the pictures; return the exit status."""
    began = time.time()

    def answer(path: str) -> str | None:
        name = path.removeprefix("/")
        gone = name == GONE and time.time() > began + GONE_AFTER_SECONDS
        return None if gone else answered(name, time.time())

    with tempfile.TemporaryDirectory() as place, answering(answer) as address:
        folder = Path(place)
        config = write_config(folder, address, began)
        remember(folder, began)
        flags = ("--storage.tsdb.retention.time=60d", f"--storage.tsdb.max-block-duration={BLOCK}")
        with running_prometheus(config, folder, *flags, "--storage.tsdb.min-block-duration=2h") as url:
            time.sleep(SETTLED_SECONDS)
            shown = ["--prometheus", url, "--minutes", f"{SHOWN_MINUTES}", "--scrape", "15", "--unfolded"]
            return draw(["fleet", *shown, "--output", str(ROOT / "docs/images")])


def answered(name: str, moment: float) -> str:
    """Return what a device answers: a made-up pattern with an identity and a budget of its own."""
    number = NAMES.index(name)
    lines = exposition(pattern_of(name), moment).decode().splitlines()
    text = "\n".join(
        (
            *lines,
            f"ecotrack_lifetime_start_timestamp_seconds {1_750_000_000 + number}",
            f"process_start_time_seconds {1_760_000_000 + number}",
            "",
        )
    )
    for metric, times in (
        ("ecotrack_budget_used_grams", 0.6 + 0.1 * number),
        ("ecotrack_energy_joules_total", MORE_ENERGY),
    ):
        text = scaled(text, metric, times)
    return text


def scaled(text: str, metric: str, times: float) -> str:
    """Return the exposition with every value of a metric that many times as large."""
    lines = rf"^({metric}\{{.*\}}) (.*)$"
    return re.sub(lines, lambda one: f"{one[1]} {float(one[2]) * times}", text, flags=re.MULTILINE)


def pattern_of(name: str) -> int:
    """Return the pattern of a device: one of those with every collector, each of which emits more than the last."""
    return 2 * NAMES.index(name) + 1


@cache
def mean_rate(name: str) -> float:
    """Return the mean emission rate of a device, in grams per second."""
    number = pattern_of(name)
    counted = [
        one.value
        for one in pattern(number)
        if one.name == "ecotrack_emissions_grams_total" and 'scope="embodied"' not in one.labels
    ]
    return sum(counted) * (1 + number / 10) / SECONDS_PER_DAY


def rate_at(name: str, moment: float) -> float:
    """Return the emission rate of a device in the past: more by day than by night, and other work a week ago."""
    number = NAMES.index(name)
    of_week = 1.0 if time.time() - moment < 3.5 * SECONDS_PER_DAY else 0.7 + 0.05 * number
    hour = 2 * math.pi * (moment / SECONDS_PER_DAY) + number / 5
    return mean_rate(name) * of_week * (1 - 0.2 * math.cos(hour) + 0.05 * math.sin(7 * hour))


def limits(now: float) -> TeamLimits:
    """Return limits of which the first team has used more by now than its day allows so far."""
    of_day = {team: sum(map(mean_rate, TEAMS[team])) * SECONDS_PER_DAY * part for team, part in OF_DAY.items()}
    passed = (now - bounds_at(Period.DAY, UnixSeconds(now), UTC).start) / SECONDS_PER_DAY
    of_day["search"] *= max(passed, 0.1)
    grams = {team: {Period.DAY: Grams(day)} for team, day in of_day.items()}
    grams["lab"][Period.MONTH] = Grams(of_day["lab"] * 25)
    return TeamLimits(zone=UTC, grams=grams)


def write_config(folder: Path, address: str, now: float) -> Path:
    """Write the committed rules, the limits, and the devices as targets."""
    (folder / LIMITS_FILE.name).write_text(recording_yaml(limit_groups(limits(now))), encoding="utf-8")

    def target(name: str, team: str) -> dict[str, object]:
        labels = {"instance": f"{name}.example.org", "__metrics_path__": f"/{name}"}
        return {"targets": [address], "labels": labels | ({"team": team} if team else {})}

    listed = [target(name, team) for team, names in TEAMS.items() for name in names]
    jobs = {"ecotrack": listed, "nodes": [target(TWICE, "")]}
    config = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
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
    minute = int(now) // 60 * 60
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
    for team, by_period in limits(now).grams.items():
        for period in by_period:
            start = int(bounds_at(period, UnixSeconds(now), UTC).start)
            of = f'{of_team(team)},period="{period}",start="{start}"'
            for moment in range(start, minute, 60):
                yield IN_PERIOD, of, sum(rate_at(name, moment) for name in TEAMS[team]), moment


def of_team(team: str) -> str:
    """Return the label of a team."""
    return f'team="{team}"' if team else ""


def of_device(name: str) -> str:
    """Return the labels of what is recorded of a device."""
    return f'job="ecotrack",instance="{name}.example.org"'


if __name__ == "__main__":
    sys.exit(main())
