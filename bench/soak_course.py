"""A program that is soaked: its flags and files, and hour after hour of what goes on around it."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import msgspec
import yaml

from bench.equipped import stand_ins
from bench.soak_life import Clients, Devices, Programs
from bench.soak_program import Held
from exporter.core.units import SECONDS_PER_HOUR
from tests.processes import ending, free_port, wait_for

STEP = 300.0
"""Seconds of the clock from one measurement to the next."""

SLICES = 5
"""Parts of a step that pass one after the other."""

MEETING = 0.1
"""Share of the scrapes that clients ask for while the clock leaps; with each sample, answers are rendered anew."""

STEPS_PER_PROGRAM, STEPS_PER_DEVICE, STEPS_PER_HOUR = 3, 6, round(SECONDS_PER_HOUR / STEP)

RELOADED = "the files of the web configuration are followed"
"""Words of both programs' line on a reload."""

METER_INTERVAL = 10
"""Seconds between two questions to the meter, by the exporter's default."""

ECOTRACK: Mapping[str, object] = {
    "budget": {"day_grams": 100, "time_zone": "Europe/Paris"},
    "network": {"include": ["so*", "e*"]},
    "optimize": {"strategies": ["reduce_cpu", "optimize_network", "power_management"]},
}
COLLECTORS = ("connections", "processes", "process_bytes")
ECOTRACK_PAGES = ("summary", "history", "clean-window", "savings", "processes", "optimizations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Figures at an hour of the clock; `state` is in bytes, `files` are in its folder, `temporary` in another."""

    hour: float
    held: Held
    series: int
    state: int
    files: int
    temporary: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A program to soak, with its folder, its flags and its pages; `configure` writes its files anew each hour.

    It `samples` the machine, or does not care what else there is on it.
    """

    name: str
    folder: Path
    flags: Sequence[str]
    pages: Sequence[str]
    samples: bool
    configure: Callable[[int], None] = lambda _: None


@dataclass(slots=True, kw_only=True)
class Soaked:
    """The points of a run, and counts of what went on."""

    name: str
    points: list[Point] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def ecotrack(folder: Path) -> Iterator[Subject]:
    """Prepare the exporter: what it samples is real, but for a plug and a grid on loopback."""
    file, seconds = folder / "ecotrack.yml", itertools.count(step=METER_INTERVAL)
    journal = {"folder": str(folder / "state/journal"), "rotate_megabytes": 0.001, "keep_files": 2}
    with stand_ins(lambda: float(next(seconds))) as sections:

        def configure(number: int) -> None:
            limit = {"limit_grams_per_minute": 5 + number % 2}
            file.write_text(yaml.safe_dump({**ECOTRACK, **sections, "journal": journal, "ecoguard": limit}))

        configure(0)
        yield Subject(
            name="ecotrack",
            folder=folder,
            flags=[
                f"--config.file={file}",
                f"--state.dir={folder / 'state'}",
                *(f"--collector.{name}" for name in COLLECTORS),
            ],
            pages=[f"/api/v1/{name}" for name in ECOTRACK_PAGES],
            samples=True,
            configure=configure,
        )


@contextlib.contextmanager
def ecochain(folder: Path) -> Iterator[Subject]:
    """Prepare the live job as it is by default."""
    pages = ["/api/v1/summary", "/api/v1/history"]
    yield Subject(name="ecochain", folder=folder, flags=["serve"], pages=pages, samples=False)


SUBJECTS: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[Subject]]] = {
    "ecotrack": ecotrack,
    "ecochain": ecochain,
}
"""Preparations of each program in a folder, by its name."""


@contextlib.contextmanager
def soaking(name: str, leaks: Sequence[str] = ()) -> Iterator["Course"]:
    """Start a program with leaks in it, and end it when the block does."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        for part in ("state", "tmp", "bin"):
            (folder / part).mkdir()
        subject = stack.enter_context(SUBJECTS[name](folder))
        ours, theirs = socket.socketpair()
        stack.enter_context(ours)
        port, log = free_port(), folder / "log"
        argv = [sys.executable, "-m", "bench.soak_program", name, str(theirs.fileno()), ",".join(leaks), *subject.flags]
        with theirs, log.open("ab") as output:
            process = subprocess.Popen(
                [*argv, f"--web.listen-address=127.0.0.1:{port}"],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"TMPDIR": str(folder / "tmp")},
            )
        stack.enter_context(ending(process))
        lines = stack.enter_context(ours.makefile("rw", buffering=1))
        stack.callback(ours.shutdown, socket.SHUT_WR)
        wait_for(f"http://127.0.0.1:{port}/-/healthy", process, log)
        clients = Clients(port, subject.pages)
        stack.callback(clients.close)
        yield Course(subject, process, lines, clients)


class Course:
    """A program under way, and what goes on around it."""

    def __init__(self, subject: Subject, process: subprocess.Popen[bytes], lines: TextIO, clients: Clients) -> None:
        self._subject = subject
        self._process = process
        self._lines = lines
        self._clients = clients
        self._programs = Programs(subject.folder / "bin")
        self._devices = Devices()
        self._reloads = 0
        self._told = 0

    def run(self, hours: float, scrapes: int, crowd: int, say: Callable[[str], None] = lambda _: None) -> Soaked:
        """Let the hours pass, with so many scrapes, and a crowd of programs in the first hour; Ctrl-C ends them."""
        name, points, steps = self._subject.name, list[Point](), round(hours * STEPS_PER_HOUR)
        try:
            for number in range(steps):
                self._come_and_go(number, crowd)
                self._pass(scrapes * (number + 1) // steps)
                points.append(point := self._point((number + 1) / STEPS_PER_HOUR))
                say(f"{name}: hour {point.hour:.1f} of {hours:g}, {point.held.rss / 2**20:.1f} MiB")
        except KeyboardInterrupt:
            say(f"{name}: ends early")
        finally:
            self._programs.end()
            self._devices.end()
        say("")
        self._rotate_log()
        return Soaked(name=name, points=points, counts=self._counts())

    def _pass(self, scrapes: int) -> None:
        """Let a step pass in slices, until there have been so many scrapes; some meet samples, most follow on them."""
        for left in range(SLICES, 0, -1):
            count = (scrapes - self._clients.scrapes) // left
            self._write(f"{STEP / SLICES}\n")
            self._clients.scrape(round(MEETING * count))
            self._read()
            self._clients.scrape(count - round(MEETING * count))

    def _come_and_go(self, number: int, crowd: int) -> None:
        """Change what is around, and in the middle of each hour the configuration and the log."""
        if self._subject.samples:
            self._change_machine(number, crowd)
        if number % STEPS_PER_HOUR == STEPS_PER_HOUR // 2:
            self._rotate_log()
            self._reloads += 1
            self._subject.configure(self._reloads)
            self._process.send_signal(signal.SIGHUP)

    def _change_machine(self, number: int, crowd: int) -> None:
        if number < STEPS_PER_HOUR:
            self._programs.change(crowd // STEPS_PER_HOUR)
        elif number % STEPS_PER_PROGRAM == 0:
            self._programs.change(1)
        if number < STEPS_PER_HOUR or number % STEPS_PER_DEVICE == 0:
            self._devices.change()

    def _rotate_log(self) -> None:
        """Cut the log short, and count the reloads that it tells of."""
        log = self._subject.folder / "log"
        self._told += log.read_text().count(RELOADED)
        os.truncate(log, 0)

    def _point(self, hour: float) -> Point:
        self._write("measure\n")
        held = msgspec.json.decode(self._read(), type=Held)
        files = [path for path in (self._subject.folder / "state").rglob("*") if path.is_file()]
        return Point(
            hour=hour,
            held=held,
            series=self._clients.series(),
            state=sum(path.stat().st_size for path in files),
            files=len(files),
            temporary=sum(1 for _ in (self._subject.folder / "tmp").iterdir()),
        )

    def _counts(self) -> Mapping[str, int]:
        clients = self._clients
        return {
            "scrapes": clients.scrapes,
            "answers to browsers": clients.looks,
            "connections that clients broke off": clients.broken,
            "programs that came and went": self._programs.count,
            "pairs of network devices that came and went": self._devices.count,
            "reloads that were asked for, each after a log was cut short": self._reloads,
            "reloads that the log tells of": self._told,
        }

    def _write(self, line: str) -> None:
        self._lines.write(line)

    def _read(self) -> str:
        line = self._lines.readline()
        if not line:
            log = (self._subject.folder / "log").read_text()
            raise AssertionError(f"{self._subject.name} has ended:\n{log[-3000:]}")
        return line
