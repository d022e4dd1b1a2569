"""A DNS server on loopback that knows a few SRV records, for Prometheus to find targets by."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence

from tests.processes import join

SRV, CLASS_IN, SECONDS = 33, 1, 5
NO_SUCH_NAME = 3
HEADER = struct.Struct("!6H")

Records = Mapping[str, Sequence[tuple[str, int]]]
"""Name -> the hosts and ports of its SRV records."""


@contextlib.contextmanager
def dns_server(records: Records, port: int = 0) -> Iterator[str]:
    """Answer questions for SRV records by UDP until the block ends; yield host and port."""
    stopping = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as questions:
        questions.bind(("127.0.0.1", port))
        questions.settimeout(0.1)

        def serve() -> None:
            while not stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    question, sender = questions.recvfrom(512)
                    questions.sendto(reply(question, records), sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{questions.getsockname()[1]}"
        finally:
            stopping.set()
            join(thread)


def reply(question: bytes, records: Records) -> bytes:
    """Return the answer to a question (RFC 1035, RFC 2782)."""
    number, flags, *_ = HEADER.unpack_from(question)
    name, end = _name(question)
    asked = question[HEADER.size : end + 4]
    (kind,) = struct.unpack_from("!H", question, end)
    found = records.get(name, ()) if kind == SRV else ()
    answers = b"".join(_record(host, port) for host, port in found)
    answered = 0x8400 | (flags & 0x0100) | (0 if name in records else NO_SUCH_NAME)
    return HEADER.pack(number, answered, 1, len(found), 0, 0) + asked + answers


def _name(question: bytes) -> tuple[str, int]:
    """Return the name that is asked for, and where it ends."""
    labels, place = [], HEADER.size
    while length := question[place]:
        labels.append(question[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels), place + 1


def _record(host: str, port: int) -> bytes:
    target = b"".join(bytes([len(label)]) + label.encode() for label in host.split(".")) + b"\0"
    data = struct.pack("!3H", 0, 0, port) + target
    return b"\xc0\x0c" + struct.pack("!2HIH", SRV, CLASS_IN, SECONDS, len(data)) + data
