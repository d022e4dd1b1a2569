"""The watch over an exporter, by a clock that moves when it is told to."""

import gc
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.audit.watch import MOST_READINGS, PATIENCE_SECONDS, SHORT_TICK_SECONDS, TICK_SECONDS, Watch
from exporter.audit.witness import Own
from exporter.core.config import ConfigError
from exporter.views.summary import Summary
from tests.fake_clock import NOON

INTERVAL = 5.0


@dataclass(slots=True)
class Clocked:
    """An exporter that samples every interval from a phase on, and a machine whose counter is the time."""

    phase: float
    now: float = NOON
    away: tuple[float, float] = (0.0, 0.0)
    told: str = ""
    back_at: float = 1e9
    asked: list[float] = field(default_factory=list)

    def awake(self) -> float:
        self.now += 1e-5
        return self.now

    def wall(self) -> float:
        """Return a time that is set back by an hour at some moment."""
        now = self.awake()
        return now - 3600.0 if now - NOON >= self.back_at else now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def read(self) -> Own:
        began = self.wall()
        return Own(began=began, ended=self.wall(), busy=began - NOON, cpus=1)

    def exposition(self) -> str | None:
        self.asked.append(self.now)
        if self.away[0] <= self.now - NOON < self.away[1]:
            return None
        number = (self.now - NOON - self.phase) // INTERVAL
        at = NOON + self.phase + number * INTERVAL
        at = at - 3600.0 if at - NOON >= self.back_at else at
        return (
            f"ecotrack_last_sample_timestamp_seconds {self.told or repr(at)}\n"
            f"ecotrack_samples_total {number + 10.0}\n"
            'ecotrack_collector_duration_seconds{collector="cpu"} 0.002\n'
        )

    def summary(self) -> Summary | None:
        return None


def watch_of(machine: Clocked, interval: float = INTERVAL) -> Watch:
    return Watch(
        answers=machine,
        address="127.0.0.1:10110",
        read=machine.read,
        wall=machine.wall,
        awake=machine.awake,
        wait=machine.wait,
        interval=interval,
    )


def watched(machine: Clocked, seconds: float) -> Watch:
    watch = watch_of(machine)
    for _ in watch.run(seconds):
        pass
    return watch


@settings(max_examples=15)
@given(phase=st.floats(0.0, 5.0, exclude_max=True))
def test_every_sample_is_seen_between_two_readings_that_are_close(phase: float) -> None:
    machine = Clocked(phase)
    moments = watched(machine, 61.0).moments
    times = [one.at for one in moments]
    assert [round(two - one, 6) for one, two in itertools.pairwise(times)] == [INTERVAL] * (len(times) - 1)
    assert len(times) in {13, 14}
    assert moments[0].own is None, "nobody has looked before the first"
    for moment in moments[1:]:
        assert moment.own is not None
        before, after = moment.own.before, moment.own.after
        assert before.ended <= moment.at < moment.at + moment.spread <= after.began
        assert after.began - before.ended <= moment.spread + 2.0 * SHORT_TICK_SECONDS + 1e-3


def test_the_exporter_is_asked_when_a_sample_is_due_and_not_before() -> None:
    machine = Clocked(2.5)
    watched(machine, 60.0)
    assert len(machine.asked) < 60.0 / INTERVAL * 3


def test_of_a_long_interval_few_readings_are_held() -> None:
    """An exporter may sample once an hour, and its machine have thousands of network devices."""
    others = readings_in_memory()
    watch = watch_of(Clocked(0.5), interval=3600.0)
    for _ in itertools.islice(watch.run(3600.0), 2 * MOST_READINGS):
        pass
    assert MOST_READINGS / 2 < readings_in_memory() - others <= MOST_READINGS + 2


def readings_in_memory() -> int:
    """Return how many there are, those of other tests among them."""
    gc.collect()
    return sum(type(one) is Own for one in gc.get_objects())


def test_a_short_time_goes_on_until_there_are_enough_samples() -> None:
    assert len(watched(Clocked(0.5), 1.0).moments) == 3


def test_an_exporter_that_restarts_is_waited_for() -> None:
    machine = Clocked(0.5, away=(10.0, 10.0 + PATIENCE_SECONDS - 5.0))
    assert watched(machine, 90.0).moments[-1].at > NOON + 80.0


def test_an_exporter_that_stays_away_ends_the_audit() -> None:
    machine = Clocked(0.5, away=(10.0, 1e9))
    with pytest.raises(ConfigError) as raised:
        watched(machine, 3600.0)
    assert raised.value.mistakes == ["the exporter at 127.0.0.1:10110 has not answered for 60 s"]
    assert machine.now - NOON < 10.0 + INTERVAL + PATIENCE_SECONDS + 2.0 * TICK_SECONDS + 1.0


@settings(max_examples=15)
@given(back_at=st.floats(5.0, 55.0))
def test_a_clock_that_is_set_back_neither_prolongs_an_audit_nor_hides_a_sample(back_at: float) -> None:
    machine = Clocked(0.5, back_at=back_at)
    moments = watched(machine, 60.0).moments
    assert machine.now - NOON < 70.0
    assert len(moments) in {12, 13}


@pytest.mark.parametrize("told", ["NaN", "+Inf", "-Inf"])
def test_a_sample_without_a_time_is_none(told: str) -> None:
    machine = Clocked(0.5, told=told)
    assert watched(machine, 60.0).moments == []
    assert machine.now - NOON < 60.0 + 4.0 * INTERVAL


def test_a_sample_of_the_future_is_not_waited_for() -> None:
    machine = Clocked(0.5, told=repr(NOON + 1e9))
    assert [one.own for one in watched(machine, 20.0).moments] == [None]
    assert machine.now - NOON < 20.0 + 4.0 * INTERVAL
