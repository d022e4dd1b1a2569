"""Bytes by program on this kernel: what a program moved is its own, and with the rest it is what the device counted."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests

from exporter.power.networks import volume
from tests.exporter.network_link import Link, linked_namespace
from tests.processes import ending, first_line, free_port, running, series, until

pytestmark = pytest.mark.servers

SENDER = f"walrus{os.getpid()}"
PORT = 7000
BY_TCP, BY_UDP, BACK = 20_000_000, 5_000_000, 10_000_000
PRECISION = 0.02

FAR = f"""
import socket
with socket.create_server(("", {PORT})) as server:
    print("ready", flush=True)
    link, _ = server.accept()
    left = {BY_TCP}
    while left:
        left -= len(link.recv(1 << 16))
    input()
    link.sendall(bytes({BACK}))
    input()
"""

NEAR = f"""
import socket, sys
with socket.create_connection((sys.argv[1], {PORT})) as link, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
    link.sendall(bytes({BY_TCP}))
    for _ in range({BY_UDP} // 1000):
        datagrams.sendto(bytes(1000), (sys.argv[1], 9))
    print("sent", flush=True)
    left = {BACK}
    while left:
        left -= len(link.recv(1 << 16))
    print("received", flush=True)
    input()
"""

UNPRIVILEGED = "65534"
GUIDE = Path(__file__).parents[2] / "docs/how-to/attribute-to-programs.md"


def as_nobody(*capabilities: str) -> tuple[str, ...]:
    """Return the command that runs another as a user with these capabilities and no others."""
    names = ",".join(("-all", *(f"+{one.removeprefix('CAP_').lower()}" for one in capabilities)))
    user = ("setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups")
    return (*user, f"--inh-caps={names}", f"--ambient-caps={names}", f"--bounding-set={names}")


AS_NOBODY = as_nobody("CAP_DAC_READ_SEARCH")
"""Command that runs another as a user without privileges, who may read what root may: the interpreter, perhaps."""


@pytest.fixture
def link() -> Iterator[Link]:
    with linked_namespace() as link:
        yield link


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Exporter that tells bytes by program of one device, and its log."""

    url: str
    log: Path

    def metrics(self) -> dict[str, float]:
        return series(requests.get(f"{self.url}/metrics", timeout=240).text)

    def bytes_of(self, group: str, direction: str) -> float:
        name = f'ecotrack_process_group_network_bytes_total{{direction="{direction}",group="{group}"}}'
        return self.metrics().get(name, 0.0)

    def gained(self, direction: str, before: float, size: int) -> float:
        """Return what the program's group has gained, once that is nearly all and no more can come."""
        until(lambda: self.bytes_of(SENDER, direction) - before >= size * (1 - PRECISION), f"{size} bytes")
        wanted = self.metrics()["ecotrack_samples_total"] + 2
        until(lambda: self.metrics()["ecotrack_samples_total"] >= wanted, "two samples")
        return self.bytes_of(SENDER, direction) - before


@contextlib.contextmanager
def exporter(link: Link, folder: Path, *prefix: str) -> Iterator[Watched]:
    """Run an exporter that counts this end of the link."""
    config, log, port = folder / "ecotrack.yml", folder / "log", free_port()
    config.write_text(f"sampling: {{interval_seconds: 2}}\nnetwork: {{include: [{link.host_device}], exclude: []}}\n")
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as state:  # which any user can reach, as the test's folder cannot be
        os.chown(state, int(UNPRIVILEGED), -1)
        argv = [*prefix, sys.executable, "-m", "tests.exporter.lone_program", SENDER]
        argv += [f"--config.file={config}", f"--state.dir={state}"]
        argv += [f"--web.listen-address=127.0.0.1:{port}", "--collector.process_bytes"]
        with running(argv, ready=f"{url}/-/ready", log=log):
            yield Watched(url=url, log=log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Bytes by direction that the program's group gained while it moved all that it does."""

    sent: float
    received: float


def move(watched: Watched, link: Link, program: Path, *prefix: str, sent: int) -> Gain:
    """Let the program and its far end move their bytes, and return what its group gained."""
    before = watched.bytes_of(SENDER, "transmit"), watched.bytes_of(SENDER, "receive")
    far_argv = ["ip", "netns", "exec", link.namespace, sys.executable, "-I", "-c", FAR]
    with talking(far_argv) as far:
        assert first_line(far) == "ready"
        with talking([*prefix, str(program), "-I", "-c", NEAR, link.address]) as near:
            assert first_line(near) == "sent"
            gain = watched.gained("transmit", before[0], sent)
            assert far.stdin is not None
            far.stdin.write("\n")
            far.stdin.flush()
            assert first_line(near) == "received"
            return Gain(sent=gain, received=watched.gained("receive", before[1], BACK))


@contextlib.contextmanager
def talking(argv: list[str]) -> Iterator[subprocess.Popen[str]]:
    with ending(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        yield process


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return the interpreter under the program's name."""
    (tmp_path / SENDER).symlink_to(Path(sys.executable).resolve())
    return tmp_path / SENDER


def require_whole(watched: Watched) -> None:
    """Check that groups and what waits are what the device counted, in one moment."""
    metrics = watched.metrics()
    groups = sum(value for name, value in metrics.items() if name.startswith("ecotrack_process_group_network_bytes_t"))
    devices = sum(value for name, value in metrics.items() if name.startswith("ecotrack_network_bytes_total"))
    waiting = metrics['ecotrack_process_group_waiting_joules{scope="network"}'] / volume("ecotrack").energy_per_byte
    assert metrics["ecotrack_process_bytes_lost_total"] == 0.0
    assert groups + waiting == pytest.approx(devices, abs=0.01)
    assert devices > BY_TCP
    for name in ("energy_joules", "emissions_grams"):
        unit = name.partition("_")[2]
        shares = sum(
            value
            for series_name, value in metrics.items()
            if series_name.startswith(f"ecotrack_process_group_{name}_total") and 'scope="network"' in series_name
        )
        left = metrics[f'ecotrack_process_group_waiting_{unit}{{scope="network"}}']
        whole = sum(
            value
            for series_name, value in metrics.items()
            if series_name.startswith(f"ecotrack_{name}_total") and 'scope="network"' in series_name
        )
        assert shares + left == pytest.approx(whole, rel=1e-9)


def test_what_a_program_moves_is_its_own_and_with_the_rest_what_the_device_counted(
    link: Link, tmp_path: Path, program: Path
) -> None:
    with exporter(link, tmp_path) as watched:
        if not counts_in_the_kernel(watched):
            pytest.skip("the kernel lets nobody count here")
        told = move(watched, link, program, sent=BY_TCP + BY_UDP)
        assert told.sent == pytest.approx(BY_TCP + BY_UDP, rel=PRECISION)
        assert told.received == pytest.approx(BACK, rel=PRECISION)
        require_whole(watched)


def test_without_privilege_it_says_why_and_tells_tcp_of_its_own_user_s_programs(
    link: Link, tmp_path: Path, program: Path
) -> None:
    with exporter(link, tmp_path, *AS_NOBODY) as watched:
        told = move(watched, link, program, *AS_NOBODY, sent=BY_TCP)
        assert told.sent == pytest.approx(BY_TCP, rel=PRECISION)
        assert told.received == pytest.approx(BACK, rel=PRECISION)
        require_whole(watched)
        assert not counts_in_the_kernel(watched)
        until(lambda: watched.bytes_of("unattributed", "transmit") >= BY_UDP, "the bytes of UDP")
        (line,) = [line for line in watched.log.read_text().splitlines() if "bytes by process" in line]
        assert "counted by sock_diag" in line
        assert "CAP_BPF" in line


def test_with_the_capabilities_that_the_guide_gives_it_tells_other_users_programs_without_ebpf(
    link: Link, tmp_path: Path, program: Path
) -> None:
    (told,) = re.findall(r"^AmbientCapabilities=(.*PTRACE.*)$", GUIDE.read_text(), re.MULTILINE)
    with exporter(link, tmp_path, *as_nobody(*told.split())) as watched:
        assert not counts_in_the_kernel(watched)
        far_argv = ["ip", "netns", "exec", link.namespace, sys.executable, "-I", "-c", FAR]
        with talking(far_argv) as far:
            assert first_line(far) == "ready"
            with talking([str(program), "-I", "-c", NEAR, link.address]) as near:
                assert first_line(near) == "sent"
                until(lambda: watched.bytes_of(SENDER, "transmit") > 0.0, "bytes of another user's program")


def counts_in_the_kernel(watched: Watched) -> bool:
    (means,) = [name for name in watched.metrics() if name.startswith("ecotrack_process_bytes_means_info")]
    return means != 'ecotrack_process_bytes_means_info{means="sock_diag"}'
