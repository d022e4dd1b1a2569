"""Benchmark of counting bytes by process in the kernel: what it takes from a connection, memory and time.

Two processes in two networks, joined by a cable that only exists in memory, move as much as they can over one TCP
connection, again and again for half a second: once with the counting, once without, in turns that change places.
Each such pair gives a ratio; the mean of their logarithms and its interval by bootstrap over pairs are shown. Large
messages are like those of a transfer at 10 Gbit/s; messages of 1 kB are many more calls for the same bytes, and the
counting works by the call.

Both processes share the processors with whatever else runs, so that the ratios need many pairs. The kernel itself tells
more exactly how long the counting ran, in nanoseconds by the call: that, as a share of the processor time of both
processes, is what the counting takes from a connection that has the processors for itself. Needs root.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from bench.record import record, table
from exporter.sources.process_bytes.ebpf.counter import open_socket_counter
from exporter.sources.process_bytes.ebpf.syscalls import bpf
from tests.exporter.sources.process_bytes.ebpf.mover import STREAM
from tests.exporter.sources.process_bytes.ebpf.networks import Program, Side, connected_networks

SLICE_SECONDS = 0.5
"""Length of a turn. Judgement: other load of the machine changes less within a pair of turns than between runs."""

SIZES = {"256 kB": 256_000, "16 kB": 16_384, "1 kB": 1_000}

RESAMPLES = 10_000

HEAD = (
    "message",
    "without, Gbit/s",
    "speed with / without (95 %)",
    "processor time per byte with / without (95 %)",
    "counting, ns a call",
    "counting, share of processor time",
)

LOADS = 7

ENABLE_STATS = 32
"""Command of bpf(2) that lets the kernel time its programs (`BPF_ENABLE_STATS`, include/uapi/linux/bpf.h)."""

ROOT = Path(__file__).parent.parent

ALONE = """
import resource, sys, time
import exporter.sources.collector
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
before, cpu, began = resident(), time.process_time(), time.perf_counter()
from exporter.sources.process_bytes.ebpf.counter import open_socket_counter
counter = open_socket_counter()
took, cpu = time.perf_counter() - began, time.process_time() - cpu
counter.read()
time.sleep(0.1)
print(took, cpu, resident() - before, counter.means)
"""
"""A program that opens the counter as the exporter does, and says what that took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Speed of one turn in bytes per second, and processor time in seconds per gigabyte of both programs."""

    speed: float
    cost: float
    counting: "Counting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Calls that were counted, the seconds that took by the kernel's own clock, and the processor time of both."""

    calls: int
    seconds: float
    processor_seconds: float


def main() -> None:
    """Run all and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60, help="pairs of turns by size of message (default: 60)")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    with connected_networks() as sides:
        rows = [cells(name, measured(sides, size, options.pairs)) for name, size in SIZES.items()]
    parts = [table(HEAD, rows), table(("figure", "median", "range"), loads())]
    print("\n\n".join(parts))
    if options.record:
        record("process-bytes", ["Counting bytes by process in the kernel", f"{options.pairs} pairs of turns.", *parts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Turns without and with the counting, in pairs, and turns in which the kernel timed it."""

    pairs: Sequence[tuple[Turn, Turn]]
    timed: Sequence[Counting]


def measured(sides: tuple[Side, Side], size: int, pairs: int) -> Measured:
    """Measure one size of message."""
    found = []
    with transfer(sides) as (sender, number, receiver):
        turn(sender, number, receiver, size)
        for pair in range(pairs):
            both: dict[bool, Turn] = {}
            for counts in ((False, True), (True, False))[pair % 2]:
                with counting() if counts else nullcontext():
                    both[counts] = turn(sender, number, receiver, size)
            found.append((both[False], both[True]))
        timed = []
        for _ in range(max(1, pairs // 4)):
            with timing(), counting():
                timed.append(turn(sender, number, receiver, size).counting)
    return Measured(pairs=found, timed=timed)


@contextmanager
def counting() -> Iterator[None]:
    """Let the kernel count."""
    counter = open_socket_counter()
    yield
    counter.close()


@contextmanager
def transfer(sides: tuple[Side, Side]) -> Iterator[tuple[Program, int, Program]]:
    """Yield the sender, the number of its socket, and the receiver, who takes whatever comes."""
    sender, receiver = sides[0].program, sides[1].program
    listening, port = receiver.ask_for_two("listen", sides[1].address4, STREAM)
    receiver.tell("accept", listening)
    number = sender.ask("connect", sides[1].address4, port, STREAM)
    receiver.tell("drain", receiver.answer())
    yield sender, number, receiver
    sender.ask("close", number)
    receiver.answer()


def turn(sender: Program, number: int, receiver: Program, size: int) -> Turn:
    """Let the sender send for the length of a turn."""
    processes = [psutil.Process(one.pid) for one in (sender, receiver)]
    cpu, began = processor_seconds(processes), time.perf_counter()
    moved = sender.ask("send_for", number, size, SLICE_SECONDS)
    seconds, cpu = time.perf_counter() - began, processor_seconds(processes) - cpu
    calls, nanoseconds = (sum(own_figures(name)) for name in ("run_cnt", "run_time_ns"))
    counting = Counting(calls=calls, seconds=nanoseconds / 1e9, processor_seconds=cpu)
    return Turn(speed=moved / seconds, cost=cpu / moved * 1e9, counting=counting)


def own_figures(name: str) -> Iterator[int]:
    """Yield a figure that the kernel tells of what this process has in it."""
    for file in Path("/proc/self/fdinfo").iterdir():
        if file.exists() and (found := re.search(rf"^{name}:\s+(\d+)", file.read_text(), re.MULTILINE)):
            yield int(found[1])


@contextmanager
def timing() -> Iterator[None]:
    """Let the kernel time its programs, which takes some nanoseconds by itself."""
    descriptor = bpf(ENABLE_STATS, bytes(4))
    yield
    os.close(descriptor)


def processor_seconds(processes: Sequence[psutil.Process]) -> float:
    """Return the time that these processes have had so far."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def cells(name: str, found: Measured) -> tuple[str, ...]:
    """Return the row of one size of message."""
    without = float(np.median([one.speed for one, _ in found.pairs])) * 8 / 1e9
    speed = interval([other.speed / one.speed for one, other in found.pairs])
    cost = interval([other.cost / one.cost for one, other in found.pairs])
    calls, seconds, processor = (
        sum(getattr(one, name) for one in found.timed) for name in ("calls", "seconds", "processor_seconds")
    )
    return name, f"{without:.1f}", speed, cost, f"{seconds / calls * 1e9:.0f}", f"{seconds / processor:.2%}"


def interval(ratios: Sequence[float]) -> str:
    """Return the geometric mean of ratios, with its interval."""
    logarithms = np.log(np.asarray(ratios))
    drawn = np.random.default_rng(0).choice(logarithms, (RESAMPLES, len(logarithms))).mean(axis=1)
    low, high = np.exp(np.quantile(drawn, (0.025, 0.975)))
    return f"{np.exp(logarithms.mean()):.3f} ({low:.3f} to {high:.3f})"


def loads() -> Iterator[tuple[str, str, str]]:
    """Yield rows of what opening the counter takes, in fresh processes."""
    columns: list[Mapping[str, float]] = []
    for _ in range(LOADS):
        done = subprocess.run(
            [sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=True, timeout=240
        )
        seconds, cpu, memory, _ = done.stdout.split()
        columns.append(
            {
                "time to open, ms": 1000 * float(seconds),
                "processor time to open, ms": 1000 * float(cpu),
                "memory in the exporter, MiB": float(memory) / 2**20,
            }
        )
    for label in columns[0]:
        values = [column[label] for column in columns]
        yield label, f"{np.median(values):.2f}", f"{min(values):.2f} to {max(values):.2f}"
    counter = open_socket_counter()
    size = sum(own_figures("memlock"))
    counter.close()
    yield "memory in the kernel, MiB", f"{size / 2**20:.2f}", ""


if __name__ == "__main__":
    main()
