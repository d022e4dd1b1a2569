"""Bytes that groups of processes receive and send by sockets, by the best means there is.

eBPF counts in the kernel what TCP and UDP move; where it is not to be had, TCP's own counts of its sockets are looked
at (`sock_diag`). A means that ends is left for the next one, and the better ones are tried again after a while.
"""

import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from exporter.core.clock import Clock
from exporter.core.logs import Seldom
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from exporter.sources.process_bytes.reading import SocketReading
from exporter.sources.processes.grouping import OTHER, Grouping
from exporter.sources.reading import GroupBytes, ReadingUnavailableError

LOG = logging.getLogger(__name__)

TRIED_AGAIN = Seconds(3600.0)
"""Time after which better means are tried again. Judgement: a privilege that was granted, or a module that was loaded,
shows within the hour, and a try that fails costs nothing that shows."""

MOST_GROUPS = 4096
"""Groups that are told apart; those whose last bytes lie furthest back give way, and what one reading tells beyond them
is in `other`. Judgement: 20 of them have series by default, and so many take less than 1 MB."""

WHAT_HELPS = "give the exporter CAP_BPF and CAP_PERFMON, or let it open sockets of AF_NETLINK"


class SocketCounter(Protocol):
    """Counter of bytes by process, which counts from when it was opened, and in each reading what is new."""

    @property
    def means(self) -> str:
        """The means by which it counts."""

    def read(self) -> SocketReading | None:
        """Return what processes have moved since the last reading; None where it is too soon for the next one.

        Raises what `FAILURES` names.
        """

    def close(self) -> None:
        """End the counting."""


FAILURES = (OSError, EbpfUnavailableError, ReadingUnavailableError)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingMeans:
    """Means by which bytes can be counted; `open` raises what `FAILURES` names. One that failed rests for a while.

    `limits` is what its counts lack, which is said beside the reason why there is no better means.
    """

    name: str
    open: Callable[[], SocketCounter]
    rest: Seconds
    limits: str = ""


def usual_means(procfs: Path, clock: Clock) -> tuple[CountingMeans, ...]:
    """Return the means from the best one down."""
    return (
        CountingMeans(name="eBPF", open=lambda: _ebpf(procfs), rest=TRIED_AGAIN),
        CountingMeans(
            name="sock_diag",
            open=lambda: _sock_diag(procfs, clock),
            rest=Seconds(0.0),
            limits="it counts TCP alone, and other users' programs only with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        ),
    )


# What is not used is not loaded, since it would stay in memory for good.


def _ebpf(procfs: Path) -> SocketCounter:
    from exporter.sources.process_bytes.ebpf.counter import open_socket_counter  # noqa: PLC0415

    return open_socket_counter(procfs)


def _sock_diag(procfs: Path, clock: Clock) -> SocketCounter:
    from exporter.sources.process_bytes.sock_diag import SockDiagCounter  # noqa: PLC0415
    from exporter.sources.process_bytes.tcp_sockets import TcpSockets  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        sockets = TcpSockets()
        stack.callback(sockets.close)
        counter = SockDiagCounter(sockets, procfs, clock)
        stack.pop_all()
    return counter


class ProcessBytesSource:
    """Reader of the bytes of groups, whose figures go on from one means to the next."""

    def __init__(self, grouping: Grouping, clock: Clock, means: Sequence[CountingMeans]) -> None:
        """Take the means from the best one down; the first reading opens one."""
        self._grouping = grouping
        self._clock = clock
        self._means = means
        self._counter: SocketCounter | None = None
        self._rank = len(means)  # of the means of the counter; their number where there is none
        self._rests_until = [MonotonicSeconds(-math.inf)] * len(means)
        self._trouble = [""] * len(means)
        self._lines = Seldom()
        self._received: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        self._lost = 0
        self._last: GroupBytes | None = None

    def read(self) -> GroupBytes:
        """Return the bytes of each group since the source was opened; the same object while nothing is read anew.

        Raises ReadingUnavailableError where there is no means, which says why and what helps.
        """
        now = self._clock.awake()
        self._open_first(range(self._rank), now)
        counter = self._counter
        if counter is not None:
            try:
                reading = counter.read()
            except FAILURES as error:
                self._leave(counter, error, now)
            else:
                if reading is None and self._last is not None and self._last.means == counter.means:
                    return self._last
                self._add(reading)
        self._last = self._told(now)
        return self._last

    def _told(self, now: MonotonicSeconds) -> GroupBytes:
        """Return the sums, with the means in force; a change of means is logged."""
        counter, why = self._counter, self._why()
        if counter is None:
            raise ReadingUnavailableError(f"no means counts bytes by process ({why}); {WHAT_HELPS}")
        if self._lines.changes(now, f"{counter.means} {why}"):
            LOG.log(
                logging.WARNING if why else logging.INFO,
                "bytes by process are counted by %s%s",
                counter.means,
                f", which is not the best means: {why}" if why else "",
            )
        return GroupBytes(
            received=dict(self._received),
            sent=dict(self._sent),
            lost=self._lost,
            means=counter.means,
            why=why,
            sees_all=not self._means[self._rank].limits,
        )

    def _leave(self, failed: SocketCounter, error: Exception, now: MonotonicSeconds) -> None:
        """Close a counter that failed, and open one of lesser means, which begins to count now."""
        self._rest(self._rank, error, now)
        lesser = range(self._rank + 1, len(self._means))
        failed.close()
        self._counter, self._rank = None, len(self._means)
        self._open_first(lesser, now)

    def _open_first(self, ranks: Iterable[int], now: MonotonicSeconds) -> None:
        """Open the first of these means that does not rest and can be opened, in place of the present one."""
        for rank in ranks:
            if now < self._rests_until[rank]:
                continue
            try:
                opened = self._means[rank].open()
            except FAILURES as error:
                self._rest(rank, error, now)
                continue
            if self._counter is not None:
                with contextlib.suppress(*FAILURES):
                    self._add(self._counter.read())
                self._counter.close()
            self._counter, self._rank = opened, rank
            self._trouble[rank:] = [""] * (len(self._means) - rank)
            return

    def _rest(self, rank: int, error: Exception, now: MonotonicSeconds) -> None:
        self._trouble[rank] = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self._rests_until[rank] = MonotonicSeconds(now + self._means[rank].rest)

    def _add(self, reading: SocketReading | None) -> None:
        if reading is None:
            return
        self._lost += reading.lost
        told: set[str] = set()
        for one in reading.processes:
            group = self._grouping.group_of(one.pid, one.started, one.name)
            if group not in told and len(told) >= MOST_GROUPS - 1:
                group = OTHER
            told.add(group)
            for sums, size in ((self._received, one.received), (self._sent, one.sent)):
                # The group is then the last, so that the first is the one whose last bytes lie furthest back.
                sums[group] = sums.pop(group, 0) + size
        # Not before: a group of this reading that gave way within it would begin anew, and its bytes would be lost.
        for sums in (self._received, self._sent):
            for group in list(sums)[: max(0, len(sums) - MOST_GROUPS)]:
                del sums[group]

    def _why(self) -> str:
        """Return what is wrong with each of the means that are better than the present one, and what that one lacks."""
        named = zip((one.name for one in self._means), self._trouble, strict=True)
        told = [f"{name}: {trouble}" for name, trouble in named if trouble]
        present = self._means[self._rank] if self._counter is not None else None
        if present is not None and present.limits:
            told.append(f"{present.name}: {present.limits}")
        return "; ".join(told)
