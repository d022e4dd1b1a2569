"""Laws of the log: one line for a record, and one line a second for all that clients bring about."""

import io
import itertools
import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.logs import SERVER_LINE_SECONDS, SERVER_THREAD, UNLIMITED, LineFormatter, LogFormat, ServerLineLimit
from tests.fake_clock import FakeClock

FLOODED = """
import socket, sys
from urllib.parse import urlsplit
from exporter.core.logs import LogFormat, configure_logging
from exporter.core.web.server import Server

def broken(request):
    raise RuntimeError("broken")

configure_logging("info", LogFormat.JSON)
server = Server(addresses=["127.0.0.1:0"], web_config=None, max_requests=40)
server.start({"/": broken})
address = urlsplit(server.url)
for _ in range(2000):
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 500 ")
server.stop()
"""


def record(thread: str, name: str = "any.logger", extra: Mapping[str, bool] | None = None) -> logging.LogRecord:
    made = logging.getLogger(name).makeRecord(
        name, logging.ERROR, "file", 1, "what %s", ("happened",), None, extra=extra
    )
    made.threadName = thread
    return made


@given(waits=st.lists(st.floats(min_value=0.0, max_value=1.5), max_size=60))
def test_of_the_servers_records_one_a_second_passes_and_tells_how_many_did_not(waits: list[float]) -> None:
    clock = FakeClock()
    limit = ServerLineLimit(clock.awake)
    passed: list[tuple[float, int]] = []
    left_out = 0
    for number, wait in enumerate(waits):
        clock.advance(wait)
        one = record(SERVER_THREAD, f"logger.{number % 3}")
        if limit.filter(one):
            passed.append((clock.awake(), one.__dict__["left_out"]))
            left_out = 0
        else:
            left_out += 1
            assert clock.awake() - passed[-1][0] < SERVER_LINE_SECONDS
    assert all(
        later - earlier >= SERVER_LINE_SECONDS * 0.999 for (earlier, _), (later, _) in itertools.pairwise(passed)
    )
    assert len(passed) + sum(count for _, count in passed) + left_out == len(waits)


@given(threads=st.lists(st.sampled_from(["MainThread", SERVER_THREAD]), max_size=30))
def test_records_that_no_client_brings_about_all_pass(threads: list[str]) -> None:
    limit = ServerLineLimit(FakeClock().awake)
    limit.filter(record(SERVER_THREAD))
    for thread in threads:
        assert limit.filter(record(thread, extra=UNLIMITED))
        assert limit.filter(record(thread)) is (thread != SERVER_THREAD)


def test_what_was_left_out_stands_in_the_next_line_of_either_format() -> None:
    clock, text = FakeClock(), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(ServerLineLimit(clock.awake))
    for style in LogFormat:
        handler.setFormatter(LineFormatter(style))
        clock.advance(1.0)
        for _ in range(4):
            handler.handle(record(SERVER_THREAD))
    logfmt, as_json = text.getvalue().splitlines()
    assert logfmt.endswith('msg="what happened"')
    assert (json.loads(as_json)["msg"], json.loads(as_json)["left_out"]) == ("what happened", "3")


def test_a_handler_that_fails_two_thousand_times_writes_a_line_a_second() -> None:
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", FLOODED], capture_output=True, text=True, timeout=240, check=True)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert 1 <= len(lines) <= time.monotonic() - began + 1
    assert {line["level"] for line in lines} == {"error"}
    assert all("RuntimeError: broken" in line["msg"] for line in lines)
