"""The measurement of idle and full power: two quiet minutes, and two with every core busy."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from exporter.calibrate.stored import Calibration
from exporter.core.units import Joules, Ratio, Seconds, UnixSeconds, Watts
from exporter.power.allocation import PRECEDENCE
from exporter.power.component import Coverage
from exporter.sources.reading import HostReading
from exporter.usage.between import carry_forward, usage_between
from exporter.usage.sensors import believed

STEP = Seconds(5.0)
"""Time between readings while something is measured: the exporter's usual interval."""

MOST_BUSY_AT_REST = Ratio(0.05)
"""CPU utilization above which a machine is not idle. Assumed: at 5% a server since 2016 draws 9% of the way to full."""

LEAST_BUSY_AT_WORK = Ratio(0.95)
"""CPU utilization below which not every core is loaded. Assumed, as above."""

LEAST_TOLD = Ratio(0.9)
"""Share of a phase that a sensor has to tell of. Assumed: one reading in ten may fail."""

MOST_TRIES = 3
"""Times that a figure is asked for before the calibration is given up."""

BEFORE = """\
Calibration measures the power of this machine, once idle and once with every core busy. It takes {seconds:.0f} s.
Before it begins: close what runs, stop services that work by the clock, leave the screen as you usually have it, and on
a laptop unplug the power supply or use a meter. Ctrl-C ends it at any time; nothing is changed then."""


class CalibrationError(Exception):
    """Calibration that cannot be had; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time for the machine to settle in each phase, and time that is measured after it."""

    settle: Seconds = Seconds(60.0)  # noqa: RUF009 - a number
    measure: Seconds = Seconds(60.0)  # noqa: RUF009 - a number


class Bench(Protocol):
    """The machine under test, and the person in front of it."""

    def now(self) -> UnixSeconds:
        """Return civil time."""

    def wait(self, seconds: Seconds, /) -> None:
        """Let time pass."""

    def read(self) -> HostReading:
        """Read CPU times and sensors."""

    def lag(self) -> Seconds:
        """Return how old the answer of a sensor that is asked beside the readings may be."""

    def throttled(self) -> int:
        """Return how often the processor has been slowed down for heat or current since the machine started."""

    def load(self) -> AbstractContextManager[None]:
        """Keep every core busy."""

    def ask(self, question: str, /) -> str:
        """Ask the person and return the answer. Raises CalibrationError where nobody answers."""

    def say(self, line: str, /) -> None:
        """Tell the person."""


_Sensor = tuple[Coverage, str]
"""Coverage and source of sensors, which add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """Mean power by sensor over a phase, of those that told of nearly all of it; and how busy the machine was."""

    utilization: Ratio
    powers: Mapping[_Sensor, Watts]


def calibrate(bench: Bench, timing: Timing) -> Calibration:
    """Return the idle and full power of the machine. Raises CalibrationError where it is busy, throttles or is unread.

    A sensor of the whole machine is taken before RAPL, which sees only the packages; without either the person reads a
    meter and types.
    """
    bench.say(BEFORE.format(seconds=2 * (_settling(bench, timing) + timing.measure)))
    rest = _phase(bench, timing, "idle")
    if rest.utilization > MOST_BUSY_AT_REST:
        raise CalibrationError(
            f"the machine is not idle: its CPUs were {rest.utilization:.0%} busy; stop what runs and try again"
        )
    sensor = min(rest.powers, key=_rank, default=None)
    idle = _power(bench, rest, sensor)
    before = bench.throttled()
    with bench.load():
        work = _phase(bench, timing, "full load")
        full = _power(bench, work, sensor)
    if bench.throttled() > before:
        raise CalibrationError("the processor was slowed down for heat or current: cool the machine and try again")
    if work.utilization < LEAST_BUSY_AT_WORK:
        raise CalibrationError(
            f"only {work.utilization:.0%} of the CPUs could be kept busy: is this process limited to some of them?"
        )
    if not 0.0 < idle < full:
        raise CalibrationError(
            f"expected more power at full load than idle, got {full:g} W and {idle:g} W; nothing is stored"
        )
    covers, source = sensor or (Coverage.MACHINE, "meter")
    return Calibration(at=bench.now(), source=source, covers=covers, idle_watts=idle, full_watts=full)


def _phase(bench: Bench, timing: Timing, name: str) -> _Phase:
    """Let the machine settle, then measure it."""
    left = _settling(bench, timing)
    while left > 0.0:
        bench.say(f"{name}: settling, {left:.0f} s")
        bench.wait(min(STEP, left))
        bench.read()  # what is asked beside the readings should tell of this phase when it begins
        left = Seconds(left - STEP)
    previous = bench.read()
    busy = elapsed = 0.0
    energies: dict[_Sensor, Joules] = {}
    told: dict[_Sensor, float] = {}
    flat: Mapping[str, int] = {}
    while elapsed < timing.measure:
        bench.wait(STEP)
        reading = bench.read()
        usage = usage_between(previous, reading, interval=STEP)
        if usage.cpu is None:
            raise CalibrationError("the CPU times cannot be read")
        busy, elapsed = busy + usage.cpu.utilization * usage.elapsed, elapsed + usage.elapsed
        sensors = believed(usage.told, flat)
        flat = sensors.flat
        for one in sensors.measured:
            key = (one.sensor.covers, one.sensor.source)
            energies[key] = Joules(energies.get(key, 0.0) + one.energy)
        for key, length in {
            (one.sensor.covers, one.sensor.source): one.span.length for one in sensors.measured
        }.items():
            told[key] = told.get(key, 0.0) + length
        previous = carry_forward(previous, reading)
        bench.say(f"{name}: measuring, {max(0.0, timing.measure - elapsed):.0f} s left, CPUs {busy / elapsed:.0%} busy")
    known = [key for key in energies if key[0] in _USABLE and told[key] >= LEAST_TOLD * elapsed]
    return _Phase(utilization=Ratio(busy / elapsed), powers={key: Watts(energies[key] / told[key]) for key in known})


def _settling(bench: Bench, timing: Timing) -> Seconds:
    """Return the time to settle, after which every sensor tells of the present phase.

    An answer is sent for by one reading and is in the next.
    """
    return max(timing.settle, Seconds(bench.lag() + 2 * STEP))


_USABLE = (Coverage.MACHINE, Coverage.PACKAGE)


def _rank(sensor: _Sensor) -> tuple[int, int]:
    covers, source = sensor
    return _USABLE.index(covers), PRECEDENCE.index(source) if source in PRECEDENCE else len(PRECEDENCE)


def _power(bench: Bench, phase: _Phase, sensor: _Sensor | None) -> Watts:
    """Return a phase's power by the sensor, or by what the person reads from a meter."""
    if sensor is None:
        return _typed(bench)
    if sensor not in phase.powers:
        raise CalibrationError(f"{sensor[1]} has stopped telling; try again")
    bench.say(f"{phase.powers[sensor]:.1f} W by {sensor[1]}")
    return phase.powers[sensor]


def _typed(bench: Bench) -> Watts:
    for _ in range(MOST_TRIES):
        answer = bench.ask("What did the meter show over the last minute, in watts? ").strip().replace(",", ".")
        try:
            watts = float(answer.removesuffix("W").removesuffix("w"))
        except ValueError:
            watts = 0.0
        if 0.0 < watts <= 100_000.0:
            return Watts(watts)
        bench.say(f'expected a number of watts such as 45.5, got "{answer}"')
    raise CalibrationError("no reading of a meter was given")
