"""Sensors and models together in a sample, through the whole path from readings to totals."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import UnixSeconds
from exporter.power import presets
from exporter.power.component import Component, Coverage, Scope, Sensor
from exporter.totals import Totals
from exporter.usage.events import Event, EventKind
from tests.exporter.fakes import Machine, MemoryStore, Rig, rig
from tests.fake_clock import FakeClock

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="two packages by RAPL")
METER = Sensor(source="meter", covers=Coverage.MACHINE, factor=1.02, description="a plug")
WATTS = {"package": 30.0, "meter": 90.0}
SHARE = presets.PACKAGE_IDLE_SHARE.value


def machine() -> Machine:
    return Machine(
        FakeClock(), sensors={"package": PACKAGE, "meter": METER}, sensor_watts=dict(WATTS), broken={"meter"}
    )


def host_joules(sampling: Rig) -> float:
    energy = sampling.now.totals.exported.energy
    return sum(joules for component, joules in energy.items() if component.scope is Scope.HOST)


def test_a_measured_package_replaces_the_models_share_of_it() -> None:
    sampling = rig(machine())
    now = sampling.sample_after(5.0, utilization=0.9)
    assert now.readings.powers[Component.CPU] == pytest.approx(30.0)
    assert now.readings.powers[Component.BASELINE] == pytest.approx(50.0 * (1 - SHARE))


def test_provenance_follows_what_was_in_force_at_the_sample() -> None:
    def sources() -> dict[Component, tuple[str, str]]:
        return {
            one.component: (one.source, one.model) for one in sampling.now.provenance if one.component.scope == "host"
        }

    sampling = rig(machine())
    modelled = {Component.BASELINE: ("cep", "cep"), Component.CPU: ("cep", "cep")}
    assert sources() == modelled
    sampling.sample_after(5.0)
    assert sources() == modelled | {Component.CPU: ("rapl", "measured")}
    sampling.machine.broken = set()
    sampling.sample_after(5.0)
    sampling.sample_after(5.0)
    assert sources() == {Component.CPU: ("rapl", "measured"), Component.REST: ("meter", "measured")}
    sampling.machine.broken = {"package", "meter"}
    sampling.sample_after(5.0)
    assert sources() == modelled


def test_a_leap_that_is_discarded_counts_nowhere() -> None:
    sampling = rig(machine())
    sampling.sample_after(5.0)
    sampling.machine.sensor_watts["package"] = 1e6
    after = sampling.sample_after(5.0).totals.exported
    assert after.events[Event(kind=EventKind.DISCARD, source="rapl", reason="implausible")] == 1
    assert after.sensors["package"] == pytest.approx(30.0 * 5.0)
    assert host_joules(sampling) < 2 * 115.0 * 5.0
    sampling.machine.sensor_watts["package"] = 30.0
    assert sampling.sample_after(5.0).totals.exported.sensors["package"] == pytest.approx(2 * 30.0 * 5.0)


def test_while_the_cpu_cannot_be_read_a_measured_part_is_not_shown_as_the_machine() -> None:
    sampling = rig(machine())
    sampling.machine.broken |= {"cpu"}
    now = sampling.sample_after(5.0)
    assert now.readings.power_by_scope().host is None
    assert host_joules(sampling) == pytest.approx(30.0 * 5.0)
    sampling.machine.broken -= {"cpu"}
    sampling.sample_after(5.0)
    assert host_joules(sampling) == pytest.approx(30.0 * 10.0 + 50.0 * (1 - SHARE) * 10.0)


@given(
    faults=st.lists(st.sets(st.sampled_from(["cpu", "network", "disk", "package", "meter"])), min_size=1, max_size=20)
)
def test_random_failures_of_all_parts_book_each_second_once(faults: list[set[str]]) -> None:
    """By the second: of the plug where it told, else of the package and of the model for what neither told."""
    sampling = rig(machine())
    works = [{"package"}]
    for broken in faults:
        sampling.machine.broken = set(broken)
        works.append({"package", "meter", "cpu"} - broken)
        sampling.sample_after(5.0)
    last_cpu = max((number for number, good in enumerate(works) if number == 0 or "cpu" in good))
    expected = 0.0
    for number in range(1, len(works)):
        told = works[number] & works[number - 1]
        if "meter" in told:
            expected += 5.0 * WATTS["meter"]
            continue
        if "package" in told:
            expected += 5.0 * WATTS["package"]
        if number <= last_cpu:
            expected += 5.0 * (50.0 * (1 - SHARE) if "package" in told else 50.0 + 32.5)
    assert host_joules(sampling) == pytest.approx(expected, rel=1e-9)


def test_a_sensor_that_starts_again_is_counted_and_the_model_takes_over() -> None:
    sampling = rig(machine())
    sampling.machine.sensor_joules["package"] = 1000.0
    sampling.sample_after(5.0)
    before = host_joules(sampling)
    sampling.machine.sensor_joules["package"] = -150.0  # five seconds at 30 W bring it to zero
    now = sampling.sample_after(5.0)
    assert host_joules(sampling) - before == pytest.approx((50.0 + 32.5) * 5.0)
    assert now.totals.exported.events[Event(kind=EventKind.RESET, source="rapl")] == 1


def test_parts_that_exceed_the_whole_are_counted_and_said() -> None:
    sampling = rig(machine())
    sampling.machine.broken = set()
    sampling.machine.sensor_watts = {"package": 120.0, "meter": 90.0}
    sampling.sample_after(5.0)
    now = sampling.sample_after(5.0)
    assert now.readings.power_by_scope().host == pytest.approx(90.0)
    event = Event(kind=EventKind.DISCARD, source="meter", reason="parts_exceed_whole")
    assert now.totals.exported.events[event] == 1
    assert any("scaled" in one.description for one in now.provenance)


@pytest.mark.slow
def test_hours_in_which_the_cpu_could_not_be_read_are_not_learned_as_hours_without_emissions() -> None:
    """Their grams come with the next reading, and belong to the hours in which they were emitted."""

    def lived(broken: set[str]) -> list[float]:
        sampling = rig(Machine(FakeClock(), nics={"eth0": 10**10}))
        for hour in range(24):
            sampling.machine.broken = broken if 6 <= hour < 12 else set()
            for _ in range(60):
                sampling.sample_after(60.0)
        return [rate for rate in sampling.now.totals.week.rates if rate > 0.0]

    usual = lived(set())
    assert len(usual) >= 22
    assert lived({"cpu"}) == pytest.approx(usual, rel=1e-3)


def test_a_sample_that_cannot_be_saved_for_an_unforeseen_reason_is_booked_all_the_same() -> None:
    @dataclass(slots=True)
    class Broken(MemoryStore):
        fails: bool = False

        def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
            if self.fails:
                self.fails = False
                raise RuntimeError("unforeseen")
            MemoryStore.save(self, totals, now, clean_stop=clean_stop)

    store = Broken()
    sampling = rig(Machine(FakeClock()), store=store)
    sampling.sample_after(5.0)
    store.fails = True
    sampling.machine.run(5.0)
    sampling.sampler.sample_once()
    assert host_joules(sampling) == pytest.approx(82.5 * 10.0)
