"""Made-up fleets as series of promtool's, with what the sums over them have to be, worked out in another way."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

MINUTES = 24
OFF_FROM = 10
"""Minute from which a device that goes off is off, for good."""

ASKED = f"{MINUTES}m"
TEAMS = ("", "blue", "red")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Place at which a device is scraped."""

    job: str
    instance: str
    team: str

    def labels(self) -> str:
        """Return the labels of its series, without braces."""
        team = f', team="{self.team}"' if self.team else ""
        return f'job="{self.job}", instance="{self.instance}"{team}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Device: the identity that its exporter tells, grams and joules a minute, and the targets by which it is scraped.

    By those that it `left` it was scraped before.
    """

    lifetime_start: float
    process_start: float
    grams: int
    joules: int
    targets: tuple[Target, ...]
    left: tuple[Target, ...] = ()
    goes_off: bool = False

    def series(self) -> Iterator[dict[str, str]]:
        """Return its series as promtool reads them, once for each target."""
        for target in (*self.targets, *self.left):
            yield self._series("ecotrack_lifetime_start_timestamp_seconds", target, self.lifetime_start, 0)
            yield self._series("process_start_time_seconds", target, self.process_start, 0)
            for scope, times in {"host": 3, "network": 1, "embodied": 5}.items():
                more = f', component="cpu", scope="{scope}"'
                yield self._series("ecotrack_emissions_grams_total", target, 0, times * self.grams, more)
                yield self._series("ecotrack_energy_joules_total", target, 0, times * self.joules, more)

    def _series(self, metric: str, target: Target, first: float, step: float, more: str = "") -> dict[str, str]:
        ends = self.goes_off or target in self.left
        told, last = (OFF_FROM, " stale") if ends else (MINUTES, "")
        return {"series": f"{metric}{{{target.labels()}{more}}}", "values": f"{first!r}+{step!r}x{told}{last}"}

    def teams(self) -> Mapping[str, Fraction]:
        """Return the share of the device that each team has: targets that name one go before those that do not."""
        chosen = [one for one in self.targets if one.team] or list(self.targets)
        return {team: Fraction(times, len(chosen)) for team, times in Counter(one.team for one in chosen).items()}


@dataclass
class Sums:
    """Sums that are expected of one team, or of the fleet."""

    seen: Fraction = Fraction(0)
    missing: Fraction = Fraction(0)
    grams_per_second: Fraction = Fraction(0)
    watts: Fraction = Fraction(0)

    def add(self, device: Device, share: Fraction) -> None:
        """Count a share of a device."""
        if device.goes_off:
            self.missing += share
            return
        self.seen += share
        self.grams_per_second += share * Fraction(4 * device.grams, 60)  # host and network
        self.watts += share * Fraction(3 * device.joules, 60)  # host alone


@dataclass
class Fleet:
    """Devices, and the sums over them by team and altogether."""

    devices: list[Device]
    teams: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    whole: Sums = field(default_factory=Sums)

    def __post_init__(self) -> None:
        """Sum up device by device."""
        for device in self.devices:
            self.whole.add(device, Fraction(1))
            for team, share in device.teams().items():
                self.teams[team].add(device, share)


def random_fleet(seed: int) -> Fleet:
    """Make up devices that several jobs scrape, under several names and teams, clones, and some that go off."""
    draw = random.Random(seed)  # noqa: S311 - cases of a test
    born = [1_700_000_000 + draw.randrange(10**6) + draw.randrange(1000) / 1000 for _ in range(12)]
    devices = []
    for number in range(draw.randrange(2, 12)):
        goes_off = draw.random() < 0.25
        # Copies of one state folder, of which a missing one cannot be told, tell themselves apart by their start.
        lifetime = draw.choice(born[:2]) if draw.random() < 0.2 and not goes_off else born[2:][number % 10] + number
        targets = tuple(
            Target(job=f"job{place % 3}", instance=f"device{number}-{place}", team=draw.choice(TEAMS))
            for place in range(draw.choice((1, 1, 1, 2, 3)))
        )
        if draw.random() < 0.25:
            targets += (_listed_again(targets[0], draw),)
        devices.append(
            Device(
                lifetime_start=lifetime,
                process_start=1_760_000_000 + number + draw.randrange(100) / 100,
                grams=draw.randrange(1, 60),
                joules=draw.randrange(60, 6000),
                targets=targets,
                left=(Target(job="job0", instance=f"old{number}", team="red"),)
                if draw.random() < 0.2 and not goes_off
                else (),
                goes_off=goes_off,
            )
        )
    return Fleet(devices)


def _listed_again(target: Target, draw: random.Random) -> Target:
    """Return the same job and instance in another team, as where two files of targets name a device."""
    other = draw.choice([team for team in TEAMS if team != target.team])
    return Target(job=target.job, instance=target.instance, team=other)


def case_of(fleet: Fleet, name: str) -> dict[str, Any]:
    """Return promtool's case: every sum of the fleet minutes after some of its devices went off."""
    expected: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for team, sums in fleet.teams.items():
        expected["team:ecotrack_devices:missing"][team] = sums.missing
        expected["team:ecotrack_devices:known"][team] = sums.seen + sums.missing
        if sums.seen:  # a team of which nothing is seen has no sum: it is missing, not zero
            expected["team:ecotrack_devices:seen"][team] = sums.seen
            expected["team:ecotrack_emissions_grams:rate5m"][team] = sums.grams_per_second
            expected["team:ecotrack_power_watts:rate5m"][team] = sums.watts
    tests = [
        {
            "expr": f"round({record}, 1e-6)",
            "eval_time": ASKED,
            "exp_samples": [
                {"labels": f'{{team="{team}"}}' if team else "{}", "value": round(float(value), 6)}
                for team, value in by_team.items()
            ],
        }
        for record, by_team in expected.items()
    ]
    whole = fleet.whole
    of_fleet = {"missing": whole.missing, "known": whole.seen + whole.missing}
    if whole.seen:
        of_fleet["seen"] = whole.seen
        tests.append(_one("fleet:ecotrack_emissions_grams:rate5m", whole.grams_per_second))
        tests.append(_one("fleet:ecotrack_power_watts:rate5m", whole.watts))
    tests += [_one(f"fleet:ecotrack_devices:{count}", value) for count, value in of_fleet.items()]
    series = [one for device in fleet.devices for one in device.series()]
    return {"name": name, "interval": "1m", "input_series": series, "promql_expr_test": tests}


def _one(record: str, value: Fraction) -> dict[str, Any]:
    sample = {"labels": "{}", "value": round(float(value), 6)}
    return {"expr": f"round({record}, 1e-6)", "eval_time": ASKED, "exp_samples": [sample]}
