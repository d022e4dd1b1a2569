"""Listening sockets that the service manager opened and passes to the program (sd_listen_fds(3))."""

import os
import socket
import stat
from collections.abc import MutableMapping

from exporter.core.printable import printable
from exporter.core.web.listen_address import ListenError

FIRST = 3
"""Number of the first descriptor that is passed, after the three standard streams. Source: sd_listen_fds(3)."""

MOST = 64
"""Most sockets that are taken, without unit. Chosen: far beyond the addresses of a machine."""


def passed_listeners(environ: MutableMapping[str, str], process: int) -> tuple[socket.socket, ...]:
    """Return the sockets that were passed to the process of this number, and take their names out of the environment.

    What was passed to another process is left to it. Raises ListenError where something is passed that cannot be
    listened on.
    """
    given = [environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")]
    receiver, count, names = given
    if not receiver or not count:
        return ()
    for name, text in (("LISTEN_PID", receiver), ("LISTEN_FDS", count)):
        if not (text.isascii() and text.isdecimal()):
            raise ListenError(f'{name}: expected a whole number, got "{printable(text[:40])}"')
    if receiver.lstrip("0") != str(process):
        return ()
    if not 1 <= int(count[:9]) <= MOST:
        raise ListenError(f"LISTEN_FDS: expected 1 to {MOST} sockets, got {count[:9]}")
    numbers = range(FIRST, FIRST + int(count))
    called = names.split(":") if names else [""] * len(numbers)
    if len(called) != len(numbers):
        raise ListenError(f"LISTEN_FDNAMES: expected {len(numbers)} names, got {len(called)}")
    return tuple(_listener(number, name) for number, name in zip(numbers, called, strict=True))


def _listener(number: int, name: str) -> socket.socket:
    told = f"cannot listen on descriptor {number}" + (f' ("{printable(name)}")' if name else "")
    try:
        is_socket = stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError as error:
        raise ListenError(f"{told}, which the service manager names: {error.strerror}") from error
    if not is_socket:
        raise ListenError(f"{told}: it is no socket")
    found = socket.socket(fileno=number)
    fault = _fault(found)
    if fault:
        found.detach()
        raise ListenError(f"{told}: {fault}")
    found.set_inheritable(False)
    return found


def _fault(found: socket.socket) -> str | None:
    if found.family not in {socket.AF_INET, socket.AF_INET6} or found.type != socket.SOCK_STREAM:
        return "expected a socket of TCP: ListenStream=HOST:PORT in the socket unit"
    if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "expected a socket that listens: Accept=no in the socket unit"
    return None
