"""The parts of the host's energy, measured or modelled, and their division in proportion to time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.attribution.share import NOTHING, Parts, Spent, gained, parts_of, shared
from exporter.core.units import Grams, Joules, MonotonicSeconds, Ratio, Seconds, Watts
from exporter.power.allocation import Allocation, Load, allocate
from exporter.power.band import Band
from exporter.power.component import Component, Coverage, Sensor
from exporter.power.model import HostPowerModel
from exporter.usage.sensors import Measured
from exporter.usage.span import Span

SERVER = HostPowerModel(
    idle=Watts(100.0),
    full=Watts(200.0),
    disk=Watts(10.0),
    source="a table",
    model="a server",
    band=Band(idle=2.0, mid=2.0, full=2.0),
    idle_of={Component.CPU: Watts(25.0), Component.MEMORY: Watts(5.0)},
)

OVER = Span(start=MonotonicSeconds(0.0), end=MonotonicSeconds(10.0))


def sample(utilization: float = 0.5, **watts: float) -> Allocation:
    """Return the energy of ten seconds; the sensors, by coverage, tell of so many watts."""
    measured = [
        Measured(
            sensor=Sensor(source=covers, covers=Coverage(covers), factor=1.05, description="a fake"),
            energy=Joules(power * OVER.length),
            span=OVER,
        )
        for covers, power in watts.items()
    ]
    return allocate(SERVER, Load(utilization=Ratio(utilization), span=OVER), measured, {}, OVER.start)


def watts_of(parts: Parts) -> tuple[float, float, float, float]:
    """Return the mean power of idle, processors, graphics cards and what is unexplained."""
    return (parts.idle / 10.0, parts.cpu / 10.0, parts.gpu / 10.0, parts.unexplained / 10.0)


@pytest.mark.parametrize(
    ("watts", "expected"),
    [
        ({}, (100.0, 50.0, 0.0, 0.0)),
        ({"package": 60.0}, (100.0, 35.0, 0.0, 0.0)),
        ({"package": 15.0}, (90.0, 0.0, 0.0, 0.0)),
        ({"package": 60.0, "memory": 12.0}, (100.0, 35.0, 0.0, 7.0)),
        ({"disk": 14.0}, (100.0, 50.0, 0.0, 4.0)),
        ({"gpu": 250.0}, (100.0, 50.0, 250.0, 0.0)),
        ({"machine": 160.0}, (100.0, 60.0, 0.0, 0.0)),
        ({"machine": 70.0}, (70.0, 0.0, 0.0, 0.0)),
        ({"machine": 160.0, "package": 70.0}, (100.0, 45.0, 0.0, 15.0)),
        ({"machine": 400.0, "package": 70.0, "gpu": 200.0}, (100.0, 45.0, 200.0, 55.0)),
        ({"machine": 160.0, "gpu": 30.0}, (100.0, 30.0, 30.0, 0.0)),
    ],
)
def test_each_mixture_of_sensors_and_models_has_its_parts(watts: dict[str, float], expected: tuple[float, ...]) -> None:
    """By hand: idle of 100 W, of which 25 W are of the package, 5 W of memory and 10 W of disks; 100 W more at full."""
    assert watts_of(parts_of(sample(**watts), SERVER, 1.0)) == pytest.approx(expected)


def test_the_overhead_of_a_room_is_in_every_part() -> None:
    host = sample(package=60.0, machine=160.0, gpu=20.0)
    plain, multiplied = parts_of(host, SERVER, 1.0), parts_of(host.times(1.5), SERVER, 1.5)
    assert watts_of(multiplied) == pytest.approx(tuple(1.5 * one for one in watts_of(plain)))


watts = st.dictionaries(
    st.sampled_from([one.value for one in Coverage if one is not Coverage.DETAIL]), st.floats(0.0, 1000.0)
)


@given(watts=watts, utilization=st.floats(0.0, 1.0), pue=st.floats(1.0, 3.0))
def test_the_parts_are_the_energy_of_the_machine_and_none_is_negative(
    watts: dict[str, float], utilization: float, pue: float
) -> None:
    host = sample(utilization, **watts).times(pue)
    parts = parts_of(host, SERVER, pue)
    whole = (parts.idle, parts.cpu, parts.gpu, parts.unexplained)
    assert math.fsum(whole) == pytest.approx(math.fsum(host.energies.values()), rel=1e-12, abs=1e-12)
    assert min(whole) >= 0.0


times = st.dictionaries(st.text(max_size=3), st.floats(0.0, 1e9).map(Seconds), max_size=30)


@given(before=times, now=times, energy=st.floats(0.0, 1e12), emitted=st.floats(0.0, 1e9))
def test_shares_sum_to_what_is_shared_and_go_by_time(
    before: dict[str, Seconds], now: dict[str, Seconds], energy: float, emitted: float
) -> None:
    spent = Spent(energy=Joules(energy), emitted=Grams(emitted))
    had = gained(before, now)
    shares = shared(spent, had, nobody="unattributed")
    assert math.fsum(one.energy for one in shares.values()) == pytest.approx(energy, rel=1e-12)
    assert math.fsum(one.emitted for one in shares.values()) == pytest.approx(emitted, rel=1e-12)
    for group in had.keys() & shares.keys():
        assert shares[group].energy * math.fsum(had.values()) == pytest.approx(energy * had[group], rel=1e-9)


def test_what_no_group_had_time_for_is_nobodys() -> None:
    spent = Spent(energy=Joules(5.0))
    assert shared(spent, {}, nobody="unattributed") == {"unattributed": spent}
    assert shared(NOTHING, {}, nobody="unattributed") == {}
    assert gained({"make": Seconds(2.0)}, {"make": Seconds(2.0), "sh": Seconds(1.0)}) == {"sh": 1.0}
    assert gained({"make": Seconds(2.0)}, {"make": Seconds(1.0)}) == {}
