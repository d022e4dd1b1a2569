"""Basic authentication over real connections."""

import asyncio
import base64
import contextlib
import functools
import itertools
import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.web.authentication import MAX_WAITING, MAX_WAITING_PER_CLIENT, BasicAuth, Verdict
from exporter.core.web.client_network import network_of
from exporter.core.web.refusal import Refusal
from exporter.core.web.server import Request, Response
from exporter.core.web.web_config import load_web_config
from tests.exporter.core.web.http_client import ask, connect, exchange, get, serving
from tests.processes import until

#: Cheap to check, for tests that are not about the cost; bcrypt's usual cost is 10.
CHEAP, USUAL = 4, 10


def metrics(_request: Request) -> Response:
    return Response(body=b"up 1\n")


def hashed(password: str, cost: int = CHEAP) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()


def write(folder: Path, **users: str) -> Path:
    path = folder / "web.yml"
    path.write_text("basic_auth_users:\n" + "".join(f"  {name}: '{value}'\n" for name, value in users.items()))
    return path


def basic(user: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_only_the_right_credentials_are_let_in(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret"), bob=hashed("p:ä ss")))
    with serving({"/metrics": metrics}, web_config=config) as server:
        for header in (
            basic("alice", "secret"),
            basic("bob", "p:ä ss"),
            basic("alice", "secret").replace("Basic", "basic"),
        ):
            assert exchange(server, get("/metrics", header))[0].status == 200
        for header in (
            basic("alice", "Secret"),
            basic("bob", "secret"),
            basic("carol", "secret"),
            basic("alice", ""),
            basic("", ""),
            "Authorization: Basic",
            "Authorization: Basic ???",
            "Authorization: Basic YWxpY2U=",
            "Authorization: Basic //79",
            "Authorization: Bearer secret",
            "X-Nothing: at all",
        ):
            [reply] = exchange(server, get("/metrics", header))
            assert reply.status == 401
            assert reply.headers["www-authenticate"].startswith("Basic ")
        assert exchange(server, get("/nothing"))[0].status == 401


def test_refused_logins_are_counted_by_reason(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret")))
    with serving({"/metrics": metrics}, web_config=config) as server, connect(server) as client:
        assert server.refused_logins == {Refusal.MISSING: 0, Refusal.WRONG: 0, Refusal.UNCHECKED: 0}
        headers = (basic("alice", "secret"), basic("alice", "x"), basic("nobody", "secret"), "X: y", "Authorization: Z")
        for header in (*headers, basic("alice", "x")):
            ask(client, get("/metrics", header))
        assert server.refused_logins == {Refusal.MISSING: 2, Refusal.WRONG: 3, Refusal.UNCHECKED: 0}
    with serving({"/metrics": metrics}) as server:
        exchange(server, get("/metrics", basic("alice", "x")))
        assert server.refused_logins == {}


def test_a_guess_counts_also_where_its_client_does_not_wait_for_the_answer(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret")))
    with serving({"/metrics": metrics}, web_config=config) as server:
        for number in range(3):
            with connect(server) as client:
                client.sendall(get("/metrics", basic("alice", f"guess{number}")))
        until(lambda: _guesses(server.refused_logins) == 3, "the checks of three guesses")


def _guesses(refused: Mapping[Refusal, int]) -> int:
    return refused[Refusal.WRONG] + refused[Refusal.UNCHECKED]


def test_a_check_that_fails_gives_500_and_one_log_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where an upgrade has replaced the library; nobody waits for the time that a check may take."""
    config = load_web_config(write(tmp_path, alice=hashed("secret")))
    with serving({"/metrics": metrics}, web_config=config) as server:
        with monkeypatch.context() as broken:
            broken.setitem(sys.modules, "bcrypt", None)
            assert exchange(server, get("/metrics", basic("alice", "secret")))[0].status == 500
        assert exchange(server, get("/metrics", basic("alice", "secret")))[0].status == 200
        assert not any(server.refused_logins.values())
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None and isinstance(record.exc_info[1], ModuleNotFoundError)


def test_passwords_longer_than_bcrypt_reads_work_as_elsewhere(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("x" * 100)))
    with serving({"/metrics": metrics}, web_config=config) as server:
        assert exchange(server, get("/metrics", basic("alice", "x" * 100)))[0].status == 200
        assert exchange(server, get("/metrics", basic("alice", "x" * 71)))[0].status == 401


def test_verified_credentials_are_remembered_and_cost_nothing_more(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret", 12)))
    with serving({"/metrics": metrics}, web_config=config) as server, connect(server) as client:
        ask(client, get("/metrics", basic("alice", "secret")))
        before = time.process_time()
        for _ in range(50):
            assert ask(client, get("/metrics", basic("alice", "secret"))).status == 200
        # Fifty checks at cost 12 take some ten seconds.
        assert time.process_time() - before < 2


def test_a_changed_password_counts_at_once_on_open_connections(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("old")))
    with serving({"/metrics": metrics}, web_config=config) as server, connect(server) as client:
        assert ask(client, get("/metrics", basic("alice", "old"))).status == 200
        write(tmp_path, alice=hashed("newer"), bob=hashed("b"))
        assert ask(client, get("/metrics", basic("alice", "old"))).status == 401
        assert ask(client, get("/metrics", basic("alice", "newer"))).status == 200


def header(password: str) -> str:
    return basic("alice", password).partition(": ")[2]


def wrong(number: int) -> str:
    return header(f"guess{number}")


def test_an_unknown_user_costs_a_check_like_a_known_one(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret", USUAL)))
    with serving({"/metrics": metrics}, web_config=config) as server:
        spent = {}
        for user in ("alice", "nobody"):
            begun = time.process_time()
            for number in range(3):
                assert exchange(server, get("/metrics", basic(user, f"wrong{number}")))[0].status == 401
            spent[user] = time.process_time() - begun
    assert spent["nobody"] > spent["alice"] / 3


def test_wrong_guesses_neither_starve_scrapes_nor_queue_without_end(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret", 12)))
    with (
        serving({"/metrics": metrics}, web_config=config) as server,
        connect(server) as scraper,
        contextlib.ExitStack() as stack,
    ):
        assert ask(scraper, get("/metrics", basic("alice", "secret"))).status == 200
        guessers = [stack.enter_context(connect(server)) for _ in range(32)]
        for number, guesser in enumerate(guessers):
            guesser.sendall(get("/metrics", basic("alice", f"guess{number}")))
        assert ask(scraper, get("/metrics", basic("alice", "secret"))).status == 200
        statuses = [ask(guesser, b"").status for guesser in guessers]
        refused = server.refused_logins
    assert set(statuses) == {401, 429}
    assert refused == {
        Refusal.MISSING: 0,
        Refusal.WRONG: statuses.count(401),
        Refusal.UNCHECKED: statuses.count(429),
    }


async def guess_on(auth: BasicAuth, hashes: Mapping[str, bytes], client: str, numbers: Iterator[int]) -> None:
    """Guess again and again from one address, as often at once as is allowed and once more."""
    while True:
        verdicts = [auth.check(wrong(next(numbers)), hashes, client) for _ in range(MAX_WAITING_PER_CLIENT + 1)]
        await asyncio.gather(*(one for one in verdicts if isinstance(one, asyncio.Future)))
        await asyncio.sleep(0)


@pytest.mark.parametrize("networks", [3, MAX_WAITING + 2])
def test_the_right_password_is_not_refused_because_others_guess(networks: int) -> None:
    async def answers() -> list[Verdict]:
        hashes, auth, numbers = {"alice": hashed("secret").encode()}, BasicAuth(), itertools.count()
        clients = [f"10.0.{network}.1" for network in range(networks)]
        guessers = [asyncio.create_task(guess_on(auth, hashes, client, numbers)) for client in clients]
        while len(auth._guesses) < networks:
            await asyncio.sleep(0.001)
        found = []
        for _ in range(3):
            auth._verified.clear()  # as after a restart
            verdict = auth.check(header("secret"), hashes, "192.0.2.1")
            found.append(await verdict if isinstance(verdict, asyncio.Future) else verdict)
        for guesser in guessers:
            guesser.cancel()
        auth.close()
        return found

    assert asyncio.run(asyncio.wait_for(answers(), 240)) == [Verdict.GRANTED] * 3


@given(guesses=st.lists(st.integers(0, 8), max_size=60), again=st.integers(0, 8))
@settings(deadline=None)
def test_whoever_guessed_less_is_checked_first(guesses: list[int], again: int) -> None:
    async def order() -> tuple[int, int]:
        auth = BasicAuth()
        auth._guesses = {network_of(f"10.0.{number}.1"): count for number, count in enumerate(guesses)}
        auth._guesses[network_of("192.0.2.1")] = again
        hashes, concluded = {"alice": hashed("secret").encode()}, []
        for number in range(len(guesses)):
            verdict = auth.check(wrong(number), hashes, f"10.0.{number}.1")
            assert isinstance(verdict, asyncio.Future)
            verdict.add_done_callback(functools.partial(lambda count, _: concluded.append(count), guesses[number]))
        mine = auth.check(header("secret"), hashes, "192.0.2.1")
        assert isinstance(mine, asyncio.Future)
        assert await mine is Verdict.GRANTED
        before = list(concluded)
        auth.close()
        return len(before), sum(count <= again for count in guesses)

    waited, at_most = asyncio.run(order())
    # The check that was under way at the time is made in any case.
    assert waited <= at_most + 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_network_counts_as_one_client(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same

    async def refused() -> bool:
        auth, hashes = BasicAuth(), {"alice": hashed("secret").encode()}
        verdicts = [auth.check(wrong(number), hashes, one) for number in range(MAX_WAITING_PER_CLIENT)]
        assert Verdict.BUSY not in verdicts
        last = auth.check(header("secret"), hashes, other)
        auth.close()
        return last is Verdict.BUSY

    assert asyncio.run(refused()) is same


def test_the_same_unverified_credentials_are_checked_once(tmp_path: Path) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret", USUAL)))
    with serving({"/metrics": metrics}, web_config=config) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(30)]
        for client in clients:
            client.sendall(get("/metrics", basic("alice", "secret")))
        assert [ask(client, b"").status for client in clients] == [200] * 30


def test_stopping_during_a_check_is_prompt_and_quiet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = load_web_config(write(tmp_path, alice=hashed("secret", 13)))
    before = set(threading.enumerate())
    with serving({"/metrics": metrics}, web_config=config) as server, connect(server) as client:
        client.sendall(get("/metrics", basic("alice", "wrong")))
        time.sleep(0.05)
        server.stop()
    until(lambda: set(threading.enumerate()) <= before, "the end of the threads")
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_no_secret_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stored = hashed("hunter2")
    config = load_web_config(write(tmp_path, alice=stored))
    right, wrong = basic("alice", "hunter2"), basic("alice", "hunter3")
    with serving({"/metrics": metrics}, web_config=config) as server:
        for header in (right, wrong):
            exchange(server, get("/metrics", header))
        write(tmp_path, alice=stored[:-1])
        exchange(server, get("/metrics", right))
    assert "cannot be used" in caplog.text and "credentials" in caplog.text
    for secret in ("hunter", stored, stored[:-1], right.split()[-1], wrong.split()[-1]):
        assert secret not in caplog.text


def test_configured_headers_win(tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text("http_server_config: {headers: {Content-Security-Policy: default-src 'self'}}")
    own = Response(headers=(("Content-Security-Policy", "default-src 'none'"),))
    with serving({"/": lambda _: own}, web_config=load_web_config(path)) as server:
        assert exchange(server, get("/"))[0].headers["content-security-policy"] == "default-src 'self'"
