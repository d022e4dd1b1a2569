"""A plain client for tests of the server: real sockets, bytes in and bytes out."""

import contextlib
import io
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import parse_headers
from typing import BinaryIO
from urllib.parse import urlsplit

from exporter.core.web.connection import Limits
from exporter.core.web.server import Handler, Server
from exporter.core.web.web_config import WebConfig

TIMEOUT = 240.0

UNHURRIED = Limits(
    requests=40, head_seconds=3600.0, idle_seconds=3600.0, response_seconds=3600.0, unread_seconds=3600.0
)
"""Limits that no test reaches, however busy the machine; those that are about a limit shorten it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One response as read from the wire; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextlib.contextmanager
def serving(
    routes: Mapping[str, Handler],
    *,
    web_config: WebConfig | None = None,
    limits: Limits = UNHURRIED,
    addresses: Sequence[str] = ("127.0.0.1:0",),
) -> Iterator[Server]:
    """Yield a started server, and stop it when the block ends."""
    server = Server(addresses=addresses, web_config=web_config, max_requests=40, limits=limits)
    server.start(routes)
    try:
        yield server
    finally:
        server.stop()


def connect(server: Server, tls: ssl.SSLContext | None = None) -> socket.socket:
    """Return a connection to the server, through TLS where a context is given."""
    address = urlsplit(server.url)
    assert address.hostname is not None
    plain = socket.create_connection((address.hostname, address.port), TIMEOUT)
    return plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")


def get(path: str = "/metrics", *headers: str, method: str = "GET", host: str = "localhost") -> bytes:
    """Return the bytes of a request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


def exchange(server: Server, data: bytes, tls: ssl.SSLContext | None = None) -> list[Reply]:
    """Send these bytes, say that there will be no more (not through TLS), and read until the server closes."""
    with connect(server, tls) as client:
        client.sendall(data)
        if tls is None:
            client.shutdown(socket.SHUT_WR)
        return split(read_all(client), data)


def ask(client: socket.socket, data: bytes) -> Reply:
    """Send one request on an open connection and read its one response."""
    client.sendall(data)
    return read_reply(client, head_only=data.startswith(b"HEAD"))


def read_reply(client: socket.socket, *, head_only: bool = False) -> Reply:
    """Read one response, whose length it states."""
    # One byte at a time, so that a next response stays in the socket.
    with client.makefile("rb", buffering=1) as stream:
        return _reply(stream, head_only=head_only)


def read_all(client: socket.socket) -> bytes:
    """Return all bytes until the server closes; a reset counts as closing."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while data := client.recv(65536):
            received += data
    return bytes(received)


def split(received: bytes, sent: bytes = b"") -> list[Reply]:
    """Return the responses in these bytes. Responses to HEAD, of which all requests must then be, have no body."""
    stream = io.BytesIO(received)
    replies = []
    while stream.tell() < len(received):
        replies.append(_reply(stream, head_only=sent.startswith(b"HEAD")))
    return replies


def _reply(stream: BinaryIO, *, head_only: bool) -> Reply:
    line = stream.readline().split()
    assert len(line) >= 2, "the server closed without a response"
    headers = {name.lower(): value for name, value in parse_headers(stream).items()}
    body = b"" if head_only else stream.read(int(headers["content-length"]))
    return Reply(status=int(line[1]), headers=headers, body=body)
