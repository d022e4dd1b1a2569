"""The most that a device can have moved: bounded by its own speed where that is known at both readings."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import BytesPerSecond, Seconds
from exporter.usage.between import Usage, usage_between
from exporter.usage.events import EventKind
from exporter.usage.network import COUNTERS_LATE, MAX_BYTES_PER_SECOND, SPEED_MARGIN
from tests.exporter.fakes import reading, traffic

MEGABIT = 125_000
GIGABIT = BytesPerSecond(1000.0 * MEGABIT)
START = 10**13

Speeds = dict[str, BytesPerSecond]
# Speeds from the slowest Ethernet to the fastest, those of wireless links between.
KNOWN = st.integers(10, 800_000).map(lambda megabits: BytesPerSecond(float(megabits * MEGABIT)))
MAYBE = st.none() | KNOWN
ELAPSED = st.floats(1.0, 3600.0)


def moved(amount: float, before: float | None, now: float | None, elapsed: float, *, sent: bool = False) -> Usage:
    """Return the usage where `eth0` counted so many bytes in one direction, at the speeds of the two readings."""
    counters = [
        traffic(START, START),
        traffic(START, START + int(amount)) if sent else traffic(START + int(amount), START),
    ]
    speeds = [{} if one is None else {"eth0": BytesPerSecond(one)} for one in (before, now)]
    first, second = (
        reading(at, nics={"eth0": counters[step]}, speeds=speeds[step]) for step, at in enumerate((0.0, elapsed))
    )
    return usage_between(first, second, interval=Seconds(elapsed))


def is_believed(usage: Usage) -> bool:
    """Tell whether the traffic counts; where it does not, one discarded reading does."""
    discarded = [(event.source, event.reason) for event in usage.events]
    assert discarded == ([] if usage.network else [("network", "implausible")])
    return usage.network is not None


@given(before=MAYBE, now=MAYBE, elapsed=ELAPSED, share=st.floats(0.0, 1.0) | st.just(1.0), sent=st.booleans())
def test_what_a_link_can_carry_always_counts(
    before: float | None, now: float | None, elapsed: float, share: float, sent: bool
) -> None:
    """At the greater of two speeds with its margin, and whatever was counted up to 2 s late."""
    most = MAX_BYTES_PER_SECOND * elapsed
    if before is not None and now is not None:
        most = min(most, SPEED_MARGIN * max(before, now) * (elapsed + COUNTERS_LATE))
    assert is_believed(moved(share * most, before, now, elapsed, sent=sent))


@given(before=KNOWN, now=KNOWN, elapsed=ELAPSED, times=st.floats(1.01, 1000.0), sent=st.booleans())
def test_what_no_link_of_that_speed_can_carry_never_counts(
    before: float, now: float, elapsed: float, times: float, sent: bool
) -> None:
    most = SPEED_MARGIN * max(before, now) * (elapsed + COUNTERS_LATE)
    assert not is_believed(moved(times * most + 1, before, now, elapsed, sent=sent))


@given(before=MAYBE, now=MAYBE, elapsed=ELAPSED, times=st.floats(1.01, 1000.0))
def test_no_speed_makes_more_than_the_fastest_ethernet_plausible(
    before: float | None, now: float | None, elapsed: float, times: float
) -> None:
    assert not is_believed(moved(times * MAX_BYTES_PER_SECOND * elapsed, before, now, elapsed))


def test_a_jump_by_32_bits_is_seen_on_a_link_of_100_mbit() -> None:
    """A reset just below 2^32 that reads as a wrap, or a driver that loses its upper half."""
    hundred = GIGABIT / 10
    assert not is_believed(moved(2**32, hundred, hundred, 5.0))
    assert is_believed(moved(2**32, None, None, 5.0))


def test_each_direction_has_the_whole_speed() -> None:
    amount = int(GIGABIT * 5)
    first = reading(0.0, nics={"eth0": traffic(0, 0)}, speeds={"eth0": GIGABIT})
    second = reading(5.0, nics={"eth0": traffic(amount, amount)}, speeds={"eth0": GIGABIT})
    usage = usage_between(first, second, interval=Seconds(5.0))
    assert is_believed(usage)


def test_one_device_that_jumps_does_not_cost_the_others() -> None:
    speeds = {"eth0": GIGABIT, "eth1": GIGABIT}
    first = reading(0.0, nics={"eth0": traffic(0), "eth1": traffic(0)}, speeds=speeds)
    second = reading(5.0, nics={"eth0": traffic(10**12), "eth1": traffic(700)}, speeds=speeds)
    usage = usage_between(first, second, interval=Seconds(5.0))
    assert usage.network is not None
    assert usage.network.devices == {"eth1": traffic(700)}


@given(fell=st.booleans(), amount=st.integers(1, 10**15), speed=MAYBE)
def test_readings_of_one_moment_tell_only_of_resets(fell: bool, amount: int, speed: float | None) -> None:
    amounts = (START + amount, START) if fell else (START, START + amount)
    speeds = {} if speed is None else {"eth0": BytesPerSecond(speed)}
    first, second = (reading(5.0, nics={"eth0": traffic(one)}, speeds=speeds) for one in amounts)
    usage = usage_between(first, second, interval=Seconds(5.0))
    found = [(event.kind, event.reason) for event in usage.events]
    assert usage.network is None
    assert found == ([(EventKind.RESET, ""), (EventKind.DISCARD, "reset")] if fell else [])
