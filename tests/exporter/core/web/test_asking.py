"""Questions to servers that are not what they should be: bounded in time and size, and nothing reaches a terminal."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.web.asking import MAX_ANSWER_BYTES, Deadline, _all_printable, ask, ask_json, silence_at
from exporter.core.web.listen_address import ListenAddress
from exporter.core.web.server import Request, Response
from exporter.core.web.web_config import load_web_config
from tests.exporter.core.web.certificates import Authority
from tests.exporter.core.web.http_client import serving
from tests.processes import free_port

OK = b"HTTP/1.1 200 OK\r\n"


class Answer(msgspec.Struct):
    """Stand-in for the expected answer."""

    text: str


@contextlib.contextmanager
def answering(*pieces: bytes, then: bytes = b"") -> Iterator[ListenAddress]:
    """Yield the address of a server that answers with these pieces, to go on with another."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                for piece in pieces:
                    client.sendall(piece)
                while not stop.wait(0.05):
                    client.sendall(then)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield ListenAddress(host="127.0.0.1", port=listener.getsockname()[1])
        finally:
            stop.set()
            # On a busy machine the time may have been over before anybody connected.
            socket.create_connection(listener.getsockname(), 240).close()
            thread.join(240)


@pytest.mark.parametrize(
    ("pieces", "then"),
    [
        ((), b""),
        ((OK,), b""),
        ((OK, b"Content-Length: 100000\r\n\r\n"), b"x"),
        ((OK,), b"X: y\r\n"),
        ((OK, b"Transfer-Encoding: chunked\r\n\r\n"), b"1\r\nx\r\n"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n",), b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "half a head", "a body", "headers", "chunks", "go on"],
)
def test_a_server_that_does_not_come_to_an_end_is_given_up(pieces: tuple[bytes, ...], then: bytes) -> None:
    """Whatever it dribbles, the time is over; without a limit on the whole, this test would not end."""
    deadline = Deadline(0.4)
    with answering(*pieces, then=then) as address:
        assert ask(address, "/", deadline) is None
        with pytest.raises(TimeoutError):
            deadline.left()
        assert ask(address, "/", deadline) is None


@pytest.mark.parametrize(
    "head",
    [OK + b"\r\n", OK + b"Content-Length: 999999999\r\n\r\n", b"", OK + b"X: ", b"HTTP/1.1 100 Continue\r\n\r\n"],
)
def test_a_server_that_floods_is_given_up(head: bytes) -> None:
    with answering(head, b"x" * (MAX_ANSWER_BYTES + 1), then=b"x" * 1000) as address:
        assert ask(address, "/", Deadline(240.0)) is None


def test_the_largest_answer_is_read_and_other_statuses_are_none() -> None:
    body = b"x" * (MAX_ANSWER_BYTES - 1024)
    with serving({"/metrics": lambda _: Response(body=body)}) as server:
        address = ListenAddress(host="localhost", port=int(server.url.rpartition(":")[2]))
        assert ask(address, "/metrics", Deadline(240.0)) == body
        assert ask(address, "/nothing", Deadline(240.0)) is None


def test_nobody_there_and_no_such_host_are_none() -> None:
    port = free_port()
    assert ask(ListenAddress(host="", port=port), "/", Deadline(240.0)) is None
    assert ask(ListenAddress(host="a" * 300, port=port), "/", Deadline(240.0)) is None


def test_a_host_is_asked_at_its_next_address_where_one_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `localhost` on a machine that names ::1 but has no IPv6; no connection to the broadcast address is allowed."""
    with serving({"/": lambda _: Response(body=b"here")}) as server:
        port = int(server.url.rpartition(":")[2])
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("255.255.255.255", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
        assert ask(ListenAddress(host="localhost", port=port), "/", Deadline(240.0)) == b"here"


@pytest.mark.parametrize(("secured", "wanted"), [("tls", "TLS"), ("password", "a password"), ("nothing", None)])
def test_a_silence_is_told_from_a_server_that_asks_for_more(tmp_path: Path, secured: str, wanted: str | None) -> None:
    pair, web = Authority(tmp_path).issue("localhost"), tmp_path / "web.yml"
    web.write_text(
        {
            "tls": f"tls_server_config: {{cert_file: {pair.cert}, key_file: {pair.key}}}",
            "password": f"basic_auth_users: {{one: '{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}'}}",
            "nothing": "{}",
        }[secured]
    )
    with serving({"/": lambda _: Response(body=b"here")}, web_config=load_web_config(web)) as server:
        address = server.url.partition("://")[2]
        said = silence_at([address])
    told = f"the server at {address} asks for {wanted}, which this command does not have"
    assert said == (f"no exporter answered at {address}" if wanted is None else told)


def test_silences_are_told_together() -> None:
    ports = [free_port(), free_port()]
    assert silence_at(f":{port}" for port in ports) == f"no exporter answered at :{ports[0]} or :{ports[1]}"


@pytest.mark.parametrize("answer", [b"", b"\x15\x03", b"HTTP/1.0 400 Bad\r\n\r\nno", b"HTTP/1.0 503 TLS\r\n\r\nTLS"])
def test_an_answer_that_names_no_reason_is_silence(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1000)
                client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert silence_at([f"127.0.0.1:{port}"]) == f"no exporter answered at 127.0.0.1:{port}"
        # On a busy machine the time may have been over before anybody connected.
        socket.create_connection(("127.0.0.1", port), 240).close()
        thread.join(240)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"text": 1}', b'{"text": "\xff"}', b"[" * 50_000, b'{"a":' * 10_000]
)
def test_what_was_not_asked_for_is_none(body: bytes) -> None:
    with serving({"/": lambda _: Response(body=body)}) as server:
        address = ListenAddress(host="127.0.0.1", port=int(server.url.rpartition(":")[2]))
        assert ask_json(address, "/", Deadline(240.0), Answer) is None


def test_texts_of_an_answer_are_escaped() -> None:
    def hostile(_request: Request) -> Response:
        return Response(body=msgspec.json.encode({"text": "\x1b]0;owned\x07\n- line\u202e\x9b31m caf\u00e9"}))

    with serving({"/": hostile}) as server:
        address = ListenAddress(host="127.0.0.1", port=int(server.url.rpartition(":")[2]))
        answer = ask_json(address, "/", Deadline(240.0), Answer)
    assert answer == Answer(text=r"\x1b]0;owned\x07\n- line\u202e\x9b31m caf\u00e9".replace(r"caf\u00e9", "caf\u00e9"))


documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(documents)
def test_no_text_of_any_answer_reaches_a_terminal_unescaped(document: Any) -> None:
    assert all(text.isprintable() for text in texts(_all_printable(document)))


def texts(document: Any) -> Iterator[str]:
    """Yield the texts in a JSON value."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, list | dict):
        for one in (*document, *(document.values() if isinstance(document, dict) else ())):
            yield from texts(one)
