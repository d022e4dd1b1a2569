"""Questions to a server on this machine, which need not be the program that it should be."""

import contextlib
import socket
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, TypeVar

import h11
import msgspec

from exporter.core.printable import printable
from exporter.core.web.listen_address import ListenAddress, parse_address

MAX_ANSWER_BYTES = 64 * 1024
"""Most bytes of an answer that are read where nothing else is said: some ten times what a summary has."""

_CHUNK_BYTES = 4096

_REFUSAL_SECONDS = 2.0
"""Time to find out why nothing was answered."""

_READ = (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
"""Statuses whose bodies are read."""


class Deadline:
    """A time that several questions share."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError where none are."""
        left = self._at - time.monotonic()
        if left <= 0.0:
            raise TimeoutError
        return left


AnswerT = TypeVar("AnswerT")


def ask_json(address: ListenAddress, path: str, deadline: Deadline, kind: type[AnswerT]) -> AnswerT | None:
    """Return what a server answers, with its texts on one line each and without control characters.

    None where none answers in time, or not with what was asked for.
    """
    body = ask(address, path, deadline)
    with contextlib.suppress(ValueError, RecursionError):  # msgspec's errors are the former
        return None if body is None else msgspec.convert(_all_printable(msgspec.json.decode(body)), kind)
    return None


def _all_printable(value: Any) -> Any:
    """Return a JSON value whose texts are escaped where they are not printable: a terminal obeys some."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_all_printable(one) for one in value]
    if isinstance(value, dict):
        return {_all_printable(name): _all_printable(one) for name, one in value.items()}
    return value


def ask(address: ListenAddress, path: str, deadline: Deadline, most_bytes: int = MAX_ANSWER_BYTES) -> bytes | None:
    """Return the body of a 200, or None: no server, another status, no HTTP, too large or not within the time."""
    answer = _answer(address, path, deadline, most_bytes)
    return answer[1] if answer is not None and answer[0] == HTTPStatus.OK else None


def refusal(address: ListenAddress, deadline: Deadline) -> str | None:
    """Return what a server asks for that `ask` has not, TLS or a password; None where it says neither."""
    status, body = _answer(address, "/", deadline, MAX_ANSWER_BYTES) or (None, b"")
    if status == HTTPStatus.UNAUTHORIZED:
        return "a password"
    # Ours, nginx's and Go's answers to a question without TLS have one of these words.
    return "TLS" if status == HTTPStatus.BAD_REQUEST and (b"TLS" in body or b"HTTPS" in body) else None


def silence_at(addresses: Iterable[str]) -> str:
    """Say why none of these addresses answered a question: nothing is there, or it asks for what this side has not."""
    known, deadline = list(addresses), Deadline(_REFUSAL_SECONDS)
    asked = {address: refusal(parse_address(address), deadline) for address in known}
    refused = [f"the server at {address} asks for {what}" for address, what in asked.items() if what is not None]
    if refused:
        return f"{' and '.join(refused)}, which this command does not have"
    return f"no exporter answered at {' or '.join(known)}"


def _answer(address: ListenAddress, path: str, deadline: Deadline, most_bytes: int) -> tuple[int, bytes] | None:
    host = address.host or "127.0.0.1"
    with contextlib.suppress(OSError, UnicodeError, h11.ProtocolError):
        for family, kind, protocol, _, target in socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM):
            with contextlib.suppress(OSError), socket.socket(family, kind, protocol) as client:
                client.settimeout(deadline.left())
                client.connect(target)
                return _exchange(client, host, path, deadline, most_bytes)
    return None


def _exchange(
    client: socket.socket, host: str, path: str, deadline: Deadline, most_bytes: int
) -> tuple[int, bytes] | None:
    """Return status and body, the latter empty where the status says that it is of no use."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_ANSWER_BYTES)
    shown = f"[{host.partition('%')[0]}]" if ":" in host else host
    head = h11.Request(method="GET", target=path, headers=[("Host", shown), ("Connection", "close")])
    client.sendall((http.send(head) or b"") + (http.send(h11.EndOfMessage()) or b""))
    status, body, received = 0, bytearray(), 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            client.settimeout(deadline.left())
            data = client.recv(_CHUNK_BYTES)
            received += len(data)
            if received > most_bytes:
                return None
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            if status not in _READ:
                return status, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return status, bytes(body)
