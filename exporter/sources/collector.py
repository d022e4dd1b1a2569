"""The table of all sources, and the edge at which each of them is run, timed and caught.

A new source is a file beside this one, a row in `SOURCES`, and a field of `HostReading` of the row's name. A source of
energy counters needs no field: its sensors go into `HostReading.sensors`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from exporter.core.clock import Clock
from exporter.core.logs import Seldom
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.battery import BatterySource
from exporter.sources.cpu import cpu_times
from exporter.sources.device_links import DeviceLinks
from exporter.sources.disk import DiskSource
from exporter.sources.hwmon import HwmonSource
from exporter.sources.machine import boot_id
from exporter.sources.memory import memory
from exporter.sources.network import NetworkSource
from exporter.sources.nics import NicRule
from exporter.sources.procfs import USUAL, Procfs
from exporter.sources.rapl import RaplSource
from exporter.sources.reading import NotPresentError, Outcome, SourceState, Timed
from exporter.sources.sockstat import sockets

if TYPE_CHECKING:
    from exporter.sources.attestation import ProofFile
    from exporter.sources.meter import MeterSettings
    from exporter.sources.processes.grouping import GroupRule

LOG = logging.getLogger(__name__)


SENSORS_PAGE = "docs/how-to/use-sensors.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Choices of the configuration for sources that are off, or absent, by default."""

    connections_interval: Seconds = Seconds(30.0)  # noqa: RUF009 - a number
    meter: "MeterSettings | None" = None
    attribution: "GroupRule | None" = None
    proof: Callable[[], Path | None] = lambda: None
    """Return the file of the proof to show; None where none is. It is asked at each reading, since it may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The facts that sources need: the kernel's folders, and the configuration's choices."""

    clock: Clock
    procfs: Procfs
    sysfs: Path
    rule: NicRule
    choices: Choices
    cards: bool = False
    """True where the energy of NVIDIA's graphics cards is read, which keeps them awake."""


class OnFailure(StrEnum):
    """The rule for the time of a reading that failed."""

    CARRIED = "carried"
    """A counter: the next good reading covers the whole time since the last one."""
    REPLACED = "replaced"
    """Energy counters of sensors: a model covers the time, and the next good reading starts anew."""
    LEVEL = "level"
    """A level of the moment: there is nothing to book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A row of the table. `open` returns what reads the source once, and is called once.

    What is read is the field of `HostReading` that has the row's name; of a replaced one, it is a mapping of sensors'
    names to their `EnergyCounter`s.
    """

    name: str
    reads: str
    on_failure: OnFailure
    open: Callable[[Settings], Callable[[], object]]
    file: Callable[[Settings], Path]
    """The file that the log names where its content is not understood."""
    interval: Callable[[Settings], Seconds] | None = None
    """Time between readings, for what is dear to read; None for a reading at each sample."""
    default: bool = True

    def __post_init__(self) -> None:
        """Refuse a source that would say only later what a model has booked by then, or that would be carried twice."""
        if self.interval is not None and self.on_failure is not OnFailure.LEVEL:
            raise ValueError(f"source {self.name}: expected an interval of a level only")


# What is off is not loaded, since it would stay in memory for good: these sources are imported where they are opened.


def _connections(settings: Settings) -> Callable[[], object]:
    from exporter.sources.connections import tcp_connections  # noqa: PLC0415

    return lambda: tcp_connections(settings.procfs.net)


def _meter(settings: Settings) -> Callable[[], object]:
    if settings.choices.meter is None:
        return _absent
    from exporter.sources.meter import MeterSource  # noqa: PLC0415

    return MeterSource(settings.choices.meter, settings.clock).read


def _absent() -> NoReturn:
    raise NotPresentError


def _attestation(settings: Settings) -> Callable[[], object]:
    file: ProofFile | None = None

    def read() -> object:
        nonlocal file
        path = settings.choices.proof()
        if path is None:
            raise NotPresentError
        if file is None or file.path != path:
            from exporter.sources.attestation import ProofFile  # noqa: PLC0415

            file = ProofFile(path, settings.clock)
        return file.read()

    return read


def _ipmi(settings: Settings) -> Callable[[], object]:
    from exporter.sources.ipmi import IpmiSource  # noqa: PLC0415

    return IpmiSource(settings.clock).read


def _processes(settings: Settings) -> Callable[[], object]:
    from exporter.sources.processes.grouping import GroupRule  # noqa: PLC0415
    from exporter.sources.processes.source import Cards, ProcessesSource  # noqa: PLC0415

    rule = settings.choices.attribution or GroupRule()
    cards: Cards = dict
    if settings.cards:
        from exporter.sources.processes.cards import NvmlProcesses  # noqa: PLC0415

        cards = NvmlProcesses(settings.clock).read
    return ProcessesSource(settings.procfs.root, settings.sysfs, rule, settings.clock, cards).read


def _nvml(settings: Settings) -> Callable[[], object]:
    from exporter.sources.nvml import NvmlSource  # noqa: PLC0415

    return NvmlSource(settings.clock).read


def _process_bytes(settings: Settings) -> Callable[[], object]:
    from exporter.sources.process_bytes.source import ProcessBytesSource, usual_means  # noqa: PLC0415
    from exporter.sources.processes.grouping import Grouping, GroupRule  # noqa: PLC0415

    procfs = settings.procfs.root
    if boot_id(procfs) != boot_id(USUAL):
        return _absent  # that of another machine, whose sockets this kernel does not know
    grouping = Grouping(settings.choices.attribution or GroupRule(), procfs)
    return ProcessBytesSource(grouping, settings.clock, usual_means(procfs, settings.clock)).read


SOURCES: tuple[Source, ...] = (
    Source(
        name="cpu",
        reads="CPU times, which the host's power is estimated from",
        on_failure=OnFailure.CARRIED,
        open=lambda settings: lambda: cpu_times(settings.procfs.root),
        file=lambda settings: settings.procfs.root / "stat",
    ),
    Source(
        name="memory",
        reads="physical memory",
        on_failure=OnFailure.LEVEL,
        file=lambda settings: settings.procfs.root / "meminfo",
        open=lambda settings: lambda: memory(settings.procfs.root),
    ),
    Source(
        name="disk",
        reads="bytes of physical disks",
        on_failure=OnFailure.CARRIED,
        file=lambda settings: settings.procfs.root / "diskstats",
        open=lambda settings: DiskSource(settings.procfs.root, settings.sysfs).read,
    ),
    Source(
        name="network",
        reads="bytes of network devices, which the network's power is estimated from",
        on_failure=OnFailure.CARRIED,
        file=lambda settings: settings.procfs.net / "dev",
        open=lambda settings: (
            NetworkSource(
                settings.rule, net=settings.procfs.net, links=DeviceLinks(settings.sysfs), clock=settings.clock
            ).read
        ),
    ),
    Source(
        name="sockstat",
        reads="sockets by protocol, as the kernel counts them",
        on_failure=OnFailure.LEVEL,
        file=lambda settings: settings.procfs.net / "sockstat",
        open=lambda settings: lambda: sockets(settings.procfs.net),
    ),
    Source(
        name="attestation",
        reads="proof of the last hour whose consumption was signed, from the file that the configuration names",
        on_failure=OnFailure.LEVEL,
        file=lambda _: Path("attestation.proof"),
        open=_attestation,
    ),
    Source(
        name="processes",
        reads="CPU time of groups of processes, which the host's energy is shared by; less often where it takes long",
        on_failure=OnFailure.CARRIED,
        file=lambda settings: settings.procfs.root,
        open=_processes,
        default=False,
    ),
    Source(
        name="connections",
        reads="TCP sockets by state, which takes the longer the more there are",
        on_failure=OnFailure.LEVEL,
        file=lambda settings: settings.procfs.net / "tcp",
        open=_connections,
        interval=lambda settings: settings.choices.connections_interval,  # the dearest reading
        default=False,
    ),
    Source(
        name="process_bytes",
        reads="bytes that processes send and receive by TCP and UDP, by eBPF or else by the kernel's table of sockets",
        on_failure=OnFailure.CARRIED,
        file=lambda settings: settings.procfs.root,
        open=_process_bytes,
        default=False,
    ),
    Source(
        name="rapl",
        reads="energy counters of the processor, its memory and the platform (RAPL)",
        on_failure=OnFailure.REPLACED,
        file=lambda settings: settings.sysfs / "class/powercap",
        open=lambda settings: RaplSource(settings.sysfs).read,
    ),
    Source(
        name="hwmon",
        reads="power and energy that drivers of processors, graphics cards, power supplies and power meters show",
        on_failure=OnFailure.REPLACED,
        file=lambda settings: settings.sysfs / "class/hwmon",
        open=lambda settings: HwmonSource(settings.sysfs, settings.clock).read,
    ),
    Source(
        name="battery",
        reads="discharge of the batteries, the machine's power while nothing else supplies it",
        on_failure=OnFailure.REPLACED,
        file=lambda settings: settings.sysfs / "class/power_supply",
        open=lambda settings: BatterySource(settings.sysfs, settings.clock).read,
    ),
    Source(
        name="meter",
        reads="energy of the machine by the external meter that the configuration names",
        on_failure=OnFailure.REPLACED,
        file=lambda settings: Path("meter" if settings.choices.meter is None else settings.choices.meter.kind),
        open=_meter,
    ),
    Source(
        name="ipmi",
        reads="power of the machine by its management controller, with `ipmi-dcmi` or `ipmitool` every 30 s",
        on_failure=OnFailure.REPLACED,
        file=lambda _: Path("/dev/ipmi0"),
        open=_ipmi,
        default=False,
    ),
    Source(
        name="nvml",
        reads="energy of NVIDIA's graphics cards, which it keeps awake; needs the extra `gpu`",
        on_failure=OnFailure.REPLACED,
        file=lambda _: Path("/dev/nvidiactl"),
        open=_nvml,
        default=False,
    ),
)


BY_DEFAULT: tuple[Source, ...] = tuple(source for source in SOURCES if source.default)
"""The sources that are read where nobody chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at reading a source; `result` is None unless the source works."""

    due_at: MonotonicSeconds
    result: Timed[object] | None
    outcome: Outcome


class Collector:
    """Runs one source.

    A source that raises costs its own part of the reading and nothing else: the outcome says so. The log gets one line
    when a source begins to fail or to be denied, and one when it works again; of one that flaps a line a minute, which
    tells the present state.
    """

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.last: Attempt | None = None
        self._clock = settings.clock
        self._read = source.open(settings)
        self._lines = Seldom()
        self._interval = Seconds(0.0) if source.interval is None else source.interval(settings)
        self._file = source.file(settings)

    def collect(self, now: MonotonicSeconds) -> Attempt:
        """Return the last attempt; a new one where the source's interval has passed. Never raises for the source."""
        if self.last is None or now - self.last.due_at >= self._interval:
            self.last = self._attempt(now)
        return self.last

    def _attempt(self, now: MonotonicSeconds) -> Attempt:
        started = self._clock.awake()
        result: Timed[object] | None = None
        state, trouble, remedy = SourceState.WORKS, "", ""
        try:
            result = self._timed(now)
        except NotPresentError:
            state = SourceState.ABSENT
        except PermissionError as error:
            state, trouble = SourceState.DENIED, _reason(error, self._file)
            remedy = f"let the exporter's user read {error.filename or 'what it reads'}"
            if self.source.on_failure is OnFailure.REPLACED:
                remedy += f", as {SENSORS_PAGE} says"
        except Exception as error:  # noqa: BLE001 - the collector's edge: counted
            state, trouble = SourceState.FAILS, _reason(error, self._file)
        self._log(now, state, f"{trouble}; {remedy}" if remedy else trouble)
        duration = Seconds(self._clock.awake() - started)
        outcome = Outcome(
            collector=self.source.name,
            state=state,
            duration=duration,
            remedy=remedy,
            replaced=self.source.on_failure is OnFailure.REPLACED,
        )
        return Attempt(due_at=now, result=result, outcome=outcome)

    def _timed(self, now: MonotonicSeconds) -> Timed[object]:
        """Read the source; a counter that is the same object as before has not been read anew, and keeps its time."""
        value, told = self._read(), None if self.last is None else self.last.result
        if self.source.on_failure is OnFailure.CARRIED and told is not None and told.value is value:
            return told
        # One moment for all sources: what one tells of a time, another has not told of already.
        return Timed(value=value, at=now)

    def _log(self, now: MonotonicSeconds, state: SourceState, trouble: str) -> None:
        """Log a state other than the one that was logged last; works and absent are the same."""
        if not self._lines.changes(now, state if state in IN_TROUBLE else ""):
            return
        if state in IN_TROUBLE:
            verb = "is denied" if state is SourceState.DENIED else "fails"
            LOG.warning("collector %s %s: %s", self.source.name, verb, trouble)
        else:
            LOG.info("collector %s %s", self.source.name, "works again" if state is SourceState.WORKS else "is absent")


IN_TROUBLE = {SourceState.FAILS, SourceState.DENIED}


def _reason(error: Exception, file: Path) -> str:
    """Say what went wrong and with which file, but nothing that a library may have put into its message."""
    if isinstance(error, NoAnswerError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename or file}"
    return f"{file} is not understood ({type(error).__name__})"
