"""The child that asks for a price, against files and servers that lie, linger or send elsewhere; no secret gets out."""

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.asking_child import PROXIES
from exporter.core.fetching import MOST_BYTES
from exporter.core.no_answer import NoAnswerError
from simulator.market.answering import reply
from simulator.market.exchange import Reason, Told, question_of
from simulator.market.market import Market, send_child
from simulator.market.section import MarketSection
from tests.exporter.intensity.test_web import OK, redirecting, saying
from tests.fake_clock import NOON, FakeClock
from tests.processes import join, until, until_ended
from tests.simulator.market.markets import market, market_of_file

SECRET = "s3cret-token"

ANSWER = json.dumps({"price": 74.5, "time": NOON, "currency": "EUR"}).encode()


def asked(section: MarketSection, now: float = NOON) -> Told:
    """Return the answer of a child, in this process."""
    return msgspec.json.decode(reply(msgspec.json.encode(question_of(section, now)).decode()), type=Told)


def child(section: MarketSection) -> Told:
    """Return the answer of a child."""
    errand = send_child(question_of(section, NOON))
    answers: list[bytes] = []

    def ended() -> bool:
        answer = errand.answer()
        answers.extend([] if answer is None else [answer])
        return bool(answers)

    try:
        until(ended, "the child's answer")
    finally:
        if not answers:
            errand.give_up()
    return msgspec.json.decode(answers[0], type=Told)


def token_in(folder: Path) -> str:
    """Write a token."""
    path = folder / "token"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def status(line: str, *headers: str) -> bytes:
    """Return an answer without content."""
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "Connection: close", "", ""]).encode()


ANSWERS: list[tuple[bytes, Reason | None, str]] = [
    (OK + b"\r\n" + ANSWER, None, ""),
    (OK + b"Content-Type: text/html\r\n\r\n<html>Sorry</html>", Reason.MALFORMED, "its answer is not JSON"),
    (OK + b"\r\n" + ANSWER.replace(b"EUR", b"USD"), Reason.MISMATCH, "/currency is not EUR"),
    (OK + b"\r\n" + ANSWER.replace(b"price", b"prize"), Reason.MALFORMED, "its answer has no /price"),
    (OK + b"\r\n" + ANSWER.replace(b"74.5", b'"EUR 74.5"'), Reason.MALFORMED, "/price has no number"),
    (OK + b"\r\n" + ANSWER.replace(b"EUR", b"\xff\xfe"), Reason.MALFORMED, "its answer is not JSON"),
    (OK + b"\r\n" + b"[" * 900_000, Reason.MALFORMED, "its answer is not JSON"),
    (OK + b"\r\n" + b'{"a":' * 150_000, Reason.MALFORMED, "its answer is not JSON"),
    (OK + b"\r\n" + b"[" * (MOST_BYTES + 9), Reason.FAILED, f"127.0.0.1 says more than {MOST_BYTES} bytes"),
    (
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 10**8 + ANSWER),
        Reason.MALFORMED,
        "its answer is not JSON",
    ),
    (OK + b"Content-Length: 500\r\n\r\n" + ANSWER, Reason.FAILED, "127.0.0.1 ends before its answer does"),
    (status("500 Oops"), Reason.FAILED, "127.0.0.1 answers with status 500"),
    (status("401 No"), Reason.FAILED, "127.0.0.1 answers with status 401"),
    (redirecting("file:///etc/passwd"), Reason.FAILED, "127.0.0.1 answers with status 302"),
    (b"not HTTP", Reason.FAILED, "127.0.0.1: BadStatusLine"),
]


@pytest.mark.servers
@pytest.mark.parametrize(("said", "reason", "told"), ANSWERS, ids=range(len(ANSWERS)))
def test_what_a_server_says_is_a_price_or_a_reason(said: bytes, reason: Reason | None, told: str) -> None:
    with saying(said) as (url, _):
        found = asked(market(url=url, expected={"/currency": "EUR"}))
    assert (found.price, found.time) == ((74.5, NOON) if reason is None else (None, None))
    assert (found.reason, found.trouble) == (reason, told)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("header", "rest"),
    [
        ("120", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59.0),
        ("Fri, 31 Dec 1999 23:58:59 GMT", None),
        ("31 Dec 1999 23:59:59", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("soon", None),
        ("-5", None),
        ("9" * 400, None),
    ],
)
def test_a_server_says_when_it_wants_to_be_asked_again(header: str, rest: float | None) -> None:
    """A date counts from the server's own, whatever this machine's clock says."""
    said = status("429 Slow down", f"Retry-After: {header}", "Date: Fri, 31 Dec 1999 23:59:00 GMT")
    with saying(said) as (url, _):
        found = asked(market(url=url))
    assert (found.trouble, found.retry_after) == ("127.0.0.1 answers with status 429", rest)


@pytest.mark.servers
def test_a_date_to_be_asked_again_says_nothing_without_the_date_of_the_answer() -> None:
    with saying(status("429 Slow down", "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT")) as (url, _):
        assert asked(market(url=url)).retry_after is None


@pytest.mark.servers
def test_no_proxy_gets_a_token_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other machines are asked by the proxy all the same, by http without a token."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    with saying(OK + b"\r\n" + ANSWER) as (url, asked_here), saying(status("502 No")) as (proxy, asked_there):
        monkeypatch.setenv("http_proxy", proxy)
        for host in ("127.0.0.1", "localhost"):
            assert asked(market(url=url.replace("127.0.0.1", host), token_file=token_in(tmp_path))).price == 74.5
        assert asked(market(url="http://prices.example")).trouble == "prices.example answers with status 502"
    assert (len(asked_here), len(asked_there)) == (2, 1)
    assert SECRET.encode() not in asked_there[0]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("header", "sent"), [("Authorization", f"Authorization: Bearer {SECRET}"), ("X-Key", f"X-Key: {SECRET}")]
)
def test_the_token_goes_to_the_server_and_to_no_other(tmp_path: Path, header: str, sent: str) -> None:
    with saying(OK + b"\r\n" + ANSWER) as (there, seen), saying(redirecting(there)) as (url, first):
        found = asked(market(url=url, query={"symbol": "EUA"}, token_file=token_in(tmp_path), token_header=header))
    assert found.price == 74.5
    assert sent.encode() in first[0]
    assert first[0].startswith(b"GET /?symbol=EUA ")
    assert [SECRET.encode() in one for one in seen] == [False]


@pytest.mark.servers
def test_a_server_that_says_the_token_is_not_quoted(tmp_path: Path) -> None:
    with saying(f"HTTP/1.1 500 {SECRET}\r\n\r\n{SECRET}".encode()) as (url, _):
        found = msgspec.json.encode(asked(market(url=url, token_file=token_in(tmp_path))))
    assert SECRET.encode() not in found
    quoted = market(url="http://127.0.0.1:9", token_file=token_in(tmp_path), expected={f"/{SECRET}": "x"})
    with saying(OK + b"\r\n{}") as (url, _):
        told = asked(msgspec.structs.replace(quoted, url=url))
    assert (told.trouble, told.price) == ("a reason that cannot be shown", None)


TOKENS: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.chmod(0o640), "is open to others than its owner: chmod 600 it"),
    (lambda path: path.chmod(0o604), "is open to others than its owner: chmod 600 it"),
    (lambda path: path.write_text("a\nb"), "does not hold one line of text"),
    (lambda path: path.write_bytes(b"\xff"), "cannot be read: it is not text"),
    (lambda path: path.unlink(), "cannot be read: No such file or directory"),
]


@pytest.mark.parametrize(("spoil", "told"), TOKENS, ids=range(len(TOKENS)))
def test_a_token_that_others_can_read_is_not_sent(tmp_path: Path, spoil: Callable[[Path], object], told: str) -> None:
    file = token_in(tmp_path)
    spoil(Path(file))
    found = asked(market(token_file=file))
    assert (found.reason, found.trouble) == (Reason.FAILED, f"{file} {told}")


def written(folder: Path, name: str, content: bytes, at: float = NOON) -> str:
    """Write a file at a time."""
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (at, at))
    return str(path)


def test_a_file_is_of_the_time_at_which_it_was_written_unless_it_tells_another(tmp_path: Path) -> None:
    file = written(tmp_path, "p.json", ANSWER.replace(str(NOON).encode(), b"0"), at=NOON - 60.0)
    assert asked(market_of_file(file)) == Told(price=74.5, time=NOON - 60.0)
    assert asked(msgspec.structs.replace(market_of_file(file), time_at="/time")) == Told(price=74.5, time=0.0)
    table = written(tmp_path, "p.csv", b"time,price\n2026-03-01,70\n2026-03-02,74.5\n2099-01-01,1\n")
    assert asked(market_of_file(table)) == Told(price=74.5, time=NOON - 43_200.0)


FILES: list[tuple[Callable[[Path], object], Reason, str]] = [
    (lambda _path: None, Reason.FAILED, "cannot be read: No such file or directory"),
    (lambda path: path.mkdir(), Reason.FAILED, "cannot be read: Is a directory"),
    (os.mkfifo, Reason.FAILED, "cannot be read: expected a file, got a pipe or a device"),
    (lambda path: path.symlink_to("/dev/zero"), Reason.FAILED, "cannot be read: expected a file"),
    (lambda path: path.write_bytes(b" " * (MOST_BYTES + 1)), Reason.FAILED, f"has more than {MOST_BYTES} bytes"),
    (lambda path: path.write_bytes(b""), Reason.MALFORMED, "its answer is not JSON"),
    (lambda path: path.write_bytes(ANSWER[:20]), Reason.MALFORMED, "its answer is not JSON"),
]


@pytest.mark.parametrize(("make", "reason", "told"), FILES, ids=range(len(FILES)))
def test_what_is_no_file_with_a_price_has_a_reason(
    tmp_path: Path, make: Callable[[Path], object], reason: Reason, told: str
) -> None:
    make(tmp_path / "p.json")
    found = asked(market_of_file(str(tmp_path / "p.json")))
    assert (found.price, found.reason) == (None, reason)
    assert told in found.trouble


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), name=st.sampled_from(["p.json", "p.csv"]))
def test_whatever_a_file_holds_ends_in_a_price_or_a_reason(tmp_path: Path, content: bytes, name: str) -> None:
    found = asked(market_of_file(written(tmp_path, name, content)))
    assert (found.price is None) == (found.reason is not None)


@given(argument=st.text(max_size=50))
def test_whatever_the_child_is_asked_it_answers(argument: str) -> None:
    assert msgspec.json.decode(reply(argument), type=Told).reason is not None


@pytest.mark.servers
def test_the_child_asks_and_its_command_line_shows_no_token(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        errand = send_child(question_of(market(url=url, token_file=token_in(tmp_path)), NOON))
        silent.settimeout(240.0)
        client, _ = silent.accept()
        with client:
            assert SECRET.encode() in client.recv(65_536)
            process = at_work()
            shown = " ".join([*process.cmdline(), *process.environ().values()])
            errand.give_up()
            until_ended(process.pid)
    with pytest.raises(NoAnswerError, match="ended with status -9"):
        errand.answer()
    assert "simulator.market" in shown
    assert SECRET not in shown


def at_work() -> psutil.Process:
    """Return the child that asks."""
    (process,) = (one for one in psutil.Process().children() if "simulator.market" in one.cmdline())
    return process


@contextlib.contextmanager
def dripping() -> Iterator[tuple[str, threading.Event]]:
    """Run a server that answers with a byte now and then, and has begun once the event is set."""
    begun, closed = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                client.recv(65_536)
                client.sendall(OK + b"Content-Length: 900000\r\n\r\n")
                while not closed.wait(0.05):
                    client.sendall(b" ")
                    begun.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", begun
        closed.set()
        join(thread)


@pytest.mark.servers
def test_a_server_that_drips_costs_the_child_alone() -> None:
    """It is killed when its time is up, and nobody waits for it meanwhile."""
    with dripping() as (url, begun):
        clock = FakeClock()
        one = Market(market(url=url), clock, draw=lambda: 0.9)  # the next question comes after more than a minute
        one.look()
        assert begun.wait(240.0)
        process = at_work()
        clock.advance(60.0)
        found = one.look()
        until_ended(process.pid)
        one.look()
    assert (found.quote, found.is_up, found.trouble) == (None, False, "no answer within 60 s")
    assert found.discarded["failed"] == 1


@pytest.mark.servers
def test_a_market_that_is_closed_leaves_no_zombie() -> None:
    with dripping() as (url, begun):
        one = Market(market(url=url), FakeClock())
        one.look()
        assert begun.wait(240.0)
        process = at_work()
        one.close()
        until(lambda: not process.is_running(), "the end of the child, which somebody has taken note of")


@pytest.mark.servers
def test_a_child_that_is_killed_is_a_failure() -> None:
    with dripping() as (url, begun):
        one = Market(market(url=url), FakeClock())
        one.look()
        assert begun.wait(240.0)
        at_work().kill()
        until(lambda: one.look().is_up is False, "the end of the child")
        found = one.look()
    assert "ended with status -9" in found.trouble
    assert found.discarded["failed"] == 1


STARTED = """\
import runpy, sys
from exporter.core import asking_child
asking_child.ALONE_LIMIT = 1
sys.argv = ["ask", {question!r}]
runpy.run_module("simulator.market", run_name="__main__")
"""


@pytest.mark.servers
def test_a_child_that_nobody_waits_for_ends_by_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        section = market(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = STARTED.format(question=msgspec.json.encode(question_of(section, NOON)).decode())
        done = subprocess.run([sys.executable, "-c", started], check=False, timeout=240, capture_output=True)
    assert (done.returncode, done.stdout) == (-signal.SIGALRM, b"")


@pytest.mark.servers
def test_the_whole_child_answers(tmp_path: Path) -> None:
    with saying(OK + b"\r\n" + ANSWER) as (url, _):
        assert child(market(url=url, token_file=token_in(tmp_path))) == Told(price=74.5, time=NOON)


def test_the_child_needs_no_part_of_a_simulation_and_the_live_job_none_of_the_web() -> None:
    heavy = "{'numpy', 'prometheus_client', 'simulator.scenario', 'simulator.assembly', 'yaml'}"
    web = "{'urllib.request', 'exporter.core.fetching'}"
    told = (
        f"import sys, simulator.market.answering; print({heavy} & set(sys.modules)); "
        f"[sys.modules.pop(one) for one in list(sys.modules) if one.startswith(('urllib', 'exporter.core.fetch'))]; "
        f"import simulator.market.market; print({web} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout.split() == ["set()", "set()"]
