"""An exporter that hears of one program's bytes alone, as if no other on this machine moved any.

Called with the program's name before the exporter's own arguments. Programs of other tests, in networks of their own,
would claim a part of the bytes of the device that a test looks at.
"""

import sys
from dataclasses import replace
from pathlib import Path

from exporter.cli import main
from exporter.sources.process_bytes.ebpf import counter
from exporter.sources.process_bytes.ebpf.counter import EbpfCounter
from exporter.sources.process_bytes.reading import SocketReading


class LoneCounter:
    """The kernel's counter, without what other programs have moved."""

    def __init__(self, everybody: EbpfCounter, name: str) -> None:
        self.means = everybody.means
        self.close = everybody.close
        self._everybody = everybody
        self._name = name

    def read(self) -> SocketReading:
        """Return the reading, with the processes of the program alone."""
        reading = self._everybody.read()
        return replace(reading, processes=tuple(one for one in reading.processes if one.name == self._name))


if __name__ == "__main__":
    name = sys.argv.pop(1)
    open_for_everybody = counter.open_socket_counter

    def open_for_one(procfs: Path) -> LoneCounter:
        """Open the kernel's counter for the one program."""
        return LoneCounter(open_for_everybody(procfs), name)

    vars(counter)["open_socket_counter"] = open_for_one
    sys.exit(main())
