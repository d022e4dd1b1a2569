"""The exporter in a network namespace of its own, as in a container: it counts host bytes and is reachable."""

import contextlib
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from exporter.sources.collector import SOURCES
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from tests.exporter.network_link import Link, linked_namespace
from tests.fake_clock import FakeClock
from tests.processes import running, until

ROOT = Path(__file__).resolve().parents[2]
PORT = 10110
SENT_BYTES = 2_000_000
LAPTOP = Path(__file__).parent / "sources/fixtures/laptop"


@pytest.fixture
def link() -> Iterator[Link]:
    with linked_namespace() as link:
        yield link


@contextlib.contextmanager
def exporter_inside(link: Link, folder: Path) -> Iterator[str]:
    """Run the exporter as Compose does: its own network namespace, and the host's /proc mounted elsewhere."""
    proc = folder / "host-proc"
    proc.mkdir()
    config = folder / "ecotrack.yml"
    config.write_text(f"sampling: {{interval_seconds: 1}}\nnetwork: {{include: [{link.host_device}], exclude: []}}\n")
    serve = [
        sys.executable,
        "-m",
        "exporter",
        f"--config.file={config}",
        f"--web.listen-address=0.0.0.0:{PORT}",
        f"--state.dir={folder / 'state'}",
        f"--path.procfs={proc}",
        "--collector.connections",
    ]
    # `ip netns exec` gives the command mounts of its own, so that the bind mount is not seen outside.
    mount = ["sh", "-c", 'mount --bind /proc "$0" && exec "$@"', str(proc)]
    log = folder / "exporter.log"
    argv = ["ip", "netns", "exec", link.namespace, *mount, *serve]
    with running(argv, ready=f"http://{link.address}:{PORT}/-/ready", log=log):
        yield f"http://{link.address}:{PORT}"


def metrics(url: str, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one family's samples by label values."""
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=240).text)
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def send(address: str, count: int) -> None:
    """Send this many bytes of UDP payload over the link; nobody has to listen."""
    payload = bytes(1000)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for _ in range(count // len(payload)):
            sender.sendto(payload, (address, 9))


def sent_bytes(url: str) -> dict[str, float]:
    totals = metrics(url, "ecotrack_network_bytes_total")
    return {device: value for (device, direction), value in totals.items() if direction == "transmit"}


@contextlib.contextmanager
def listeners(count: int) -> Iterator[None]:
    """Return the listening TCP sockets of the host."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        yield


def listening() -> int:
    """Return the number of the host's sockets in state 0A, LISTEN."""
    files = [file for file in (Path("/proc/1/net/tcp"), Path("/proc/1/net/tcp6")) if file.exists()]
    return sum(line.split()[3] == "0A" for file in files for line in file.read_text().splitlines()[1:])


@pytest.mark.servers
def test_host_bytes_are_counted_and_the_address_answers_from_outside(link: Link, tmp_path: Path) -> None:
    with exporter_inside(link, tmp_path) as url:
        # This end of the pair is a device of the host; inside the namespace there is no device of its name.
        before = sent_bytes(url)
        assert before.keys() == {link.host_device}
        send(link.address, SENT_BYTES)
        wanted = before[link.host_device] + SENT_BYTES
        until(lambda: sent_bytes(url)[link.host_device] >= wanted, f"{wanted:g} bytes")


@pytest.mark.servers
def test_the_sockets_of_the_host_are_counted_and_not_those_of_the_namespace(link: Link, tmp_path: Path) -> None:
    # The namespace has one listener, the exporter's. Other tests on this machine may open and close some meanwhile.
    with listeners(40):
        before = listening()
        with exporter_inside(link, tmp_path) as url:
            (listen,) = (
                value for state, value in metrics(url, "ecotrack_network_connections").items() if "listen" in state
            )
        after = listening()
    assert min(before, after) - 20 <= listen <= max(before, after) + 20


@pytest.mark.parametrize("read", ["network", "sockstat", "connections"])
def test_below_a_foreign_procfs_nothing_of_this_namespace_is_read(tmp_path: Path, read: str) -> None:
    """`net` there leads to the reader; what it holds must not show."""
    root = Path(shutil.copytree(LAPTOP, tmp_path / "laptop"))
    sources = [source for source in SOURCES if source.name == read]
    reader = HostSource(FakeClock(), NicRule(), procfs=root / "proc", sysfs=root / "sys", sources=sources)
    whole = getattr(reader.read(), read)
    for file in ("dev", "tcp", "tcp6", "sockstat", "sockstat6", "route"):
        (root / "proc/net" / file).unlink(missing_ok=True)
        (root / "proc/net" / file).symlink_to(f"/proc/self/net/{file}")
    again = getattr(reader.read(), read)
    assert again == whole
    assert whole is not None
