"""The devices that count, and rare look-ups: names alone tell what is excluded, and most answers are kept."""

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.core.units import Seconds
from exporter.sources.device_links import DeviceLinks
from exporter.sources.network import NetworkSource, _printable
from exporter.sources.nics import CHOICE_HOLDS, FEW, NEVER_COUNTED, DeviceChoice, NicRule
from exporter.totals import CALLED_OTHER
from tests.fake_clock import FakeClock

HEADINGS = "Inter-|   Receive\n face |bytes\n"
COUNTERS = "7 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0"
ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


class WatchedLinks(DeviceLinks):
    """Links that remember the names that were asked for."""

    def __init__(self, sysfs: Path) -> None:
        super().__init__(sysfs)
        self.asked: set[str] = set()

    def is_card(self, device: str) -> bool:
        self.asked.add(device)
        return super().is_card(device)


class Cards:
    """A machine whose devices are cards, each with hardware of its own."""

    def __init__(self, folder: Path, count: int) -> None:
        self.net = folder / "sys/class/net"
        self.proc_net = folder / "proc/net"
        self.proc_net.mkdir(parents=True)
        self.names: set[str] = set()
        for number in range(count):
            self.add(f"ens{number}", hardware=True)
        self.clock = FakeClock()
        self.links = WatchedLinks(folder / "sys")
        self.choice = DeviceChoice(NicRule(), links=self.links, net=self.proc_net, clock=self.clock)

    def add(self, name: str, *, hardware: bool) -> None:
        self.names.add(name)
        (self.net / name).mkdir(parents=True)
        if hardware:
            (self.net / name / "device").mkdir()

    def pair(self, partner: str, master: str) -> None:
        (self.net / partner / "master").symlink_to(self.net / master)

    def left_out(self) -> set[str]:
        """Return the devices that do not count now."""
        return self.names - self.choice.among(self.names)

    def seconds_until(self, left_out: set[str]) -> float:
        """Return the time until the change is noticed, with a reading every 5 s."""
        start = self.clock.awake()
        while self.left_out() != left_out:
            assert self.clock.awake() < start + 1000
            self.clock.advance(5.0)
        return self.clock.awake() - start


def test_a_choice_among_many_is_kept_while_their_names_are_the_same(tmp_path: Path) -> None:
    cards = Cards(tmp_path, 1000)
    assert cards.left_out() == set()
    cards.links.asked.clear()
    cards.clock.advance(CHOICE_HOLDS / 2)
    assert cards.left_out() == set()
    assert cards.links.asked == set()


@pytest.mark.parametrize(("count", "within"), [(2, 0.0), (FEW, 0.0), (FEW + 1, CHOICE_HOLDS), (100, CHOICE_HOLDS)])
def test_a_card_that_is_paired_is_noticed_within_the_stated_time(tmp_path: Path, count: int, within: Seconds) -> None:
    cards = Cards(tmp_path, count)
    cards.left_out()
    cards.pair("ens0", "ens1")
    assert cards.seconds_until({"ens0"}) <= within


def test_a_pair_among_few_cards_is_noticed_at_once_whatever_else_there_is(tmp_path: Path) -> None:
    cards = Cards(tmp_path, 2)
    virtual = {f"lxc{number}" for number in range(100)}
    for name in virtual:
        cards.add(name, hardware=False)
    assert cards.left_out() == virtual
    cards.pair("ens0", "ens1")
    assert cards.seconds_until(virtual | {"ens0"}) == 0.0


def test_a_device_that_comes_or_goes_is_noticed_at_once(tmp_path: Path) -> None:
    cards = Cards(tmp_path, 100)
    cards.left_out()
    cards.add("dummy0", hardware=False)
    assert cards.left_out() == {"dummy0"}
    cards.names.remove("ens7")
    assert cards.left_out() == {"dummy0"}
    assert "ens7" not in cards.choice.among(cards.names)


@pytest.mark.parametrize(("count", "within"), [(2, 0.0), (100, CHOICE_HOLDS)])
def test_a_default_route_that_moves_is_noticed_within_the_stated_time(
    tmp_path: Path, count: int, within: Seconds
) -> None:
    machine = Cards(tmp_path, 0)
    for number in range(count):
        machine.add(f"wg{number}", hardware=False)
    for device in ("wg0", "wg1"):
        (machine.proc_net / "route").write_text(f"{ROUTES}{device}\t00000000\t0\t1\t0\t0\t0\t00000000\t0\t0\t0\n")
        assert machine.seconds_until(machine.names - {device}) <= within


def test_what_is_excluded_is_neither_looked_up_nor_taken_apart(tmp_path: Path) -> None:
    cards = Cards(tmp_path, 1)
    rows = [f"veth{number}: no counters\n" for number in range(5000)]
    (cards.proc_net / "dev").write_text(f"{HEADINGS}{''.join(rows)}ens0: {COUNTERS}\n")
    source = NetworkSource(NicRule(), net=cards.proc_net, links=cards.links, clock=cards.clock)
    assert source.read().devices.keys() == {"ens0"}
    assert cards.links.asked == {"ens0"}


def test_the_last_line_counts_with_or_without_its_end(tmp_path: Path) -> None:
    cards = Cards(tmp_path, 2)
    source = NetworkSource(NicRule(), net=cards.proc_net, links=cards.links, clock=cards.clock)
    for end in ("\n", ""):
        (cards.proc_net / "dev").write_text(f"{HEADINGS}  ens0: {COUNTERS}\n  ens1:{COUNTERS}{end}")
        assert source.read().devices.keys() == {"ens0", "ens1"}


@given(names=st.sets(st.binary(min_size=1, max_size=6).map(lambda name: name.translate(None, b" /:\n\0")), min_size=2))
@example(names={b"\xff", rb"\xff"})
@example(names={b"w\xff", b"w\xfe"})
def test_devices_with_different_names_have_different_labels(names: set[bytes]) -> None:
    labels = [_printable(os.fsdecode(name)) for name in names]
    assert len(set(labels)) == len(names)
    assert CALLED_OTHER not in labels
    "".join(labels).encode()


@pytest.mark.parametrize("name", ["lo", "lo0", "loopback0"])
def test_loopback_never_counts(tmp_path: Path, name: str) -> None:
    """WSL's has hardware behind it."""
    cards = Cards(tmp_path, 1)
    cards.add(name, hardware=True)
    (cards.proc_net / "dev").write_text(f"{HEADINGS}  ens0: {COUNTERS}\n  {name}: {COUNTERS}\n")
    source = NetworkSource(NicRule(), net=cards.proc_net, links=cards.links, clock=cards.clock)
    assert source.read().devices.keys() == {"ens0"}


NAMES = st.text("alovethdockrbr-0129*?[]!\u00e9\udcff", max_size=15) | st.sampled_from(["lo", "lo1", "veth0", "br-1"])
PATTERNS = st.lists(st.text("loveth019*?[]!-\u00e9", max_size=6) | st.sampled_from(NEVER_COUNTED), max_size=8)


@given(name=NAMES, patterns=PATTERNS)
def test_a_rule_excludes_what_any_of_its_patterns_matches(name: str, patterns: list[str]) -> None:
    rule = NicRule(exclude=tuple(patterns))
    assert rule.excludes(name) is any(fnmatchcase(name, pattern) for pattern in patterns)
