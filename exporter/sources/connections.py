"""TCP sockets by state, from `tcp` and `tcp6` of a procfs `net` folder."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

STATES = {
    b"01": "established",
    b"02": "syn_sent",
    b"03": "syn_recv",
    b"04": "fin_wait1",
    b"05": "fin_wait2",
    b"06": "time_wait",
    b"07": "close",
    b"08": "close_wait",
    b"09": "last_ack",
    b"0A": "listen",
    b"0B": "closing",
}
"""Names of the kernel's numbers (include/net/tcp_states.h)."""


def tcp_connections(net: Path) -> Mapping[str, int]:
    """Return the number of TCP sockets in each state, over IPv4 and IPv6 where the machine has it.

    Raises OSError where there is no `tcp`, and KeyError or IndexError where a line says something else.
    """
    tcp, tcp6 = net / "tcp", net / "tcp6"
    sockets = [*_sockets(tcp), *(_sockets(tcp6) if tcp6.exists() else ())]
    return {STATES[state]: count for state, count in Counter(sockets).items()}


def _sockets(file: Path) -> list[bytes]:
    """Return the state of each socket in a file, as the kernel writes it.

    Fields of a line are: number, local and remote address, state (proc_pid_net(5)); the first line names them.
    """
    return [line.split(maxsplit=4)[3] for line in file.read_bytes().splitlines()[1:]]
