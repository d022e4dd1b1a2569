"""Programs in two networks that a cable connects, which move bytes as they are told."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import TOOL_SECONDS, ending, first_line, refuse_unless_marked

MOVER = Path(__file__).parent / "mover.py"


class Program:
    """A `mover` that runs."""

    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        self._process = process
        self.pid: int = self.ask("name", name)
        self.name = name

    def tell(self, order: str, *arguments: object) -> None:
        """Give an order without waiting for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([order, *arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> int:
        """Return the answer to the last order."""
        return int(json.loads(first_line(self._process)))

    def ask(self, order: str, *arguments: object) -> int:
        """Give an order and return its answer."""
        self.tell(order, *arguments)
        return self.answer()

    def ask_for_two(self, order: str, *arguments: object) -> tuple[int, int]:
        """Give an order and return its answer of two numbers."""
        self.tell(order, *arguments)
        first, second = json.loads(first_line(self._process))
        return first, second

    def end(self) -> None:
        """Let it end, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(TOOL_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two networks: a program in it, and its addresses."""

    program: Program
    address4: str
    address6: str

    @contextlib.contextmanager
    def another_program(self, name: str) -> Iterator[Program]:
        """Run one more program in the network."""
        with _running(f"--net=/proc/{self.program.pid}/ns/net", by="nsenter", name=name) as program:
            yield program


@contextlib.contextmanager
def connected_networks() -> Iterator[tuple[Side, Side]]:
    """Yield two networks of which no other process knows, and which end with their programs."""
    refuse_unless_marked()
    if shutil.which("ip") is None or _fails("unshare", "--net", "true"):
        pytest.skip("networks need root and the programs ip and unshare")
    # Named after this test's process: another run may count on the same machine.
    with (
        _running("--net", by="unshare", name=f"a-{os.getpid()}") as one,
        _running("--net", by="unshare", name=f"b-{os.getpid()}") as other,
    ):
        sides = (
            Side(program=one, address4="10.83.0.1", address6="fd83::1"),
            Side(program=other, address4="10.83.0.2", address6="fd83::2"),
        )
        _ip(one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(other.pid))
        for side in sides:
            _ip(side.program, "address", "add", f"{side.address4}/24", "dev", "cable")
            _ip(side.program, "address", "add", f"{side.address6}/64", "dev", "cable", "nodad")
            for device in ("lo", "cable"):
                _ip(side.program, "link", "set", device, "up")
        yield sides


@contextlib.contextmanager
def _running(option: str, *, by: str, name: str) -> Iterator[Program]:
    argv = [by, option, sys.executable, "-I", "-S", str(MOVER)]
    with ending(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        yield Program(process, name)


def _ip(program: Program, *arguments: str) -> None:
    inside = ["nsenter", f"--net=/proc/{program.pid}/ns/net", "ip", *arguments]
    subprocess.run(inside, check=True, capture_output=True, timeout=TOOL_SECONDS)


def _fails(*argv: str) -> bool:
    return subprocess.run(argv, check=False, capture_output=True, timeout=TOOL_SECONDS).returncode != 0
