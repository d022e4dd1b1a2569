"""A program that moves known amounts of bytes as it is told, a line for each order: `[name, arguments...]` in JSON.

It answers each order with a line of JSON, and ends after the last one. It imports little, since tests start many.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path

LONGEST_WAIT = 120.0
CHUNK = 1 << 16
STREAM, DATAGRAM, MULTIPATH = "stream", "datagram", "multipath"
IPPROTO_MPTCP = 262
KINDS = {
    STREAM: (socket.SOCK_STREAM, 0),
    DATAGRAM: (socket.SOCK_DGRAM, 0),
    MULTIPATH: (socket.SOCK_STREAM, IPPROTO_MPTCP),
}
"""Kinds of sockets: TCP, UDP and multipath TCP."""


class Mover:
    """Sockets of the program by number, in the order in which they were made."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def name(self, name: str) -> int:
        """Take a name, as a program has one, and return the process id."""
        Path("/proc/self/comm").write_text(name, encoding="ascii")
        return os.getpid()

    def listen(self, address: str, kind: str) -> list[int]:
        """Return the number of a new socket that is bound to an address, and its port."""
        one = _socket(address, kind)
        one.bind((address, 0))
        if kind != DATAGRAM:
            one.listen(1024)
        return [self._keep(one), one.getsockname()[1]]

    def connect(self, address: str, port: int, kind: str) -> int:
        """Return the number of a new connected socket."""
        one = _socket(address, kind)
        one.connect((address, port))
        return self._keep(one)

    def unconnected(self, address: str) -> int:
        """Return the number of a new socket of UDP of an address's family, which is bound to nothing."""
        return self._keep(_socket(address, DATAGRAM))

    def accept(self, number: int) -> int:
        """Return the number of the next connection."""
        one, _ = self._sockets[number].accept()
        one.settimeout(LONGEST_WAIT)
        return self._keep(one)

    def pair(self) -> list[int]:
        """Return the numbers of two sockets of AF_UNIX that are connected."""
        return [self._keep(one) for one in socket.socketpair()]

    def send(self, number: int, size: int, times: int = 1) -> int:
        """Send so many bytes so many times, and return their sum."""
        for _ in range(times):
            self._sockets[number].sendall(bytes(size))
        return size * times

    def send_for(self, number: int, size: int, seconds: float) -> int:
        """Send so many bytes over and over for a time, and return their sum."""
        content, end, times = bytes(size), time.monotonic() + seconds, 0
        while time.monotonic() < end:
            self._sockets[number].sendall(content)
            times += 1
        return size * times

    def drain(self, number: int) -> int:
        """Receive into the same memory until the other side closes, and return how much came."""
        memory, received = bytearray(1 << 20), 0
        while size := self._sockets[number].recv_into(memory):
            received += size
        return received

    def close(self, number: int) -> int:
        """Close a socket, and return its number."""
        self._sockets[number].close()
        return number

    def send_to(self, number: int, address: str, port: int, size: int, times: int) -> int:
        """Send messages to an address, and return their bytes."""
        return sum(self._sockets[number].sendto(bytes(size), (address, port)) for _ in range(times))

    def send_file(self, number: int, size: int) -> int:
        """Send a file of so many bytes by sendfile(2), and return them."""
        with os.fdopen(os.memfd_create("content"), "w+b") as file:
            file.truncate(size)
            return self._sockets[number].sendfile(file, 0, size)

    def receive(self, number: int, size: int, flags: int = 0) -> int:
        """Receive up to so many bytes in all, and return how many came."""
        left = size
        while left > 0 and (content := self._sockets[number].recv(min(left, CHUNK), flags)):
            left -= len(content)
        return size - left

    def receive_from(self, number: int, times: int) -> int:
        """Receive messages with their senders' addresses, and return their bytes."""
        return sum(len(self._sockets[number].recvfrom(CHUNK)[0]) for _ in range(times))

    def short_connections(self, address: str, port: int, size: int, times: int) -> int:
        """Connect, send so many bytes and close, so many times."""
        for _ in range(times):
            with socket.create_connection((address, port), timeout=LONGEST_WAIT) as one:
                one.sendall(bytes(size))
        return size * times

    def accept_all(self, number: int, size: int, times: int) -> int:
        """Receive so many bytes from each of so many connections, and return their sum."""
        received = 0
        for _ in range(times):
            with self._sockets[number].accept()[0] as one:
                one.settimeout(LONGEST_WAIT)
                received += len(one.recv(size, socket.MSG_WAITALL))
        return received

    def children(self, number: int, size: int, times: int) -> int:
        """Let so many children, one after the other, each send so many bytes by a socket and end."""
        for _ in range(times):
            child = os.fork()
            if child == 0:
                self._sockets[number].send(bytes(size))
                os._exit(0)
            os.waitpid(child, 0)
        return size * times

    def _keep(self, one: socket.socket) -> int:
        self._sockets.append(one)
        return len(self._sockets) - 1


def _socket(address: str, kind: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, *KINDS[kind])
    one.settimeout(LONGEST_WAIT)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return one


def main() -> None:
    """Carry out orders until there are no more."""
    mover = Mover()
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(mover, order)(*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
