"""A child process of a run: its question, its answer, and how it ends."""

import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, cast

import msgspec

from exporter.core.units import Seconds

GIVEN_UP = 1
"""Status of a child whose parent is gone, which nobody reads."""


class ChildError(Exception):
    """A child that gave no answer; one line."""


@dataclass(frozen=True, slots=True)
class Program:
    """The module that a child runs, and what it computes, in the words of its messages."""

    module: str
    subject: str


class Child:
    """A child at work. It ends with its answer, when it is told to, or with this process, however that ends."""

    def __init__(self, program: Program, request: msgspec.Struct, data: bytes | memoryview = b"") -> None:
        """Start the child, with bytes that follow the request; they stay as they are until it has ended.

        Raises ChildError where it cannot be started.
        """
        self._subject = program.subject
        self._answer: bytes | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed list of arguments
                [sys.executable, "-m", program.module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the child
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except OSError as error:
            raise ChildError(f"{self._subject} could not be computed: no child process: {error.strerror}") from error
        self._thread = threading.Thread(target=self._converse, args=(request, data), name="child", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Return whether the child has ended, with or without an answer."""
        return not self._thread.is_alive()

    def answer(self, limit: Seconds) -> bytes:
        """Wait for what the child writes. Raises ChildError where it is late, or ends without success."""
        self._thread.join(limit)
        if self._thread.is_alive():
            self.end()
            raise ChildError(f"{self._subject} was not computed within {limit:g} s")
        if (status := self._process.returncode) != 0 or not self._answer:
            raise ChildError(f"{self._subject} could not be computed: the child process ended with status {status}")
        return self._answer

    def wait(self, limit: Seconds) -> None:
        """Wait until the child has ended, with or without an answer, and end it where it is late."""
        if not self.ends_within(limit):
            self.end()

    def ends_within(self, limit: Seconds) -> bool:
        """Wait for so long, or until the child has ended, and return whether it has."""
        self._thread.join(limit)
        return self.is_done

    def end(self) -> None:
        """Kill the child."""
        self._process.kill()
        self._process.wait()

    def _converse(self, request: msgspec.Struct, data: bytes | memoryview) -> None:
        """Send the question, read the answer and wait for the end, so that no child is left as a zombie.

        The question's pipe stays open until then: its end is the end of the child.
        """
        question, answer = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        with contextlib.suppress(OSError), question, answer:  # of one that ends at once the status says so
            question.write(msgspec.json.encode(request) + b"\n")
            question.write(data)
            question.flush()
            self._answer = answer.read()
            self._process.wait()
        self._process.wait()


def end_with(source: int) -> None:
    """End this process at once when a file descriptor comes to its end: that of a pipe which its parent holds open."""

    def wait() -> None:
        while os.read(source, 1):
            pass
        os._exit(GIVEN_UP)

    threading.Thread(target=wait, name="parent", daemon=True).start()
