"""This machine: CPU times, memory, disks, network devices and connection counts.

No call here blocks or sleeps. Readings are cumulative wherever the kernel keeps a counter; what happened between two
of them is worked out in `exporter.usage`.
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import psutil

from exporter.core.clock import Clock
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.connections import tcp_connections
from exporter.sources.cpu import cpu_times
from exporter.sources.device_links import DeviceLinks
from exporter.sources.nics import NicRule, counted_devices
from exporter.sources.procfs import USUAL, Procfs, psutil_reading
from exporter.sources.reading import DiskBytes, HostReading, Memory, Outcome, Timed, Traffic

LOG = logging.getLogger(__name__)

COLLECTORS = ("cpu", "memory", "disk", "network", "connections")

ReadT = TypeVar("ReadT")


class ReadingUnavailableError(Exception):
    """The platform answered, but without the figure."""


class NotPresentError(Exception):
    """The machine has nothing of the kind, which is no failure."""


class HostSource:
    """Reads every collector once per call of `read`.

    A collector that raises costs its own part of the reading and nothing else: its outcome says so, the log gets one
    line when it begins to fail and one when it recovers.
    """

    def __init__(
        self,
        clock: Clock,
        rule: NicRule,
        *,
        procfs: Path = USUAL,
        sysfs: Path = Path("/sys"),
        connections_interval: Seconds = Seconds(30.0),  # noqa: B008 - a number
    ) -> None:
        self._clock = clock
        self._rule = rule
        self._procfs = Procfs(procfs)
        self._sysfs = sysfs
        self._links = DeviceLinks(sysfs)
        self._connections_interval = connections_interval
        self._connections: Timed[Mapping[str, int] | None] | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._failed: list[str] = []

    def read(self) -> HostReading:
        """One reading of everything; never raises for a part that fails."""
        # The clocks are read side by side: a slow reading between them would look like a suspension.
        at, elapsed, wall = self._clock.awake(), self._clock.elapsed(), self._clock.wall()
        self._failed = []
        cpu = self._collect("cpu", lambda: cpu_times(self._procfs.root))
        network = self._collect("network", self._read_network)
        memory = self._collect("memory", self._read_memory)
        disk = self._collect("disk", self._read_disk)
        connections = self._read_connections_when_due(at)
        return HostReading(
            wall=wall,
            awake=at,
            elapsed=elapsed,
            cpu=cpu,
            memory=None if memory is None else memory.value,
            disk=disk,
            network=network,
            connections=connections,
            outcomes=tuple(self._outcomes[name] for name in COLLECTORS if name in self._outcomes),
            failed=tuple(self._failed),
        )

    def _collect(self, collector: str, read: Callable[[], ReadT]) -> Timed[ReadT] | None:
        started = self._clock.awake()
        result: Timed[ReadT] | None = None
        try:
            result = Timed(value=read(), at=started)
        except NotPresentError:
            self._outcomes.pop(collector, None)
            return None
        except Exception as error:  # noqa: BLE001 - the collector's edge: counted
            self._failed.append(collector)
            self._log_failure(collector, error)
        else:
            self._log_recovery(collector)
        duration = Seconds(self._clock.awake() - started)
        self._outcomes[collector] = Outcome(collector=collector, success=result is not None, duration=duration)
        return result

    def _log_failure(self, collector: str, error: Exception) -> None:
        before = self._outcomes.get(collector)
        if before is None or before.success:
            LOG.warning("collector %s fails: %s", collector, _reason(error))

    def _log_recovery(self, collector: str) -> None:
        before = self._outcomes.get(collector)
        if before is not None and not before.success:
            LOG.info("collector %s works again", collector)

    def _read_memory(self) -> Memory:
        with psutil_reading(self._procfs.root):
            memory = psutil.virtual_memory()
        # What programs could not get, the definition that the kernel's MemAvailable gives.
        return Memory(used=memory.total - memory.available, total=memory.total)

    def _read_disk(self) -> DiskBytes:
        with psutil_reading(self._procfs.root):
            counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
        disks = [disk for name, disk in counters.items() if _is_physical_disk(name, self._sysfs)]
        if not disks:
            raise NotPresentError
        return DiskBytes(read=sum(disk.read_bytes for disk in disks), written=sum(disk.write_bytes for disk in disks))

    def _read_network(self) -> Mapping[str, Traffic]:
        with psutil_reading(self._procfs.net_owner):
            counters = psutil.net_io_counters(pernic=True, nowrap=False)
        counted = counted_devices(counters, self._rule, links=self._links, net=self._procfs.net)
        if not counted:
            raise ReadingUnavailableError("no network device counts towards energy; see network.include")
        return {
            _printable(name): Traffic(
                received_bytes=nic.bytes_recv,
                sent_bytes=nic.bytes_sent,
                received_packets=nic.packets_recv,
                sent_packets=nic.packets_sent,
            )
            for name, nic in counters.items()
            if name in counted
        }

    def _read_connections_when_due(self, now: MonotonicSeconds) -> Mapping[str, int] | None:
        """The dearest reading: whatever came of it stands until its own interval has passed."""
        last = self._connections
        if last is None or now - last.at >= self._connections_interval:
            read = self._collect("connections", lambda: tcp_connections(self._procfs.net))
            last = Timed(value=None if read is None else read.value, at=now)
            self._connections = last
        return last.value


def _reason(error: Exception) -> str:
    """What went wrong, without what a library may have put into its message: a process's name, say."""
    if isinstance(error, ReadingUnavailableError):
        return str(error)
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _is_physical_disk(name: str, sysfs: Path) -> bool:
    """Whether there is hardware behind a block device; a slash in its name is an exclamation mark in sysfs."""
    return (sysfs / "block" / name.replace("/", "!") / "device").exists()


def _printable(device: str) -> str:
    """The name of a device as UTF-8 text; the kernel allows it any bytes, and psutil hands those on as surrogates."""
    return os.fsencode(device).decode(errors="backslashreplace")
