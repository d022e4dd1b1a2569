"""Waiting for the signal to stop."""

import select
import signal
import socket


class StopSignal:
    """SIGINT and SIGTERM as something to wait for; a second one ends the process at once.

    The kernel's signal wakes the waiter through a socket. A handler that sets a `threading.Event` may deadlock: it runs
    on the main thread, which may be holding the event's own lock at that moment.
    """

    def __init__(self) -> None:
        """Take over both signals; only the main thread may do so.

        Children are waited for even if the parent left their end ignored, which makes the kernel forget them.
        """
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)  # noqa: FBT003 - the standard library's signature
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _frame: signal.signal(received, signal.SIG_DFL))

    def wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`; return whether a signal has come, now or before."""
        ready, _, _ = select.select([self._woken], [], [], max(0.0, seconds))
        return bool(ready)
