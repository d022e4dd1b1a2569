"""Mean power by sensor over a phase of a measurement."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from exporter.core.units import Joules, Ratio, Seconds, UnixSeconds, Watts
from exporter.power.component import PRECEDENCE, Coverage
from exporter.sources.reading import HostReading
from exporter.usage.between import carry_forward, usage_between
from exporter.usage.sensors import Believed, Told, believed

STEP = Seconds(5.0)
"""Time between readings while something is measured: the exporter's usual interval."""

LEAST_TOLD = Ratio(0.9)
"""Share of a phase that a sensor, and the CPU times, have to tell of. Assumed: one reading in ten may fail."""


class MeasurementError(Exception):
    """Measurement that cannot be had; the message is one line."""


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
        """Ask the person and return the answer. Raises MeasurementError where nobody answers."""

    def say(self, line: str, /) -> None:
        """Tell the person."""


class SensorKey(NamedTuple):
    """Coverage and source of sensors, which add up, and their names: a sum that lacks one is another's power."""

    covers: Coverage
    source: str
    names: frozenset[str]


USABLE = (Coverage.MACHINE, Coverage.PACKAGE)
"""Coverage of sensors whose power a measurement can use, the better first: the machine, or its packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Mean power by sensor over a phase, of those that told of nearly all of it; how busy the machine was; its length.

    `elapsed` counts the time for which the machine was suspended, all else leaves that out.
    """

    utilization: Ratio
    powers: Mapping[SensorKey, Watts]
    elapsed: Seconds


def measure_phase(bench: Bench, timing: Timing, tell: Callable[[str], None]) -> Phase:
    """Let the machine settle, then measure it; `tell` hears how far. Raises MeasurementError without CPU times."""
    left = settling(bench, timing)
    while left > 0.0:
        tell(f"settling, {left:.0f} s")
        bench.wait(min(STEP, left))
        bench.read()  # what is asked beside the readings should tell of this phase when it begins
        left = Seconds(left - STEP)
    previous = bench.read()
    began = previous.elapsed
    busy = watched = elapsed = 0.0
    energies: dict[SensorKey, Joules] = {}
    told: dict[SensorKey, float] = {}
    flat: Mapping[str, int] = {}
    while elapsed < timing.measure:
        bench.wait(STEP)
        reading = bench.read()
        usage = usage_between(previous, reading, interval=STEP)
        elapsed += usage.elapsed
        if usage.cpu is not None:
            busy, watched = busy + usage.cpu.utilization * usage.cpu.elapsed, watched + usage.cpu.elapsed
        elif elapsed - watched > (1.0 - LEAST_TOLD) * timing.measure:
            raise MeasurementError("the CPU times cannot be read")
        sensors = believed(usage.told, flat)
        flat = sensors.flat
        for key, energy, length in _sums(usage.told, sensors):
            energies[key] = Joules(energies.get(key, 0.0) + energy)
            told[key] = told.get(key, 0.0) + length
        previous = carry_forward(previous, reading)
        how_busy = f", CPUs {busy / watched:.0%} busy" if watched else ""
        tell(f"measuring, {max(0.0, timing.measure - elapsed):.0f} s left{how_busy}")
    known = [key for key in energies if key.covers in USABLE and told[key] >= LEAST_TOLD * elapsed]
    return Phase(
        utilization=Ratio(busy / watched),
        powers={key: Watts(energies[key] / told[key]) for key in known},
        elapsed=Seconds(previous.elapsed - began),
    )


def _sums(told: Told, sensors: Believed) -> Iterator[tuple[SensorKey, Joules, Seconds]]:
    """Yield the energy of all sensors that a source has of the same coverage, and the time in which they measured it.

    Those of a step are all that told or none: `believed` leaves out a sum of which a part is silent.
    """
    for group in dict.fromkeys((one.sensor.covers, one.sensor.source) for one in sensors.measured):
        names = frozenset(name for name, one in told.items() if (one.sensor.covers, one.sensor.source) == group)
        of_it = [one for one in sensors.measured if (one.sensor.covers, one.sensor.source) == group]
        yield SensorKey(*group, names), Joules(sum(one.energy for one in of_it)), of_it[0].span.length


def settling(bench: Bench, timing: Timing) -> Seconds:
    """Return the time to settle, after which every sensor tells of the present phase.

    An answer is sent for by one reading and is in the next.
    """
    return max(timing.settle, Seconds(bench.lag() + 2 * STEP))


def best_sensor(phase: Phase) -> SensorKey | None:
    """Return the sensor that tells most of the machine's power, None where none does; the whole before its packages."""
    return min(phase.powers, key=_rank, default=None)


def _rank(sensor: SensorKey) -> tuple[int, int]:
    source = sensor.source
    return USABLE.index(sensor.covers), PRECEDENCE.index(source) if source in PRECEDENCE else len(PRECEDENCE)
