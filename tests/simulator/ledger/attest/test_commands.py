"""The command itself: a real Prometheus with a hard past, answers of any kind, and mistakes, each in one line."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from exporter.core.prometheus import Prometheus, authorization
from simulator.cli import main
from simulator.ledger.attest.stored import Exporter, fetch
from tests.processes import program, running_prometheus
from tests.prometheus import stack
from tests.simulator.ledger.attest.fake_prometheus import Fake, serving, told
from tests.simulator.ledger.attest.machine import HOUR, INSTANCE, NOON, Machine, write_openmetrics

pytestmark = pytest.mark.servers


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Make a key in an empty folder, which is the present one, and return its verifier."""
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "key", "--name", "laptop.example/ecotrack", "--output", "ecotrack.key"]) == 0
    return capsys.readouterr().out.strip()


def hard_past(begin: float) -> Machine:
    """Return a machine with seven hours, of which three can be believed."""
    machine = Machine().run(begin - 60.0, begin + HOUR, 15.0)
    # In the second hour the exporter begins anew, within a minute.
    _go_on(machine, begin + 1.5 * HOUR)
    machine.restart()
    machine.draw(30.0)
    _go_on(machine, begin + 2.5 * HOUR)
    # In the third the machine is off for 14 minutes, in the fourth it draws more than a socket gives for a moment.
    machine.at += 840.0
    _go_on(machine, begin + 3.5 * HOUR)
    machine.joules["cpu"] += 5e6
    _go_on(machine, begin + 5 * HOUR)
    # In the sixth nobody scrapes it; the seventh is whole but for its first minute.
    machine.at += HOUR
    _go_on(machine, begin + 7 * HOUR)
    return machine


def _go_on(machine: Machine, until: float) -> None:
    while machine.at < until:
        machine.draw(15.0)
        machine.scrape()


def test_a_real_prometheus_tells_each_hour(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.time() // HOUR * HOUR - 40 * HOUR
    write_openmetrics([hard_past(begin)], tmp_path / "past.om")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "past.om", "prometheus-data"]
    subprocess.run(argv, check=True, capture_output=True, timeout=240)
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    with running_prometheus(tmp_path / "prometheus.yml", tmp_path) as url:
        asked = ["ledger", "attest", "--prometheus", url, "--instance", INSTANCE, "--key", "ecotrack.key"]
        bounds = ["--since", _iso(begin - HOUR), "--until", _iso(begin + 8 * HOUR)]
        assert main([*asked, *bounds]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "It has nothing of" not in lines[-1]
        assert [re.sub(r"^\S+ \S+ UTC( to \S+ \S+ UTC, \d+ hours:)?  ", "", one) for one in lines[:9]] == [
            f"refused: no samples until {_clock(begin - 60)}",
            "12.000 Wh, 4.800 g of CO2e, claim 1/1",
            f"12.000 Wh, 4.800 g of CO2e, claim 1/2 (counters began anew at {_clock(begin + 1.5 * HOUR + 45)}, and "
            "what was drawn in up to 45 s before is not in it)",
            f"refused: no samples for 14 min from {_clock(begin + 2.5 * HOUR)}",
            f"refused: 5000180 J in 15 s at {_clock(begin + 3.5 * HOUR + 15)} are more than --max-watts",
            "12.000 Wh, 4.800 g of CO2e, claim 2/1",
            "refused: no samples",
            f"refused: no samples until {_clock(begin + 6 * HOUR + 15)}",
            "refused: no samples",
        ]
        assert main(["ledger", "verify", "attest.db"]) == 0
        assert main(["ledger", "check", "proof.json"]) == 0
        said = capsys.readouterr().out
        assert f"whoever holds the key {key} says so" in said
        assert f"the Prometheus at {url} is trusted, and nobody has checked the meter; no credits come of it" in said
        assert main([*asked, *bounds]) == 3
        assert "hours attested: 0, 0.000 Wh, 0.000 g of CO2e; refused: 3\n" in capsys.readouterr().out


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at))


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(at))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, url: str = "http://127.0.0.1:9") -> str:
    """Run a command that is a mistake, and return the one line that it says."""
    given_ = {"--prometheus": url, "--instance": INSTANCE, "--key": "ecotrack.key"}
    filled = [word for flag, value in given_.items() if flag not in arguments for word in (flag, value)]
    try:
        status = main(["ledger", "attest", *filled, *arguments])
    except SystemExit as error:
        status = int(error.code or 0)
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    return said.err


MISTAKES = [
    (["--key", "none.key"], "none.key: the key cannot be read: No such file or directory"),
    (["--prometheus", "ftp://a"], "--prometheus: expected http://HOST:PORT, with a path, and no user or password"),
    (["--prometheus", "http://me:secret@a"], "--prometheus: expected http://HOST:PORT, with a path, and no user"),
    (["--instance", ""], "--instance: expected a label's value, got one that is empty"),
    (["--since", "yesterday"], 'argument --since: expected a time, as 2026-11-29T14:00Z, got "yesterday"'),
    (["--since", "9999-12-31T23:59-14:00"], "argument --since: expected a time, as 2026-11-29T14:00Z"),
    (["--until", "0001-01-01T00:00+14:00"], "argument --until: expected a time, as 2026-11-29T14:00Z"),
    (["--until", "1999-12-31"], "argument --until: expected a time, as 2026-11-29T14:00Z"),
    (["--since", "2026-03-02", "--until", "2026-03-01"], "--since: expected a time before that of --until"),
    (["--max-watts", "nan"], 'argument --max-watts: expected watts above 0 and up to 1,000,000, got "nan"'),
    (["--max-watts", "-5"], "argument --max-watts: expected"),
    (["--prometheus.user", "me"], "--prometheus.user: expected --prometheus.password-file beside it"),
    (["--prometheus.password-file", "none"], "--prometheus.password-file: none: No such file or directory"),
    ([], "--prometheus: 127.0.0.1:9 cannot be asked: Connection refused"),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES)
def test_mistakes_end_in_one_line(
    key: str, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    said = refused(capsys, *arguments)
    assert line in said
    assert key.split("+", 2)[-1] not in said
    assert not Path("attest.db").exists()


ANSWERS = [
    (503, b"", "answers with status 503"),
    (302, b"", "answers with status 302"),
    (200, b"<html>sign in</html>", "what answers there is no Prometheus"),
    (200, b"", "what answers there is no Prometheus"),
    (200, b"[" * 100_000, "what answers there is no Prometheus"),
    (200, b'{"status": "success", "data": {"result": [1, "NaN"]}}', "what answers there is no Prometheus"),
    (200, b"x" * 65_000_000, "answers with more than 64 MB; ask about a shorter time"),
]


@pytest.mark.parametrize(("status", "body", "line"), ANSWERS)
def test_answers_of_no_prometheus_end_in_one_line(
    key: str, capsys: pytest.CaptureFixture[str], status: int, body: bytes, line: str
) -> None:
    with serving(Fake(instead=lambda _query: (status, body))) as fake:
        assert line in refused(capsys, url=fake.url)
    with serving(Fake(instead=lambda query: None if query == "time()" else (status, body))) as fake:
        expected = "what answers there is no Prometheus" if b"NaN" in body else line
        assert expected in refused(capsys, url=fake.url)
    assert not Path("attest.db").exists()


def test_a_prometheus_with_another_clock_is_refused(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The difference is known to the time that an answer takes, which on a busy machine is seconds."""
    with serving(Fake(wall=lambda: time.time() - 3600.0)) as fake:
        said = refused(capsys, url=fake.url)
    assert re.search(r"its clock is 3[56]\d\d s behind this machine's; set the clocks first", said)


def test_a_password_is_sent_and_never_said(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    asked = ["--instance", INSTANCE, "--key", "ecotrack.key", "--prometheus.password-file", "password"]
    with serving(Fake()) as fake:
        assert main(["ledger", "attest", "--prometheus", f"{fake.url}/", *asked]) == 3
        assert set(fake.authorizations) == {"Bearer hunter2"}
        fake.authorizations.clear()
        assert main(["ledger", "attest", "--prometheus", fake.url, *asked, "--prometheus.user", "me"]) == 3
        assert set(fake.authorizations) == {"Basic bWU6aHVudGVyMg=="}
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err
    assert "24 hours:  refused: no samples" in said.out
    assert said.out.endswith(
        f"It has nothing of {INSTANCE} in these hours: is that the exporter's label instance there?\n"
    )


def test_a_damaged_ledger_is_told_from_hours_that_are_refused(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("attest.db").write_bytes(bytes(5000))
    with serving(Fake()) as fake:
        assert (
            main(["ledger", "attest", "--prometheus", fake.url, "--instance", INSTANCE, "--key", "ecotrack.key"]) == 1
        )
    assert "attest.db: is no good ledger" in capsys.readouterr().err


UNSENT = [
    (b"hunter2\nnot", "expected a token on one line, in ASCII"),
    (b"hunter2\r\nX-Forged: 1\n", "expected a token on one line, in ASCII"),
    ("hunter2€\n".encode(), "expected a token on one line, in ASCII"),
    (b"\n", "expected a token on one line, in ASCII"),
    ("hunter2".encode("utf-16"), "is no text in UTF-8"),
    (b"hunter2" * 10_000, "expected at most 65,536 bytes"),
]


@pytest.mark.parametrize(("content", "line"), UNSENT)
def test_a_token_that_cannot_be_sent_ends_in_one_line_without_it(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, line: str
) -> None:
    (tmp_path / "token").write_bytes(content)
    said = refused(capsys, "--prometheus.password-file", "token")
    assert said == f"ecochain: --prometheus.password-file: token: {line}\n"


def test_a_pipe_is_no_file_of_a_password(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("pipe", "/dev/zero"):
        assert "expected a file, got a pipe or a device" in refused(capsys, "--prometheus.password-file", path)


@given(content=st.binary(max_size=40))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_token_is_sent_as_it_is_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    try:
        sent = authorization(None, tmp_path / "token")
    except ConfigError:
        return
    assert sent is not None
    assert re.fullmatch(r"Bearer [ -~]+", sent)
    assert content.decode().startswith(sent.removeprefix("Bearer "))


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """Serve an answer with this beginning, after which a byte comes now and then, and no end."""
    stop = threading.Event()

    class Handler(stack.Quiet):
        def do_GET(self) -> None:
            self.wfile.write(first)
            while not stop.wait(0.05):
                self.wfile.write(b"x")

    with stack.serving(Handler) as address:
        try:
            yield f"http://{address}"
        finally:
            stop.set()


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_never_ends_is_given_up(first: bytes) -> None:
    with dripping(first) as url, pytest.raises(ConfigError, match=r"cannot be asked: TimeoutError$"):
        Prometheus(url, patience=0.3).query("time()")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(result=JSON, cut=st.integers(0, 40), noise=st.binary(max_size=6))
def test_any_answer_is_samples_or_one_line(result: object, cut: int, noise: bytes) -> None:
    _, body = told([{"metric": {"__name__": "x"}, "values": result}] if cut % 2 else result)
    fake = Fake(instead=lambda _query: (200, body[: len(body) - cut] + noise if cut > 20 else body))
    with serving(fake):
        try:
            fetch(Prometheus(fake.url), Exporter(instance=INSTANCE), NOON)
        except ConfigError as error:
            assert "\n" not in str(error)
