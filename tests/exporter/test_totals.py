"""Laws of the running totals."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules
from exporter.power.component import Component
from exporter.sources.reading import Traffic
from exporter.totals import CALLED_OTHER, MAX_DEVICES, OTHER_DEVICES, add_amounts, add_devices, add_events
from exporter.usage.events import Event, EventKind
from tests.exporter.fakes import traffic

amounts = st.integers(min_value=0, max_value=10**12)
usages = st.lists(
    st.dictionaries(
        st.integers(min_value=0, max_value=30).map(lambda number: f"eth{number}") | st.just(OTHER_DEVICES),
        st.builds(Traffic, received_bytes=amounts, sent_bytes=amounts, received_packets=amounts, sent_packets=amounts),
    ),
    max_size=20,
)


@given(usages)
def test_device_totals_never_fall_and_lose_no_byte_to_the_cap(usages: list[dict[str, Traffic]]) -> None:
    before: dict[str, Traffic] = {}
    for usage in usages:
        after = add_devices(before, usage)
        assert after.keys() >= before.keys()
        assert all(after[name].total_bytes >= total.total_bytes for name, total in before.items())
        assert len(after.keys() - {OTHER_DEVICES}) <= MAX_DEVICES
        assert sum(one.total_bytes for one in after.values()) == sum(
            one.total_bytes for one in (*before.values(), *usage.values())
        )
        before = dict(after)


def test_the_ninth_device_shares_and_the_first_eight_keep_their_series() -> None:
    eight = add_devices({}, {f"eth{number}": traffic(1) for number in range(MAX_DEVICES)})
    more = add_devices(eight, {"eth0": traffic(2), "wlan0": traffic(5), "wlan1": traffic(7)})
    assert more["eth0"].received_bytes == 3
    assert more[OTHER_DEVICES].received_bytes == 12
    assert len(more) == MAX_DEVICES + 1


def test_a_device_called_other_is_not_the_overflow() -> None:
    crowd = {f"eth{number}": traffic(1) for number in range(MAX_DEVICES)}
    totals = add_devices(add_devices({}, {OTHER_DEVICES: traffic(5)}), crowd)
    assert totals[CALLED_OTHER].received_bytes == 5
    assert totals[OTHER_DEVICES].received_bytes == 1


def test_a_component_that_was_not_read_keeps_its_total() -> None:
    before = {Component.BASELINE: Joules(10.0), Component.CPU: Joules(5.0)}
    after = add_amounts(before, {Component.BASELINE: Joules(1.0), Component.NETWORK: Joules(2.0)})
    assert after == {Component.BASELINE: 11.0, Component.CPU: 5.0, Component.NETWORK: 2.0}
    assert before == {Component.BASELINE: 10.0, Component.CPU: 5.0}


def test_events_are_counted_by_kind_source_and_reason() -> None:
    late, reset = Event(kind=EventKind.GAP, reason="late"), Event(kind=EventKind.RESET, source="cpu")
    assert add_events({late: 1}, [late, reset, late]) == {late: 3, reset: 1}
