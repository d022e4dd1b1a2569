"""This machine as a test bench: its sensors, its cores, and the terminal in front of it."""

import contextlib
import os
import subprocess  # only `ecotrack calibrate` starts programs
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from exporter.build import Paths
from exporter.core.clock import Clock
from exporter.core.units import Seconds, UnixSeconds
from exporter.measure.phase import MeasurementError
from exporter.power.hardware import Hardware, Kind
from exporter.sources.collector import SOURCES, Choices
from exporter.sources.cpu import logical_cpus
from exporter.sources.host import HostSource
from exporter.sources.ipmi import INTERVAL
from exporter.sources.meter import MeterSettings
from exporter.sources.nics import NicRule
from exporter.sources.reading import HostReading, SourceState

BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    for _ in range(1000000):\n        pass\n"
"""A program that keeps a core busy for as long as the process whose id it is given is its parent."""

NEEDED = {"cpu", "rapl", "hwmon", "battery", "meter", "ipmi"}
"""Sources that may tell the power of the machine or of its packages, and how busy that is. NVML only wakes a card."""

STOPPING = Seconds(5.0)
"""Time for a busy child to end before it is killed; it ends at once unless the machine is stuck."""


def require_power_of_its_own(hardware: Hardware) -> None:
    """Refuse a virtual machine, whose sensors, if it is shown any, are its host's. Raises MeasurementError."""
    if hardware.kind is Kind.VM:
        raise MeasurementError("a virtual machine has no power of its own to measure")


class MachineBench:
    """See `Bench`."""

    def __init__(
        self,
        clock: Clock,
        *,
        paths: Paths,
        meter: MeterSettings | None = None,
        wait: Callable[[float], object],
        ask: Callable[[str], str],
        say: Callable[[str], None],
    ) -> None:
        """Open the sensors of the machine and its configured `meter`; `wait`, `ask` and `say` are the outside."""
        self._clock = clock
        self._paths = paths
        self._wait = wait
        self._ask = ask
        self._say = say
        needed = [one for one in SOURCES if one.name in NEEDED]
        self._meter = meter
        self._asks_controller = False
        self._source = HostSource(
            clock,
            NicRule(),
            procfs=paths.procfs,
            sysfs=paths.sysfs,
            sources=needed,
            choices=Choices(meter=meter),
        )

    def now(self) -> UnixSeconds:
        """See `Bench.now`."""
        return self._clock.wall()

    def wait(self, seconds: Seconds, /) -> None:
        """See `Bench.wait`."""
        self._wait(seconds)

    def read(self) -> HostReading:
        """See `Bench.read`."""
        reading = self._source.read()
        self._asks_controller |= any(
            one.collector == "ipmi" and one.state is SourceState.WORKS for one in reading.outcomes
        )
        return reading

    def lag(self) -> Seconds:
        """See `Bench.lag`."""
        asked = Seconds(0.0) if self._meter is None else self._meter.interval
        return max(asked, INTERVAL) if self._asks_controller else asked

    def throttled(self) -> int:
        """See `Bench.throttled`; 0 where the kernel does not count (Linux counts on Intel)."""
        files = self._paths.sysfs.glob("devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count")
        return sum(_count(file) for file in files)

    @contextlib.contextmanager
    def load(self) -> Iterator[None]:
        """See `Bench.load`: a child for each logical CPU, in a session of its own so that Ctrl-C is this process's."""
        command = [sys.executable, "-I", "-S", "-c", BUSY, str(os.getpid())]
        children: list[subprocess.Popen[bytes]] = []
        try:
            for _ in range(logical_cpus(self._paths.procfs)):
                child = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own text
                children.append(child)
            yield
        finally:
            for child in children:
                child.terminate()
            for child in children:
                try:
                    child.wait(STOPPING)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def ask(self, question: str, /) -> str:
        """See `Bench.ask`."""
        try:
            return self._ask(question)
        except EOFError as error:
            raise MeasurementError("no reading of a meter was given, and no sensor shows the power") from error
        except UnicodeDecodeError:
            return ""

    def say(self, line: str, /) -> None:
        """See `Bench.say`."""
        self._say(line)


def _count(file: Path) -> int:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return 0
    return int(text) if text.isdigit() else 0
