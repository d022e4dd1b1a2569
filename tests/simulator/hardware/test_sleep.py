"""Sleep saves energy from its break-even time on, and the shipped figures are possible."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, Seconds, Watts
from simulator.hardware.device import Device
from simulator.hardware.shipped import DEVICES
from simulator.hardware.sleep import Sleep, break_even_seconds


def sleep(
    watts: float = 2.0, *, enter: tuple[float, float] = (5.0, 150.0), wake: tuple[float, float] = (10.0, 250.0)
) -> Sleep:
    """Return a sleep state; transitions are seconds and joules."""
    return Sleep(
        watts=Watts(watts),
        enter_seconds=Seconds(enter[0]),
        enter_joules=Joules(enter[1]),
        wake_seconds=Seconds(wake[0]),
        wake_joules=Joules(wake[1]),
        minimum_dwell_seconds=Seconds(0.0),
        source="made up",
    )


@pytest.mark.parametrize(
    ("idle_watts", "state", "expected"),
    [
        # Idle for 15 s of transitions: 150 J of the 400 J. The other 250 J are won back at 10 - 2 W.
        (10.0, sleep(), 31.25),
        # The transitions take no time: all of 400 J at 10 - 0 W.
        (10.0, sleep(0.0, enter=(0.0, 150.0), wake=(0.0, 250.0)), 40.0),
        # Nothing to win back: the transitions use as much as idling for as long.
        (10.0, sleep(enter=(5.0, 50.0), wake=(10.0, 100.0)), 0.0),
        # The transitions alone save energy.
        (10.0, sleep(enter=(5.0, 10.0), wake=(10.0, 20.0)), 0.0),
        # Asleep it draws as much as idle, or more.
        (2.0, sleep(), math.inf),
        (1.0, sleep(), math.inf),
    ],
)
def test_the_break_even_time_is_that_worked_out_by_hand(idle_watts: float, state: Sleep, expected: float) -> None:
    assert break_even_seconds(Watts(idle_watts), state) == pytest.approx(expected)


@given(
    idle=st.floats(0.5, 100.0),
    part=st.floats(0.0, 0.9),
    seconds=st.floats(0.0, 60.0),
    joules=st.floats(0.0, 5000.0),
    asleep=st.floats(0.0, 10_000.0),
)
def test_sleeping_uses_less_than_idling_exactly_beyond_the_break_even_time(
    idle: float, part: float, seconds: float, joules: float, asleep: float
) -> None:
    state = sleep(part * idle, enter=(seconds, joules), wake=(seconds, joules))
    slept = 2 * joules + state.watts * asleep
    idled = idle * (2 * seconds + asleep)
    limit = break_even_seconds(Watts(idle), state)
    if abs(asleep - limit) > 1e-6 * (1.0 + limit):
        assert (slept < idled) == (asleep > limit)


@pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)
def test_shipped_sleep_is_possible(device: Device) -> None:
    state = device.sleep
    assert state is not None
    assert 0.0 < state.watts < device.idle_watts
    for seconds, joules in ((state.enter_seconds, state.enter_joules), (state.wake_seconds, state.wake_joules)):
        assert device.idle_watts <= joules / seconds <= device.full_watts
    assert state.minimum_dwell_seconds >= 0.0
    assert "assumption" in state.source
    assert break_even_seconds(Watts(device.idle_watts), state) < 120.0
