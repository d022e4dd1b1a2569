"""Time in which the exporter did not run is proven by counters that went on, and counted apart from what it saw."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.core.units import Grams, Joules, Seconds
from exporter.downtime import LONG, PATIENCE
from exporter.power.component import Component, Coverage, Scope, Sensor
from exporter.sampler import Source
from exporter.snapshot import Snapshot
from exporter.sources.collector import SOURCES, Choices
from exporter.sources.host import HostSource
from exporter.sources.meter import MeterKind, MeterSettings
from exporter.sources.meter_answer import Unit
from exporter.sources.nics import NicRule
from exporter.sources.reading import HostReading, LastReading, Outcome, SourceState
from exporter.totals import Exported, Totals
from exporter.views.summary import summarize
from tests.exporter.fakes import FakeProvider, Machine, Rig, rig
from tests.exporter.sources.test_meter import errands_end
from tests.exporter.test_state import BOOT, store_in
from tests.fake_clock import NOON, FakeClock

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="RAPL")

LIMITS = {Period.DAY: Grams(1000.0), Period.WEEK: Grams(5000.0)}


@contextmanager
def running(folder: Path, machine: Machine, *, boot_id: str = BOOT, clean: bool = True, **more: bool) -> Iterator[Rig]:
    """Run an exporter on a machine, with its state in a folder; it stops, or is killed, at the end."""
    store = store_in(folder, boot_id, machine.clock)
    try:
        totals = store.load(machine.clock.wall())
        made = rig(machine, totals=totals, store=store, limits=LIMITS, include_gaps=more.get("include_gaps", False))
        yield made
        if clean:
            made.sampler.save_clean_stop()
    finally:
        store.close()


def spent(snapshot: Snapshot) -> float:
    return sum(snapshot.totals.exported.energy.values())


def gap(snapshot: Snapshot) -> float:
    return sum(snapshot.totals.exported.gap_energy.values())


@given(
    seconds=st.floats(1.0, 400_000.0), utilization=st.floats(0.0, 1.0), rate=st.floats(0.0, 1e7), clean=st.booleans()
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stop_books_what_the_exporter_would_have_counted(
    tmp_path: Path, seconds: float, utilization: float, rate: float, clean: bool
) -> None:
    machine, watched = Machine(FakeClock()), Machine(FakeClock())
    folder = tmp_path / "state"
    shutil.rmtree(folder, ignore_errors=True)
    with running(folder, machine, clean=clean) as made:
        made.sample_after(5.0)
        counted = made.now.totals
    machine.run(seconds, utilization=utilization, bytes_per_second=rate)
    with running(folder, machine) as made:
        after = made.now.totals
    other = rig(watched)
    other.sample_after(5.0)
    before = other.now.totals.exported.energy
    during = other.sample_after(seconds, utilization=utilization, bytes_per_second=rate).totals.exported
    for component, energy in during.energy.items():
        meant = energy - before[component]
        assert after.exported.gap_energy[component] == pytest.approx(meant, rel=1e-6, abs=1e-3)
    moved = after.exported.gap_devices["eth0"].total_bytes
    assert moved == during.devices["eth0"].total_bytes
    assert (after.lifetime_energy, after.lifetime_emissions) == (counted.lifetime_energy, counted.lifetime_emissions)
    assert after.exported.energy == (counted.exported.energy if clean or seconds <= 15.0 else {})


@given(failing=st.floats(1.0, 500.0), away=st.floats(1.0, 500.0))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_sensor_told_of_while_cpu_times_failed_is_not_booked_again(
    tmp_path: Path, failing: float, away: float
) -> None:
    folder = tmp_path / "state"
    shutil.rmtree(folder, ignore_errors=True)
    machine, gone = Machine(FakeClock(), sensors={"package-0": PACKAGE}), "package-0"
    machine.sensor_watts[gone] = 20.0
    with running(folder, machine) as made:
        made.sample_after(5.0)
        machine.broken.add("cpu")
        made.sample_after(failing)
        machine.broken = {gone}
        machine.run(away)
    with running(folder, machine) as made:
        found = made.now.totals.exported.gap_energy
    assert found[Component.CPU] == pytest.approx(65.0 * 0.5 * away, rel=1e-6)


def test_what_was_booked_once_is_not_booked_again(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    for _ in range(3):
        with running(tmp_path, machine) as made:
            made.sample_after(5.0)
        machine.run(1000.0)
    with running(tmp_path, machine) as made:
        # Half busy, CEP's desktop draws 82.5 W.
        assert gap(made.now) == pytest.approx(3 * 82_500.0)
        assert spent(made.now) == pytest.approx(3 * 5 * 82.5)
        again = gap(made.now)
        made.sample_after(5.0)
        assert gap(made.now) == again


def test_a_machine_that_restarted_proves_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    with running(tmp_path, machine, boot_id="another") as made:
        assert made.now.totals.exported.gap_energy == {}
        assert made.now.totals.exported.gap_devices == {}


def test_counters_that_fell_prove_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    machine.busy, machine.nics["eth0"] = 1.0, 5
    with running(tmp_path, machine) as made:
        assert made.now.totals.exported.gap_energy == {}
        assert made.now.totals.exported.events == {}


def test_a_suspended_machine_adds_nothing(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(500.0)
    machine.clock.sleep(10_000.0)
    machine.run(500.0)
    with running(tmp_path, machine) as made:
        assert gap(made.now) == pytest.approx(82_500.0)


@pytest.mark.parametrize(("seconds", "told"), [(300.0, True), (1000.0, False)])
def test_rapl_is_believed_over_less_than_a_turn_of_its_counter(tmp_path: Path, seconds: float, told: bool) -> None:
    machine = Machine(FakeClock(), sensors={"rapl package-0": PACKAGE}, sensor_watts={"rapl package-0": 20.0})
    machine.sensor_range = 262_143.0
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(seconds)
    with running(tmp_path, machine) as made:
        found = made.now.totals.exported.gap_energy
        assert found[Component.CPU] == pytest.approx((20.0 if told else 32.5) * seconds)


def test_without_an_intensity_the_energy_counts_and_the_grams_are_unknown(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
    machine.run(1000.0)
    store = store_in(tmp_path, BOOT, machine.clock)
    made = rig(
        machine,
        totals=store.load(machine.clock.wall()),
        store=store,
        intensity=FakeProvider(trouble=OSError("gone")),
        include_gaps=True,
    )
    store.close()
    assert gap(made.now) == pytest.approx(82_500.0)
    assert made.now.totals.exported.gap_emissions == {}


def test_budgets_include_it_by_choice_day_by_day(tmp_path: Path) -> None:
    for include in (False, True):
        machine, folder = Machine(FakeClock()), tmp_path / str(include)
        with running(folder, machine, include_gaps=include) as made:
            made.sample_after(5.0)
        seen = made.now.totals.booked[Period.WEEK]
        machine.run(24 * 3600.0)
        with running(folder, machine, include_gaps=include) as made:
            booked = made.now.totals.booked
            grams = sum(made.now.totals.exported.gap_emissions.values())
            assert grams == pytest.approx(82.5 * 24 / 1000 * 500)
            learned = made.now.totals.week.hour_grams
        if not include:
            assert booked[Period.WEEK] == seen
            continue
        (week,), (before,) = booked[Period.WEEK].values(), seen.values()
        assert week - before == pytest.approx(grams)
        first, second = booked[Period.DAY].values()
        # The clock of the tests stands at one in the afternoon in Berlin.
        assert second == pytest.approx(grams * (13 * 3600 + 5) / 86_400, rel=1e-6)
        assert first + second == pytest.approx(week)
        assert learned > 0.0


def test_the_page_says_that_it_is_counted_apart(tmp_path: Path) -> None:
    machine = Machine(FakeClock())
    with running(tmp_path, machine) as made:
        made.sample_after(5.0)
        told = [flag.text for flag in summarize(made.now, machine.clock.wall(), fresh=True).flags]
        assert not any("did not run" in text for text in told)
    machine.run(3600.0)
    with running(tmp_path, machine) as made:
        told = [flag.text for flag in summarize(made.now, machine.clock.wall(), fresh=True).flags]
        totals = made.now.totals
        counted = replace(totals.exported, gap_energy=dict.fromkeys(totals.exported.gap_energy, Joules(0.01)))
        counted = replace(counted, gap_emissions=dict.fromkeys(totals.exported.gap_emissions, Grams(0.01)))
        little = replace(made.now, totals=replace(totals, exported=counted))
        flags = summarize(little, machine.clock.wall(), fresh=True).flags
        assert not any("did not run" in flag.text for flag in flags)
    # 82.5 Wh at 500 g/kWh.
    assert "Counted apart, for time in which the exporter did not run: 82.50 Wh, 41.2 g CO\u2082e." in told


MODEL_WATTS = 82.5
"""Power of CEP's desktop at the load that `Machine` runs at."""


@dataclass(slots=True)
class Plug:
    """A machine behind a meter that writes its total to a file. Beside the machine's own counters that file is read."""

    machine: Machine
    file: Path
    joules: float = 0.0
    flowed: float = 0.0
    apart: float = 0.0

    def run(self, seconds: float, watts: float = MODEL_WATTS) -> None:
        """Let time pass, in which this power flows."""
        self.machine.run(seconds)
        self.joules += watts * seconds
        self.flowed += watts * seconds

    @contextmanager
    def running(self, folder: Path, *, clean: bool = True, file: Path | None = None) -> Iterator[Rig]:
        """Run an exporter that has read the meter for the first time; it stops, or is killed, at the end."""
        store = store_in(folder, BOOT, self.machine.clock)
        try:
            totals = store.load(self.machine.clock.wall())
            meter = MeterSettings(
                kind=MeterKind.FILE,
                place=str(file or self.file),
                unit=Unit.JOULES,
                interval=Seconds(1.0),
                last=totals.last,
            )
            made = rig(self.machine, totals=totals, store=store, source=_Both(self, meter))
            if totals.last is not None:
                self.run(1.0)  # its answer is in the next reading, a second later
                made.sampler.sample()
            self.apart += host_gap(made.now.totals.exported) - host_gap(totals.exported)
            yield made
            if clean:
                made.sampler.save_clean_stop()
        finally:
            store.close()

    def sample(self, made: Rig, seconds: float, watts: float = MODEL_WATTS) -> None:
        """Sample each second for some seconds."""
        for _ in range(int(seconds)):
            self.run(1.0, watts)
            made.sampler.sample()


class _Both:
    """Source of the readings of a machine and of its meter."""

    def __init__(self, plug: Plug, meter: MeterSettings) -> None:
        sources = [one for one in SOURCES if one.name == "meter"]
        self._plug = plug
        self._meter = HostSource(plug.machine.clock, NicRule(), sources=sources, choices=Choices(meter=meter))

    def read(self) -> HostReading:
        clock, file = self._plug.machine.clock, self._plug.file
        if file.parent.is_dir():
            file.write_text(f"{self._plug.joules}\n", encoding="ascii")
            os.utime(file, (clock.wall(), clock.wall()))
        metered = self._meter.read()
        errands_end()
        return replace(self._plug.machine.read(), sensors=metered.sensors, outcomes=metered.outcomes)


def plug_in(folder: Path) -> Plug:
    """Return a machine behind a new plug."""
    (folder / "meter").mkdir(parents=True)
    return Plug(machine=Machine(FakeClock()), file=folder / "meter/joules")


def host_gap(exported: Exported) -> float:
    """Return the joules of the host of time without exporter."""
    return sum(spent for part, spent in exported.gap_energy.items() if part.scope is Scope.HOST)


def test_a_meter_proves_what_flowed_while_the_exporter_was_away(tmp_path: Path) -> None:
    plug = plug_in(tmp_path)
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
        seen = made.now.totals.lifetime_energy
    plug.run(3600.0, watts=200.0)
    with plug.running(tmp_path / "state") as made:
        # Answers are a second old, before the stop as after it; nothing is modelled beside them.
        host = {one: spent for one, spent in made.now.totals.exported.gap_energy.items() if one.scope is Scope.HOST}
        assert host == {Component.REST: pytest.approx(3600.0 * 200.0 + MODEL_WATTS, rel=1e-6)}
        assert made.now.totals.lifetime_energy == seen
        plug.sample(made, 10.0, watts=50.0)
        assert made.now.totals.lifetime_energy == pytest.approx(seen + 10.0 * 50.0, abs=MODEL_WATTS)


@pytest.mark.slow
@given(
    stops=st.lists(
        st.tuples(
            st.floats(1.0, 100_000.0),
            st.sampled_from([20.0, 82.5, 300.0]),
            st.booleans(),
            st.integers(0, 12),
            st.booleans(),
        ),
        max_size=8,
    )
)
@example([(1.0, 20.0, False, 0, False)] * 2 + [(1.0, 20.0, True, 0, False), (71.0, 82.5, True, 3, False)])
@example(
    [
        (1.0, 20.0, False, 0, False),
        (1.0, 20.0, True, 0, False),
        (601.0, 82.5, True, 0, False),
        (7.0, 300.0, False, 4, False),
    ]
)
@example([(1000.0, 20.0, True, 0, True), (91_519.0, 82.5, True, 3, False)])  # its total was 0 J, and is 0 J again
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_over_random_stops_and_restarts_of_the_meter_booked_and_apart_are_what_flowed(
    tmp_path: Path, stops: Sequence[tuple[float, float, bool, int, bool]]
) -> None:
    shutil.rmtree(tmp_path)
    plug, modelled = plug_in(tmp_path), 10 * MODEL_WATTS
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
    following = [*(watts for _, watts, *_ in stops[1:]), MODEL_WATTS]
    for (seconds, watts, restarts, samples, clean), after in zip(stops, following, strict=False):
        plug.run(seconds, watts)
        if restarts:
            # The model covers what the meter has forgotten, unless its total was 0 J and is again: that cannot be seen.
            # The seconds around its next answer may be of the next stop.
            modelled += abs(watts - MODEL_WATTS) * seconds + 10 * max(watts, MODEL_WATTS, after)
            modelled += watts * seconds if seconds <= LONG else 0.0
            plug.joules = 0.0
        with plug.running(tmp_path / "state", clean=clean) as made:
            plug.sample(made, samples, watts)
            now = made.now
        # Between two answers the counter runs ahead by the last pace.
        assert now.totals.lifetime_energy + plug.apart == pytest.approx(plug.flowed, abs=modelled + 2 * 300.0)


def test_a_meter_that_restarted_meanwhile_proves_nothing_and_is_counted(tmp_path: Path) -> None:
    plug = plug_in(tmp_path)
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
    plug.run(1000.0, watts=300.0)
    plug.joules = 0.0
    with plug.running(tmp_path / "state") as made:
        assert gap(made.now) == pytest.approx(1001.0 * MODEL_WATTS, rel=1e-3)
        events = {(one.kind.value, one.source): n for one, n in made.now.totals.exported.events.items()}
        assert events[("reset", "meter")] == 1


@pytest.mark.parametrize("change", ["is gone", "is another", "stands still"])
def test_a_meter_that_proves_nothing_leaves_the_time_to_the_model(tmp_path: Path, change: str) -> None:
    plug = plug_in(tmp_path)
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
    plug.run(1000.0, watts=0.0 if change == "stands still" else 300.0)
    if change == "is gone":
        shutil.rmtree(plug.file.parent)
    other = tmp_path / "other"
    if change == "is another":
        other.write_text("1e6\n", encoding="ascii")
        os.utime(other, (plug.machine.clock.wall(), plug.machine.clock.wall()))
    with plug.running(tmp_path / "state", file=other if change == "is another" else None) as made:
        plug.sample(made, PATIENCE)
        assert gap(made.now) == pytest.approx(1000.0 * MODEL_WATTS, rel=0.02)


def test_a_meter_that_stood_still_before_the_stop_does_not_tell_of_what_the_model_has_covered(tmp_path: Path) -> None:
    plug = plug_in(tmp_path)
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
        for _ in range(100):
            plug.machine.run(1.0)
            plug.flowed += MODEL_WATTS
            made.sampler.sample()
        counted = made.now.totals.lifetime_energy
    assert counted == pytest.approx(plug.flowed, abs=6 * MODEL_WATTS)
    plug.joules = plug.flowed
    plug.run(1000.0)
    with plug.running(tmp_path / "state"):
        assert counted + plug.apart == pytest.approx(plug.flowed, abs=8 * MODEL_WATTS)


def test_the_first_reading_waits_for_a_meter_no_longer_than_that_is_given_up(tmp_path: Path) -> None:
    plug = plug_in(tmp_path)
    with plug.running(tmp_path / "state") as made:
        plug.sample(made, 10.0)
        last = made.now.totals.last
    assert last is not None

    class Silent:
        def read(self) -> HostReading:
            works = Outcome(collector="meter", state=SourceState.WORKS, duration=Seconds(0.0))
            return replace(plug.machine.read(), outcomes=(works,))

    waited = _seconds_until_begun(plug.machine, Silent(), last)
    assert waited == PATIENCE
    assert _seconds_until_begun(plug.machine, plug.machine, last) == 0.0


def _seconds_until_begun(machine: Machine, source: Source, last: LastReading) -> float:
    """Return how long a run, with a reading each second, has waited until it booked the time before it."""
    machine.run(100.0)
    made, waited = rig(machine, source=source, totals=Totals(since=NOON, last=last)), 0.0
    while not made.now.totals.exported.gap_energy:
        waited += 1.0
        made.sample_after(1.0)
    return waited
