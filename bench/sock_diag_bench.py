"""Benchmark of looking at TCP sockets for their bytes, as the exporter does without eBPF: processor time of a look.

A process in a network of its own has so many connections to another one, over a cable that only exists in memory, and
sends by all of them before each look. The first look also searches the open files of all processes for the sockets.
Needs root, for the networks.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.record import record, table
from tests.exporter.sources.process_bytes.ebpf.mover import STREAM
from tests.exporter.sources.process_bytes.ebpf.networks import Side, connected_networks
from tests.processes import ending, first_line

SOCKETS = (100, 1_000, 5_000)
LOOKS = 7

ROOT = Path(__file__).parent.parent

LOOKER = """
import sys, time
from itertools import count
from pathlib import Path
from exporter.sources.process_bytes.sock_diag import SockDiagCounter
from exporter.sources.process_bytes.tcp_sockets import TcpSockets
class Patient:
    awake = lambda self, times=count(): next(times) * 3600.0
counter = SockDiagCounter(TcpSockets(), Path("/proc"), Patient())
print("ready", flush=True)
for _ in sys.stdin:
    began = time.thread_time()
    reading = counter.read()
    print(time.thread_time() - began, sum(one.sent for one in reading.processes), flush=True)
"""
"""A program that looks for each line that it is given, and says what the look took and found."""


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    rows = []
    for number in SOCKETS:
        with connected_networks() as sides:
            first, *others = looks(sides, number)
        rows.append((f"{number:,}", f"{first * 1e3:.1f}", f"{statistics.median(others) * 1e3:.1f}"))
    found = table(("sockets that move bytes", "first look with the search, ms", "later looks (median), ms"), rows)
    print(found)
    if options.record:
        record("sock-diag", ["Looking at TCP sockets for their bytes", f"{LOOKS} looks by number of sockets.", found])


def looks(sides: tuple[Side, Side], number: int) -> Iterator[float]:
    """Yield the processor time of each look, in seconds."""
    sender, receiver = (side.program for side in sides)
    listening, port = receiver.ask_for_two("listen", sides[1].address4, STREAM)
    sockets = []
    for _ in range(number):
        receiver.tell("accept", listening)
        sockets.append(sender.ask("connect", sides[1].address4, port, STREAM))
        receiver.answer()
    argv = ["nsenter", f"--net=/proc/{sender.pid}/ns/net", sys.executable, "-c", LOOKER]
    with ending(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)) as looker:
        assert first_line(looker) == "ready"
        assert looker.stdin is not None
        for _ in range(LOOKS):
            for one in sockets:
                sender.ask("send", one, 100)
            looker.stdin.write("\n")
            looker.stdin.flush()
            seconds, sent = first_line(looker).split()
            assert int(sent) >= number * 100 * 0.9, "the look has missed sockets"
            yield float(seconds)


if __name__ == "__main__":
    main()
