"""TCP sockets with the bytes that they have moved, as the kernel tells them without any privilege (sock_diag(7)).

They are those of the exporter's own network, without those of loopback.
"""

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from exporter.sources.reading import ReadingUnavailableError

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_AND_DUMP = 0x301
ERROR, DONE = 2, 3
INET_DIAG_INFO = 2
STATES = sum(1 << state for state in (1, 4, 5, 8, 9, 11))  # established, and those on the way from there to the end

HEADER = struct.Struct("=IHHII")
REQUEST = struct.Struct("=BBBxI48x")
SOCKET = struct.Struct("=8x16s16s4xQ16xI")
ATTRIBUTE = struct.Struct("=HH")
STATUS = struct.Struct("=i")  # of an error, and of the end of the sockets: a listing that failed says so there
COUNTED = struct.Struct("=120xQQ")  # tcpi_bytes_acked, tcpi_bytes_received

# Addresses of loopback begin so: of IPv4, IPv6, and of IPv4 as sockets of IPv6 see them.
LOOPBACK: dict[int, tuple[bytes, ...]] = {
    socket.AF_INET: (b"\x7f",),
    socket.AF_INET6: (bytes(15) + b"\x01", bytes(10) + b"\xff\xff\x7f"),
}

MOST_BYTES = 2**16  # of a part of an answer; the kernel fills half of that

MOST_ERRNO = 4096  # of all architectures, MAX_ERRNO

SECONDS_TO_WAIT = 1.0  # the kernel answers within the call, if at all


class TcpSocket(NamedTuple):
    """TCP socket that the kernel told of; `inode` is 0 where no process has it open."""

    cookie: int
    inode: int
    received: int
    sent: int


class TcpSockets:
    """Table of the TCP sockets that are connected, or were and are being closed."""

    def __init__(self) -> None:
        """Open it. Raises OSError where that may not be."""
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
        self._netlink.settimeout(SECONDS_TO_WAIT)

    def close(self) -> None:
        """Close the table."""
        self._netlink.close()

    def read(self) -> Iterator[TcpSocket]:
        """Yield the sockets of IPv4 and IPv6.

        Raises OSError where the kernel gives no answer, ReadingUnavailableError for one that says something else.
        """
        for family in (socket.AF_INET, socket.AF_INET6):
            request = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), STATES)
            header = HEADER.pack(HEADER.size + REQUEST.size, SOCK_DIAG_BY_FAMILY, REQUEST_AND_DUMP, 0, 0)
            self._netlink.sendall(header + request)
            is_last = False
            try:
                while not is_last:
                    part, is_last = sockets_of(self._netlink.recv(MOST_BYTES), family)
                    yield from part
            except FileNotFoundError:  # a kernel without IPv6
                if family == socket.AF_INET:
                    raise


def sockets_of(answer: bytes, family: int) -> tuple[list[TcpSocket], bool]:
    """Return the sockets in a part of the kernel's answer, without those of loopback, and whether it is the last one.

    Raises OSError where the kernel answers with an error, ReadingUnavailableError for what is no such answer.
    """
    found: list[TcpSocket] = []
    place = 0
    try:
        while place < len(answer):
            length, kind, *_ = HEADER.unpack_from(answer, place)
            if kind in (DONE, ERROR):
                (status,) = STATUS.unpack_from(answer, place + HEADER.size)
                if kind == DONE and status == 0:
                    return found, True
                raise _refusal(-status)
            source, target, cookie, inode = SOCKET.unpack_from(answer, place + HEADER.size)
            end = _end(place, length, len(answer))
            counted = _counted(answer[place + HEADER.size + SOCKET.size : end])
            if counted is not None and not _is_loopback(source, target, family):
                found.append(TcpSocket(cookie, inode, sent=counted[0], received=counted[1]))
            place = end
    except struct.error as error:
        raise ReadingUnavailableError("sock_diag gave an answer that is cut off") from error
    return found, False


def _refusal(number: int) -> Exception:
    if 0 < number < MOST_ERRNO:
        return OSError(number, os.strerror(number))
    return ReadingUnavailableError("sock_diag gave an error that is none")


def _counted(attributes: bytes) -> tuple[int, int] | None:
    """Return the bytes that were acknowledged and received; None for a socket, or a kernel, that does not tell."""
    place = 0
    while place + ATTRIBUTE.size <= len(attributes):
        length, kind = ATTRIBUTE.unpack_from(attributes, place)
        end = _end(place, length, len(attributes))
        if kind == INET_DIAG_INFO and end - place >= ATTRIBUTE.size + COUNTED.size:
            acknowledged, received = COUNTED.unpack_from(attributes, place + ATTRIBUTE.size)
            return acknowledged, received
        place = end
    return None


def _end(place: int, length: int, most: int) -> int:
    """Return where the next message or attribute begins. Raises ReadingUnavailableError where that cannot be."""
    end = place + length + -length % 4
    if length < ATTRIBUTE.size or place + length > most:
        raise ReadingUnavailableError("sock_diag gave an answer of an impossible length")
    return end


def _is_loopback(source: bytes, target: bytes, family: int) -> bool:
    """Tell whether a socket talks to its own machine: to an address of loopback, or to its own."""
    return source == target or any(one.startswith(LOOPBACK[family]) for one in (source, target))
