"""A program that lets the kernel count, says so, and waits until its input ends.

Its arguments are numbers of capabilities: where there are any, or `none`, it becomes nobody with only these. It prints
the ids of what it has in the kernel, or why there is nothing.
"""

import ctypes
import os
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from exporter.sources.process_bytes.ebpf.counter import open_socket_counter
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from tests.exporter.sources.process_bytes.ebpf.chosen import chosen_means

CAP_PERFMON, CAP_BPF = 38, 39
NOBODY = 65_534
PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 4, 8
CAPABILITY_VERSION = 0x20080522
NONE = "none"


def become_nobody(capabilities: Iterable[int]) -> None:
    """Give up root and every other capability (capset(2), prctl(2))."""
    system = ctypes.CDLL(None, use_errno=True)
    assert system.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    low, high = struct.unpack("=II", struct.pack("=Q", sum(1 << one for one in capabilities)))
    wanted = struct.pack("=6I", low, low, 0, high, high, 0)
    assert system.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), wanted) == 0
    assert system.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0  # or its own files of /proc belong to root


def own_ids() -> Iterator[str]:
    """Yield `prog_id` or `map_id`, and the number, of each descriptor of this process that has one."""
    for file in Path("/proc/self/fdinfo").iterdir():
        if file.exists():
            yield from (":".join(found) for found in re.findall(r"^(prog_id|map_id):\s+(\d+)", file.read_text(), re.M))


def main(arguments: list[str]) -> None:
    """Open, say so and wait."""
    if arguments:
        become_nobody(int(one) for one in arguments if one != NONE)
    try:
        counter = open_socket_counter(means=chosen_means())
    except EbpfUnavailableError as error:
        said = str(error)
    else:
        said = " ".join([counter.means, *own_ids()])
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
