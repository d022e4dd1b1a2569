"""The course of a trial: a pilot that tells how long it must run, then pairs of phases in an order of chance."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil, floor
from random import Random

from exporter.core.units import SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.measure.phase import (
    STEP,
    Bench,
    MeasurementError,
    SensorKey,
    Timing,
    best_sensor,
    measure_phase,
    settling,
)
from exporter.optimize.trial.effect import (
    LEAST_PAIRS,
    POWER,
    SMALLEST,
    Mean,
    Pair,
    effect_of,
    pairs_to_see,
    smallest_seen,
    spread_of,
)
from exporter.optimize.trial.result import Trial
from exporter.power.component import Coverage

PILOT = 8
"""Phases of the pilot: seven steps between neighbours tell a spread to within some 30%. Chosen."""

GLANCE = Timing(settle=Seconds(0.0), measure=Seconds(2 * STEP))
"""Phase that only looks for a sensor, so that a machine without one is told at once. Chosen."""

UNMEASURED = (
    "the power of this machine is not measured: a trial needs RAPL, a battery that is in use, a meter or IPMI; "
    "a model would report what it assumes"
)


class DisturbedError(MeasurementError):
    """Settings that somebody else changed while they were on, and that may be switched on again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Length of the phases and number of the pairs of a trial."""

    pairs: int
    timing: Timing

    @classmethod
    def of(cls, hours: float, timing: Timing, bench: Bench) -> "Plan":
        """Return the plan that fills so many hours. Raises MeasurementError where too few pairs fit.

        The bench has to have been read: until then it does not know how late its sensors answer.
        """
        phase = settling(bench, timing) + timing.measure
        pairs = floor((hours * SECONDS_PER_HOUR / phase - PILOT) / 2.0)
        if pairs < LEAST_PAIRS:
            least = ceil((PILOT + 2 * LEAST_PAIRS) * phase / SECONDS_PER_HOUR)
            raise MeasurementError(f"expected --hours {least} at least for phases of {phase:.0f} s, got {hours:g}")
        return cls(pairs=pairs, timing=timing)


@dataclass(slots=True, kw_only=True)
class Course:
    """A trial under way: its bench, its sensor and what it says."""

    bench: Bench
    timing: Timing
    sensor: SensorKey

    def phase(self) -> Mean | None:
        """Measure a phase; None where the sensor did not tell of it or the machine slept meanwhile."""
        phase = measure_phase(self.bench, self.timing, lambda _: None)
        watts = phase.powers.get(self.sensor)
        if watts is None or watts <= 0.0 or phase.elapsed > self.timing.measure + 2 * STEP:
            return None
        return Mean(watts=watts, utilization=phase.utilization)

    def hours(self, pairs: int) -> float:
        """Return how long so many pairs take."""
        return 2 * pairs * (settling(self.bench, self.timing) + self.timing.measure) / SECONDS_PER_HOUR


def power_sensor(bench: Bench) -> SensorKey:
    """Look for the sensor that tells most of the machine's power. Raises MeasurementError where none does."""
    sensor = best_sensor(measure_phase(bench, GLANCE, lambda _: None))
    if sensor is None:
        raise MeasurementError(UNMEASURED)
    return sensor


def run_trial(
    bench: Bench,
    plan: Plan,
    *,
    sensor: SensorKey,
    strategy: str,
    switched_on: Callable[[], AbstractContextManager[object]],
    draw: Random,
) -> Trial:
    """Measure a strategy's effect; `switched_on` holds its settings for as long as its context lasts.

    A pair is lost where leaving that context raises DisturbedError. Raises MeasurementError where too few are left.
    """
    started = bench.read().elapsed
    course = Course(bench=bench, timing=plan.timing, sensor=sensor)
    bench.say(_by(sensor))
    with switched_on():
        pass  # what cannot be set shows now, and not after the pilot
    _pilot(course, plan)
    pairs: list[Pair] = []
    for number in range(1, plan.pairs + 1):
        pair = _pair(course, switched_on, on_first=bool(draw.getrandbits(1)))
        if pair is None:
            told = f"is lost: {sensor.source} did not tell of all of it, the machine slept, or a setting was changed"
        else:
            pairs.append(pair)
            told = (
                f"{pair.off.watts:.1f} W off, {pair.on.watts:.1f} W on, CPUs {pair.off.utilization:.0%} and "
                f"{pair.on.utilization:.0%} busy"
            )
        bench.say(f"pair {number} of {plan.pairs}: {told}, {course.hours(plan.pairs - number):.1f} h left")
    if len(pairs) < LEAST_PAIRS:
        raise MeasurementError(
            f"only {len(pairs)} of {plan.pairs} pairs were measured, expected {LEAST_PAIRS} at least"
        )
    ended = bench.now()
    return Trial(
        strategy=strategy,
        began=UnixSeconds(ended - (bench.read().elapsed - started)),  # whatever was done to the clock meanwhile
        ended=ended,
        source=sensor.source,
        covers=sensor.covers,
        lost_pairs=plan.pairs - len(pairs),
        effect=effect_of(pairs, draw),
    )


def _pair(course: Course, switched_on: Callable[[], AbstractContextManager[object]], *, on_first: bool) -> Pair | None:
    """Measure a phase with the strategy off and one with it on; None where either is lost."""
    found: dict[bool, Mean | None] = {}
    try:
        for on in (on_first, not on_first):
            with switched_on() if on else nullcontext():
                found[on] = course.phase()
    except DisturbedError:
        return None
    off, on_ = found[False], found[True]
    return None if off is None or on_ is None else Pair(off=off, on=on_)


def _pilot(course: Course, plan: Plan) -> None:
    """Measure some phases with nothing switched, and say how long the trial must run to see what.

    Raises MeasurementError where too few phases were measured to tell.
    """
    bench = course.bench
    bench.say(f"pilot of {course.hours(PILOT // 2):.1f} h, with nothing switched")
    means = [one for one in (course.phase() for _ in range(PILOT)) if one is not None]
    if len(means) <= PILOT // 2:
        raise MeasurementError(f"{course.sensor.source} told of {len(means)} of {PILOT} phases: too few for a trial")
    spread = spread_of([one.watts for one in means])
    bench.say(
        f"to see {SMALLEST:.0%} less with probability {POWER:g} takes about "
        f"{course.hours(pairs_to_see(SMALLEST, spread)):.1f} h of pairs while the load is as it was; "
        f"{course.hours(plan.pairs):.1f} h follow, which show {smallest_seen(plan.pairs, spread):.1%}"
    )


def _by(sensor: SensorKey) -> str:
    """Say what measures and what it leaves out."""
    if sensor.covers is Coverage.MACHINE:
        return f"measured by {sensor.source}, which sees the whole machine"
    return f"measured by {sensor.source}, which sees the processor packages; what it leaves out is taken as constant"
