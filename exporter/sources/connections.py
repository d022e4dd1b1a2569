"""TCP sockets by state, from `tcp` and `tcp6` of a procfs `net` folder."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

STATES = {
    b" 01 ": "established",
    b" 02 ": "syn_sent",
    b" 03 ": "syn_recv",
    b" 04 ": "fin_wait1",
    b" 05 ": "fin_wait2",
    b" 06 ": "time_wait",
    b" 07 ": "close",
    b" 08 ": "close_wait",
    b" 09 ": "last_ack",
    b" 0A ": "listen",
    b" 0B ": "closing",
}
"""Names of the kernel's numbers (include/net/tcp_states.h), which stand between spaces."""


def tcp_connections(net: Path) -> Mapping[str, int]:
    """Return the number of TCP sockets in each state, over IPv4 and IPv6 where the machine has it.

    The files are read line by line: a busy server has megabytes of them. Raises OSError where there is no `tcp`, and
    KeyError or ValueError where a line says something else.
    """
    counts: Counter[bytes] = Counter()
    for name, digits in (("tcp", 8), ("tcp6", 32)):  # of an address, in hexadecimal
        file = net / name
        if name == "tcp" or file.exists():
            _count(file, digits, counts)
    return {STATES[state]: count for state, count in counts.items()}


def _count(file: Path, digits: int, counts: Counter[bytes]) -> None:
    """Count the state of each socket in a file, as the kernel writes it.

    Fields of a line are: number and colon, local and remote address, state (proc_pid_net(5)); the first line names
    them. An address has so many `digits`, a colon, and four more of the port.
    """
    place = len(":") + 2 * (len(" ") + digits + len(":0000"))
    with file.open("rb") as lines:
        next(lines, None)
        for line in lines:
            at = line.index(b":") + place
            counts[line[at : at + 4]] += 1
