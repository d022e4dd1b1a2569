"""Readings of fixture machines: each part as the kernel's files say, and each failing alone."""

import logging
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from exporter.core.clock import SystemClock
from exporter.core.metrics import Representation
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.exposition.rows import exposition
from exporter.sources.collector import BY_DEFAULT, SOURCES, OnFailure
from exporter.sources.cpu import logical_cpus
from exporter.sources.host import HostSource
from exporter.sources.machine import boot_id
from exporter.sources.nics import NicRule
from exporter.sources.reading import (
    CpuTimes,
    DiskBytes,
    HostReading,
    Memory,
    NetworkCounters,
    SourceState,
    Timed,
    Traffic,
)
from exporter.state import StateStore
from exporter.usage.between import failures, usage_between
from exporter.usage.events import Event, EventKind
from tests.exporter.fakes import Machine, rig
from tests.fake_clock import FakeClock

FIXTURES = Path(__file__).parent / "fixtures"
ALL = tuple(source for source in SOURCES if source.default or source.name == "connections")
PARTS = tuple(source.name for source in ALL if source.on_failure is not OnFailure.REPLACED)
SENSORS = tuple(source.name for source in BY_DEFAULT if source.on_failure is OnFailure.REPLACED)
AT = MonotonicSeconds(1000.0)

WIFI = Traffic(received_bytes=5_000_000_000, sent_bytes=250_000_000, received_packets=4_000_000, sent_packets=900_000)
NOTHING = Traffic(received_bytes=0, sent_bytes=0, received_packets=0, sent_packets=0)


def source(machine: Path, *, rule: NicRule | None = None, clock: FakeClock | None = None) -> HostSource:
    return HostSource(
        clock or FakeClock(),
        rule or NicRule(),
        procfs=machine / "proc",
        sysfs=machine / "sys",
        sources=ALL,
    )


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """Return a copy of the laptop's files, to be broken."""
    return Path(shutil.copytree(FIXTURES / "laptop", tmp_path / "laptop"))


def parts(reading: HostReading) -> dict[str, object]:
    return {name: getattr(reading, name) for name in PARTS}


def states(reading: HostReading) -> dict[str, SourceState]:
    return {one.collector: one.state for one in reading.outcomes}


def devices(reading: HostReading) -> set[str]:
    assert reading.network is not None
    return set(reading.network.value.devices)


def test_a_laptop_reads_as_its_files_say() -> None:
    reading = source(FIXTURES / "laptop").read()
    assert reading.cpu is not None
    assert reading.cpu.at == AT
    # In ticks of 10 ms: user 10000, nice 200, system 3000, irq 10, softirq 40; idle 80000, iowait 500; stolen time
    # is in none of these, and user contains guest time.
    assert reading.cpu.value == CpuTimes(busy=Seconds(132.5), idle=Seconds(800.0), iowait=Seconds(5.0), cpus=2)
    assert reading.memory == Memory(used=7_000_000 * 1024, total=16_000_000 * 1024)
    # sda and the array; devices on top of these two (sda1, dm-0, loop0) would count twice.
    assert reading.disk == Timed(value=DiskBytes(read=201_000 * 512, written=82_000 * 512), at=AT)
    assert reading.network == Timed(value=NetworkCounters(devices={"enp0s31f6": NOTHING, "wlp2s0": WIFI}), at=AT)
    assert reading.sockstat == {
        ("tcp", "inuse"): 3,
        ("tcp", "orphan"): 1,
        ("tcp", "tw"): 1,
        ("tcp", "alloc"): 9,
        ("udp", "inuse"): 4,
        ("tcp6", "inuse"): 1,
        ("udp6", "inuse"): 2,
    }
    assert reading.connections == {"listen": 2, "established": 2, "time_wait": 1}
    works = dict.fromkeys(PARTS, SourceState.WORKS)
    assert states(reading) == works | dict.fromkeys((*SENSORS, "attestation"), SourceState.ABSENT)


def test_a_disk_that_is_plugged_in_or_pulled_counts_from_the_next_reading_on(laptop: Path) -> None:
    machine = source(laptop)
    machine.read()
    statistics = laptop / "proc" / "diskstats"
    before = statistics.read_text()
    statistics.write_text(before + "   8  16 sdb 10 0 1000 5 20 0 3000 5 0 10 10\n")
    (laptop / "sys" / "block" / "sdb" / "device").mkdir(parents=True)
    assert machine.read().disk == Timed(value=DiskBytes(read=202_000 * 512, written=85_000 * 512), at=AT)
    statistics.write_text(before)
    assert machine.read().disk == Timed(value=DiskBytes(read=201_000 * 512, written=82_000 * 512), at=AT)


def test_a_container_counts_the_device_of_its_default_route() -> None:
    reading = source(FIXTURES / "container").read()
    assert devices(reading) == {"eth0"}
    assert reading.connections == {}
    assert reading.disk is None
    assert reading.failed == ()
    assert states(reading)["disk"] is SourceState.ABSENT


def test_of_a_foreign_procfs_the_network_of_its_first_process_is_read() -> None:
    """`proc/net` of the fixture stands for this process's own namespace, which shows one byte."""
    reading = source(FIXTURES / "laptop").read()
    assert reading.network is not None
    assert reading.network.value.devices["wlp2s0"] == WIFI


@pytest.mark.parametrize(
    ("rule", "counted"),
    [
        (NicRule(), {"enp0s31f6", "wlp2s0"}),
        (NicRule(include=("wl*",)), {"wlp2s0"}),
        (NicRule(exclude=("wl*",)), {"enp0s31f6"}),
        (NicRule(include=("*",)), {"enp0s31f6", "wlp2s0", "wg0"}),
        (NicRule(include=("wg0", "docker0"), exclude=()), {"wg0", "docker0"}),
    ],
    ids=["automatic", "include", "exclude", "include all but the excluded", "include against the defaults"],
)
def test_which_devices_count(rule: NicRule, counted: set[str]) -> None:
    assert devices(source(FIXTURES / "laptop", rule=rule).read()) == counted


def test_no_device_that_counts_is_a_failure_and_no_zero() -> None:
    reading = source(FIXTURES / "laptop", rule=NicRule(include=("none*",))).read()
    assert reading.network is None
    assert states(reading)["network"] is SourceState.FAILS


def remove(path: Path) -> None:
    path.unlink()


def garble(path: Path) -> None:
    path.write_bytes(b"cpu \xff\nMemTotal: much kB\n  eth0 one two three\n   0: zz\n")


@pytest.mark.parametrize("damage", [remove, garble])
@pytest.mark.parametrize(
    ("file", "collector"),
    [
        ("stat", "cpu"),
        ("meminfo", "memory"),
        ("diskstats", "disk"),
        ("1/net/dev", "network"),
        ("1/net/sockstat", "sockstat"),
        ("1/net/tcp", "connections"),
    ],
)
@pytest.mark.filterwarnings(
    "ignore:.*memory stats couldn't be determined:RuntimeWarning"
)  # psutil's warning about the damage
def test_a_part_that_cannot_be_read_fails_alone(
    laptop: Path, file: str, collector: str, damage: Callable[[Path], None]
) -> None:
    whole = parts(source(laptop).read())
    damage(laptop / "proc" / file)
    reading = source(laptop).read()
    assert parts(reading) == whole | {collector: None}
    # Without disk statistics a machine has no disks, as far as anybody can tell, and some kernels keep no counts of
    # sockets; that is no failure.
    failed = () if damage is remove and collector in {"disk", "sockstat"} else (collector,)
    assert reading.failed == failed
    assert tuple(name for name, state in states(reading).items() if state is SourceState.FAILS) == failed


def test_a_failure_is_logged_when_it_begins_and_when_it_ends(laptop: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    reader = source(laptop, clock=clock)
    hidden = laptop / "hidden"
    reader.read()
    (laptop / "proc/stat").rename(hidden)
    reader.read()
    reader.read()
    clock.advance(60.0)
    hidden.rename(laptop / "proc/stat")
    reader.read()
    reader.read()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    fails, works = (record.getMessage() for record in caplog.records)
    assert fails == f"collector cpu fails: No such file or directory: {laptop}/proc/stat"
    assert works == "collector cpu works again"


def test_connections_are_read_at_their_own_interval_and_fail_once_an_attempt(laptop: Path) -> None:
    clock = FakeClock()
    reader = source(laptop, clock=clock)
    tcp = laptop / "proc/1/net/tcp"
    header = tcp.read_text().splitlines(keepends=True)[0]
    counts, failures = [], []
    for second in range(0, 71, 5):
        if second == 10:
            tcp.write_text(header)
        if second == 40:
            tcp.rename(laptop / "hidden")
        if second == 65:
            (laptop / "hidden").rename(tcp)
        reading = reader.read()
        counts.append(None if reading.connections is None else sum(reading.connections.values()))
        failures += [second] * reading.failed.count("connections")
        clock.advance(5.0)
    assert counts == [5] * 6 + [1] * 6 + [None] * 3
    assert failures == [60]


@pytest.mark.parametrize("procfs", ["proc", "none"])
def test_psutil_is_left_as_it_was(laptop: Path, procfs: str) -> None:
    before = psutil.PROCFS_PATH
    HostSource(FakeClock(), NicRule(), procfs=laptop / procfs, sysfs=laptop / "sys", sources=ALL).read()
    assert before == psutil.PROCFS_PATH


def test_a_device_with_a_name_of_any_bytes_can_be_read_saved_and_scraped(laptop: Path, tmp_path: Path) -> None:
    dev = laptop / "proc/1/net/dev"
    dev.write_bytes(dev.read_bytes().replace(b"wlp2s0", b'w\xff"\\\x85\xa0'))
    route = laptop / "proc/1/net/route"
    route.write_bytes(route.read_bytes().replace(b"wg0", b'w\xff"\\\x85\xa0').replace(b"wlp2s0", b"\xe2\x80\xa8"))
    shutil.rmtree(laptop / "sys/class/net")
    machine = Machine(FakeClock())
    store = StateStore(tmp_path / "state", "boot", clock=machine.clock, resume_within=Seconds(15.0))
    sampling = rig(machine, source=source(laptop, clock=machine.clock), store=store)
    sampling.sample_after(5.0)
    store.close()
    assert set(sampling.now.totals.exported.devices) == {'w\\xff"\\\\\\x85\\xa0'}
    for openmetrics in (False, True):
        body = exposition(sampling.now).body(Representation(openmetrics=openmetrics, gzipped=False))
        assert b"ecotrack_network_bytes_total{" in body


def test_the_route_over_ipv6_counts_where_there_is_no_other(tmp_path: Path) -> None:
    machine = Path(shutil.copytree(FIXTURES / "container", tmp_path / "container"))
    net = machine / "proc/1/net"
    (net / "route").unlink()
    zero, gateway = "0" * 32, "fe80" + "0" * 27 + "1"
    rows = [
        f"{zero} 00 {zero} 00 {gateway} 00000400 00000002 00000000 00000003     eth1",
        f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo",
    ]
    (net / "ipv6_route").write_text("\n".join(rows) + "\n")
    assert devices(source(machine).read()) == {"eth1"}


@dataclass(slots=True)
class DraggingClock(FakeClock):
    """A clock on a machine where every look at it takes a while."""

    drag: float = 0.0

    def awake(self) -> MonotonicSeconds:
        now = FakeClock.awake(self)
        self.advance(self.drag)
        return now


def test_a_slow_reading_is_no_suspension_and_no_clock_step(laptop: Path) -> None:
    clock = DraggingClock()
    reader = source(laptop, clock=clock)
    first = reader.read()
    clock.advance(5.0)
    clock.drag = 1.0
    slow = reader.read()
    usage = usage_between(first, slow, interval=Seconds(5.0))
    assert {event.reason for event in usage.events} == {"standstill"}


def test_this_machine_can_be_read_and_its_counters_go_on() -> None:
    reader = HostSource(SystemClock(), NicRule(), sources=ALL)
    first, second = reader.read(), reader.read()
    assert first.memory is not None
    assert 0 < first.memory.used < first.memory.total
    assert first.cpu is not None
    assert second.cpu is not None
    assert isinstance(first.cpu.value, CpuTimes)
    assert second.cpu.value.busy >= first.cpu.value.busy > 0.0
    assert second.cpu.at > first.cpu.at
    assert first.connections is second.connections


def test_the_boot_is_known_by_the_kernels_own_name_for_it(tmp_path: Path) -> None:
    assert boot_id(FIXTURES / "laptop/proc") == "6f4d7c1e-0b5a-4f0e-9d25-3c1b7c0f8a11"
    told = boot_id(tmp_path)
    assert told.startswith("booted-at-")
    file = tmp_path / "sys/kernel/random/boot_id"
    file.parent.mkdir(parents=True)
    for masked in (b"", b"\n", b"\xff"):
        file.write_bytes(masked)
        assert boot_id(tmp_path) == told


def test_the_size_of_the_machine_is_that_of_the_procfs_given(laptop: Path) -> None:
    stat = laptop / "proc/stat"
    stat.write_bytes(stat.read_bytes().replace(b"\nintr", b"\ncpu7 1 0 0 1 0 0 0 0 0 0\nintr"))
    assert logical_cpus(laptop / "proc") == 3


def test_the_states_of_sockets_are_named_as_psutil_names_them(laptop: Path) -> None:
    (laptop / "proc/1/net/tcp6").unlink()
    header, *_ = (laptop / "proc/1/net/tcp").read_text().splitlines()
    rows = [f"   {state}: 0100007F:0016 0100007F:{state:04X} {state:02X} 0:0 0:0 0 0 0 0" for state in range(1, 12)]
    (laptop / "proc/1/net/tcp").write_text("\n".join([header, *rows]) + "\n")
    names = {name.lower() for name in psutil._pslinux.TCP_STATUSES.values()}
    assert source(laptop).read().connections == dict.fromkeys(names, 1)


def test_two_sockets_that_listen_on_one_address_are_two(laptop: Path) -> None:
    tcp = laptop / "proc/1/net/tcp"
    before = source(laptop).read().connections
    tcp.write_text(tcp.read_text() + "   9: 0100007F:0035 00000000:0000 0A 0:0 0:0 0 0 0 0\n" * 2)
    after = source(laptop).read().connections
    assert before is not None
    assert after is not None
    assert after["listen"] == before["listen"] + 2


@pytest.mark.parametrize(
    ("file", "collector"),
    [
        ("stat", "cpu"),
        ("meminfo", "memory"),
        ("diskstats", "disk"),
        ("1/net/dev", "network"),
        ("1/net/sockstat", "sockstat"),
    ],
)
@pytest.mark.parametrize("count", [b"-5", str(2**64).encode()], ids=["negative", "of 65 bits"])
@pytest.mark.filterwarnings("ignore:.*memory stats couldn't be determined:RuntimeWarning")  # psutil's, about the damage
def test_a_count_that_cannot_be_is_discarded_and_counted(laptop: Path, file: str, collector: str, count: bytes) -> None:
    path = laptop / "proc" / file
    path.write_bytes(re.sub(rb"(?<=[ \t])\d+", count, path.read_bytes()))
    reading = source(laptop).read()
    assert parts(reading)[collector] is None
    assert reading.failed == (collector,)
    assert failures(reading) == (Event(kind=EventKind.DISCARD, source=collector, reason="error"),)


@pytest.mark.parametrize("figure", [math.nan, -1.0, math.inf, -math.inf])
def test_what_psutil_cannot_mean_never_reaches_a_reading(
    laptop: Path, monkeypatch: pytest.MonkeyPatch, figure: float
) -> None:
    good = parts(source(laptop).read())
    disk = SimpleNamespace(read_bytes=figure, write_bytes=7)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=8e9, available=8e9 - figure))
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: {"sda": disk})
    reading = source(laptop).read()
    assert reading.failed == ("memory", "disk")
    assert parts(reading) == good | {"memory": None, "disk": None}


def test_a_memory_file_that_a_container_masks_is_no_failure(laptop: Path) -> None:
    whole = parts(source(laptop).read())
    (laptop / "proc/meminfo").write_bytes(b"")
    reading = source(laptop).read()
    assert parts(reading) == whole | {"memory": None}
    assert (states(reading)["memory"], reading.failed) == (SourceState.ABSENT, ())


HEADINGS = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets ...\n"
IDLE = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"


@pytest.mark.parametrize(
    ("devices", "state"),
    [
        ("", SourceState.ABSENT),
        (f"    lo:{IDLE}", SourceState.ABSENT),
        (f"    lo:{IDLE.replace('0', '9')} sit0:{IDLE}tunl0:{IDLE}", SourceState.ABSENT),
        (f"    lo:{IDLE} odd0: 5{IDLE[2:]}", SourceState.FAILS),
    ],
    ids=["nothing", "loopback", "what the kernel makes", "something that moved bytes"],
)
def test_a_machine_without_a_network_emits_nothing_by_it(laptop: Path, devices: str, state: SourceState) -> None:
    (laptop / "proc/1/net/dev").write_text(HEADINGS + devices)
    (laptop / "proc/1/net/route").unlink()
    (laptop / "proc/1/net/ipv6_route").unlink(missing_ok=True)
    clock = FakeClock()
    sampling = rig(Machine(clock), source=source(laptop, clock=clock))
    for _ in range(4):
        cpu = (laptop / "proc/stat").read_text()
        user = int(cpu.split()[1])
        (laptop / "proc/stat").write_text(cpu.replace(f" {user} ", f" {user + 100} ", 1))
        clock.advance(5.0)
        sampling.sampler.sample_once()
    assert states(source(laptop).read())["network"] is state
    rates, powers = sampling.now.readings.emission_rates, sampling.now.readings.power_by_scope()
    if state is SourceState.ABSENT:
        assert rates.total() == rates.host
        assert (powers.network, sampling.now.totals.exported.events) == (0.0, {})
    else:
        assert (rates.network, powers.network) == (None, None)
