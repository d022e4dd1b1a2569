"""A child process that computes generation: its question, its answer, and how it ends."""

import contextlib
import io
import os
import subprocess
import sys
import threading
from typing import IO, cast

import msgspec
import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.scenario.schema import Scenario

PROGRAM = "simulator.live.generate"
"""The module that a child runs."""


class ChildError(Exception):
    """A child that gave no answer; one line."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The generation of `count` days from the `first` on."""

    scenario: Scenario
    seed: int
    first: int
    count: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of an answer, before the array (D, 2, 288, N) of D days; with a `mistake` they may be fewer."""

    mistake: str = ""


class Child:
    """A child at work. It ends with its answer, when it is told to, or with this process, however that ends."""

    def __init__(self, request: Request) -> None:
        """Start the child. Raises ChildError where it cannot be started."""
        self.first = request.first
        self._answer: bytes | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed list of arguments
                [sys.executable, "-m", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the child
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except OSError as error:
            raise ChildError(f"the weather could not be computed: no child process: {error.strerror}") from error
        self._thread = threading.Thread(target=self._converse, args=(request,), name="generation", daemon=True)
        self._thread.start()

    def result(self, limit: Seconds) -> tuple[FloatArray, str]:
        """Wait for the days (D, 2, 288, N) and the mistake that kept the child from more. Raises ChildError."""
        self._thread.join(limit)
        if self._thread.is_alive():
            self.end()
            raise ChildError(f"the weather was not computed within {limit:g} s")
        if (status := self._process.returncode) != 0 or not self._answer:
            raise ChildError(f"the weather could not be computed: the child process ended with status {status}")
        head, _, array = self._answer.partition(b"\n")
        days: FloatArray = np.load(io.BytesIO(array), allow_pickle=False)
        return days, msgspec.json.decode(head, type=Answer).mistake

    def end(self) -> None:
        """Kill the child."""
        self._process.kill()
        self._process.wait()

    def _converse(self, request: Request) -> None:
        """Send the question, read the answer and wait for the end, so that no child is left as a zombie.

        The question's pipe stays open until then: its end is the end of the child.
        """
        question, answer = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        with contextlib.suppress(OSError), question, answer:  # of one that ends at once the status says so
            question.write(msgspec.json.encode(request) + b"\n")
            question.flush()
            self._answer = answer.read()
            self._process.wait()
        self._process.wait()
