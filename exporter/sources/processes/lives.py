"""CPU time that processes have had between two readings, those that ended meanwhile among them.

What a process had between its last reading and its end is in its parent's time of children, which counts the whole life
of each child that was waited for (proc_pid_stat(5), fields 16 and 17). Taken off what was known of the children that
are gone, the rest is theirs, and that of children that came and went unseen.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from exporter.sources.processes.stat import Process

KeyT = TypeVar("KeyT", bound=Hashable)

IMPOSSIBLE = 2.0
"""Multiple of all that CPUs can have done between two readings, from which on a figure is no time. Judgement: the
moments at which it is read differ by less than the time between two readings."""

Had = tuple[Process, float]
"""A process, and the clock ticks that it has had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CPU time between two readings.

    `own` is that of processes that are there, `ended` that of others before they ended. `unseen` is the rest of what
    the children of a process had: of those that no reading has seen, as a rule.
    """

    own: Sequence[Had] = ()
    ended: Sequence[Had] = ()
    unseen: Sequence[Had] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSpan:
    """Time between two readings in clock ticks, since the machine's start the last one, and the forks in between.

    `most` is what all CPUs together can have done in it.
    """

    ticks: float
    until: float
    forks: int | None = None
    most: float = math.inf


class Lives:
    """The processes of the last reading, and how busy they were."""

    def __init__(self, processes: Mapping[int, Process]) -> None:
        self._before = processes
        self._busy: Mapping[int, float] = {}
        # Who is older than those of the first reading, but not among them, was hidden: its time was not counted.
        self._since = max((one.started for one in processes.values()), default=0)

    def advance(self, now: Mapping[int, Process], span: TickSpan) -> Spent:
        """Return what processes have had since the last reading, and remember this one."""
        before = self._before
        own: list[Had] = []
        born = 0
        for pid, process in now.items():
            was = before.get(pid)
            if was is process:
                continue
            if was is not None and process.is_same(was):
                used = process.used - was.used
            else:
                born += 1
                used = process.used if self._counts(process) else 0
            if 0 < used < IMPOSSIBLE * span.most:
                own.append((process, used))
        none_unseen = span.forks is not None and span.forks <= born
        ended, unseen = self._ended(now, span, none_unseen=none_unseen)
        self._before = now
        self._busy = {one.pid: used / _lived(one, span) for one, used in own}
        return Spent(own=own, ended=ended, unseen=unseen)

    def _ended(
        self, now: Mapping[int, Process], span: TickSpan, *, none_unseen: bool
    ) -> tuple[Sequence[Had], Sequence[Had]]:
        """Share out what parents were told of children that have ended."""
        before = self._before
        gone = {pid: one for pid, one in before.items() if not ((new := now.get(pid)) is one or one.is_same(new))}
        below: dict[int, list[Process]] = defaultdict(list)
        for process in gone.values():
            below[_heir(process, gone)].append(process)
        ended: list[Had] = []
        unseen: list[Had] = []
        for pid, parent in now.items():
            if parent is before.get(pid):
                continue
            told = parent.waited - self._waited_before(parent)
            known = below.get(pid, ())
            found = told - sum(one.used + one.waited for one in known)
            if not 0 < found < IMPOSSIBLE * span.most:
                continue
            shares = portions(found, {one: self._most(one, span, none_unseen=none_unseen) for one in known})
            ended.extend(shares.items())
            unseen.append((parent, found - sum(shares.values())))
        return ended, unseen

    def _counts(self, process: Process) -> bool:
        """Tell whether the whole life of a process counts that the last reading did not have."""
        return process.started >= self._since

    def _waited_before(self, process: Process) -> int:
        was = self._before.get(process.pid)
        if was is not None and process.is_same(was):
            return was.waited
        return 0 if self._counts(process) else process.waited

    def _most(self, process: Process, span: TickSpan, *, none_unseen: bool) -> float:
        """Return the ticks that a process may have had before it ended.

        As many as it had before in that time: its parent may have had other children meanwhile. Where nobody was
        forked unseen, there are none, and it may have had all that its threads could.
        """
        share = float(process.threads or 1) if none_unseen else self._busy.get(process.pid, 0.0)
        return share * span.ticks


def _lived(process: Process, span: TickSpan) -> float:
    """Return the part of a span for which a process was there."""
    age = span.until - process.started
    return min(span.ticks, age) if age >= 1.0 else span.ticks


def _heir(process: Process, gone: Mapping[int, Process]) -> int:
    """Return the nearest ancestor that is still there, which the time of an ended process reaches in the end."""
    passed = {process.pid}
    parent = process.parent
    while parent in gone and parent not in passed:
        passed.add(parent)
        parent = gone[parent].parent
    return parent


def portions(amount: float, most: Mapping[KeyT, float]) -> dict[KeyT, float]:
    """Share an amount in proportion to what each may have at most, up to that."""
    total = sum(most.values())
    factor = min(1.0, amount / total) if total > 0.0 else 0.0
    return {key: one * factor for key, one in most.items() if one > 0.0}
