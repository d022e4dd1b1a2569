"""Waiting for the signal to stop."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from types import FrameType


class Stopped(BaseException):
    """A signal to stop, while something is done that asks for none; no `except Exception` takes it."""


class StopSignal:
    """SIGINT and SIGTERM as something to wait for; a second one ends the process at once.

    SIGHUP is one more where the process has a terminal, which has then been closed; otherwise it asks to look at the
    configuration. A parent that ignores it, such as nohup, is obeyed.

    The kernel's signal wakes the waiter through a socket. A handler that sets a `threading.Event` may deadlock: it runs
    on the main thread, which may be holding the event's own lock at that moment.
    """

    def __init__(self) -> None:
        """Take over the signals; only the main thread may do so.

        Children are waited for even if the parent left their end ignored, which makes the kernel forget them.
        """
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._look: Callable[[], None] = _do_nothing
        self._has_come = False
        self._interrupts = False
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)  # noqa: FBT003 - the standard library's signature
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._stops = {signal.SIGINT, signal.SIGTERM}
        if any(os.isatty(number) for number in range(3)):
            self._stops.add(signal.SIGHUP)
        elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            # The socket tells of it; a handler there has to be.
            signal.signal(signal.SIGHUP, lambda _received, _frame: None)
        for number in self._stops:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)

    def _stop(self, received: int, _frame: FrameType | None) -> None:
        signal.signal(received, signal.SIG_DFL)
        if self._interrupts:
            raise Stopped

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal to stop end a block that takes long, wherever it is. Raises Stopped, also for an earlier one."""
        self._interrupts = True
        try:
            if self.wait(0.0):
                raise Stopped
            yield
        finally:
            self._interrupts = False

    def ready(self, status: str) -> None:
        """Take note that the program is ready, and what it does; nobody is told."""

    def on_hangup(self, look: Callable[[], None]) -> None:
        """Have `look` called within `wait`, for each SIGHUP that is no signal to stop."""
        self._look = look

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether a signal to stop has come, now or before."""
        ends = time.monotonic() + seconds
        while not self._has_come:
            ready, _, _ = select.select([self._woken], [], [], max(0.0, ends - time.monotonic()))
            if not ready:
                break
            received = set(self._woken.recv(4096))
            self._has_come = not received.isdisjoint(self._stops)
            if not self._has_come and signal.SIGHUP in received:
                self._look()
        return self._has_come


def _do_nothing() -> None:
    """Look at no configuration, as before a program has one in force."""
