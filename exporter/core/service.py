"""Running until told to stop."""

import signal
import threading
from types import FrameType


def stop_event_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set. A second signal ends the process at once, as if nothing were installed."""
    stop = threading.Event()

    def request_stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, request_stop)
    signal.signal(signal.SIGTERM, request_stop)
    return stop
