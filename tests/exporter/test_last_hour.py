"""The last hour as it is counted: what is not known is neither grams nor time, and no clock that is set moves it."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.budget import Booked, book
from exporter.core.units import SECONDS_PER_HOUR, Grams, Joules, Seconds, UnixSeconds
from exporter.eco_score import EcoScore, Grade, ScoreFactor
from exporter.last_hour import STRETCH, Counted, Emissions, Stretch, emissions_of, with_sample
from exporter.past_weeks import KEPT_WEEKS, SHOWN_WEEKS, PastWeeks, book_week, last_weeks
from exporter.power.component import Coverage, Sensor
from exporter.sources.reading import HostReading, Outcome, SourceState
from exporter.state import StateStore
from tests.exporter.fakes import BERLIN, FakeProvider, Machine, Rig, rig
from tests.fake_clock import NOON, FakeClock

WEEK = 7 * 86_400.0

events = st.lists(
    st.tuples(
        st.sampled_from(["work", "work", "sleep", "step", "cpu", "network", "intensity", "late"]),
        st.floats(min_value=5.0, max_value=1500.0),
    ),
    max_size=12,
)


def score(sampling: Rig) -> EcoScore:
    """Return the present score."""
    found = sampling.now.readings.score
    assert found is not None, sampling.now.readings.no_score
    return found


def works(sampling: Rig, seconds: float, *, utilization: float = 0.4, interval: float = 5.0) -> None:
    """Take samples of steady work."""
    for _ in range(int(seconds / interval)):
        sampling.sample_after(interval, utilization=utilization, bytes_per_second=2e5)


@pytest.mark.slow
@settings(max_examples=40)
@given(events)
def test_no_gap_is_time_without_emissions(happened: list[tuple[str, float]]) -> None:
    """A machine that always works alike has one rate, whatever sleeps, fails, is late or is set meanwhile."""
    provider, clock = FakeProvider(), FakeClock()
    sampling = rig(Machine(clock), intensity=provider)
    works(sampling, 120.0)
    steady = score(sampling).rate
    for event, seconds in happened:
        if event == "sleep":
            clock.sleep(seconds)
        elif event == "step":
            clock.step(-seconds if seconds > 700.0 else seconds)
        elif event == "late":
            sampling.sample_after(seconds, utilization=0.4, bytes_per_second=2e5)
        provider.trouble = OSError("down") if event == "intensity" else None
        sampling.machine.broken = {event} & {"cpu", "network"}
        works(sampling, min(seconds, 600.0), interval=30.0)
        provider.trouble, sampling.machine.broken = None, set()
    works(sampling, 90.0)
    assert score(sampling).rate == pytest.approx(steady, rel=1e-6)
    assert score(sampling).counted <= SECONDS_PER_HOUR * (1.0 + 1e-9)


@pytest.mark.slow
def test_the_first_hour_is_the_part_that_was_counted() -> None:
    sampling = rig(Machine(FakeClock()))
    works(sampling, 30.0)
    assert sampling.now.readings.score is None
    works(sampling, 30.0)
    early = score(sampling)
    assert early.counted == pytest.approx(60.0)
    works(sampling, 7200.0)
    assert score(sampling).counted == pytest.approx(SECONDS_PER_HOUR)
    assert score(sampling).value == pytest.approx(early.value, rel=1e-6)


@pytest.mark.slow
def test_after_an_hour_the_work_of_before_is_forgotten() -> None:
    sampling = rig(Machine(FakeClock()))
    works(sampling, SECONDS_PER_HOUR, utilization=1.0)
    busy = score(sampling)
    works(sampling, SECONDS_PER_HOUR / 2, utilization=0.0)
    between = score(sampling)
    works(sampling, SECONDS_PER_HOUR / 2, utilization=0.0)
    calm = score(sampling)
    assert busy.value < between.value < calm.value
    assert between.rate == pytest.approx((busy.rate + calm.rate) / 2, rel=1e-6)
    assert calm.rate < busy.rate


@pytest.mark.slow
def test_the_grams_of_the_hour_are_those_of_the_counters_while_the_grid_changes() -> None:
    provider = FakeProvider()
    sampling = rig(Machine(FakeClock()), intensity=provider)
    works(sampling, 600.0)
    before = sum(sampling.now.totals.exported.emissions.values())
    for minute in range(60):
        provider.value = 100.0 + 13.0 * (minute % 17)
        works(sampling, 60.0, utilization=(minute % 5) / 5)
    emitted = sum(sampling.now.totals.exported.emissions.values()) - before
    assert score(sampling).rate * SECONDS_PER_HOUR == pytest.approx(emitted, rel=1e-9)


def test_a_machine_that_slept_for_longer_begins_anew() -> None:
    clock = FakeClock()
    sampling = rig(Machine(clock))
    works(sampling, 1800.0)
    clock.sleep(1200.0)
    works(sampling, 60.0)
    assert score(sampling).counted == pytest.approx(1860.0, abs=1.0)
    clock.sleep(8 * SECONDS_PER_HOUR)
    works(sampling, 30.0)
    assert sampling.now.readings.no_score == "30 s are counted, and 60 are needed"


def test_time_without_exporter_is_left_out() -> None:
    machine = Machine(FakeClock())
    first = rig(machine)
    works(first, 1800.0)
    machine.run(600.0, utilization=1.0)
    second = rig(machine, totals=first.now.totals)
    assert sum(second.now.totals.exported.gap_emissions.values()) > 0.0
    works(second, 300.0)
    assert score(second).counted == pytest.approx(300.0)
    assert score(second).rate == pytest.approx(score(first).rate, rel=1e-6)


def test_an_interval_of_an_hour_has_a_score() -> None:
    sampling = rig(Machine(FakeClock()))
    for _ in range(3):
        sampling.sample_after(SECONDS_PER_HOUR)
        assert score(sampling).counted == pytest.approx(SECONDS_PER_HOUR)


def test_a_reading_that_comes_late_counts_for_its_whole_time_and_no_more_than_an_hour_of_it() -> None:
    sampling = rig(Machine(FakeClock()))
    works(sampling, 300.0)
    steady = score(sampling).rate
    sampling.machine.broken = {"cpu", "network"}
    works(sampling, 2 * SECONDS_PER_HOUR, interval=60.0)
    assert sampling.now.readings.score is None
    sampling.machine.broken = set()
    works(sampling, 60.0)
    assert score(sampling).counted == pytest.approx(SECONDS_PER_HOUR)
    assert score(sampling).rate == pytest.approx(steady, rel=1e-6)


def test_a_meter_that_reads_zero_is_no_good_score() -> None:
    meter = Sensor(source="meter", covers=Coverage.MACHINE, factor=1.1, description="a plug")
    machine = Machine(FakeClock(), sensors={"plug": meter}, sensor_watts={"plug": 0.0})
    sampling = rig(machine)
    told = []
    for _ in range(6):
        sampling.sample_after(60.0)
        told.append(sampling.now.readings.no_score)
    assert told[0] == "this machine's power reads zero, which no machine draws that runs"
    # A counter that stands still is not believed for long, and the model covers the time.
    assert told[-1] == ""
    assert score(sampling).rate > 0.0


def test_a_machine_whose_power_was_never_known_has_no_score() -> None:
    """As a virtual machine that shows no CPU times."""
    sampling = rig(Machine(FakeClock(), broken={"cpu"}))
    works(sampling, 300.0)
    assert sampling.now.readings.no_score == "the power of this machine is unknown"


@dataclass(frozen=True, slots=True)
class WithoutNetwork:
    """A machine that has no network."""

    machine: Machine

    def read(self) -> HostReading:
        """See `Source.read`."""
        absent = Outcome(collector="network", state=SourceState.ABSENT, duration=Seconds(0.0))
        return replace(self.machine.read(), network=None, outcomes=(absent,))


def test_a_machine_without_a_network_is_scored_by_its_own_emissions() -> None:
    machine = Machine(FakeClock())
    sampling = rig(machine, source=WithoutNetwork(machine))
    works(sampling, 120.0)
    assert score(sampling).factors[ScoreFactor.NETWORK] == 1.0
    assert score(sampling).counted == pytest.approx(120.0)


def test_a_grid_without_carbon_has_the_best_score() -> None:
    sampling = rig(Machine(FakeClock()), intensity=FakeProvider(value=0.0))
    works(sampling, 120.0)
    assert score(sampling).value == 1.0
    assert score(sampling).grade is Grade.A
    assert score(sampling).factors[ScoreFactor.GRID] == 0.0


stretches = st.lists(st.tuples(st.floats(1.0, 400.0), st.floats(0.0, 100.0)), min_size=1, max_size=60)


@given(stretches)
def test_the_hour_holds_what_lies_in_it(given_stretches: list[tuple[float, float]]) -> None:
    """Compared with the sum of all that ever was: off by the stretch in which the hour begins, and no more."""
    hour: tuple[Stretch, ...] = ()
    now = 0.0
    told: list[tuple[float, float, float]] = []
    for seconds, watts in given_stretches:
        told.append((now, now + seconds, watts))
        now += seconds
        one = Counted(seconds=Seconds(seconds), energy=Joules(seconds * watts), grams=Grams(2.0 * seconds * watts))
        sample = Stretch(begin=Seconds(now - seconds), end=Seconds(now), emissions=Emissions(host=one, network=one))
        hour = with_sample(hour, sample)
    found = emissions_of(hour, Seconds(now))
    since = now - SECONDS_PER_HOUR
    meant = sum(watts * max(0.0, end - max(begin, since)) for begin, end, watts in told)
    assert found.seconds == pytest.approx(min(now, SECONDS_PER_HOUR))
    assert found.host.energy == pytest.approx(meant, abs=STRETCH * 100.0)
    assert found.network.grams == pytest.approx(2.0 * found.host.energy)
    assert len(hour) <= 2 * SECONDS_PER_HOUR / STRETCH + 1


def an_hour(grams: float) -> Emissions:
    """Return an hour's emissions of both scopes together."""
    one = Counted(seconds=Seconds(SECONDS_PER_HOUR), energy=Joules(1.0), grams=Grams(grams / 2))
    return Emissions(host=one, network=one)


def weeks_of(*moments: float) -> tuple[PastWeeks, Booked]:
    """Return weeks in which an hour was counted at each of these times: one gram at the first, two at the second."""
    weeks: PastWeeks = {}
    booked: Booked = {}
    for grams, moment in enumerate(moments, start=1):
        booked = book(booked, Grams(grams), UnixSeconds(moment), BERLIN)
        weeks = book_week(weeks, an_hour(grams), booked)
    return weeks, booked


def test_four_calendar_weeks_are_shown_oldest_first_and_none_from_the_future() -> None:
    weeks, booked = weeks_of(*(NOON + number * WEEK for number in range(8)))
    assert len(weeks) == KEPT_WEEKS
    shown = last_weeks(weeks, booked, BERLIN, Seconds(60.0))
    assert [one.grams for _, one in shown] == [5.0, 6.0, 7.0, 8.0]
    assert [monday.isoformat() for monday, _ in shown] == ["2026-03-30", "2026-04-06", "2026-04-13", "2026-04-20"]
    assert len(shown) == SHOWN_WEEKS
    weeks, booked = weeks_of(*(NOON + number * WEEK for number in (0, 1, 2, 3, 4, 3)))
    assert [one.grams for _, one in last_weeks(weeks, booked, BERLIN, Seconds(60.0))] == [1.0, 2.0, 3.0, 10.0]
    assert last_weeks(weeks, booked, BERLIN, Seconds(2.5 * SECONDS_PER_HOUR)) == ()
    assert last_weeks({}, {}, BERLIN, Seconds(60.0)) == ()


def test_a_clock_that_is_set_back_goes_on_with_the_week_of_before() -> None:
    weeks, booked = weeks_of(NOON, NOON + WEEK, NOON)
    assert [one.grams for _, one in last_weeks(weeks, booked, BERLIN, Seconds(0.0))] == [4.0]


def test_the_weeks_survive_a_restart(tmp_path: Path) -> None:
    sampling = rig(Machine(FakeClock()))
    works(sampling, 600.0)
    clock = FakeClock()
    store = StateStore(tmp_path, "boot", clock=clock, resume_within=Seconds(15.0))
    store.save(sampling.now.totals, NOON, clean_stop=True)
    store.close()
    again = StateStore(tmp_path, "boot", clock=clock, resume_within=Seconds(15.0))
    loaded = again.load(NOON)
    again.close()
    assert loaded.weeks == sampling.now.totals.weeks
    assert [one.seconds for _, one in sampling.now.weeks] == [pytest.approx(600.0)]
