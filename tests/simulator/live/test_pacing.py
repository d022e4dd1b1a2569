"""Simulated time beside the wall clock: at its speed, without bursts, and told honestly."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
import pytest

from exporter.core.units import Seconds
from simulator.app import Plan, advance, build_run
from simulator.live.pacing import Pace, SpeedMeter, step_for
from simulator.live.run import LiveRun
from simulator.live.snapshot import Snapshot
from tests.fake_clock import FakeClock
from tests.simulator.scenario.scenarios import edge


@pytest.mark.parametrize(
    ("speed", "step"),
    [(0.01, 1), (1, 1), (1.9, 1), (7, 6), (59, 50), (60, 60), (299, 150), (300, 300), (1e6, 300), (math.inf, 300)],
)
def test_a_step_is_as_long_as_comes_once_a_second(speed: float, step: float) -> None:
    assert step_for(speed) == step


def test_steps_are_due_at_their_speed() -> None:
    clock = FakeClock()
    pace = Pace(clock, speed=120.0, step=Seconds(60.0))
    assert pace.until_due() == 0.5
    clock.advance(0.75)
    assert pace.until_due() == 0.0
    assert pace.stepped() == 0.0
    assert pace.until_due() == 0.25


def test_a_little_lateness_is_made_up_and_more_is_let_go() -> None:
    clock = FakeClock()
    pace = Pace(clock, speed=60.0, step=Seconds(60.0))
    clock.advance(1.9)
    assert pace.stepped() == 0.0
    assert pace.until_due() == pytest.approx(0.1)
    clock.advance(100.0)
    assert pace.stepped() == pytest.approx(98.9)
    assert pace.until_due() == 0.0


def test_time_asleep_is_not_caught_up_with() -> None:
    clock = FakeClock()
    pace = Pace(clock, speed=60.0, step=Seconds(60.0))
    clock.sleep(3600.0)
    assert pace.until_due() == 1.0


def test_as_fast_as_possible_is_always_due_and_never_late() -> None:
    clock = FakeClock()
    pace = Pace(clock, speed=math.inf, step=Seconds(300.0))
    for _ in range(3):
        clock.advance(10.0)
        assert pace.until_due() == 0.0
        assert pace.stepped() == 0.0


def test_the_speed_is_that_of_the_last_seconds() -> None:
    clock, simulated = FakeClock(), 0.0
    meter = SpeedMeter(clock)
    assert meter.read(Seconds(0.0)) is None
    told = []
    for second in range(60):
        clock.advance(1.0)
        simulated += 60.0 if second < 30 else 30.0
        told.append(meter.read(Seconds(simulated)))
    assert told[:30] == [60.0] * 30
    assert 30.0 < (told[34] or 0.0) < 60.0
    assert told[41:] == [30.0] * 19


@dataclass
class Day:
    """Stops after some wall time; waiting lets the clock go on, and each turn of the loop costs time as well."""

    clock: FakeClock
    seconds: float
    cost: float = 0.0
    happens: dict[int, Callable[[], None]] = field(default_factory=dict)
    turns: int = 0
    longest: float = 0.0

    def __post_init__(self) -> None:
        self._end = self.clock.awake() + self.seconds

    def wait(self, seconds: float) -> bool:
        """See `Stop.wait`."""
        self.longest = max(self.longest, seconds)
        self.clock.advance(seconds + self.cost)
        self.turns += 1
        if event := self.happens.get(self.turns):
            event()
        return self.clock.awake() >= self._end


def live_run(speed: float) -> LiveRun:
    live = build_run(Plan(scenario=edge(), seed=1, speed=speed))
    live.step()
    return live


def go(live: LiveRun, clock: FakeClock, stop: Day) -> list[tuple[float, Snapshot]]:
    """Return the published snapshots with their times."""
    published: list[tuple[float, Snapshot]] = []
    advance(live, clock, lambda snapshot: published.append((clock.awake(), snapshot)), stop)
    return published


@pytest.mark.slow
@pytest.mark.parametrize("speed", [1.0, 7.0, 60.0, 299.0, 5000.0])
def test_the_clock_runs_at_its_speed_and_is_published_once_a_second(speed: float) -> None:
    clock, live = FakeClock(), live_run(speed)
    began = live.clock
    published = go(live, clock, Day(clock, seconds=30.0, cost=1e-4))
    assert live.clock - began == pytest.approx(30.0 * speed, abs=2.0 * live.facts.step)
    times = [at for at, _ in published]
    assert all(later - sooner >= 1.0 for sooner, later in pairwise(times))
    assert len(published) >= 14
    last = published[-1][1]
    assert last.readings is not None
    assert last.readings.speed == pytest.approx(speed, rel=0.1)


def test_nothing_is_waited_for_longer_than_until_the_next_step() -> None:
    """A signal wakes the wait itself; between two waits lies one step at most."""
    clock = FakeClock()
    day = Day(clock, seconds=10.0)
    go(live_run(60.0), clock, day)
    assert day.longest <= 1.0


def test_a_stopped_program_does_not_hurry_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    clock, live = FakeClock(), live_run(60.0)
    began = live.clock
    with caplog.at_level(logging.WARNING):
        go(live, clock, Day(clock, seconds=130.0, cost=1e-4, happens={20: lambda: clock.advance(100.0)}))
    assert live.clock - began == pytest.approx(30 * 60.0, abs=3 * 60.0)
    assert [record.getMessage().partition(" 9")[0] for record in caplog.records] == ["the simulated clock fell"]


@pytest.mark.slow
def test_a_machine_too_slow_says_so_once_and_tells_its_true_speed(caplog: pytest.LogCaptureFixture) -> None:
    clock, live = FakeClock(), live_run(86_400.0)
    with caplog.at_level(logging.WARNING):
        published = go(live, clock, Day(clock, seconds=20.0, cost=0.05))
    assert len(caplog.records) == 1
    last = published[-1][1]
    assert last.readings is not None
    assert last.readings.speed == pytest.approx(300.0 / 0.05, rel=0.05)


@pytest.mark.slow
def test_as_fast_as_possible_publishes_once_a_second_and_complains_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock, live = FakeClock(), live_run(math.inf)
    with caplog.at_level(logging.WARNING):
        published = go(live, clock, Day(clock, seconds=5.0, cost=0.01))
    assert not caplog.records
    assert 4 <= len(published) <= 5


@pytest.mark.slow
def test_no_counter_ever_falls_and_days_follow_days() -> None:
    clock, live = FakeClock(), live_run(300.0)
    before = live.snapshot(clock, None)
    for _ in range(3 * 288):
        live.step()
        now = live.snapshot(clock, None)
        for name, total in now.totals.sums._asdict().items():
            fallen = total < getattr(before.totals.sums, name)
            assert not fallen.any(), f"{name} at {now.clock}"
        before = now
    assert len(before.history) == 288
    assert before.clock == 3 * 86_400.0 + 300.0
    assert before.at_midnight.grid.sum() < before.totals.grid.sum()


@pytest.mark.slow
def test_points_of_the_history_sum_to_the_totals() -> None:
    clock, live = FakeClock(), live_run(60.0)
    for _ in range(5 * 60 - 1):
        live.step()
    now = live.snapshot(clock, None)
    assert len(now.history) == 60
    for name in ("renewable", "battery", "grid", "generation"):
        joules = sum(getattr(point, name) for point in now.history) * 300.0
        assert joules == pytest.approx(getattr(now.totals, name).sum())


@pytest.mark.parametrize(("policy", "carbon"), [("joint", 0.0), ("casper-like", 0.5), ("round-robin", None)], ids=str)
def test_the_weights_told_are_those_that_the_policy_uses(policy: str, carbon: float | None) -> None:
    chosen = msgspec.structs.replace(edge().scheduler, policy=policy)
    told = build_run(Plan(scenario=edge(scheduler=chosen), seed=1, speed=60.0)).facts.weights
    assert told.get("carbon") == carbon
    assert sum(told.values()) == (0 if carbon is None else pytest.approx(1))
