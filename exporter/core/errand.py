"""Errands that take longer than a program may wait: sent beside its loop, at an interval of their own."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol, cast

from exporter.core.clock import STEP_TOLERANCE, Clock
from exporter.core.no_answer import NoAnswerError
from exporter.core.units import MonotonicSeconds, Seconds

MOST_BYTES = 65_536
"""Size up to which an answer is read. Judgement: a plug's whole status is a few thousand bytes."""


class Errand(Protocol):
    """One question on its way. It never blocks."""

    def answer(self) -> bytes | None:
        """Return the answer; None while there is none. Raises whatever went wrong."""

    def give_up(self) -> None:
        """End it, whatever it waits for."""

    def close(self) -> None:
        """Give it up, and leave nothing of it behind. Nobody asks for its answer any more."""


class Errands:
    """Sends an errand at each interval, and gives it up after a limit."""

    def __init__(
        self,
        clock: Clock,
        send: Callable[[], Errand],
        *,
        interval: Seconds,
        limit: Seconds,
        pause: Callable[[int], Seconds] | None = None,
    ) -> None:
        """Prepare to send; `pause` gives the time from an errand to the next by the failures in a row, 0 after none."""
        self._pause_after = pause or (lambda _failures: interval)
        self._failures = 0
        self._pause = interval
        self._clock = clock
        self._send = send
        self._limit = limit
        self._errand: Errand | None = None
        self._is_given_up = False
        self._is_outdated = False
        self._sent_at: MonotonicSeconds | None = None
        self._last: bytes | Exception | None = None
        self._asleep: Seconds | None = None

    def latest(self) -> bytes | None:
        """Return the answer of the last errand that has ended; None before the first. Never blocks.

        An answer of before the machine slept is none: it tells nothing of the time since, and a meter's next total has
        the energy of the sleep in it. Raises the failure of that errand for as long as it is the last one. While one
        that was given up has not ended, none is sent: there is one at most.
        """
        now = self._clock.awake()
        self._forget_what_was_before_a_sleep()
        if self._errand is not None:
            self._collect(self._errand, now)
        if self._errand is None and (self._sent_at is None or now - self._sent_at >= self._pause):
            self._sent_at, self._is_given_up, self._is_outdated = now, False, False
            try:
                self._errand = self._send()
            except OSError as error:
                self._end_with(error)
        if isinstance(self._last, Exception):
            raise self._last.with_traceback(None)  # or each time that it is raised would add to its traceback
        return self._last

    def close(self) -> None:
        """Give up an errand that is on its way, as nobody asks any more."""
        if self._errand is not None:
            self._errand.close()
            self._errand = None

    def _forget_what_was_before_a_sleep(self) -> None:
        asleep = Seconds(self._clock.elapsed() - self._clock.awake())
        if self._asleep is not None and asleep - self._asleep > STEP_TOLERANCE:
            self._last, self._is_outdated = None, True
            if self._errand is None:
                self._sent_at = None
        self._asleep = asleep

    def _collect(self, errand: Errand, now: MonotonicSeconds) -> None:
        outcome: bytes | Exception | None
        try:
            outcome = errand.answer()
        except Exception as error:  # noqa: BLE001 - raised at each sample, where the collector's edge counts it
            outcome = error
        if outcome is None:
            self._give_up_late(errand, now)
            return
        self._errand = None
        if self._is_outdated:
            self._sent_at = None  # the next one goes at once
        elif not self._is_given_up:
            self._end_with(outcome)

    def _end_with(self, outcome: bytes | Exception) -> None:
        self._last = outcome
        self._failures = self._failures + 1 if isinstance(outcome, Exception) else 0
        self._pause = self._pause_after(self._failures)

    def _give_up_late(self, errand: Errand, now: MonotonicSeconds) -> None:
        if self._is_given_up or self._sent_at is None or now - self._sent_at < self._limit:
            return
        self._is_given_up = True
        self._end_with(NoAnswerError(f"no answer within {self._limit:g} s"))
        errand.give_up()


class ProgramErrand:
    """The output of a program, which is started without a shell and without the exporter's input."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the program, by default without any secret of the exporter's. Raises OSError where it cannot be."""
        self._name = Path(arguments[0]).name
        self._process = subprocess.Popen(  # noqa: S603 - a fixed list of arguments
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, which is killed with whatever the program has started
            # And no secret of the exporter's but those that the program is given.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **(environment or {})},
        )

    def answer(self) -> bytes | None:
        """See `Errand.answer`. A program that says more than a pipe holds does not end by itself.

        Raises NoAnswerError where the program failed.
        """
        # Not reaped yet, so that no other group can have its number.
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        self.give_up()
        status = self._process.wait()
        with cast(IO[bytes], self._process.stdout) as output:
            # Something that left the program's group may hold the pipe open: that must not be waited for.
            os.set_blocking(output.fileno(), False)
            try:
                content = os.read(output.fileno(), MOST_BYTES)
            except BlockingIOError:
                content = b""
        if status != 0:
            raise NoAnswerError(f"{self._name} ended with status {status}")
        return content

    def give_up(self) -> None:
        """Kill the program and what it has started."""
        with contextlib.suppress(OSError):  # what another user runs cannot be killed
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """See `Errand.close`. The end of the program is waited for in a thread, or it would stay as a zombie."""
        self.give_up()
        threading.Thread(target=self._bury, name="end of a program", daemon=True).start()

    def _bury(self) -> None:
        with self._process:  # closes its pipe, and waits
            pass


class ThreadErrand:
    """The result of a function that may block, in a thread that ends with it."""

    def __init__(self, run: Callable[[], bytes], end: Callable[[], None]) -> None:
        """Start the thread; `end` makes `run` return at once, and is called from another thread."""
        self._run, self._end = run, end
        self._result: bytes | Exception | None = None
        threading.Thread(target=self._work, name="errand", daemon=True).start()

    def _work(self) -> None:
        try:
            self._result = self._run()
        except Exception as error:  # noqa: BLE001 - handed to the sampler's thread
            self._result = error

    def answer(self) -> bytes | None:
        """See `Errand.answer`."""
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def give_up(self) -> None:
        """End what the thread waits for."""
        self._end()

    def close(self) -> None:
        """See `Errand.close`: the thread ends with what it waits for."""
        self._end()
