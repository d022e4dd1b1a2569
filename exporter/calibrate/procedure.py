"""The measurement of idle and full power: two quiet minutes, and two with every core busy."""

from exporter.calibrate.stored import Calibration
from exporter.core.units import Ratio, Watts
from exporter.measure.phase import (
    Bench,
    MeasurementError,
    Phase,
    SensorKey,
    Timing,
    best_sensor,
    measure_phase,
    settling,
)
from exporter.power.component import Coverage

MOST_BUSY_AT_REST = Ratio(0.05)
"""CPU utilization above which a machine is not idle. Assumed: at 5% a server since 2016 draws 9% of the way to full."""

LEAST_BUSY_AT_WORK = Ratio(0.95)
"""CPU utilization below which not every core is loaded. Assumed, as above."""

MOST_TRIES = 3
"""Times that a figure is asked for before the calibration is given up."""

BEFORE = """\
Calibration measures the power of this machine, once idle and once with every core busy. It takes {seconds:.0f} s.
Before it begins: close what runs, stop services that work by the clock, leave the screen as you usually have it, and on
a laptop unplug the power supply or use a meter. Ctrl-C ends it at any time; nothing is changed then."""


def calibrate(bench: Bench, timing: Timing) -> Calibration:
    """Return the idle and full power of the machine. Raises MeasurementError where it is busy, throttles or is unread.

    A sensor of the whole machine is taken before RAPL, which sees only the packages; without either the person reads a
    meter and types.
    """
    bench.say(BEFORE.format(seconds=2 * (settling(bench, timing) + timing.measure)))
    rest = _phase(bench, timing, "idle")
    if rest.utilization > MOST_BUSY_AT_REST:
        raise MeasurementError(
            f"the machine is not idle: its CPUs were {rest.utilization:.0%} busy; stop what runs and try again"
        )
    sensor = best_sensor(rest)
    idle = _power(bench, rest, sensor)
    before = bench.throttled()
    with bench.load():
        work = _phase(bench, timing, "full load")
        full = _power(bench, work, sensor)
    if bench.throttled() > before:
        raise MeasurementError("the processor was slowed down for heat or current: cool the machine and try again")
    if work.utilization < LEAST_BUSY_AT_WORK:
        raise MeasurementError(
            f"only {work.utilization:.0%} of the CPUs could be kept busy: is this process limited to some of them?"
        )
    if not 0.0 < idle < full:
        raise MeasurementError(
            f"expected more power at full load than idle, got {full:g} W and {idle:g} W; nothing is stored"
        )
    covers, source = (sensor.covers, sensor.source) if sensor else (Coverage.MACHINE, "meter")
    return Calibration(at=bench.now(), source=source, covers=covers, idle_watts=idle, full_watts=full)


def _phase(bench: Bench, timing: Timing, name: str) -> Phase:
    return measure_phase(bench, timing, lambda line: bench.say(f"{name}: {line}"))


def _power(bench: Bench, phase: Phase, sensor: SensorKey | None) -> Watts:
    """Return a phase's power by the sensor, or by what the person reads from a meter."""
    if sensor is None:
        return _typed(bench)
    if sensor not in phase.powers:
        raise MeasurementError(f"{sensor.source} has stopped telling; try again")
    bench.say(f"{phase.powers[sensor]:.1f} W by {sensor.source}")
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
    raise MeasurementError("no reading of a meter was given")
