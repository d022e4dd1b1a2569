"""Whatever bytes a request holds, a server with a password answers it, logs no fault and goes on serving."""

import logging
import re
import socket
import ssl
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.core.web.server import Request, Response, Server
from exporter.core.web.web_config import load_web_config
from tests.exporter.core.web.certificates import Authority
from tests.exporter.core.web.hostile import hostile_request
from tests.exporter.core.web.http_client import TIMEOUT, connect, exchange, get, read_all, serving
from tests.exporter.core.web.test_server_auth import basic, hashed

BODY = b"up 1\n"

RIGHT = get("/metrics", basic("alice", "secret"))

#: Statuses of answers to clients that do not know the password.
REFUSALS = {400, 401, 403, 405, 413, 429, 431, 501}


def metrics(_request: Request) -> Response:
    return Response(body=BODY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("web") / "web.yml"
    path.write_text(f"basic_auth_users: {{alice: '{hashed('secret')}'}}\n")
    with serving({"/metrics": metrics}, web_config=load_web_config(path)) as server:
        yield server


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, ssl.SSLContext]]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    authority.issue("server")
    (folder / "web.yml").write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
    with serving({"/metrics": metrics}, web_config=load_web_config(folder / "web.yml")) as server:
        yield server, ssl.create_default_context(cafile=str(authority.cert))


def sent(server: Server, data: bytes) -> bytes:
    """Send these bytes and nothing more, and return the bytes that come back."""
    with connect(server) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0))
def test_any_request_without_the_password_gets_a_refusal(
    server: Server, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    statuses = [int(one) for one in re.findall(rb"HTTP/1\.1 (\d{3}) ", sent(server, hostile_request(seed)))]
    assert statuses and set(statuses) <= REFUSALS
    assert faults(caplog) == []
    assert exchange(server, RIGHT)[0].body == BODY


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0")))
@example(value=b"Basic \xff")
@example(value=b"Basic YWxpY2U6\xe9")
@example(value=b"\xe9")
@example(value=b"Basic \xc2\xa0")
def test_any_authorization_but_the_right_one_is_refused(
    server: Server, caplog: pytest.LogCaptureFixture, value: bytes
) -> None:
    received = sent(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + value + b"\r\n\r\n")
    # 400 where a control character may not stand in a header.
    assert received.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))
    assert received.startswith(b"HTTP/1.1 401 ") or any(byte < 0x20 or byte == 0x7F for byte in value)
    assert faults(caplog) == []


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
@example(before=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", after=b"\x15\x03\x03\x00\x02\x02\x28")
def test_any_bytes_in_place_of_a_handshake_or_a_record_are_no_fault_of_the_server(
    tls_server: tuple[Server, ssl.SSLContext], caplog: pytest.LogCaptureFixture, before: bytes, after: bytes
) -> None:
    server, context = tls_server
    sent(server, before)
    # A request, and then bytes that are no record, below the client's own TLS.
    with connect(server, context) as client:
        client.sendall(get("/metrics"))
        with socket.socket(fileno=client.detach()) as plain:
            plain.settimeout(TIMEOUT)
            plain.sendall(after)
            plain.shutdown(socket.SHUT_WR)
            read_all(plain)
    assert faults(caplog) == []
    assert exchange(server, get("/metrics", "Connection: close"), context)[0].body == BODY
