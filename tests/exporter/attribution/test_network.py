"""Bytes of programs are settled with those of devices: nothing is lost, and nothing invented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.network import (
    EXCEEDS,
    NOTHING,
    Claimed,
    DeviceTraffic,
    Lot,
    NetworkShare,
    Waiting,
    claimed_between,
    counted_by,
    settle,
)
from exporter.core.units import Grams, Joules, JoulesPerByte, MonotonicSeconds, Seconds
from exporter.sources.processes.grouping import UNATTRIBUTED
from exporter.sources.reading import GroupBytes, Timed
from exporter.usage.events import Event
from exporter.usage.network import NetworkUsage
from tests.exporter.fakes import traffic

ENERGY_PER_BYTE = JoulesPerByte(2e-4)
GRAMS_PER_JOULE = 1e-4
LINE = Joules(90.0)


def counted(received: int, sent: int = 0, per_byte: float = ENERGY_PER_BYTE, line: float = LINE) -> DeviceTraffic:
    """Return what devices counted in a sample, with a line's energy."""
    energy = Joules(line + (received + sent) * per_byte)
    usage = NetworkUsage(devices={"eth0": traffic(received, sent)}, elapsed=Seconds(5.0))
    return counted_by(usage, energy, JoulesPerByte(per_byte), Grams(energy * GRAMS_PER_JOULE))


@dataclass
class Ledger:
    """Shares of all samples up to now, and what waits."""

    waiting: Waiting = field(default_factory=Waiting)
    shares: dict[str, NetworkShare] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def take(self, devices: DeviceTraffic | None, programs: Claimed | None, *, expected: bool = True) -> None:
        """Settle one sample."""
        settled = settle(self.waiting, devices, programs, expected=expected)
        self.waiting = settled.waiting
        self.events += settled.events
        for group, share in settled.shares.items():
            old = self.shares.get(group, NetworkShare())
            self.shares[group] = NetworkShare(
                received=old.received.plus(share.received),
                sent=old.sent.plus(share.sent),
                line=old.line.plus(share.line),
            )

    def received(self) -> Mapping[str, int]:
        """Return the bytes received by each group that has any."""
        return {group: share.received.size for group, share in self.shares.items() if share.received.size}


def received(*steps: tuple[int, int]) -> Ledger:
    """Settle samples in which devices counted and `web` claimed so many bytes received."""
    ledger = Ledger()
    for devices, program in steps:
        ledger.take(counted(devices), Claimed(received={"web": program}))
    return ledger


SIZES = st.integers(0, 10**13)
CLAIMS = st.dictionaries(st.sampled_from(["web", "mail", "copy"]), SIZES)
DEVICES = st.builds(counted, SIZES, SIZES, st.floats(0.0, 1e-2), st.just(0.0) | st.floats(0.0, 1e4))
SAMPLES = st.lists(
    st.tuples(st.none() | DEVICES, st.none() | st.builds(Claimed, received=CLAIMS, sent=CLAIMS), st.booleans()),
    max_size=12,
)


@given(SAMPLES)
def test_shares_and_what_waits_are_what_devices_counted(
    samples: Sequence[tuple[DeviceTraffic | None, Claimed | None, bool]],
) -> None:
    ledger, sum_received, sum_sent, whole = Ledger(), 0, 0, NOTHING
    for devices, programs, expected in samples:
        before = dict(ledger.shares)
        ledger.take(devices, programs, expected=expected)
        if devices is not None:
            sum_received += devices.received.size
            sum_sent += devices.sent.size
            whole = whole.plus(devices.received).plus(devices.sent).plus(devices.line)
        shares, waiting = ledger.shares.values(), ledger.waiting
        waits = waiting.received.devices.plus(waiting.sent.devices)
        assert sum(one.received.size for one in shares) + waiting.received.devices.size == sum_received
        assert sum(one.sent.size for one in shares) + waiting.sent.devices.size == sum_sent
        assert sum(one.whole.energy for one in shares) + waits.energy == pytest.approx(whole.energy, rel=1e-9)
        assert sum(one.whole.grams for one in shares) + waits.grams == pytest.approx(whole.grams, rel=1e-9)
        for group, now in ledger.shares.items():
            old = before.get(group, NetworkShare())
            for after, earlier in ((now.received, old.received), (now.sent, old.sent), (now.line, old.line)):
                assert after.size >= earlier.size >= 0
                assert after.energy >= earlier.energy >= 0.0
                assert after.grams >= earlier.grams >= 0.0
        for side in (waiting.received, waiting.sent):
            assert not (side.devices.size and sum(side.claims.values()))


@given(SAMPLES)
def test_no_group_gets_more_than_its_programs_moved(
    samples: Sequence[tuple[DeviceTraffic | None, Claimed | None, bool]],
) -> None:
    ledger, claimed = Ledger(), dict.fromkeys(["web", "mail", "copy"], 0)
    for devices, programs, expected in samples:
        ledger.take(devices, programs, expected=expected)
        for group, size in () if programs is None else programs.received.items():
            claimed[group] += size
    assert all(size <= claimed[group] for group, size in ledger.received().items() if group != UNATTRIBUTED)


@given(
    moved=st.lists(st.tuples(st.fixed_dictionaries({"web": SIZES, "mail": SIZES}), SIZES), min_size=1, max_size=8),
    late=st.data(),
)
def test_bytes_that_either_side_counts_a_sample_later_find_their_group(
    moved: Sequence[tuple[Mapping[str, int], int]], late: st.DataObject
) -> None:
    """Whatever part of it is late, on the side of the devices or of the programs, which may change at each sample."""
    ledger = Ledger()
    device_late, program_late = 0, {"web": 0, "mail": 0}
    for programs, headers in [*moved, ({"web": 0, "mail": 0}, 0), ({"web": 0, "mail": 0}, 0)]:
        payload = sum(programs.values())
        is_device = late.draw(st.booleans())
        behind = late.draw(st.integers(0, payload)) if is_device else 0
        ahead = {one: 0 if is_device else late.draw(st.integers(0, size)) for one, size in programs.items()}
        ledger.take(
            counted(payload - behind + device_late + headers),
            Claimed(received={one: size - ahead[one] + program_late[one] for one, size in programs.items()}),
        )
        device_late, program_late = behind, ahead
    ledger.take(counted(device_late), Claimed(received=program_late))
    ledger.take(counted(0), Claimed())
    assert ledger.events == []
    expected = {one: sum(programs[one] for programs, _ in moved) for one in ("web", "mail")}
    expected[UNATTRIBUTED] = sum(headers for _, headers in moved)
    assert ledger.received() == {group: size for group, size in expected.items() if size}


def test_bytes_of_devices_wait_for_one_sample() -> None:
    ledger = received((1000, 0))
    assert (ledger.received(), ledger.waiting.received.devices.size) == ({}, 1000)
    assert received((1000, 0), (0, 900)).received() == {"web": 900, UNATTRIBUTED: 100}
    assert received((1000, 0), (0, 0), (0, 900)).received() == {UNATTRIBUTED: 1000}


def test_bytes_of_programs_wait_for_one_sample_and_are_an_excess_then() -> None:
    assert received((0, 900), (1000, 0), (0, 0)).received() == {"web": 900, UNATTRIBUTED: 100}
    late = received((0, 900), (0, 0), (1000, 0), (0, 0))
    assert (late.received(), late.events) == ({UNATTRIBUTED: 1000}, [EXCEEDS])
    more = received((0, 900), (400, 0), (0, 0))
    assert (more.received(), more.events) == ({"web": 400}, [EXCEEDS])


def test_the_oldest_bytes_come_first() -> None:
    """Else the last 5 would take what the devices counted of the first 10."""
    ledger = received((0, 10), (10, 5), (5, 0), (0, 0))
    assert (ledger.received(), ledger.events) == ({"web": 15}, [])


def test_programs_that_claim_more_than_there_is_share_it_equally() -> None:
    ledger = Ledger()
    ledger.take(counted(101), Claimed(received={"web": 300, "mail": 100, "copy": 20}))
    assert ledger.received() == {"copy": 20, "mail": 40, "web": 41}


@given(real=st.dictionaries(st.sampled_from(["web", "mail", "copy"]), SIZES, min_size=1), seconds=st.integers(2, 6))
def test_a_claim_that_no_device_stands_behind_takes_no_more_than_an_equal_part(
    real: Mapping[str, int], seconds: int
) -> None:
    """Containers that talk to one another over a bridge move gigabytes that no counted device has seen."""
    ledger = Ledger()
    for _ in range(seconds):
        ledger.take(counted(sum(real.values())), Claimed(received={**real, "container": 10**15}))
    equal = sum(real.values()) // (len(real) + 1)
    # Of the last sample, all may wait.
    got = ledger.received()
    assert all(got.get(group, 0) >= (seconds - 1) * min(size, equal) for group, size in real.items())


def test_a_sample_without_devices_or_programs_ends_no_wait() -> None:
    ledger = Ledger()
    ledger.take(counted(1000), Claimed())
    ledger.take(counted(1000), None)
    ledger.take(counted(0), Claimed(received={"web": 1900}))
    assert ledger.received() == {"web": 1900, UNATTRIBUTED: 100}
    ledger = Ledger()
    ledger.take(None, Claimed(received={"web": 900}))
    ledger.take(None, Claimed(received={"web": 900}))
    ledger.take(counted(2000), Claimed())
    assert (ledger.received(), ledger.events) == ({"web": 1800}, [])


def test_without_any_means_to_tell_programs_all_is_unattributed() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.take(counted(1000, 500), None, expected=False)
    assert (ledger.received(), ledger.waiting) == ({UNATTRIBUTED: 3000}, Waiting())


def test_each_byte_brings_the_energy_and_emissions_of_its_own_sample() -> None:
    ledger = Ledger()
    ledger.take(counted(1000, per_byte=1e-3), Claimed(received={"web": 600}))
    ledger.take(counted(1000, per_byte=5e-3), Claimed(received={"web": 400}))
    ledger.take(counted(0), Claimed())
    web, rest = ledger.shares["web"], ledger.shares[UNATTRIBUTED]
    assert web.whole.energy == pytest.approx(1.0)
    assert web.whole.grams == pytest.approx(GRAMS_PER_JOULE)
    assert rest.whole.energy == pytest.approx(5.0 + 3 * LINE)


def test_energy_without_emissions_leaves_them_out() -> None:
    usage = NetworkUsage(devices={"eth0": traffic(100, 0)}, elapsed=Seconds(5.0))
    of_sample = counted_by(usage, Joules(10.0), JoulesPerByte(0.1), Grams(0.0))
    assert of_sample == DeviceTraffic(received=Lot(size=100, energy=Joules(10.0)), sent=NOTHING)


def bytes_at(at: float, received: Mapping[str, int]) -> Timed[GroupBytes]:
    """Return a reading of programs' bytes."""
    return Timed(value=GroupBytes(received=received, sent={}, lost=0, means="fexit"), at=MonotonicSeconds(at))


def test_programs_claim_what_they_gained_since_the_reading_before() -> None:
    first, second = bytes_at(5.0, {"web": 100, "mail": 7}), bytes_at(10.0, {"web": 150, "mail": 7, "copy": 3})
    assert claimed_between(first, second) == Claimed(received={"web": 50, "copy": 3})
    assert claimed_between(None, second) is None
    assert claimed_between(first, None) is None
    assert claimed_between(first, first) is None
