"""Watts that were stored beside an hour's counters: what contradicts them is told, and no honest hour does."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.prometheus import Series
from simulator.ledger.attest.hour import Hour, measure
from simulator.ledger.attest.origins import POWER
from simulator.ledger.attest.scrapes import ENERGY, SAMPLED_AT, RefusedError, read_scrapes
from simulator.ledger.attest.watts import PROCESS_START, SAMPLE_GAPS, bounds
from tests.simulator.ledger.attest.machine import COMPONENTS, HOUR, NOON, Machine

MOST_MILLIWATTS = 3_680_000

TOLD = "the counters say {} W on average, which the stored watts of {} to {} W contradict"


@dataclass
class Sampled(Machine):
    """A machine whose exporter takes samples in an interval of its own, and shows the watts of the last one.

    `shown` is None while a run of the exporter has no sample.
    """

    shown: float | None = None
    sampled: float = 0.0
    begun: float = 1.0
    gaps: dict[str, float] = field(default_factory=lambda: {"late": 0.0, "suspend": 0.0})

    def sample(self, seconds: float, watts: float) -> None:
        """Take a sample of a time in which the machine drew these watts."""
        self.watts = watts
        self.draw(seconds)
        self.shown, self.sampled = watts, self.at

    def start_again(self, seconds: float, *, anew: bool) -> None:
        """Start the exporter again after a time in which nobody counted; `anew` with counters at zero."""
        self.at += seconds
        self.shown, self.begun = None, self.at
        if anew:
            self.restart()

    def sleep(self, seconds: float, watts: float) -> None:
        """Let the machine sleep for a time, within a sample."""
        self.at += seconds
        self.sample(1.0, watts)
        self.gaps["suspend"] += 1.0

    def scrape(self) -> None:
        """Store a sample of everything that the exporter tells."""
        super().scrape()
        for key, points in self.stored.items():
            if dict(key)["__name__"] == SAMPLED_AT:
                points.pop()
        if self.shown is not None:
            self.store(SAMPLED_AT, self.sampled)
            for name in self.joules:
                self.store(POWER, self.shown / len(self.joules), component=name, scope="host")
        self.store(PROCESS_START, self.begun)
        for reason, count in self.gaps.items():
            self.store(SAMPLE_GAPS, count, reason=reason)


Life = Callable[[random.Random], float]
"""Watts of the next sample."""


def steady(watts: float, _chance: random.Random) -> float:
    return watts


def anything(_watts: float, chance: random.Random) -> float:
    return chance.choice([5.0, 6.0, 20.0, 50.0])


def bursts(watts: float, chance: random.Random) -> float:
    """Idle but for a sample in ten at full power."""
    return watts * (10.0 if chance.random() < 0.1 else 1.0)


def drift(watts: float, chance: random.Random) -> float:
    return watts * (1.0 + chance.random())


LIVES = [steady, anything, bursts, drift]


@dataclass(frozen=True, kw_only=True)
class Course:
    """An hour of a machine: how it works, how often it is sampled and scraped, and how often something happens."""

    life: Life
    interval: float = 5.0
    every: float = 15.0
    trouble: float = 0.0
    seed: int = 1

    def machine(self) -> Sampled:
        """Return the machine, scraped from two minutes before the hour until after it."""
        chance, machine = random.Random(self.seed), Sampled()  # noqa: S311 - loads and troubles, no secrets
        machine.at = NOON - 600.0
        machine.sample(self.interval, self.life(chance))
        due = NOON - 120.0
        while machine.at < NOON + HOUR + 120.0:
            if chance.random() < self.trouble:
                trouble = chance.choice([self.restarted, self.slept, self.late])
                trouble(machine, chance)
            machine.sample(self.interval, self.life(chance))
            if due <= machine.at:
                # Some scrapes fail.
                if chance.random() >= self.trouble:
                    machine.scrape()
                due = max(due + self.every, machine.at)
        return machine

    def restarted(self, machine: Sampled, chance: random.Random) -> None:
        # Of a beginning after which every counter is above what it was before, nobody could know.
        machine.start_again(chance.uniform(0.5, 8.0), anew=machine.total() > 1e4 and chance.random() < 0.5)

    def slept(self, machine: Sampled, chance: random.Random) -> None:
        machine.sleep(chance.uniform(2.5, 9.0), self.life(chance))

    def late(self, machine: Sampled, chance: random.Random) -> None:
        machine.sample(chance.uniform(1.0, 3.0) * self.interval, self.life(chance))


COURSES = st.builds(
    lambda life, watts, often, trouble, seed: Course(
        life=partial(life, watts), interval=often[0], every=often[1], trouble=trouble, seed=seed
    ),
    st.sampled_from(LIVES),
    st.floats(0.5, 300.0),
    st.sampled_from([(5.0, 15.0), (5.0, 5.0), (1.0, 15.0), (60.0, 15.0), (5.0, 30.0), (5.0, 60.0), (10.0, 60.0)]),
    st.sampled_from([0.0, 0.01, 0.05]),
    st.integers(0, 2**32),
)


def measured(machine: Machine) -> Hour:
    return measure(machine.series(), NOON, MOST_MILLIWATTS)


def contradictions(hour: Hour) -> list[str]:
    found = [one for one in hour.notes if "contradict" in one]
    # Whoever reads the proof learns what the run told.
    assert [one for one in hour.models.split("; ") if "contradict" in one] == found
    return found


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(course=COURSES)
def test_no_honest_hour_contradicts_its_watts(course: Course) -> None:
    machine = course.machine()
    try:
        assert contradictions(measured(machine)) == []
    except RefusedError as error:
        # Scrapes may fail for longer than a gap may be; nothing else refuses an honest hour.
        assert re.match("no samples|nothing says|the exporter's last sample was", str(error)), str(error)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(course=COURSES.map(lambda one: replace(one, trouble=0.0)), factor=st.sampled_from([0.03, 30.0]))
def test_energy_of_another_power_is_found(course: Course, factor: float) -> None:
    machine = course.machine()
    changed(machine, POWER, lambda _number, _at, value: value / factor)
    assert len(contradictions(measured(machine))) == 1


@pytest.mark.parametrize(("factor", "is_told"), [(1.5, False), (1.6, True), (0.55, False), (0.45, True)])
def test_an_hour_of_the_default_intervals_is_told_from_half_and_from_one_and_a_half_times_the_watts(
    factor: float, is_told: bool
) -> None:
    machine = Course(life=partial(steady, 12.0)).machine()
    changed(machine, ENERGY, lambda _number, _at, value: value * factor)
    told = [TOLD.format(f"{12.0 * factor:.1f}", "12.0", "12.0")] if is_told else []
    assert contradictions(measured(machine)) == told


def changed(machine: Machine, name: str, change: Callable[[int, float, float], float | None]) -> None:
    """Change each value of a family, or forget it."""
    for key, points in machine.stored.items():
        if dict(key)["__name__"] == name:
            found = [(at, change(number, at, value)) for number, (at, value) in enumerate(points)]
            points[:] = [(at, value) for at, value in found if value is not None]


def test_watts_that_are_missing_are_no_zero() -> None:
    machine = Course(life=partial(steady, 12.0)).machine()
    changed(machine, POWER, lambda number, _at, value: None if 20 <= number < 200 else value)
    series = machine.series()
    scrapes = read_scrapes(series, NOON)
    assert bounds(series, scrapes, MOST_MILLIWATTS).high > 3600 * MOST_MILLIWATTS / 2
    assert contradictions(measured(machine)) == []
    changed(machine, POWER, lambda _number, _at, _value: None)
    assert contradictions(measured(machine)) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -12.0, 1e300])
def test_what_is_no_power_is_missing(value: float) -> None:
    machine = Course(life=partial(steady, 12.0)).machine()
    changed(machine, POWER, lambda _number, _at, _value: value)
    assert contradictions(measured(machine)) == []


def test_a_laptop_that_dozes_most_of_the_hour_is_honest() -> None:
    machine = Sampled()
    machine.at = NOON - 60.0
    while machine.at < NOON + HOUR + 60.0:
        machine.sleep(40.0, 12.0)
        machine.scrape()
    assert contradictions(measured(machine)) == []
    # The same without a word of its sleep is no such hour.
    changed(machine, SAMPLE_GAPS, lambda _number, _at, _value: 0.0)
    assert len(contradictions(measured(machine))) == 1


def test_an_exporter_that_is_started_again_all_the_time_is_honest() -> None:
    machine = Sampled()
    machine.at = NOON - 60.0
    while machine.at < NOON + HOUR + 60.0:
        machine.start_again(20.0, anew=False)
        machine.sample(1.0, 12.0)
        machine.scrape()
        machine.sample(5.0, 12.0)
        machine.scrape()
    assert contradictions(measured(machine)) == []


def test_a_component_that_an_exporter_knows_no_more_needs_no_watts() -> None:
    machine = Course(life=partial(steady, 12.0)).machine()
    of = {
        dict(key).get("component"): points for key, points in machine.stored.items() if dict(key)["__name__"] == POWER
    }
    assert set(of) == set(COMPONENTS)
    gone = [
        Series(labels={**one.labels, "component": "gpu"}, points=tuple((at, 5.0) for at, _ in one.points))
        for one in machine.series()
        if one.labels.get("component") == "cpu" and one.labels["__name__"].endswith("_total")
    ]
    series = [*machine.series(), *gone]
    assert bounds(series, read_scrapes(series, NOON), MOST_MILLIWATTS).samples > 200
    assert contradictions(measure(series, NOON, MOST_MILLIWATTS)) == []
