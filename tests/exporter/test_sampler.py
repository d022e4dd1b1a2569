"""Laws of the sampling loop: its sums do not depend on when it looks, and nothing that fails becomes a number."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Period
from exporter.core.metrics import Representation
from exporter.core.units import Grams
from exporter.exposition.rows import exposition
from exporter.history import HISTORY_SPAN
from exporter.power.component import Component, Scope
from exporter.snapshot import Snapshot
from exporter.sources.reading import HostReading
from exporter.totals import Totals
from exporter.usage.events import Event, EventKind
from tests.exporter.fakes import Machine, MemoryStore, rig, series
from tests.fake_clock import FakeClock

CEP_JOULES_PER_BYTE = 0.06 * 3.6e6 / 1024**3
CEP_GRAMS_PER_JOULE = 500 / 3.6e6

Stretch = tuple[float, float, float]
"""Seconds, utilization and bytes per second of a stretch of the machine's life."""

stretches = st.lists(
    st.tuples(
        st.floats(min_value=0.25, max_value=90.0),
        st.floats(min_value=0.0, max_value=1.0),
        st.sampled_from([0.0, 4e3, 2e6, 1e8]),
    ),
    min_size=1,
    max_size=30,
)


@dataclass(slots=True)
class Fallible:
    """A source that raises when it is told to."""

    machine: Machine
    raising: bool = False

    def read(self) -> HostReading:
        if self.raising:
            raise ValueError("the machine is not itself")
        return self.machine.read()


def live(life: Sequence[Stretch], looks: set[int], *, scraped: bool = False) -> Totals:
    """Return the totals after a life of which only the ends of some stretches, and the last, are sampled."""
    sampling = rig(Machine(FakeClock()))
    for number, (seconds, utilization, bytes_per_second) in enumerate(life):
        sampling.machine.run(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
        if number in looks or number == len(life) - 1:
            sampling.sampler.sample()
        if scraped:
            exposition(sampling.now).body(Representation(openmetrics=True, gzipped=True))
    return sampling.now.totals


@given(life=stretches, looks=st.tuples(*[st.sets(st.integers(min_value=0, max_value=30))] * 2))
def test_energy_does_not_depend_on_the_sampling_interval(life: list[Stretch], looks: tuple[set[int], set[int]]) -> None:
    one, other = (live(life, some) for some in looks)
    assert one.exported.energy == pytest.approx(other.exported.energy, rel=1e-9)
    assert one.exported.emissions == pytest.approx(other.exported.emissions, rel=1e-9)
    assert one.exported.devices == other.exported.devices
    assert one.exported.energy == pytest.approx(
        {
            Component.BASELINE: 50.0 * sum(seconds for seconds, _, _ in life),
            Component.CPU: 65.0 * sum(seconds * utilization for seconds, utilization, _ in life),
            Component.NETWORK: CEP_JOULES_PER_BYTE * sum(int(seconds * rate) for seconds, _, rate in life),
        },
        rel=1e-9,
        abs=1e-6,
    )


@given(life=stretches, wobbles=st.lists(st.floats(min_value=-90.0, max_value=90.0), min_size=30, max_size=30))
def test_energy_does_not_depend_on_what_the_kernel_calls_idle(life: list[Stretch], wobbles: list[float]) -> None:
    sampling = rig(Machine(FakeClock()))
    for (seconds, utilization, bytes_per_second), wobble in zip(life, wobbles, strict=False):
        sampling.machine.iowait += wobble
        sampling.machine.idle -= wobble / 3
        sampling.sample_after(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
    assert sampling.now.totals.exported.energy == pytest.approx(live(life, set()).exported.energy, rel=1e-9)


@pytest.mark.slow
@given(life=stretches)
def test_energy_does_not_depend_on_scrapes(life: list[Stretch]) -> None:
    assert live(life, set(range(30)), scraped=True) == live(life, set(range(30)))


@given(life=stretches)
def test_the_parts_sum_to_the_whole(life: list[Stretch]) -> None:
    sampling = rig(Machine(FakeClock()))
    host_joules = 0.0
    for seconds, utilization, bytes_per_second in life:
        now = sampling.sample_after(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
        power = now.readings.power_by_scope().host
        assert power is not None
        host_joules += power * seconds
    totals, exported = sampling.now.totals, sampling.now.totals.exported
    host = [joules for component, joules in exported.energy.items() if component.scope is Scope.HOST]
    assert sum(host) == pytest.approx(host_joules, rel=1e-9)
    assert sum(exported.energy.values()) == pytest.approx(totals.lifetime_energy, rel=1e-9)
    assert sum(exported.emissions.values()) == pytest.approx(totals.lifetime_emissions, rel=1e-9)
    activities = exported.activities.values()
    assert sum(one.emitted for one in activities) == pytest.approx(exported.emissions[Component.NETWORK], rel=1e-9)
    assert sum(one.transferred_bytes for one in activities) == exported.devices["eth0"].total_bytes
    assert sum(one.duration for one in activities) == pytest.approx(sum(seconds for seconds, _, _ in life), rel=1e-9)
    for period in Period:
        assert sum(totals.booked[period].values()) == pytest.approx(totals.lifetime_emissions, rel=1e-9)


@given(life=stretches, failures=st.lists(st.sets(st.sampled_from(["cpu", "network", "disk"])), max_size=30))
def test_failed_readings_lose_no_energy_once_a_good_one_follows(life: list[Stretch], failures: list[set[str]]) -> None:
    sampling = rig(Machine(FakeClock()))
    for number, (seconds, utilization, bytes_per_second) in enumerate(life):
        sampling.machine.broken = failures[number] if number < len(failures) and number < len(life) - 1 else set()
        sampling.sample_after(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
    whole = live(life, set(range(30)))
    assert sampling.now.totals.exported.energy == pytest.approx(whole.exported.energy, rel=1e-9)
    assert sampling.now.totals.exported.devices == whole.exported.devices
    assert sampling.now.totals.exported.disk == whole.exported.disk


def test_a_failed_reading_has_no_gauges_and_leaves_its_counters_where_they_were() -> None:
    sampling = rig(Machine(FakeClock()))
    before = series(sampling.sample_after(5.0, bytes_per_second=1e6), "counter")
    sampling.machine.broken = {"cpu", "network"}
    after = sampling.sample_after(5.0, bytes_per_second=1e6)
    gauges = {name for name, *_ in series(after, "gauge")}
    assert gauges.isdisjoint(
        {
            "ecotrack_power_watts",
            "ecotrack_cpu_utilization_ratio",
            "ecotrack_emissions_grams_per_second",
            "ecotrack_network_throughput_bytes_per_second",
            "ecotrack_activity_state",
        }
    )
    changed = {key for key, value in series(after, "counter").items() if value != before[key]}
    assert changed == {
        ("ecotrack_samples_total",),
        ("ecotrack_disk_bytes_total", "read"),
        ("ecotrack_disk_bytes_total", "write"),
        ("ecotrack_discarded_readings_total", "cpu", "error"),
        ("ecotrack_discarded_readings_total", "network", "error"),
    }


@pytest.mark.parametrize(("part", "unknown", "known"), [("cpu", "host", "network"), ("network", "network", "host")])
def test_half_an_emission_rate_is_told_as_that_half_and_never_as_the_whole(part: str, unknown: str, known: str) -> None:
    sampling = rig(Machine(FakeClock()))
    whole = sampling.sample_after(5.0, bytes_per_second=1e6).readings.emission_rates
    sampling.machine.broken = {part}
    rates = sampling.sample_after(5.0, bytes_per_second=1e6).readings.emission_rates
    assert rates.total() is None
    assert getattr(rates, unknown) is None
    assert getattr(rates, known) == pytest.approx(getattr(whole, known), rel=1e-9)
    assert getattr(rates, known) > 0.0


def test_worked_example_of_one_sample() -> None:
    """One hour at 40% with 1 GiB moved: 76 Wh and 0.06 kWh, at 500 g/kWh 38 g and 30 g."""
    now = rig(Machine(FakeClock())).sample_after(3600.0, utilization=0.4, bytes_per_second=1024**3 / 3600)
    emissions = now.totals.exported.emissions
    assert emissions[Component.BASELINE] + emissions[Component.CPU] == pytest.approx(38.0, rel=1e-9)
    assert emissions[Component.NETWORK] == pytest.approx(30.0, rel=1e-8)
    rates = now.readings.emission_rates
    assert (rates.host, rates.network) == pytest.approx((38.0 / 3600, 30.0 / 3600), rel=1e-8)
    assert rates.total() == pytest.approx(68.0 / 3600, rel=1e-8)


def test_a_night_asleep_adds_neither_energy_nor_grams() -> None:
    sampling = rig(Machine(FakeClock()))
    sampling.sample_after(5.0)
    sampling.machine.clock.sleep(8 * 3600.0)
    now = sampling.sample_after(5.0)
    assert sum(now.totals.exported.energy.values()) == pytest.approx(10.0 * 82.5)
    assert now.totals.exported.events == {Event(kind=EventKind.GAP, reason="suspend"): 1}
    assert now.readings.power_by_scope().host == pytest.approx(82.5)


def test_the_first_projection_goes_on_at_the_mean_so_far() -> None:
    sampling = rig(Machine(FakeClock()), limits={Period.DAY: Grams(1000.0)})
    for _ in range(901):
        sampling.sample_after(5.0)
    (day,) = sampling.now.readings.budgets
    grams_per_second = 82.5 * CEP_GRAMS_PER_JOULE
    assert day.used == pytest.approx(901 * 5.0 * grams_per_second)
    left = day.bounds.end - sampling.machine.clock.wall_at
    assert day.projected == pytest.approx(day.used + left * grams_per_second)
    assert day.learned < 1.0


def test_after_a_week_the_projection_knows_the_nights() -> None:
    """A machine that is on from 12 to 15 h local time: by 15 h its day is over."""
    sampling = rig(Machine(FakeClock()), limits={Period.DAY: Grams(1000.0)})
    for _ in range(9):
        for _ in range(36):
            sampling.sample_after(300.0)
        (day,) = sampling.now.readings.budgets
        sampling.machine.clock.sleep(21 * 3600.0)
    assert day.learned == 1.0
    assert day.projected == pytest.approx(day.used, rel=0.02)


def test_a_beginning_that_a_clock_put_into_the_future_is_moved_to_now() -> None:
    """The clock was ahead at the first start and is set back while the exporter runs."""
    ahead = 365 * 86_400.0
    clock = FakeClock()
    clock.step(ahead)
    sampling = rig(Machine(clock), totals=Totals(since=clock.wall()), limits={Period.DAY: Grams(1000.0)})
    for _ in range(12):
        sampling.sample_after(300.0)
    clock.step(-ahead)
    now = sampling.sample_after(300.0)
    assert now.totals.since == clock.wall()
    (day,) = now.readings.budgets
    grams_per_second = 82.5 * CEP_GRAMS_PER_JOULE
    assert day.used == pytest.approx(300.0 * grams_per_second)
    assert day.projected is not None
    assert day.projected <= day.used + (day.bounds.end - clock.wall()) * grams_per_second


def test_a_clock_that_jumps_ahead_and_back_costs_the_budgets_only_what_was_emitted_meanwhile() -> None:
    clock = FakeClock()
    sampling = rig(Machine(clock), limits=dict.fromkeys(Period, Grams(1000.0)))
    steady = rig(Machine(FakeClock()), limits=dict.fromkeys(Period, Grams(1000.0)))
    for number in range(24):
        if number == 8:
            clock.step(365 * 86_400.0)
        if number == 16:
            clock.step(-365 * 86_400.0)
        sampling.sample_after(300.0)
        steady.sample_after(300.0)
    for found, undisturbed in zip(sampling.now.readings.budgets, steady.now.readings.budgets, strict=True):
        assert found.used == pytest.approx(undisturbed.used * 16 / 24)
    assert sampling.now.totals.week.counted == pytest.approx(steady.now.totals.week.counted, rel=0.01)


@pytest.mark.parametrize(("interval", "points"), [(1.0, 721), (5.0, 721), (30.0, 121)])
def test_history_is_an_hour_of_points_however_fast_the_sampling(interval: float, points: int) -> None:
    sampling = rig(Machine(FakeClock()))
    for _ in range(int(4000 / interval)):
        sampling.sample_after(interval)
    history = sampling.now.history
    assert len(history) == points
    assert history[-1].elapsed - history[0].elapsed == HISTORY_SPAN
    assert [one.at for one in history] == sorted(one.at for one in history)


def test_nothing_is_published_that_was_not_saved_first() -> None:
    store = MemoryStore()
    unsaved: list[Snapshot] = []

    def publish(snapshot: Snapshot) -> None:
        if not store.saved or store.saved[-1] != snapshot.totals:
            unsaved.append(snapshot)

    machine = Machine(FakeClock())
    source = Fallible(machine)
    sampling = rig(machine, source=source, store=store, publish=publish)
    for raising in (False, True, False):
        source.raising = raising
        machine.run(5.0)
        sampling.sampler.sample_once()
    assert len(store.saved) == 4
    assert unsaved == []


def test_a_source_that_raises_costs_its_sample_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(FakeClock())
    source = Fallible(machine)
    sampling = rig(machine, source=source)
    for raising in (False, True, False):
        source.raising = raising
        machine.run(5.0)
        sampling.sampler.sample_once()
    exported = sampling.now.totals.exported
    assert exported.samples == 2
    assert exported.events == {Event(kind=EventKind.DISCARD, source="sampler", reason="error"): 1}
    assert sum(exported.energy.values()) == pytest.approx(15.0 * 82.5)
    assert [record.message for record in caplog.records] == ["a sample failed"]


def test_samples_that_fail_are_all_counted_and_one_a_minute_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(FakeClock())
    source = Fallible(machine)
    sampling = rig(machine, source=source)
    source.raising = True
    for _ in range(36):
        machine.run(5.0)
        sampling.sampler.sample_once()
    assert sampling.now.totals.exported.events == {Event(kind=EventKind.DISCARD, source="sampler", reason="error"): 36}
    assert [record.message for record in caplog.records] == ["a sample failed"] * 3


def test_a_full_disk_is_told_once_and_shows_in_the_age_of_the_state(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    sampling = rig(Machine(FakeClock()), store=store)
    good = sampling.sample_after(5.0)
    store.full = True
    full = [sampling.sample_after(5.0) for _ in range(3)]
    sampling.sampler.save_clean_stop()
    assert not store.stopped_cleanly
    store.full = False
    assert {one.state_saved_at for one in full} == {good.sampled_at}
    assert full[-1].totals.exported.samples == 4
    assert [record.message for record in caplog.records] == ["state cannot be saved: No space left on device"]
    again = sampling.sample_after(60.0)
    assert again.state_saved_at == again.sampled_at
    assert store.saved[-1] == again.totals


def test_a_clean_stop_saves_what_was_published_last() -> None:
    store = MemoryStore()
    sampling = rig(Machine(FakeClock()), store=store)
    sampling.sample_after(5.0)
    sampling.sampler.save_clean_stop()
    assert store.stopped_cleanly
    assert store.saved[-1] == sampling.now.totals


def test_without_a_store_nothing_claims_to_be_saved() -> None:
    sampling = rig(Machine(FakeClock()))
    sampling.sampler.save_clean_stop()
    assert sampling.sample_after(5.0).state_saved_at is None


class Turns(threading.Event):
    """The stop event of the loop: time passes while the loop waits for it, and it is set after some turns."""

    def __init__(self, machine: Machine, turns: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._machine = machine
        self._turns = turns

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self._machine.run(timeout)
        return len(self.waits) == self._turns


@dataclass(slots=True)
class Slow:
    """A source whose third reading takes a while."""

    machine: Machine
    seconds: float
    count: int = 0

    def read(self) -> HostReading:
        reading = self.machine.read()
        self.count += 1
        if self.count == 3:
            self.machine.run(self.seconds)
        return reading


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(0.0, [1.0, 5.0, 5.0, 5.0]), (2.0, [1.0, 5.0, 3.0, 5.0]), (12.0, [1.0, 5.0, 5.0, 5.0])],
    ids=["prompt", "slow", "slower than the interval"],
)
def test_the_loop_keeps_its_beat_and_never_hurries_to_catch_up(seconds: float, waits: list[float]) -> None:
    machine = Machine(FakeClock())
    turns = Turns(machine, 4)
    rig(machine, source=Slow(machine=machine, seconds=seconds)).sampler.run(turns)
    assert turns.waits == pytest.approx(waits)


def test_before_the_first_sample_nothing_is_known() -> None:
    sampling = rig(Machine(FakeClock()))
    assert sampling.now.sampled_at is None
    assert not sampling.now.is_fresh(sampling.machine.clock.elapsed())
    assert all(value == 0.0 for value in series(sampling.now, "counter").values())


@pytest.mark.parametrize(("age", "fresh"), [(0.0, True), (15.0, True), (15.1, False)])
def test_a_sample_is_stale_after_three_intervals(age: float, fresh: bool) -> None:
    sampling = rig(Machine(FakeClock()))
    sampling.sample_after(5.0)
    sampling.machine.clock.advance(age)
    assert sampling.now.is_fresh(sampling.machine.clock.elapsed()) is fresh


def test_the_totals_that_it_starts_from_go_on() -> None:
    first = rig(Machine(FakeClock()))
    before = first.sample_after(5.0).totals
    second = rig(first.machine, totals=before)
    assert second.now.totals == before
    after = second.sample_after(5.0).totals
    assert math.isclose(after.lifetime_energy, 2 * before.lifetime_energy)
    assert after.exported.samples == 2
