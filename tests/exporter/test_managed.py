"""The exporter under a service manager, which passes it a socket, hears of it, and ends it where sampling hangs."""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import pytest
import requests

from tests.exporter.core.test_manager import MOST_MESSAGES, bound
from tests.exporter.core.web.certificates import Authority
from tests.exporter.exporter_process import EVERY_SECOND, saved
from tests.processes import ending, free_port, until

pytestmark = pytest.mark.servers

FIXTURES = Path(__file__).parent / "sources/fixtures"

START = """\
import os, sys
listener, *argv = sys.argv[1:]
if listener:
    os.dup2(int(listener), 3)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "ecotrack.socket", "LISTEN_PID": str(os.getpid())}
os.execv(argv[0], argv)
"""
"""Program that becomes the exporter with a socket at the number that systemd would give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service and its folder, as systemd would run it; `told` is all that it has said."""

    folder: Path
    listener: socket.socket | None
    manager: socket.socket
    told: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self, *flags: str, patience: float = 240.0) -> Iterator[subprocess.Popen[bytes]]:
        """Start the exporter, and end it with the block."""
        (self.folder / "ecotrack.yml").write_text(EVERY_SECOND)
        environ = {"NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": f"{patience * 1e6:.0f}"}
        number = [] if self.listener is None else [self.listener.fileno()]
        own = [f"--config.file={self.folder / 'ecotrack.yml'}", f"--state.dir={self.folder / 'state'}"]
        argv = [sys.executable, "-c", START, "".join(map(str, number)), sys.executable, "-m", "exporter", *own, *flags]
        with (
            (self.folder / "log").open("ab") as log,
            ending(subprocess.Popen(argv, env=os.environ | environ, stderr=log, pass_fds=number)) as process,
        ):
            yield process

    def until(self, line: str) -> None:
        """Return once the line is told."""
        for _ in range(MOST_MESSAGES):
            if line in self.told:
                return
            self.told.extend(self.manager.recv(4096).decode().split("\n"))
        raise AssertionError(f"{line} is not among {self.told}")


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with socket.create_server(("127.0.0.1", 0)) as listener, bound(str(tmp_path / "notify")) as manager:
        yield Unit(folder=tmp_path, listener=listener, manager=manager)


def url(unit: Unit, scheme: str = "http") -> str:
    assert unit.listener is not None
    return f"{scheme}://127.0.0.1:{unit.listener.getsockname()[1]}"


def test_it_serves_the_socket_and_tells_of_its_life(unit: Unit) -> None:
    with unit.running("--web.systemd-socket") as process:
        unit.until("READY=1")
        unit.until("WATCHDOG=1")
        assert requests.get(f"{url(unit)}/-/healthy", timeout=240).text == "healthy\n"
        process.send_signal(signal.SIGHUP)
        unit.told.clear()
        unit.until("RELOADING=1")
        unit.until("READY=1")
        process.terminate()
        unit.until("STOPPING=1")
        assert process.wait(240) == 0
    assert saved(unit.folder / "state").clean_stop
    assert f"listening on {url(unit)}: ecotrack" in (unit.folder / "log").read_text()


def test_a_reload_of_a_bad_configuration_ends_too(unit: Unit) -> None:
    with unit.running() as process:
        unit.until("READY=1")
        (unit.folder / "ecotrack.yml").write_text("nonsense: 1\n")
        unit.told.clear()
        process.send_signal(signal.SIGHUP)
        unit.until("RELOADING=1")
        unit.until("READY=1")
        assert "ecotrack_config_last_reload_successful 0" in requests.get(f"{url(unit)}/metrics", timeout=240).text


def test_a_scrape_during_a_restart_waits_for_its_answer(unit: Unit) -> None:
    assert unit.listener is not None
    with unit.running():
        unit.until("READY=1")
    unit.told.clear()
    with socket.create_connection(unit.listener.getsockname(), timeout=240) as client:
        client.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        with unit.running():
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_tls_and_passwords_hold_on_a_passed_socket(unit: Unit) -> None:
    authority = Authority(unit.folder)
    authority.issue("server")
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (unit.folder / "web.yml").write_text(
        f"tls_server_config: {{cert_file: server.crt, key_file: server.key}}\nbasic_auth_users: {{a: {hashed}}}\n"
    )
    with unit.running(f"--web.config.file={unit.folder / 'web.yml'}"):
        unit.until("READY=1")
        ask = functools.partial(requests.get, f"{url(unit, 'https')}/metrics", verify=str(authority.cert), timeout=240)
        assert (ask().status_code, ask(auth=("a", "secret")).status_code) == (401, 200)
        assert requests.get(f"{url(unit)}/-/healthy", timeout=240).status_code == 400


def test_an_address_beside_a_socket_is_refused(unit: Unit) -> None:
    with unit.running("--web.listen-address=127.0.0.1:0") as process:
        assert process.wait(240) == 2
    line = "ecotrack: --web.listen-address: systemd passes a socket: leave out one of the two\n"
    assert (unit.folder / "log").read_text() == line


def test_a_sampler_that_hangs_gives_no_sign_of_life_and_says_where_it_hung(tmp_path: Path) -> None:
    """A reader of a pipe without a writer waits for ever, as a reader of a broken device does."""
    shutil.copytree(FIXTURES / "laptop/proc", tmp_path / "proc", symlinks=True)
    patience = 2.0
    with bound(str(tmp_path / "notify")) as manager:
        unit = Unit(folder=tmp_path, listener=None, manager=manager)
        address = f"127.0.0.1:{free_port()}"
        flags = [f"--path.procfs={tmp_path / 'proc'}", f"--web.listen-address={address}"]
        with unit.running(*flags, patience=patience) as process:
            unit.until("READY=1")
            unit.told.clear()
            for _ in range(8):
                unit.told.clear()
                unit.until("WATCHDOG=1")
            os.mkfifo(tmp_path / "pipe")
            (tmp_path / "pipe").rename(tmp_path / "proc/stat")
            manager.settimeout(4 * patience)
            try:
                assert_falls_silent(manager)
                # Only sampling hangs: who asks is answered, and told that nothing is fresh.
                until(lambda: requests.get(f"http://{address}/-/ready", timeout=240).status_code == 503, "staleness")
            finally:
                process.send_signal(signal.SIGABRT)  # as systemd does; a stop would wait for the sample
            # The dump walks the frames of threads that still run, and may end with a fault of its own after its lines.
            assert process.wait(240) in {-signal.SIGABRT, -signal.SIGSEGV}
    log = (tmp_path / "log").read_text()
    assert "Fatal Python error: Aborted" in log
    assert "in sample_once" in log


def assert_falls_silent(manager: socket.socket) -> None:
    """Fail where more is told than what was on its way and two signs of life of a loop that ends its turn."""
    told: list[bytes] = []
    with contextlib.suppress(TimeoutError):
        while len(told) < MOST_LAST_SIGNS:
            told.append(manager.recv(4096))
        raise AssertionError(f"a program that hangs goes on to say {told}")


MOST_LAST_SIGNS = 12
"""Signs of life, without unit, that a program cannot have given before it hung: three times those in its patience."""


def test_systemd_itself_starts_it_by_a_connection(tmp_path: Path) -> None:
    program = shutil.which("systemd-socket-activate")
    if program is None:
        pytest.skip("systemd-socket-activate is not installed")
    port = free_port()
    argv = [program, f"--listen=127.0.0.1:{port}", "--fdname=web", sys.executable, "-m", "exporter"]
    argv.append(f"--state.dir={tmp_path / 'state'}")
    with (tmp_path / "log").open("wb") as log, ending(subprocess.Popen(argv, stderr=log)):
        until(lambda: b"Listening on" in (tmp_path / "log").read_bytes(), "the socket")
        assert requests.get(f"http://127.0.0.1:{port}/-/healthy", timeout=240).text == "healthy\n"
    assert saved(tmp_path / "state").clean_stop
