"""Laws of what happened between two readings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Seconds
from exporter.sources.reading import HostReading, Traffic
from exporter.usage.between import Usage, carry_forward, usage_between
from exporter.usage.events import Event, EventKind
from exporter.usage.network import MAX_BYTES_PER_SECOND
from tests.exporter.fakes import reading, traffic

INTERVAL = Seconds(5.0)

RESET_CPU = Event(kind=EventKind.RESET, source="cpu")
RESET_NETWORK = Event(kind=EventKind.RESET, source="network")


def discard(source: str, reason: str) -> Event:
    return Event(kind=EventKind.DISCARD, source=source, reason=reason)


def gap(reason: str) -> Event:
    return Event(kind=EventKind.GAP, reason=reason)


def between(previous: HostReading, current: HostReading) -> Usage:
    return usage_between(previous, current, interval=INTERVAL)


def moved(before: int, after: int) -> Usage:
    """Return the usage over 5 s of one device whose received bytes went from `before` to `after`."""
    return between(reading(0, nics={"eth0": traffic(before)}), reading(5, nics={"eth0": traffic(after)}))


def load(before: HostReading, after: HostReading) -> float:
    """Return the CPU utilization between two readings that tell it."""
    usage = between(before, after).cpu
    assert usage is not None
    return usage.utilization


def test_utilization_is_busy_time_as_a_share_of_the_time_on_all_cpus() -> None:
    usage = between(reading(0, cpu=(2.0, 8.0), cpus=2), reading(5, cpu=(6.0, 14.0), cpus=2))
    assert usage.cpu is not None
    assert usage.cpu.utilization == pytest.approx(0.4)
    assert usage.cpu.elapsed == 5.0
    assert usage.events == ()


def test_iowait_that_falls_far_is_counted_and_is_no_load() -> None:
    """One CPU at 2% for 5 s, of whose iowait the kernel takes 6 s back."""
    before, after = reading(0, cpu=(10.0, 90.0), iowait=20.0, cpus=1), reading(5, cpu=(10.1, 94.9), iowait=14.0, cpus=1)
    assert load(before, after) == pytest.approx(0.02)
    assert between(before, after).events == (RESET_CPU,)
    # Iowait comes back: the step costs no load.
    back = reading(10, cpu=(10.2, 99.8), iowait=20.0, cpus=1)
    assert load(after, back) == pytest.approx(0.02)
    assert between(after, back).events == ()


def test_iowait_that_falls_a_little_is_no_event() -> None:
    assert between(reading(0, cpu=(2.0, 8.0), iowait=3.0), reading(5, cpu=(6.0, 24.0), iowait=2.5)).events == ()


def test_stolen_time_is_not_busy() -> None:
    """Two CPUs, each 1 s busy and 3 s stolen of 5 s."""
    assert load(reading(0, cpu=(2.0, 8.0), cpus=2), reading(5, cpu=(4.0, 10.0), cpus=2)) == pytest.approx(0.2)


@pytest.mark.parametrize("cpus", [(2, 4), (4, 2)], ids=["plugged", "unplugged"])
def test_cpus_that_come_or_go_never_read_as_more_load(cpus: tuple[int, int]) -> None:
    """An offline CPU's idle time comes from another of the kernel's counts, and jumps."""
    before = reading(0, cpu=(100.0, 900.0), cpus=cpus[0])
    assert load(before, reading(5, cpu=(106.0, 500.0), cpus=cpus[1])) == pytest.approx(0.3)


def test_the_utilization_of_a_suspended_machine_is_that_of_its_awake_time() -> None:
    assert load(reading(0, cpu=(0.0, 0.0)), reading(5, cpu=(5.0, 15.0), asleep=36_000)) == pytest.approx(0.25)


@given(
    share=st.floats(min_value=0.0, max_value=1.0),
    wobbles=st.tuples(*[st.floats(min_value=-1e4, max_value=1e4)] * 2),
    seconds=st.floats(min_value=0.1, max_value=1e5),
    cpus=st.integers(min_value=1, max_value=1024),
)
def test_no_wobble_of_idle_time_changes_the_load(
    share: float, wobbles: tuple[float, float], seconds: float, cpus: int
) -> None:
    """Whatever idle time and iowait say, the load is the busy time, to the tick."""
    ticks = int(share * seconds * cpus * 100)
    idle, iowait = (1e5 + wobble for wobble in wobbles)
    before = reading(0, cpu=(50.0, 1e5), iowait=1e5, cpus=cpus)
    after = reading(seconds, cpu=(50.0 + ticks / 100, idle), iowait=iowait, cpus=cpus)
    usage = between(before, after)
    events = tuple(event for event in usage.events if event.source == "cpu")
    if usage.cpu is None:
        assert (ticks, idle, iowait) == (0, 1e5, 1e5)
        assert events == (discard("cpu", "standstill"),)
    else:
        assert usage.cpu.utilization == pytest.approx(share, abs=0.01 / (seconds * cpus) + 1e-9)
        assert events == ((RESET_CPU,) if min(idle, iowait) - 1e5 < -3.0 else ())


@pytest.mark.parametrize(
    ("after", "reason"), [((1.0, 20.0), "reset"), ((150.0, 10.0), "implausible")], ids=["busy falls", "busy leaps"]
)
def test_cpu_counters_that_begin_again_cost_their_sample_and_are_counted(
    after: tuple[float, float], reason: str
) -> None:
    before, now = reading(0, cpu=(100.0, 900.0)), reading(5, cpu=after)
    usage = between(before, now)
    assert usage.cpu is None
    assert usage.events == (RESET_CPU, discard("cpu", reason))
    follower = between(carry_forward(before, now), reading(10, cpu=(after[0] + 5.0, after[1] + 15.0)))
    assert follower.cpu is not None
    assert follower.cpu.utilization == pytest.approx(0.25)
    assert follower.cpu.elapsed == 5.0


def test_cpu_counters_that_stand_still_are_counted_and_the_next_reading_covers_the_time() -> None:
    first, still = reading(0, cpu=(2.0, 8.0)), reading(5, cpu=(2.0, 8.0))
    usage = between(first, still)
    assert usage.cpu is None
    assert usage.events == (discard("cpu", "standstill"),)
    follower = between(carry_forward(first, still), reading(10, cpu=(4.0, 16.0)))
    assert follower.cpu is not None
    assert follower.cpu.elapsed == 10.0


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (reading(15), ()),
        (reading(15.1), (gap("late"),)),
        (reading(5, asleep=3600), (gap("suspend"),)),
        (reading(20, asleep=3600), (gap("late"), gap("suspend"))),
        (reading(5, stepped=3600), (gap("clock_step"),)),
        (reading(5, stepped=-3600), (gap("clock_step"),)),
        (reading(5, asleep=60, stepped=-60), (gap("suspend"), gap("clock_step"))),
        (reading(5, asleep=2.5), (gap("suspend"),)),
        (reading(5, stepped=2.5), (gap("clock_step"),)),
        (reading(5, asleep=1.5), ()),
        (reading(5, stepped=-1.5), ()),
    ],
    ids=[
        "on time",
        "late",
        "suspend",
        "late and suspend",
        "forward",
        "back",
        "asleep while set back",
        "short suspend",
        "small step",
        "clocks read one after the other",
        "slewed",
    ],
)
def test_gaps_are_told_by_the_three_clocks(current: HostReading, expected: tuple[Event, ...]) -> None:
    assert between(reading(0), current).events == expected


def test_power_is_drawn_over_awake_time_only() -> None:
    usage = between(reading(0, cpu=(0.0, 0.0)), reading(5, cpu=(5.0, 15.0), asleep=36_000))
    assert usage.cpu is not None
    assert usage.cpu.elapsed == 5.0


@pytest.mark.parametrize(
    ("before", "after", "amount"), [(2**32 - 100, 50, 150), (2**32 - 1, 0, 1), (5 * 10**9, 5 * 10**9 + 7, 7)]
)
def test_a_counter_of_32_bits_goes_on_over_its_end(before: int, after: int, amount: int) -> None:
    usage = moved(before, after)
    assert usage.network is not None
    assert usage.network.received_bytes == amount
    assert usage.events == ()


@pytest.mark.parametrize(
    ("before", "after"), [(10**12, 0), (10**12, 10**12 - 1), (10**6, 10), (2**32 - 100, 2**31), (2**32, 50)]
)
def test_a_counter_that_falls_books_nothing_of_what_it_held(before: int, after: int) -> None:
    usage = moved(before, after)
    assert usage.network is None
    assert usage.events == (RESET_NETWORK, discard("network", "reset"))


def test_a_reset_of_one_device_leaves_the_others_their_traffic() -> None:
    before = reading(0, nics={"eth0": traffic(1000), "usb0": traffic(9000)})
    usage = between(before, reading(5, nics={"eth0": traffic(1600), "usb0": traffic(10)}))
    assert usage.network is not None
    assert usage.network.devices == {
        "eth0": Traffic(received_bytes=600, sent_bytes=0, received_packets=0, sent_packets=0)
    }


def test_a_device_counts_from_its_second_reading_and_may_vanish_and_return() -> None:
    alone, both = {"eth0": traffic(0)}, {"eth0": traffic(0), "usb0": traffic(10**12)}
    more = {"eth0": traffic(0), "usb0": traffic(10**12 + 500)}
    amounts = []
    previous = reading(0, nics=alone)
    for at, nics in ((5, both), (10, more), (15, alone), (20, more), (25, both | {"usb0": traffic(10**12 + 700)})):
        current = reading(at, nics=nics)
        usage = between(previous, current)
        assert usage.network is not None
        amounts.append(usage.network.received_bytes)
        previous = carry_forward(previous, current)
    assert amounts == [0, 500, 0, 0, 200]


def test_an_implausible_jump_is_discarded_and_so_is_the_way_back_from_it() -> None:
    nics = [{"eth0": traffic(total), "eth1": traffic(step)} for step, total in enumerate((10**10, 2**60, 10**10 + 50))]
    readings = [reading(5.0 * step, nics=one) for step, one in enumerate(nics)]
    there, back = between(readings[0], readings[1]), between(readings[1], readings[2])
    assert there.network is not None
    assert back.network is not None
    assert there.network.devices.keys() == back.network.devices.keys() == {"eth1"}
    assert there.events == (discard("network", "implausible"),)
    assert back.events == (RESET_NETWORK, discard("network", "reset"))


def test_a_failed_part_is_counted_unknown_and_covered_by_the_next_good_reading() -> None:
    first = reading(0, cpu=(0.0, 0.0), nics={"eth0": traffic(0)}, disk=(0, 0))
    failed = reading(5, failed=("cpu", "network", "disk"))
    usage = between(first, failed)
    assert (usage.cpu, usage.network, usage.disk) == (None, None, None)
    assert usage.events == tuple(discard(name, "error") for name in ("cpu", "network", "disk"))
    good = reading(10, cpu=(1.0, 9.0), nics={"eth0": traffic(300)}, disk=(40, 50))
    covered = between(carry_forward(first, failed), good)
    assert covered.cpu is not None
    assert covered.network is not None
    assert covered.disk is not None
    assert (covered.cpu.elapsed, covered.network.elapsed) == (10.0, 10.0)
    assert covered.network.received_bytes == 300
    assert (covered.disk.read, covered.disk.written) == (40, 50)


def test_disk_counters_that_fall_are_a_reset() -> None:
    usage = between(reading(0, disk=(100, 100)), reading(5, disk=(200, 99)))
    assert usage.disk is None
    assert usage.events == (Event(kind=EventKind.RESET, source="disk"), discard("disk", "reset"))


counters = st.integers(min_value=0, max_value=2**64 - 1)
nics = st.dictionaries(
    st.sampled_from(["eth0", "wlan0", "usb0"]),
    st.builds(Traffic, received_bytes=counters, sent_bytes=counters, received_packets=counters, sent_packets=counters),
)
times = st.floats(min_value=0, max_value=1e9)


@given(
    before=st.tuples(times, times),
    after=st.tuples(times, times),
    old=nics,
    new=nics,
    seconds=st.floats(min_value=0.1, max_value=1e5),
)
def test_whatever_is_read_amounts_stay_believable(
    before: tuple[float, float],
    after: tuple[float, float],
    old: dict[str, Traffic],
    new: dict[str, Traffic],
    seconds: float,
) -> None:
    usage = between(reading(0, cpu=before, nics=old), reading(seconds, cpu=after, nics=new))
    if usage.cpu is not None:
        assert 0.0 <= usage.cpu.utilization <= 1.0
    else:
        assert any(event.source == "cpu" for event in usage.events)
    if usage.network is not None:
        for device in usage.network.devices.values():
            amounts = (device.received_bytes, device.sent_bytes, device.received_packets, device.sent_packets)
            assert all(0 <= amount <= MAX_BYTES_PER_SECOND * seconds for amount in amounts)
