"""The answers of the server."""

import asyncio
import contextlib
import gc
import logging
import re
import socket
import threading
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from exporter.core.web.listen_address import listen
from exporter.core.web.server import ListenError, Request, Response, Server
from tests.exporter.core.web.http_client import ask, connect, exchange, get, read_all, serving, split
from tests.processes import free_port, until

BODY = b"up 1\n" * 100


def metrics(_request: Request) -> Response:
    return Response(body=BODY, headers=(("Content-Encoding", "identity"),))


def test_a_handler_sees_the_request_and_its_response_comes_back_whole() -> None:
    seen: list[Request] = []

    def echo(request: Request) -> Response:
        seen.append(request)
        return Response(content_type="application/json", body=b"{}", headers=(("Vary", "Accept"),))

    with serving({"/api": echo}) as server:
        [reply] = exchange(server, get("/api?a=1&b=%20", "Accept: text/html", "accept: */*", "X-Name: caf\xe9"))
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"{}", "application/json")
    assert reply.headers["vary"] == "Accept"
    [request] = seen
    assert (request.method, request.path, request.query) == ("GET", "/api", "a=1&b=%20")
    assert request.headers["accept"] == "text/html, */*"


def test_unknown_paths_and_other_methods_are_refused() -> None:
    with serving({"/metrics": metrics}) as server:
        assert [reply.status for reply in exchange(server, get("/nothing") + get("/metrics/"))] == [404, 404]
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            [reply] = exchange(server, get(method=method))
            assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_head_has_the_length_of_get_and_no_body() -> None:
    with serving({"/metrics": metrics}) as server:
        first, second = exchange(server, get(method="HEAD") * 2)
    assert first.status == second.status == 200
    assert first.headers["content-length"] == str(len(BODY))


def test_pipelined_requests_are_answered_in_order() -> None:
    routes = {f"/{number}": lambda r: Response(body=r.path.encode()) for number in range(50)}
    with serving(routes) as server:
        replies = exchange(server, b"".join(get(path) for path in routes))
    assert [reply.body.decode() for reply in replies] == list(routes)


def test_a_connection_serves_many_requests() -> None:
    with serving({"/metrics": metrics}) as server, connect(server) as client:
        assert [ask(client, get()).body for _ in range(20)] == [BODY] * 20


def test_a_request_may_arrive_byte_by_byte() -> None:
    with serving({"/metrics": metrics}) as server, connect(server) as client:
        for byte in get():
            client.sendall(bytes([byte]))
        assert ask(client, get()).status == 200


@pytest.mark.parametrize("request_", [b"GET /metrics HTTP/1.0\r\n\r\n", get("/metrics", "Connection: close")])
def test_the_server_closes_where_the_client_wants_no_more(request_: bytes) -> None:
    with serving({"/metrics": metrics}) as server, connect(server) as client:
        client.sendall(request_)
        received = b""
        while data := client.recv(65536):
            received += data
    [reply] = split(received)
    assert (reply.status, reply.body) == (200, BODY)


@pytest.mark.parametrize("declared", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_a_body_is_refused_without_reading_it(declared: str) -> None:
    with serving({"/metrics": metrics}) as server:
        [reply] = exchange(server, get("/metrics", declared))
        assert reply.status == 413
        [reply] = exchange(server, get("/metrics", "Content-Length: 0"))
        assert reply.status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("length", [(), ("Content-Length: 0",), ("Content-Length: 5",)])
def test_a_request_with_an_empty_chunked_body_is_the_last(method: str, length: tuple[str, ...]) -> None:
    """A proxy that reads lengths in another way takes the request after it for a part of the first."""
    smuggled = get("/metrics", *length, "Transfer-Encoding: chunked", method=method) + b"0\r\n\r\n" + get()
    with serving({"/metrics": metrics}) as server:
        [reply] = exchange(server, smuggled)
    assert reply.status == (413 if method == "GET" else 405)
    assert reply.headers["connection"] == "close"


def test_an_answer_reaches_a_client_that_is_still_sending() -> None:
    upload = get("/metrics", "Content-Length: 1000000", method="POST") + b"x" * 1_000_000
    with serving({"/metrics": metrics}) as server:
        [reply] = exchange(server, upload)
    assert reply.status == 405


@pytest.mark.parametrize("size", [16 * 1024 + 200, 20_000, 100_000])
def test_a_head_over_16_kib_is_refused(size: int) -> None:
    with serving({"/metrics": metrics}) as server:
        assert exchange(server, get("/metrics", f"Cookie: {'x' * size}"))[0].status == 431
        assert exchange(server, get("/metrics", f"Cookie: {'x' * 15_000}"))[0].status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost..",
        "127.0.0.1.evil.example",
        "128.0.0.1",
        "[::2]",
        "",
        "a@localhost",
    ],
)
def test_a_strange_host_is_refused_on_loopback(host: str) -> None:
    with serving({"/metrics": metrics}) as server:
        [reply] = exchange(server, get(host=host))
        assert (reply.status, reply.body.count(b"\n")) == (403, 1)
        [reply] = exchange(server, get(f"http://{host or 'x'}/metrics", host="localhost"))
        assert reply.status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "LocalHost.:1", "127.0.0.1:10110", "127.3.2.1", "[::1]", "[::1]:80"]
)
def test_loopback_names_are_accepted(host: str) -> None:
    with serving({"/metrics": metrics}) as server:
        assert exchange(server, get(host=host))[0].status == 200
        assert exchange(server, get(f"http://{host}/metrics", host="evil.example"))[0].status == 200


def test_any_host_is_accepted_where_others_may_reach_us() -> None:
    with serving({"/metrics": metrics}, addresses=[":0"]) as server:
        assert exchange(server, get(host="device.example"))[0].status == 200


def test_every_response_carries_the_security_headers_and_a_date() -> None:
    own = (("content-security-policy", "default-src 'self'"),)
    with serving({"/metrics": metrics, "/page": lambda _: Response(headers=own)}) as server:
        replies = exchange(
            server, get() + get("/nothing") + get(host="evil.example") + get(method="PUT") + b"junk\r\n\r\n"
        )
        [page] = exchange(server, get("/page"))
    assert [reply.status for reply in replies] == [200, 404, 403, 405, 400]
    for reply in replies:
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", reply.headers["date"])
    assert page.headers["content-security-policy"] == "default-src 'self'"


def test_a_failing_handler_gives_500_and_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_request: Request) -> Response:
        raise ZeroDivisionError("of course")

    with serving({"/fail": fail, "/metrics": metrics}) as server:
        assert exchange(server, get("/fail"))[0].status == 500
        assert exchange(server, get())[0].status == 200
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None and isinstance(record.exc_info[1], ZeroDivisionError)


def test_stop_ends_the_thread_and_frees_the_address() -> None:
    before = set(threading.enumerate())
    with serving({"/metrics": metrics}) as server, connect(server) as idle, connect(server) as half_open:
        ask(idle, get())
        half_open.sendall(b"GET /metr")
        server.stop()
        assert (idle.recv(1), half_open.recv(1)) == (b"", b"")
        assert set(threading.enumerate()) <= before
        with pytest.raises(ConnectionRefusedError):
            connect(server)


def test_stop_closes_connections_accepted_at_the_last_moment() -> None:
    for _ in range(20):
        with serving({"/metrics": metrics}) as server, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connect(server)) for _ in range(5)]
            server.stop()
            assert [read_all(client) for client in clients] == [b""] * 5
    # A transport that was left open warns when it is collected, and warnings are errors.
    gc.collect()


def transports() -> int:
    """Count the transports that there are, or that wait for a search for garbage."""
    return sum(isinstance(one, asyncio.Transport) for one in gc.get_objects())


def test_nothing_is_left_of_a_connection_that_has_ended() -> None:
    with serving({"/metrics": metrics}) as server:
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                assert exchange(server, get())[0].status == 200
                connect(server).close()
            until(lambda: transports() == 0, "the end of the last connection")
        finally:
            gc.enable()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "a b:1", "::1:80", "127.0.0.1:-1"])
def test_a_wrong_address_is_one_clear_line(address: str) -> None:
    with pytest.raises(ListenError) as caught:
        Server(addresses=[address], web_config=None, max_requests=1)
    assert address in str(caught.value) and "expected HOST:PORT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_taken_unknown_or_foreign_address_is_named_with_its_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(
            ListenError,
            match=rf"^cannot listen on {address}: Address already in use; choose another by --web.listen-address$",
        ):
            Server(addresses=[address], web_config=None, max_requests=1)
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0: Cannot assign requested address$"):
        Server(addresses=["192.0.2.1:0"], web_config=None, max_requests=1)
    with pytest.raises(ListenError, match=r"^cannot listen on ä\.\.b:80: not a host name$"):
        Server(addresses=["ä..b:80"], web_config=None, max_requests=1)
    with pytest.raises(ListenError, match=r"^cannot listen on nowhere\.invalid:1: "):
        Server(addresses=["nowhere.invalid:1"], web_config=None, max_requests=1)


@pytest.mark.parametrize(
    ("address", "url"), [("127.0.0.1:0", r"http://127\.0\.0\.1:\d+"), (":0", r"http://localhost:\d+")]
)
def test_the_url_names_the_real_port(address: str, url: str) -> None:
    with serving({"/metrics": metrics}, addresses=[address]) as server:
        assert re.fullmatch(url, server.url)
        assert exchange(server, get())[0].status == 200


def test_each_of_several_addresses_is_served_by_its_own_rule_for_hosts() -> None:
    with serving({"/metrics": metrics}, addresses=("127.0.0.1:0", "127.0.0.2:0", ":0")) as server:
        assert [urlsplit(url).hostname for url in server.urls] == ["127.0.0.1", "127.0.0.2", "localhost"]
        for url, foreign in zip(server.urls, (403, 403, 200), strict=True):
            for host, status in (("localhost", 200), ("evil.example", foreign)):
                with socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), 240) as client:
                    assert ask(client, get(host=host)).status == status


def test_where_one_of_several_addresses_is_taken_none_stays_open() -> None:
    port = free_port()
    addresses = [f"127.0.0.1:{port}", f"127.0.0.1:{port}"]
    with pytest.raises(ListenError, match="Address already in use"):
        Server(addresses=addresses, web_config=None, max_requests=1)
    gc.collect()  # a socket that was left open warns when it is collected, and warnings are errors


def link_local() -> str | None:
    """Return a link-local address of this machine with its link, in the form of a URL."""
    interfaces = Path("/proc/net/if_inet6")
    rows = [line.split() for line in interfaces.read_text().splitlines()] if interfaces.exists() else []
    found = [(IPv6Address(int(row[0], 16)), row[5]) for row in rows if row[3] == "20"]
    return f"{found[0][0]}%{found[0][1]}" if found else None


@pytest.mark.skipif(link_local() is None, reason="no link-local address here")
def test_a_link_local_address_is_bound_on_its_link() -> None:
    host = link_local()
    with serving({"/metrics": metrics}, addresses=[f"[{host}]:0"]) as server:
        shown = urlsplit(server.url)
        assert unquote(shown.hostname or "") == host
        with socket.create_connection((host or "", shown.port or 0), 240) as client:
            assert ask(client, get()).status == 200


def test_an_address_goes_to_the_socket_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of the link is the last of the four parts of an IPv6 address."""
    told: list[object] = []
    monkeypatch.setattr(socket, "create_server", lambda target, **_: told.append(target))
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 1, 0, 4))]
    )
    listen("[fe80::1%eth0]:1")
    assert told == [("fe80::1", 1, 0, 4)]


def has_ipv6_loopback() -> bool:
    interfaces = Path("/proc/net/if_inet6")
    return interfaces.exists() and "lo" in interfaces.read_text().split()


@pytest.mark.skipif(not has_ipv6_loopback(), reason="no IPv6 on loopback here")
def test_ipv6_loopback_alone_and_every_interface_with_both_families() -> None:
    with serving({"/metrics": metrics}, addresses=["[::1]:0"]) as server:
        assert server.url.startswith("http://[::1]:")
        assert exchange(server, get(host="[::1]"))[0].status == 200
        assert exchange(server, get(host="evil.example"))[0].status == 403
    for everywhere in (":0", "[::]:0"):
        with serving({"/metrics": metrics}, addresses=[everywhere]) as server:
            port = int(server.url.rpartition(":")[2])
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), 240).close()
