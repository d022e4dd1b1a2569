"""The course of a trial: what it measures, what it refuses, and that settings never stay on."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Seconds
from exporter.measure.phase import MeasurementError, Timing, measure_phase
from exporter.optimize.trial.effect import LEAST_PAIRS
from exporter.optimize.trial.procedure import PILOT, Plan, power_sensor, run_trial
from exporter.optimize.trial.result import Trial
from exporter.power.component import Sensor
from tests.exporter.benches import BATTERY, METER, PACKAGE, FakeBench
from tests.exporter.fakes import Machine
from tests.fake_clock import FakeClock

TIMING = Timing(settle=Seconds(60.0), measure=Seconds(60.0))


@dataclass(slots=True, kw_only=True)
class Switched(FakeBench):
    """A machine whose power follows a switch slowly, beside a load that goes up and down."""

    saves: float = 0.1
    lags: float = 15.0
    on: bool = False
    level: float = 1.0
    trouble: Callable[["Switched"], None] = lambda _: None

    def wait(self, seconds: Seconds, /) -> None:
        self.waits += 1
        if self.waits == self.interrupted_after:
            raise KeyboardInterrupt
        self.trouble(self)
        target = 1.0 - self.saves if self.on else 1.0
        self.level = target + (self.level - target) * 2.0 ** (-seconds / self.lags)
        busy = 0.3 + 0.2 * ((self.waits // 40) % 3)
        self.machine.sensor_watts = dict.fromkeys(self.machine.sensors, (40.0 + 60.0 * busy) * self.level)
        self.machine.run(seconds, utilization=busy)

    @contextlib.contextmanager
    def switched_on(self) -> Iterator[None]:
        self.on = True
        try:
            yield
        finally:
            self.on = False


def bench(*sensors: Sensor, **changed: object) -> Switched:
    machine = Machine(FakeClock(), sensors={one.source: one for one in sensors})
    return Switched(machine=machine, **changed)  # type: ignore[arg-type]


def run(one: Switched, pairs: int = LEAST_PAIRS) -> Trial:
    plan = Plan(pairs=pairs, timing=TIMING)
    sensor = power_sensor(one)
    return run_trial(one, plan, sensor=sensor, strategy="reduce_cpu", switched_on=one.switched_on, draw=Random(5))  # noqa: S311 - no secret


@pytest.mark.parametrize("saves", [0.0, 0.03, 0.2, -0.1])
def test_a_trial_finds_the_effect_and_leaves_out_the_time_in_which_power_follows(saves: float) -> None:
    one = bench(METER, saves=saves)
    found = run(one)
    # Of what the switch changed, a 2^-4 share is left after a minute, and less in the mean of the next.
    assert found.effect.reduction.estimate == pytest.approx(saves, abs=0.15 * abs(saves) + 0.02)
    assert (found.source, found.covers, found.lost_pairs) == ("meter", METER.covers, 0)
    assert (found.effect.pairs, one.on) == (LEAST_PAIRS, False)
    assert found.began < found.ended


def test_the_sensor_of_the_whole_machine_is_taken_and_said() -> None:
    one = bench(PACKAGE, BATTERY, METER)
    assert run(one).source == "meter"
    assert any("measured by meter, which sees the whole machine" in line for line in one.said)


def test_what_packages_leave_out_is_taken_as_constant_and_said() -> None:
    one = bench(PACKAGE)
    assert run(one).source == "rapl"
    assert any("what it leaves out is taken as constant" in line for line in one.said)


def test_without_a_sensor_of_power_it_is_refused_within_half_a_minute() -> None:
    one = bench()
    began = one.now()
    with pytest.raises(MeasurementError, match="is not measured: a trial needs RAPL") as caught:
        run(one)
    assert "\n" not in str(caught.value)
    assert one.now() - began <= 30.0


def test_settings_are_tried_once_at_first_and_it_says_how_long_it_must_run_before_they_stay_on() -> None:
    one = bench(METER)
    switched = 0

    @contextlib.contextmanager
    def switched_on() -> Iterator[None]:
        nonlocal switched
        switched += 1
        told = [line for line in one.said if line.startswith("to see 5% less with probability 0.8 takes about")]
        assert len(told) == (switched > 1)
        began = one.now()
        yield
        assert (one.now() > began) == (switched > 1)

    plan, sensor = Plan(pairs=12, timing=TIMING), power_sensor(one)
    run_trial(one, plan, sensor=sensor, strategy="s", switched_on=switched_on, draw=Random(1))  # noqa: S311 - no secret
    assert switched == 1 + 12


def sleeps_at(pauses: set[int]) -> Callable[[Switched], None]:
    def trouble(one: Switched) -> None:
        if one.waits in pauses:
            one.machine.clock.sleep(3600.0)

    return trouble


def test_a_pair_in_which_the_machine_slept_or_the_sensor_was_silent_is_lost_and_counted() -> None:
    steps = 24
    before = 4 + PILOT * steps
    asleep = bench(METER, trouble=sleeps_at({before + 20}))
    found = run(asleep, LEAST_PAIRS + 2)
    assert (found.lost_pairs, found.effect.pairs) == (1, LEAST_PAIRS + 1)
    assert any("is lost" in line for line in asleep.said)

    def silent(one: Switched) -> None:
        one.machine.broken = {"meter"} if before + 2 * steps <= one.waits < before + 3 * steps else set()

    assert run(bench(METER, trouble=silent), LEAST_PAIRS + 2).lost_pairs >= 1


@pytest.mark.parametrize("steps", [1, 10])
def test_a_pair_in_which_one_of_two_packages_failed_is_lost_and_not_told_by_the_other(steps: int) -> None:
    measuring = range(355, 355 + steps)

    def fails(one: Switched) -> None:
        one.machine.broken = {"second"} if one.waits in measuring else set()

    machine = Machine(FakeClock(), sensors={"first": PACKAGE, "second": PACKAGE})
    assert run(Switched(machine=machine, trouble=fails), LEAST_PAIRS + 2).lost_pairs == 1


def test_a_phase_of_which_a_package_is_missing_has_another_power_than_one_with_all() -> None:
    one = Switched(machine=Machine(FakeClock(), sensors={"first": PACKAGE, "second": PACKAGE}))
    with_all = measure_phase(one, TIMING, lambda _: None)
    one.machine.broken = {"second"}
    without = measure_phase(one, TIMING, lambda _: None)
    one.machine.broken = set()
    assert not with_all.powers.keys() & without.powers.keys()
    one.trouble = lambda it: it.machine.broken.symmetric_difference_update({"second"})
    assert not measure_phase(one, TIMING, lambda _: None).powers


@pytest.mark.parametrize("step", [-1e6, 1e6])
def test_a_clock_that_is_set_meanwhile_changes_no_result_and_not_how_long_a_trial_took(step: float) -> None:
    def sets(one: Switched) -> None:
        if one.waits == 300:
            one.machine.clock.step(step)

    undisturbed, disturbed = run(bench(METER)), run(bench(METER, trouble=sets))
    assert disturbed.effect == undisturbed.effect
    assert disturbed.ended - disturbed.began == pytest.approx(undisturbed.ended - undisturbed.began)


def test_cpu_times_that_fail_once_lose_nothing() -> None:
    def fails_at_times(one: Switched) -> None:
        one.machine.broken = {"cpu"} if one.waits % 12 == 6 and one.waits > 10 else set()

    assert run(bench(METER, trouble=fails_at_times)).lost_pairs == 0


def test_a_sensor_that_goes_silent_for_good_ends_it_in_one_line() -> None:
    def silent(one: Switched) -> None:
        one.machine.broken = {"meter"} if one.waits > 400 else set()

    one = bench(METER, trouble=silent)
    with pytest.raises(MeasurementError, match="pairs were measured, expected 12"):
        run(one)
    assert not one.on


@settings(max_examples=12)
@given(st.integers(min_value=1, max_value=700))
def test_an_interruption_at_any_moment_leaves_nothing_on(waits: int) -> None:
    one = bench(METER, interrupted_after=waits)
    with pytest.raises(KeyboardInterrupt):
        run(one)
    assert not one.on


def test_a_plan_fills_its_hours_and_one_that_is_too_short_is_refused() -> None:
    plan = Plan.of(8.0, Timing(settle=Seconds(60.0), measure=Seconds(240.0)), FakeBench())
    assert plan.pairs == (8 * 12 - PILOT) // 2
    with pytest.raises(MeasurementError, match=r"expected --hours 3 at least for phases of 300 s, got 1"):
        Plan.of(1.0, Timing(settle=Seconds(60.0), measure=Seconds(240.0)), FakeBench())
