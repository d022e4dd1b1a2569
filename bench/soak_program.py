"""The exporter or the live job with a clock that leaps: time passes at once, as far as whoever started it grants.

`python -m bench.soak_program PROGRAM DESCRIPTOR LEAKS [FLAGS]` runs `ecotrack` or `ecochain` with these flags. The
descriptor is one end of a pair of sockets, on which a line comes in for a line that goes out: a number of seconds that
may pass, for `done` once they have, or `measure`, for what the program holds. Its end is that of the program.

LEAKS, with commas between them, are put into the program, to show that they are found.
"""

import asyncio
import contextlib
import ctypes
import itertools
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec

from exporter.core import command_line
from exporter.core.clock import SystemClock
from exporter.core.service import StopSignal
from exporter.core.units import MonotonicSeconds, Seconds, UnixSeconds

LONGEST_ERRAND = 600.0
"""Seconds of this machine for which the clock stands still at most while a child or an errand is under way."""

LEAST_LEAP = 1e-6
"""Seconds that a wait takes at least: a rest of rounding would be too little to move the clock at all."""

PAUSE = 0.002
"""Seconds from one look at whether it has ended to the next."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Possessions of a process at a moment: memory in bytes, CPU time in seconds, with that of its ended children.

    `anonymous` is the part of the resident memory that is of no file; `pss` and `uss` change as well with what other
    processes have in memory of the same files. `in_use` is what malloc and Python's own allocator have handed out and
    not got back, 0 where the C library does not tell; both keep more than that.
    """

    rss: int
    anonymous: int
    pss: int
    uss: int
    in_use: int
    blocks: int
    descriptors: int
    threads: int
    children: int
    cpu: float


class LeapingClock:
    """The clocks of this machine at the start, and all leaps since then: between two leaps they stand still.

    So no child is ever late, however busy the machine is.
    """

    def __init__(self) -> None:
        began = SystemClock()
        self._wall, self._awake, self._elapsed = began.wall(), began.awake(), began.elapsed()
        self._leapt = 0.0

    def leap(self, seconds: float) -> None:
        """Let time pass at once."""
        self._leapt += seconds

    def wall(self) -> UnixSeconds:
        """See `Clock.wall`."""
        return UnixSeconds(self._wall + self._leapt)

    def awake(self) -> MonotonicSeconds:
        """See `Clock.awake`."""
        return MonotonicSeconds(self._awake + self._leapt)

    def elapsed(self) -> Seconds:
        """See `Clock.elapsed`."""
        return Seconds(self._elapsed + self._leapt)


class GrantedTime(StopSignal):
    """The signals, and in place of each wait a leap of the clock, once as much time has been granted."""

    def __init__(self, clock: LeapingClock, control: socket.socket) -> None:
        super().__init__()
        self._clock = clock
        self._lines = control.makefile("rw", buffering=1)
        self._granted: float | None = None

    def wait(self, seconds: float) -> bool:
        """See `StopSignal.wait`. A signal that came meanwhile is obeyed after the leap, which it cannot cut short."""
        while self._granted is None or self._granted <= 0.0:
            if not self._take():
                return True
        await_errands()
        leap = max(LEAST_LEAP, seconds)
        self._granted -= leap
        self._clock.leap(leap)
        return super().wait(0.0)

    def _take(self) -> bool:
        """Answer `done` for the time that was granted, and take more; answer what else is asked. False at the end."""
        if self._granted is not None:
            self._lines.write("done\n")
            self._granted = None
        line = self._lines.readline()
        if line.startswith("measure"):
            self._lines.write(msgspec.json.encode(held()).decode() + "\n")
        elif line:
            self._granted = float(line)
        return bool(line)


def await_errands() -> None:
    """Return once no child is at work, as in life, where hours of the clock do not pass within its milliseconds."""
    ends = time.monotonic() + LONGEST_ERRAND
    while time.monotonic() < ends and (has_busy_child() or has_errand()):
        time.sleep(PAUSE)


def has_busy_child() -> bool:
    """Tell whether there are children and none has ended."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return False


def has_errand() -> bool:
    """Tell whether a thread is under way that ends by itself."""
    return any(one.name in ("errand", "child", "end of a program") for one in threading.enumerate())


def held() -> Held:
    """Measure this process."""
    sizes = {
        name: int(kilobytes) << 10
        for name, kilobytes in re.findall(r"(\w+): +(\d+) kB", Path("/proc/self/smaps_rollup").read_text())
    }
    times = os.times()
    return Held(
        rss=sizes["Rss"],
        anonymous=sizes["Anonymous"],
        pss=sizes["Pss"],
        uss=sizes["Private_Clean"] + sizes["Private_Dirty"],
        in_use=in_use(),
        blocks=sys.getallocatedblocks(),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - the names are not wanted
        threads=len(os.listdir("/proc/self/task")),  # noqa: PTH208 - as above
        children=sum(
            len(file.read_text().split()) for file in Path("/proc/self/task").glob("*/children") if file.exists()
        ),
        cpu=times.user + times.system + times.children_user + times.children_system,
    )


class MallocInfo(ctypes.Structure):
    """Sizes that glibc's mallinfo2(3) tells."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def in_use() -> int:
    """Return the bytes that this process has allocated and not freed, by malloc and by Python's own allocator."""
    tell = teller_of_malloc()
    if tell is None:
        return 0
    malloc = tell()
    return int(malloc.uordblks) + int(malloc.hblkhd) + bytes_of_python()


@cache
def teller_of_malloc() -> Callable[[], MallocInfo] | None:
    """Return glibc's function, which is looked up once: each new library has types of its own, which are garbage."""
    tell = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if tell is not None:
        tell.restype = MallocInfo
    return cast("Callable[[], MallocInfo] | None", tell)


def bytes_of_python() -> int:
    """Return the bytes in blocks of Python's own, which it tells on the error output alone."""
    errors, kept = 2, os.memfd_create("statistics")
    before = os.dup(errors)
    try:
        os.dup2(kept, errors)
        sys._debugmallocstats()
    finally:
        os.dup2(before, errors)
        os.close(before)
    with os.fdopen(kept, "rb") as file:
        file.seek(0)
        found = re.search(rb"bytes in allocated blocks += +([0-9,]+)", file.read())
    return int(found[1].replace(b",", b"")) if found else 0


def main() -> int:
    """Run a program as its command line does, but for the clock and the signals."""
    name, descriptor, leaks, *flags = sys.argv[1:]
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has its programs ignore
    clock = LeapingClock()
    stop = GrantedTime(clock, socket.socket(fileno=int(descriptor)))
    for one in filter(None, leaks.split(",")):
        LEAKS[one]()
    if name == "ecotrack":
        from exporter import cli as program  # noqa: PLC0415 - one of the two
    else:
        from simulator import cli as program  # type: ignore[no-redef]  # noqa: PLC0415 - as above
    for module, called, put in ((program, "SystemClock", clock), (command_line, "StopSignal", stop)):
        setattr(module, called, lambda put=put: put)
    return program.main(flags)


def _grow_a_list() -> None:
    """Keep each snapshot."""
    from exporter.core.web.publication import Publication  # noqa: PLC0415 - patched only here

    kept: list[object] = []
    publish = Publication.publish

    def leaky(self: Publication[Any], snapshot: Any) -> None:
        kept.append(snapshot)
        publish(self, snapshot)

    Publication.publish = leaky  # type: ignore[method-assign]


def _open_a_file() -> None:
    """Leave a file open for each hundredth answer."""
    from exporter.core.web.site import Request, Response, Site  # noqa: PLC0415 - as above

    respond, answers = Site.respond, itertools.count(1)

    def leaky(self: Site, request: Request) -> Response:
        if next(answers) % 100 == 0:
            os.open(os.devnull, os.O_RDONLY)
        return respond(self, request)

    Site.respond = leaky  # type: ignore[method-assign]


def _start_a_thread() -> None:
    """Leave a thread waiting for each tenth connection."""
    from exporter.core.web.connection import Connection  # noqa: PLC0415 - as above

    made, connections, never = Connection.connection_made, itertools.count(1), threading.Event()

    def leaky(self: Connection, transport: asyncio.BaseTransport) -> None:
        if next(connections) % 10 == 0:
            threading.Thread(target=never.wait, daemon=True).start()
        made(self, transport)

    Connection.connection_made = leaky  # type: ignore[method-assign]


def _keep_every_label() -> None:
    """Drop no series of a program or a network device that has gone."""
    from exporter import totals  # noqa: PLC0415 - as above
    from exporter.attribution import sharing, slots  # noqa: PLC0415 - as above

    place = slots.place

    def leaky(groups: Any, gains: Any, **named: Any) -> slots.Placed:
        return place(groups, gains, **named | {"top": sys.maxsize})

    for module, name, put in ((sharing, "place", leaky), (totals, "MAX_DEVICES", sys.maxsize)):
        setattr(module, name, put)


LEAKS: Mapping[str, Callable[[], None]] = {
    "list": _grow_a_list,
    "file": _open_a_file,
    "thread": _start_a_thread,
    "label": _keep_every_label,
}


if __name__ == "__main__":
    sys.exit(main())
