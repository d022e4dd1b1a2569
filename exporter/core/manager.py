"""The service manager that started the program: it is told of start, reload, stop and life (sd_notify(3))."""

import contextlib
import faulthandler
import logging
import math
import socket
import time
from collections.abc import Callable, Iterator, MutableMapping

from exporter.core.config import ConfigError
from exporter.core.logs import Seldom
from exporter.core.printable import printable
from exporter.core.service import Stopped, StopSignal
from exporter.core.units import Seconds

LOG = logging.getLogger(__name__)

SEND_SECONDS = 1.0
"""Longest time in seconds that a message may wait for room in the manager's queue. Chosen: a sample must not wait."""

LEAST_PATIENCE = Seconds(1.0)
"""Least patience of a manager. Chosen: a sample takes milliseconds, and a busy disk may hold it up for a second."""

MOST_DIGITS = 20
"""Digits of the largest patience that systemd knows, which is a whole number of 64 bits."""

SIGNS_OF_LIFE = 4
"""Signs of life in the manager's patience, without unit. Two would do by sd_watchdog_enabled(3)."""


class Manager:
    """A service manager that listens at a datagram socket.

    `patience` is the time without a sign of life after which it ends the program; infinite where it does not watch.
    """

    def __init__(self, address: str, patience: Seconds, now: Callable[[], float] = time.monotonic) -> None:
        # The first byte of the name of an abstract socket is zero, and is written as @.
        self._address = "\0" + address[1:] if address[0] == "@" else address
        self._pulse = Seconds(patience / SIGNS_OF_LIFE)
        self._now = now
        self._last_sign = -math.inf
        self._owed: tuple[str, ...] = ()
        self._failures = Seldom()

    @property
    def pulse(self) -> Seconds:
        """Time between two signs of life."""
        return self._pulse

    def ready(self, status: str | None = None) -> None:
        """Announce the end of the start, or of a reload, and in a few words what the program does.

        A manager without room for it is told again by `alive`, since it would end a program that never becomes ready.
        """
        self._be_ready("READY=1", *([] if status is None else [f"STATUS={printable(status)}"]))

    def reloading(self) -> None:
        """Announce a look at the configuration, and its beginning by the clock that the manager reads."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Announce the end of the program."""
        self._send("STOPPING=1", "STATUS=stopping")

    def alive(self) -> None:
        """Give a sign of life where the manager watches and the last one is old enough; first say what is owed."""
        if self._owed:
            self._be_ready(*self._owed)
        if math.isinf(self._pulse) or self._now() - self._last_sign < self._pulse:
            return
        self._last_sign = self._now()
        self._send("WATCHDOG=1")

    def _be_ready(self, *lines: str) -> None:
        self._owed = () if self._send(*lines) else lines

    def _send(self, *lines: str) -> bool:
        """Send a message; return False where the manager has no room for it by now, so that it is worth another try."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(SEND_SECONDS)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if self._failures.allows(self._now()):
                LOG.warning("the service manager cannot be told %s: %s", lines[0], error.strerror or error)
            return not isinstance(error, TimeoutError)
        return True


class ManagedSignals(StopSignal):
    """The signals of a program whose manager hears of them, and of life while the program waits for them.

    The loop that does the program's work waits after each turn. So a loop that hangs gives no sign of life.
    """

    def __init__(self, manager: Manager) -> None:
        super().__init__()
        self._manager = manager

    def ready(self, status: str) -> None:
        """See `StopSignal.ready`."""
        self._manager.ready(status)

    def on_hangup(self, look: Callable[[], None]) -> None:
        """See `StopSignal.on_hangup`."""

        def told() -> None:
            self._manager.reloading()
            try:
                look()
            finally:
                self._manager.ready()

        super().on_hangup(told)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """See `StopSignal.at_once`."""
        try:
            with super().at_once():
                yield
        except Stopped:
            self._manager.stopping()
            raise

    def wait(self, seconds: float) -> bool:
        """See `StopSignal.wait`. The wait goes on in parts, with a sign of life before each."""
        ends = time.monotonic() + seconds
        while True:
            self._manager.alive()
            left = max(0.0, ends - time.monotonic())
            if super().wait(min(left, self._manager.pulse)):
                self._manager.stopping()
                return True
            if left <= self._manager.pulse:
                return False


def managed(environ: MutableMapping[str, str], process: int) -> ManagedSignals:
    """Take over the signals of a program that a manager has started, as the environment says.

    What it says is taken out, so that no child speaks for the program. Where the manager watches, the signal by which
    it ends a program that hangs makes it say where it hangs. Raises ConfigError.
    """
    address, patience = environ.pop("NOTIFY_SOCKET"), watchdog(environ, process)
    if address[:1] not in {"/", "@"} or len(address) < 2:
        raise ConfigError([f'NOTIFY_SOCKET: expected a path or @name, got "{printable(address)}"'])
    if not math.isinf(patience):
        faulthandler.enable()
    return ManagedSignals(Manager(address, patience))


def watchdog(environ: MutableMapping[str, str], process: int) -> Seconds:
    """Return the manager's patience with a process; infinite where it watches none or another. Raises ConfigError."""
    microseconds, watched = environ.pop("WATCHDOG_USEC", None), environ.pop("WATCHDOG_PID", None)
    if microseconds is None or (watched is not None and watched != str(process)):
        return Seconds(math.inf)
    if not (microseconds.isascii() and microseconds.isdecimal() and len(microseconds) <= MOST_DIGITS):
        raise ConfigError([f'WATCHDOG_USEC: expected microseconds, got "{printable(microseconds[:MOST_DIGITS])}"'])
    patience = Seconds(int(microseconds) / 1e6)
    if patience < LEAST_PATIENCE:
        raise ConfigError([f"WATCHDOG_USEC: expected {LEAST_PATIENCE * 1e6:.0f} or more, got {microseconds}"])
    return patience
