"""Benches whose machine and person do what a test tells them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from exporter.core.units import Seconds, UnixSeconds
from exporter.measure.phase import MeasurementError
from exporter.power.component import Coverage, Sensor
from exporter.sources.reading import HostReading
from tests.exporter.fakes import Machine
from tests.fake_clock import FakeClock

METER = Sensor(source="meter", covers=Coverage.MACHINE, factor=1.02, description="a plug")
BATTERY = Sensor(source="battery", covers=Coverage.MACHINE, factor=1.1, description="a battery")
PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="a package")


@dataclass(slots=True, kw_only=True)
class FakeBench:
    """A machine that draws more while it is loaded, and a person with answers."""

    machine: Machine = field(default_factory=lambda: Machine(FakeClock()))
    idle: dict[str, float] = field(default_factory=dict)
    full: dict[str, float] = field(default_factory=dict)
    at_rest: float = 0.01
    at_work: float = 1.0
    heats_up: bool = False
    answers: list[str] = field(default_factory=list)
    interrupted_after: int | None = None
    loaded: bool = False
    said: list[str] = field(default_factory=list)
    waits: int = 0

    def now(self) -> UnixSeconds:
        return self.machine.clock.wall()

    def wait(self, seconds: Seconds, /) -> None:
        self.waits += 1
        if self.waits == self.interrupted_after:
            raise KeyboardInterrupt
        self.machine.sensor_watts = self.full if self.loaded else self.idle
        self.machine.run(seconds, utilization=self.at_work if self.loaded else self.at_rest)

    def read(self) -> HostReading:
        return self.machine.read()

    def lag(self) -> Seconds:
        return Seconds(0.0)

    def throttled(self) -> int:
        return 7 + (self.heats_up and self.waits > 20)

    @contextlib.contextmanager
    def load(self) -> Iterator[None]:
        self.loaded = True
        try:
            yield
        finally:
            self.loaded = False

    def ask(self, _question: str, /) -> str:
        if not self.answers:
            raise MeasurementError("no reading of a meter was given")
        return self.answers.pop(0)

    def say(self, line: str, /) -> None:
        self.said.append(line)


def with_sensors(**sensors: tuple[Sensor, float, float]) -> FakeBench:
    """Return a bench whose machine has these sensors, with their watts when idle and when loaded."""
    machine = Machine(FakeClock(), sensors={name: sensor for name, (sensor, _, _) in sensors.items()})
    return FakeBench(
        machine=machine,
        idle={name: idle for name, (_, idle, _) in sensors.items()},
        full={name: full for name, (_, _, full) in sensors.items()},
    )
