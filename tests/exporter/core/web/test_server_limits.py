"""The bounds of the server: time, requests in flight, connections, malformed bytes."""

import concurrent.futures
import contextlib
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.web.connection import Hub, Limits
from exporter.core.web.server import Request, Response, Server
from tests.exporter.core.web.http_client import UNHURRIED, ask, connect, exchange, get, read_all, read_reply, serving
from tests.processes import join, until

BODY = b"x" * 30_000
#: A body larger than the kernel buffers for a client that does not read: the server has to keep the rest.
LARGE = b"x" * 16_000_000

#: Seconds of a time limit short enough for a test.
SHORT = 0.5

#: Seconds within which a busy machine, too, notices that a short limit is over.
NOTICED = 240.0

LIMITS = replace(UNHURRIED, requests=2)


def metrics(_request: Request) -> Response:
    return Response(body=BODY)


def large(_request: Request) -> Response:
    return Response(body=LARGE)


def is_closed(client: socket.socket) -> bool:
    client.settimeout(NOTICED)
    try:
        read_all(client)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"\r\n", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nA"])
def test_a_head_that_does_not_come_closes_the_connection(sent: bytes) -> None:
    with (
        serving({"/metrics": metrics}, limits=replace(LIMITS, head_seconds=SHORT)) as server,
        connect(server) as client,
    ):
        client.sendall(sent)
        assert is_closed(client)


def test_dribbling_does_not_buy_time() -> None:
    with (
        serving({"/metrics": metrics}, limits=replace(LIMITS, head_seconds=SHORT)) as server,
        connect(server) as client,
    ):
        ended = time.monotonic() + NOTICED
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while time.monotonic() < ended:
                client.sendall(b"a")
                time.sleep(SHORT / 10)


def test_the_clock_of_a_later_head_starts_with_its_first_byte() -> None:
    # The first head has to come within the limit, too, on a busy machine.
    bounds = replace(LIMITS, head_seconds=4 * SHORT)
    with serving({"/metrics": metrics}, limits=bounds) as server, connect(server) as client:
        ask(client, get())
        time.sleep(5 * SHORT)
        assert ask(client, get()).status == 200
        client.sendall(b"GET")
        assert is_closed(client)


def test_an_idle_connection_is_closed() -> None:
    with (
        serving({"/metrics": metrics}, limits=replace(LIMITS, idle_seconds=SHORT)) as server,
        connect(server) as client,
    ):
        ask(client, get())
        assert is_closed(client)


def test_a_slow_reader_cannot_hold_its_response() -> None:
    bounds = replace(LIMITS, requests=1, response_seconds=SHORT)
    with serving({"/large": large, "/metrics": metrics}, limits=bounds) as server, connect(server) as client:
        client.sendall(get("/large"))
        # Its place is free again once it has been cut off.
        until(lambda: exchange(server, get())[0].status == 200, "the place of the slow reader")
        assert len(read_all(client)) < len(LARGE)


def test_requests_count_until_their_last_byte_is_with_the_kernel() -> None:
    with (
        serving({"/large": large, "/metrics": metrics}, limits=LIMITS) as server,
        contextlib.ExitStack() as stack,
    ):
        slow = [stack.enter_context(connect(server)) for _ in range(2)]
        for client in slow:
            client.sendall(get("/large"))
        other = stack.enter_context(connect(server))
        refused = ask(other, get())
        assert (refused.status, refused.headers["retry-after"], refused.body.count(b"\n")) == (503, "1", 1)
        assert len(read_reply(slow[0]).body) == len(LARGE)
        assert ask(other, get()).status == 200


def test_whoever_does_not_read_cannot_keep_another_address_out() -> None:
    with (
        serving({"/large": large, "/metrics": metrics}, limits=replace(LIMITS, requests=3)) as server,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(3):
            slow = stack.enter_context(connect(server))
            slow.sendall(get("/large"))
            slow.recv(1)
        assert exchange(server, get())[0].status == 503
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        for _ in range(5):
            with socket.create_connection(address, 240, source_address=("127.0.0.9", 0)) as other:
                assert ask(other, get()).status == 200


def test_an_answer_that_nobody_reads_makes_room_where_others_wait() -> None:
    bounds = replace(LIMITS, unread_seconds=SHORT)
    with (
        serving({"/large": large, "/metrics": metrics}, limits=bounds) as server,
        contextlib.ExitStack() as stack,
    ):
        slow = [stack.enter_context(connect(server)) for _ in range(2)]
        for client in slow:
            client.sendall(get("/large"))
            client.recv(1)
        until(lambda: exchange(server, get())[0].status == 200, "the place of an answer that nobody reads")
        # Once it is too late for one, none beyond the room that is needed is cut off.
        assert len(read_reply(slow[1]).body) == len(LARGE)


class Held:
    """Stand-in for a connection, as far as the hub knows it."""

    def __init__(self, hub: Hub, network: int) -> None:
        self.hub, self.network = hub, bytes([network])

    def drop(self) -> None:
        del self.hub.in_flight[self]  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 3.0)), max_size=60))
def test_a_place_is_free_for_all_but_the_greediest_and_for_these_after_a_time(asked: list[tuple[int, float]]) -> None:
    """Requests that nobody reads, of some networks and each some seconds after the one before."""
    hub, now = Hub(protection=None, limits=Limits(requests=4)), 0.0
    for network, later in asked:
        now += later
        held = Counter(one.network for one in hub.in_flight)
        oldest = min(hub.in_flight.values(), default=now)
        new: Any = Held(hub, network)
        admitted = hub.has_slot_for(new, now)
        if len(hub.in_flight) < 4 and admitted:
            hub.in_flight[new] = now
        assert len(hub.in_flight) <= 4
        fair = held[new.network] + 1 < max(held.values(), default=0)
        assert admitted is (held.total() < 4 or fair or now - oldest >= hub.limits.unread_seconds)


def test_a_client_that_leaves_gives_its_place_back() -> None:
    with serving({"/large": large, "/metrics": metrics}, limits=LIMITS) as server:
        for _ in range(5):
            with connect(server) as client:
                client.sendall(get("/large"))
                client.recv(1)
        until(lambda: exchange(server, get())[0].status == 200, "a place to be free again")


def test_half_open_clients_neither_grow_threads_nor_delay_a_scrape() -> None:
    with serving({"/metrics": metrics}) as server, contextlib.ExitStack() as stack:
        threads = set(threading.enumerate())
        for _ in range(100):
            stack.enter_context(connect(server)).sendall(b"GET /metrics HTTP/1.1\r\nHost: local")
        reply = exchange(server, get())[0]
        assert (reply.status, reply.body) == (200, BODY)
        assert set(threading.enumerate()) <= threads


def test_the_oldest_half_open_connection_makes_room() -> None:
    bounds = replace(LIMITS, connections=3)
    with serving({"/metrics": metrics}, limits=bounds) as server, contextlib.ExitStack() as stack:
        oldest, first, second, third = [stack.enter_context(connect(server)) for _ in range(4)]
        assert is_closed(oldest)
        ask(first, get())
        stack.enter_context(connect(server))
        assert is_closed(second)
        assert ask(first, get()).status == 200
        assert ask(third, get()).status == 200


def test_of_eighty_scrapes_at_once_forty_or_more_are_answered_and_the_rest_put_off() -> None:
    with serving({"/metrics": metrics}) as server:
        barrier = threading.Barrier(80)

        def scrape(_number: int) -> int:
            with connect(server) as client:
                barrier.wait(240)
                return ask(client, get()).status

        with concurrent.futures.ThreadPoolExecutor(80) as pool:
            statuses = list(pool.map(scrape, range(80)))
    assert statuses.count(200) >= 40
    assert set(statuses) <= {200, 503}


def test_a_flood_of_pipelined_requests_leaves_others_their_turn() -> None:
    with serving({"/metrics": metrics}) as server, connect(server) as flood, connect(server) as other:
        flood.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while True:
                flood.sendall(get() * 1000)
        assert ask(other, get()).body == BODY


def test_stop_lets_a_response_under_way_end() -> None:
    with serving({"/large": large}) as server, connect(server) as client:
        client.sendall(get("/large"))
        client.recv(1)
        stopper = threading.Thread(target=server.stop, daemon=True)
        stopper.start()
        received = read_all(client)
        join(stopper)
    assert received.endswith(LARGE[:100]) and len(received) >= len(LARGE)


def test_stop_does_not_wait_for_a_client_that_does_not_read() -> None:
    with serving({"/large": large}, limits=LIMITS) as server, connect(server) as client:
        client.sendall(get("/large"))
        client.recv(1)
        stopper = threading.Thread(target=server.stop, daemon=True)
        stopper.start()
        join(stopper)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    with serving({"/metrics": metrics}) as server:
        yield server


TOKENS = [
    *(b"GET", b"HEAD", b" ", b"/metrics", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"\r\n", b"\n", b"\r", b"\0"),
    *(b"Host:", b"localhost", b"Content-Length: 3", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"zz\r\n"),
    *(b"Connection: close", b"Connection: upgrade", b"Upgrade: h2c", b"PRI * HTTP/2.0", b"CONNECT a:1", b"a" * 9000),
    *(
        b"Expect: 100-continue",
        b"http://",
        b"://",
        b"?",
        b"Authorization: Basic x",
        get(),
        b"\x16\x03\x01",
        b"\xff" * 9,
    ),
]


@settings(deadline=None, max_examples=200)
@given(data=st.lists(st.sampled_from(TOKENS) | st.binary(max_size=40), max_size=12).map(b"".join))
def test_any_bytes_get_an_answer_or_a_close_and_never_disturb_the_next(shared_server: Server, data: bytes) -> None:
    with connect(shared_server) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        received = read_all(client)
    assert received == b"" or received.startswith(b"HTTP/1.1 ")
    assert set(re.findall(rb"HTTP/1\.1 (\d{3}) ", received)) <= {
        b"200",
        b"400",
        b"403",
        b"404",
        b"405",
        b"413",
        b"431",
        b"501",
    }
    assert exchange(shared_server, get())[0].body == BODY


@pytest.mark.parametrize(
    "data",
    [
        b"GET /metrics HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /me\0trics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_a_malformed_request_gets_400_and_the_connection_ends(data: bytes) -> None:
    with serving({"/metrics": metrics}) as server, connect(server) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert read_reply(client).status == 400
        assert read_all(client) == b""


def test_a_hundred_half_open_clients_are_gone_once_their_ten_seconds_are_over() -> None:
    assert Limits(requests=2).head_seconds == 10.0
    bounds = replace(LIMITS, head_seconds=SHORT)
    with serving({"/metrics": metrics}, limits=bounds) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(100)]
        assert all(is_closed(client) for client in clients)
