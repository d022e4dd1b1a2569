"""A byte counts once, whatever devices it passes: fixture machines on which 100 MB were moved, 60 in and 40 out."""

import shutil
from pathlib import Path

import pytest

from exporter.sources.device_links import DeviceLinks
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from tests.fake_clock import FakeClock

FIXTURES = Path(__file__).parent / "fixtures"
MOVED = 100_000_000


def counted(machine: Path, *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> dict[str, int]:
    """Return the bytes of the devices that count."""
    rule = NicRule(include=include, exclude=("lo", "veth*", *exclude))
    network = HostSource(FakeClock(), rule, procfs=machine / "proc", sysfs=machine / "sys").read().network
    assert network is not None
    return {device: traffic.total_bytes for device, traffic in network.value.devices.items()}


@pytest.mark.parametrize(
    ("machine", "devices"),
    [
        ("plain", {"eth0"}),
        ("azure", {"eth0"}),
        ("failover", {"eth0"}),
        ("switch", {"eth0"}),
        ("monitor", {"wlan0"}),
        ("bond", {"eth0", "eth1"}),
        ("bridge", {"eth0"}),
        ("vlan", {"eth0"}),
    ],
)
@pytest.mark.parametrize("include", [(), ("*",)], ids=["automatic", "all included"])
def test_a_byte_counts_once(machine: str, devices: set[str], include: tuple[str, ...]) -> None:
    # A monitor alone on its radio hears strangers only: it counts where somebody asks for it.
    exclude = ("wlan1mon",) if include else ()
    found = counted(FIXTURES / machine, include=include, exclude=exclude)
    assert found.keys() == devices
    assert sum(found.values()) == MOVED


@pytest.mark.parametrize(
    ("machine", "include", "exclude", "devices"),
    [
        ("azure", (), ("eth0",), {"enP1s1"}),
        ("azure", ("enP*",), (), {"enP1s1"}),
        ("azure", ("e*",), (), {"eth0"}),
        ("failover", (), ("eth0",), {"eth0nsby", "enp8s0"}),
        ("failover", ("en*", "eth0"), (), {"eth0"}),
        ("switch", (), ("eth0",), {"wan", "lan1", "lan2"}),
        ("switch", ("wan", "br-lan"), (), {"wan", "br-lan"}),
        ("switch", ("br-lan", "eth0"), (), {"eth0"}),
        ("monitor", ("mon0",), (), {"mon0"}),
        ("monitor", ("mon0", "wlan0"), (), {"wlan0"}),
        ("monitor", ("wlan*",), (), {"wlan0", "wlan1mon"}),
        ("bond", ("bond0",), (), {"bond0"}),
        ("bond", ("bond0.7", "eth*"), (), {"eth0", "eth1"}),
        ("vlan", ("eth0.7",), (), {"eth0.7"}),
    ],
)
def test_of_what_may_count_a_device_does_unless_another_carries_its_bytes(
    machine: str, include: tuple[str, ...], exclude: tuple[str, ...], devices: set[str]
) -> None:
    assert counted(FIXTURES / machine, include=include, exclude=exclude).keys() == devices


def test_a_switch_port_of_an_old_kernel_is_known_by_the_number_of_its_conduit(tmp_path: Path) -> None:
    machine = Path(shutil.copytree(FIXTURES / "switch", tmp_path / "switch", symlinks=True))
    for link in (machine / "sys/class/net").glob("*/lower_eth0"):
        link.unlink()
    assert counted(machine).keys() == {"eth0"}


def test_the_number_of_a_peer_in_another_namespace_is_no_link(tmp_path: Path) -> None:
    """Two ends of veth pairs in a container, whose peers' numbers are those of each other."""
    net = tmp_path / "class/net"
    for device, index, peer in (("eth0", 2, 3), ("eth1", 3, 2)):
        (net / device).mkdir(parents=True)
        (net / device / "ifindex").write_text(f"{index}\n")
        (net / device / "iflink").write_text(f"{peer}\n")
    assert DeviceLinks(tmp_path).counting_once({"eth0", "eth1"}) == {"eth0", "eth1"}


def test_the_links_are_read_anew_each_time(tmp_path: Path) -> None:
    """A virtual function is there a moment before it is paired, and is taken away for maintenance."""
    machine = Path(shutil.copytree(FIXTURES / "azure", tmp_path / "azure", symlinks=True))
    net = machine / "sys/class/net"
    reader = HostSource(FakeClock(), NicRule(), procfs=machine / "proc", sysfs=machine / "sys")
    found = []
    for change in ("none", "unpaired", "gone"):
        if change == "unpaired":
            (net / "enP1s1/master").unlink()
            (net / "eth0/lower_enP1s1").unlink()
        if change == "gone":
            shutil.rmtree(net / "enP1s1")
        network = reader.read().network
        assert network is not None
        found.append(set(network.value.devices))
    assert found == [{"eth0"}, {"eth0", "enP1s1"}, {"eth0"}]


def test_a_machine_with_monitors_only_counts_its_default_route(tmp_path: Path) -> None:
    machine = Path(shutil.copytree(FIXTURES / "monitor", tmp_path / "monitor", symlinks=True))
    shutil.rmtree(machine / "sys/class/net/wlan0")
    (machine / "proc/1/net/route").write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "wlan0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    )
    assert counted(machine).keys() == {"wlan0"}


@pytest.mark.parametrize(
    ("text", "hardware", "speed"),
    [
        ("1000\n", True, 125e6),
        ("10\n", True, 1.25e6),
        ("-1\n", True, None),
        ("0\n", True, None),
        ("", True, None),
        ("much\n", True, None),
        (None, True, None),
        ("10000\n", False, None),
    ],
    ids=["gigabit", "slow", "unknown", "down", "empty", "garbled", "wireless", "veth"],
)
def test_the_speed_of_a_device_is_what_its_hardware_states(
    tmp_path: Path, text: str | None, hardware: bool, speed: float | None
) -> None:
    device = tmp_path / "class/net/eth0"
    device.mkdir(parents=True)
    if hardware:
        (device / "device").mkdir()
    if text is not None:
        (device / "speed").write_text(text)
    assert DeviceLinks(tmp_path).speed("eth0") == speed


def test_a_reading_tells_the_speeds_of_the_devices_that_count(tmp_path: Path) -> None:
    machine = Path(shutil.copytree(FIXTURES / "bond", tmp_path / "bond", symlinks=True))
    for device, speed in (("eth0", "1000"), ("eth1", "-1"), ("bond0", "1000")):
        (machine / "sys/class/net" / device / "speed").write_text(f"{speed}\n")
    network = HostSource(FakeClock(), NicRule(), procfs=machine / "proc", sysfs=machine / "sys").read().network
    assert network is not None
    assert network.value.devices.keys() == {"eth0", "eth1"}
    assert network.value.speeds == {"eth0": 125e6}
